"""Stub."""

from harness.report.model import Report


def markdown(report: Report) -> str:
    """Stub."""
    return f"{report.header.run}"
