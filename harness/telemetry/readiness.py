"""Whether spans can be exported at all: told before anything is sent or judged."""

from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from harness.core.errors import UsageError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
INSTALL = "install image-provider-harness[otel]"


def refuse_unready(environment: Mapping[str, str]) -> None:
    """Raise UsageError where the extra is missing, or no receiver is named that can be reached."""
    refuse_missing_extra()
    place = next((name for name in ENDPOINTS if environment.get(name)), None)
    if place is None:
        raise UsageError(
            "--otel: no receiver of spans is named",
            hint=f"set {ENDPOINTS[1]}, like http://localhost:4318",
        )
    if urlsplit(environment[place]).scheme not in ("http", "https"):
        raise UsageError(
            f"--otel: {place} is no http or https address", hint="write http://HOST:4318"
        )
    spoken = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "")
    if spoken == "grpc":
        raise UsageError(
            "--otel: spans are exported over HTTP, not gRPC",
            hint="set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and the receiver's port of HTTP",
        )


def receiver(environment: Mapping[str, str]) -> str:
    """Return ` to HOST:PORT` of the receiver that is named; nothing where none is.

    User, password and query of its address are left out.
    """
    named = next((environment[name] for name in ENDPOINTS if environment.get(name)), "")
    place = urlsplit(named).netloc.rpartition("@")[2]
    return f" to {place}" if place else ""


def refuse_missing_extra() -> None:
    """Raise UsageError where OpenTelemetry is not installed."""
    if not all(map(_is_there, _NEEDED)):
        raise UsageError("--otel needs OpenTelemetry, which is not installed", hint=INSTALL)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
