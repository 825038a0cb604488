"""Cassettes in vcrpy's format, written and replayed by our own transport."""
