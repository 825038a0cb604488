"""What to ask next, after what has come: repeat, isolate, make small, discover."""
