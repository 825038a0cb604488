"""What to ask next, from the replies so far: confirm, isolate, shrink, discover, or stop."""
