"""Hoverfly's simulations: pairs of matchers and replies.

Sources: Hoverfly's documents "Simulation schema" (v5), "Pairs" and "Request matchers"; version 2
has `exactMatch` where later ones have a list of matchers, version 1 a plain text.
"""

from collections.abc import Iterable

from harness.core.jsonvalue import canonical
from harness.transport.fields import (
    as_list,
    as_mapping,
    integer_of,
    mapping_of,
    optional_text,
    plain_object,
    text_of,
)
from harness.transport.foreign.formats import Content, Raw, from_base64, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder
from harness.transport.foreign.stubs import (
    NO_HOST,
    address,
    known_body,
    untemplated,
)

_WHOLE = ("exact", "json", "xml")
_OLDER = ("exactMatch", "jsonMatch", "xmlMatch")


@recorder("hoverfly", title="a Hoverfly simulation (data.pairs)", lists=("data.pairs",))
class Hoverfly:
    """JSON with `data.pairs`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the pairs."""
        data = source.get("data") if isinstance(source, dict) else None
        if not isinstance(data, dict) or "pairs" not in data:
            return None
        return rows(data["pairs"], "pairs")

    def raw(self, entry: object) -> Raw:
        """Read a pair."""
        data = as_mapping(entry, "the pair")
        asked, answered = mapping_of(data, "request"), mapping_of(data, "response")
        method = (_matched(asked.get("method"), "method") or "GET").upper()
        body = _matched(asked.get("body"), "body")
        sent = known_body(method, None if body is None else body.encode("utf-8", "replace"))
        scheme = _matched(asked.get("scheme"), "scheme") or "http"
        host = _matched(asked.get("destination"), "destination") or NO_HOST
        path = _matched(asked.get("path"), "path") or "/"
        return Raw(
            method=method,
            uri=address(f"{scheme}://{host}", path, _query(asked.get("query"))),
            request_headers=headers_of(_named(asked.get("headers"))),
            request=Content(raw=sent),
            status=integer_of(answered, "status"),
            headers=headers_of(answered.get("headers")),
            response=_answered(answered),
        )


def _matched(content: object, name: str) -> str | None:
    """Return the text that a field has to equal, None where any will do."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, dict):  # version 2
        rows_ = [{"matcher": key, "value": value} for key, value in content.items()]
    else:
        rows_ = [as_mapping(row, f"a matcher of {name}") for row in as_list(content, name)]
    for row in rows_:
        if row.get("matcher") in (*_WHOLE, *_OLDER):
            value = row.get("value")
            return value if isinstance(value, str) else canonical(plain_object(value))
        if row.get("matcher") in ("glob", "globMatch") and "*" not in text_of(row, "value"):
            return text_of(row, "value")
    if rows_:
        kinds = ", ".join(str(row.get("matcher"))[:20] for row in rows_)
        raise ValueError(f"it does not say which {name} was sent: it matches by {kinds}")
    return None


def _query(content: object) -> str:
    if isinstance(content, dict) and not any(name in content for name in _OLDER):
        values = {name: _matched(matcher, "query") for name, matcher in content.items()}
        return "&".join(f"{name}={value}" for name, value in values.items() if value is not None)
    return _matched(content, "query") or ""


def _named(content: object) -> dict[str, str]:
    """Return the headers of a request that are known: a captured one has them as lists of texts."""
    named = as_mapping(content or {}, "headers")
    texts = {
        name: ", ".join(str(line) for line in value)
        for name, value in named.items()
        if isinstance(value, list) and all(isinstance(line, str) for line in value)
    }
    others = {name: value for name, value in named.items() if name not in texts}
    return texts | {name: _matched(value, "headers") or "" for name, value in others.items()}


def _answered(answered: dict[str, object]) -> Content:
    if optional_text(answered, "bodyFile"):
        raise ValueError(
            f"its reply's body is in another file, {text_of(answered, 'bodyFile')[:80]!r}"
        )
    text = optional_text(answered, "body") or ""
    if answered.get("encodedBody") is True:
        return Content(raw=from_base64(text))
    if answered.get("templated") is True:
        untemplated(text)
    return Content(raw=text.encode("utf-8", "replace"))
