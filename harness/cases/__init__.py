"""Promises into cases: what to ask, and what the documents promise in reply."""
