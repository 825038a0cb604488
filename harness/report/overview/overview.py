"""A report to its first screen."""

from harness.report.model import Report
from harness.report.overview.model import Overview


def overview(report: Report) -> Overview:
    """Return what a report says first; equal reports, equal words."""
    return Overview(
        sentence=report.banner.title, certainty=report.banner.text, tone="open", lines=()
    )
