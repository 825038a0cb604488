"""Cassettes: vcrpy's, Ruby VCR's and go-vcr's.

Sources: vcrpy's `serialize.py`; VCR's `http_interaction.rb` (`body` is `encoding` with `string` or
`base64_string`, methods are in lower case); pydantic-ai's `json_body_serializer.py` (`parsed_body`
in place of `body`); go-vcr's `cassette/cassette.go` (versions 1 and 2).
"""

import re
from collections.abc import Iterable

from harness.transport.fields import (
    as_mapping,
    integer_of,
    mapping_of,
    optional_text,
    plain_object,
    text_of,
)
from harness.transport.foreign.formats import Content, Raw, body_bytes, first, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder

_GO_DURATION = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}


class _Cassette:
    def raw(self, entry: object) -> Raw:
        """Read an interaction of vcrpy or of Ruby's VCR."""
        interaction = as_mapping(entry, "the interaction")
        request = mapping_of(interaction, "request")
        response = mapping_of(interaction, "response")
        if "status_code" in response:  # vcrpy before version 6 wrote httpx replies so
            status = integer_of(response, "status_code")
        else:
            status = integer_of(mapping_of(response, "status"), "code")
        return Raw(
            method=text_of(request, "method").upper(),
            uri=text_of(request, "uri"),
            request_headers=headers_of(request.get("headers")),
            request=_content(request),
            status=status,
            headers=headers_of(response.get("headers")),
            response=_content(response),
            recorded=optional_text(interaction, "recorded_at"),
        )


@recorder(
    "vcrpy",
    title="a vcrpy cassette (interactions)",
    lists=("interactions",),
    rank=2,
)
class Vcrpy(_Cassette):
    """YAML or JSON with `interactions`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the interactions of a cassette."""
        if not isinstance(source, dict) or "interactions" not in source:
            return None
        return rows(source["interactions"], "interactions")


@recorder(
    "ruby-vcr",
    title="a Ruby VCR cassette (http_interactions)",
    lists=("http_interactions",),
)
class RubyVcr(_Cassette):
    """YAML or JSON with `http_interactions`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the interactions of a cassette."""
        if not isinstance(source, dict) or "http_interactions" not in source:
            return None
        return rows(source["http_interactions"], "http_interactions")


@recorder(
    "go-vcr",
    title="a go-vcr cassette (interactions, each request with a url)",
    lists=("interactions",),
    rank=1,
)
class GoVcr:
    """YAML with `interactions` whose requests have a `url` and whose responses a `code`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the interactions of a cassette."""
        if not isinstance(source, dict) or "interactions" not in source:
            return None
        interactions = rows(source["interactions"], "interactions")
        head = first(interactions)
        request = head.get("request") if isinstance(head, dict) else None
        known = isinstance(request, dict) and "url" in request and "uri" not in request
        return interactions if known else None

    def raw(self, entry: object) -> Raw:
        """Read an interaction."""
        interaction = as_mapping(entry, "the interaction")
        request = mapping_of(interaction, "request")
        response = mapping_of(interaction, "response")
        return Raw(
            method=text_of(request, "method").upper() or "GET",
            uri=text_of(request, "url"),
            request_headers=headers_of(request.get("headers")),
            request=Content(raw=body_bytes(request.get("body"))),
            status=integer_of(response, "code"),
            headers=headers_of(response.get("headers")),
            response=Content(raw=body_bytes(response.get("body"))),
            duration_s=_duration(response.get("duration")),
        )


def _content(message: dict[str, object]) -> Content:
    if "parsed_body" in message:
        return Content(parsed=plain_object(message["parsed_body"]))
    return Content(raw=body_bytes(message["body"] if "body" in message else message.get("content")))


def _duration(content: object) -> float | None:
    """Read a Go duration (`1m2.5s`); older versions write nanoseconds, or nothing."""
    if isinstance(content, int) and not isinstance(content, bool):
        return content / 1e9
    if not isinstance(content, str) or not content:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _GO_DURATION.findall(content))
