"""Verdicts and estimates to pages: one function per format, all drawn from one `Report`."""
