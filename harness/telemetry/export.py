"""Spans handed to OpenTelemetry's SDK, and exported over HTTP as the environment says.

Only who exports imports this module: what it needs comes with the extra `otel`.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from harness.core.errors import ExportError
from harness.core.version import harness_version
from harness.telemetry import names
from harness.telemetry.readiness import receiver
from harness.telemetry.spans import Span

BATCH = 512
"""Spans in one request to the receiver, as OpenTelemetry's own processors send them."""

SERVICE = "image-provider-harness"
_LONGEST = 200


def export(spans: Sequence[Span], exporter: SpanExporter | None = None) -> None:
    """Hand spans to an exporter, by default the one over HTTP that the environment configures.

    Waits no longer than its timeout (`OTEL_EXPORTER_OTLP_TIMEOUT`, 10 s by default) for a receiver
    that does not answer, and asks it no more after that. Raises ExportError where not all of them
    were taken: they can be exported again, and stay the same spans.
    """
    with _overheard() as said:
        sink = exporter or OTLPSpanExporter()
        for start in range(0, len(spans), BATCH):
            batch = as_sdk(spans[start : start + BATCH])
            if sink.export(batch) is not SpanExportResult.SUCCESS:
                _refuse(start, len(spans), said)
        if exporter is None:
            sink.shutdown()


def as_sdk(spans: Sequence[Span]) -> list[ReadableSpan]:
    """Return spans as the SDK has them, under the resource that the environment describes."""
    version = harness_version()
    own = {names.SERVICE_NAME: SERVICE, names.SERVICE_VERSION: version}
    # What the user says of the resource (OTEL_SERVICE_NAME and others) holds before ours.
    named = Resource.create()
    unnamed = str(named.attributes.get(names.SERVICE_NAME, "")).startswith("unknown_service")
    resource = named.merge(Resource(own)) if unnamed else Resource(own).merge(named)
    scope = InstrumentationScope("harness", version)
    return [_as_sdk(span, resource, scope) for span in spans]


def _as_sdk(span: Span, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    kinds = {"client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}
    return ReadableSpan(
        name=span.name,
        context=_context(span, span.id),
        parent=None if span.parent is None else _context(span, span.parent),
        resource=resource,
        attributes=span.attributes,
        kind=kinds[span.kind],
        status=Status(StatusCode.ERROR, span.why) if span.failed else Status(StatusCode.UNSET),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=scope,
    )


def _context(span: Span, number: int) -> SpanContext:
    return SpanContext(span.trace, number, is_remote=False, trace_flags=TraceFlags(1))


def _refuse(taken: int, whole: int, said: Sequence[str]) -> None:
    why = " ".join(said[-1].split())[:_LONGEST] if said else "its receiver did not take them"
    raise ExportError(
        f"{whole - taken} of {whole} spans were not exported{receiver(os.environ)}: {why}",
        hint="the run is whole: harness report RUN --otel exports the same spans again",
    )


class _Kept(logging.Handler):
    """Keeps what OpenTelemetry would print; its last word is the reason."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.said.append(record.getMessage())


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Yield what OpenTelemetry logs meanwhile, instead of letting it be printed."""
    logger, kept = logging.getLogger("opentelemetry"), _Kept()
    before = logger.propagate
    logger.addHandler(kept)
    logger.propagate = False
    try:
        yield kept.said
    finally:
        logger.propagate = before
        logger.removeHandler(kept)
