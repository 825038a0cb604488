"""Recordings of other tools, brought to one shape."""
