"""The verb that exports a finished run as OpenTelemetry spans."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.exporting import export_result, spans_of_result
from harness.api.runs import report
from harness.run_result import RunResult
from harness.telemetry.readiness import refuse_missing_extra, refuse_unready
from harness.telemetry.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


def spans(run: RunResult | str | Path) -> Sequence[Span]:
    """Return a run as spans: the run's own, one of each case that was sent, one of each exchange.

    Needs no library; `harness.telemetry.names` lists the attributes. Neither prompts nor keys nor
    images are in them. A folder is judged again, with today's checks. The same run gives the same
    spans, ids included. Raises UsageError as `report` does.

        [span.name for span in spans("reports/2026-12-01T093000-live")]
    """
    return spans_of_result(run if isinstance(run, RunResult) else report(run))


def export_spans(run: RunResult | str | Path, exporter: "SpanExporter | None" = None) -> int:
    """Export a run as OpenTelemetry spans; return how many.

    Without an `exporter` of the SDK, it is OTLP over HTTP as the `OTEL_EXPORTER_OTLP_*` variables
    say. Raises UsageError where the extra `otel` is not installed, and where no receiver is named;
    ExportError where not all spans were taken within its timeout.

        export_spans("reports/2026-12-01T093000-live")
    """
    if exporter is None:
        refuse_unready(os.environ)
    else:
        refuse_missing_extra()
    return export_result(run if isinstance(run, RunResult) else report(run), exporter)
