"""A finding as something to run: curl lines, JSON, a pytest of its own."""
