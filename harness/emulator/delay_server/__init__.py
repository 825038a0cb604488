"""A server whose delays are known: the ground truth for clients that measure."""
