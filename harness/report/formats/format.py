"""The formats of a report: each function registers itself under the name of the file it draws."""

from collections.abc import Callable

from harness.core.registry import Registry
from harness.report.model import Report

ReportFormat = Callable[[Report], str]
"""Returns the whole text of its file; equal reports have equal texts."""

FORMATS: Registry[ReportFormat] = Registry("report format", package=__name__.rpartition(".")[0])
"""Every format by the name of its file, in the order in which they are written."""


def report_format(file: str, *, rank: int) -> Callable[[ReportFormat], ReportFormat]:
    """Register a function as what draws `file` in a run folder; lower ranks are written first."""

    def register(function: ReportFormat) -> ReportFormat:
        FORMATS.add(file, function, rank=rank)
        return function

    return register
