"""Formats of recordings, one module for each family: found by their content, never by a name."""
