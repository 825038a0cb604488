"""A receiver of spans on this machine: OTLP over HTTP, read with OpenTelemetry's own messages."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Receiver:
    """What arrived; `status` is what it answers with."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.url = ""

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    """A receiver as long as the block lasts."""
    held = Receiver(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            held.paths.append(self.path)
            held.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(held.status)
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        held.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield held
        finally:
            server.shutdown()
            thread.join()


def attributes(span: Any) -> dict[str, Any]:  # noqa: ANN401 - a message made at run time
    """The attributes of a span as it arrived."""
    found: dict[str, Any] = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        found[each.key] = (
            [one.string_value for one in value.values] if kind == "array_value" else value
        )
    return found
