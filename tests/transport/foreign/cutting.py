"""A recording in which one body was cut off, as a recorder's limit does it."""

import json
from pathlib import Path
from typing import Any

import yaml

KEPT = 0.6


def shortened(path: Path) -> str | None:
    """Return a recording whose first body with base64 lost its end; None where it has no such one.

    A body that stood there as JSON stands there as text: what is cut off is no JSON any more.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    if path.suffix == ".sse":
        return None
    as_json = path.suffix not in (".yaml", ".yml")
    document = json.loads(text) if as_json else yaml.safe_load(text)
    changed, found = _cut(document)
    if not found:
        return None
    return json.dumps(changed) if as_json else yaml.safe_dump(changed, sort_keys=False)


def _cut(node: object) -> tuple[object, bool]:
    match node:
        case str() if '"b64_json"' in node:
            return node[: int(len(node) * KEPT)], True
        case {"data": list(), "created": _}:
            body = json.dumps(node)
            return body[: int(len(body) * KEPT)], True
        case dict():
            return _cut_one(node, list(node.items()))
        case list():
            return _cut_one(node, list(enumerate(node)))
        case _:
            return node, False


def _cut_one(
    node: Any,  # noqa: ANN401 - a list or a mapping of JSON
    items: list[tuple[Any, object]],
) -> tuple[object, bool]:
    for place, value in items:
        changed, found = _cut(value)
        if found:
            node[place] = changed
            if isinstance(node, dict):
                node.pop("bodyAsBase64", None)  # WireMock's journal holds a body twice
            return node, True
    return node, False
