"""A result as spans, and what becomes of a run whose spans nobody takes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.core.errors import ExportError
from harness.run_result import RunResult
from harness.telemetry.spans import Span, spans_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


def spans_of_result(result: RunResult) -> Sequence[Span]:
    """Return a result as spans."""
    return spans_of(
        result.header,
        result.records,
        result.report.verdicts,
        result.providers,
        findings=len(result.report.broken),
    )


def export_result(result: RunResult, exporter: "SpanExporter | None" = None) -> int:
    """Export a result's spans and return how many; ExportError where not all were taken."""
    from harness.telemetry.export import export  # noqa: PLC0415 - it needs the extra

    found = spans_of_result(result)
    export(found, exporter)
    return len(found)


def exported(result: RunResult) -> RunResult:
    """Export a run that has just ended; what went wrong is a note, and exit code 3 where it was 0.

    The result of the run itself is never lost for it.
    """
    try:
        count = export_result(result)
    except ExportError as error:
        code = result.exit_code or error.exit_code
        return replace(result, exit_code=code, notes=(*result.notes, str(error)))
    return replace(result, notes=(*result.notes, f"{count} spans exported"))
