"""Verdicts to findings: what each failure is attributed to, and how sure that is."""
