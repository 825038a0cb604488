"""Promises as tests: what a test is about, and how its verdicts end it."""
