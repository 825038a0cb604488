"""Drives the wire over a transport: budget, pacing, journal, resume. Has the only clock."""
