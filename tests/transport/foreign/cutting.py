"""A recording in which one body was cut off, as a recorder's limit does it."""

import json
from pathlib import Path

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
    if isinstance(node, str) and '"b64_json"' in node:
        return node[: int(len(node) * KEPT)], True
    if isinstance(node, dict):
        if isinstance(node.get("data"), list) and "created" in node:
            body = json.dumps(node)
            return body[: int(len(body) * KEPT)], True
        for key, value in node.items():
            changed, found = _cut(value)
            if found:
                both = {**node, key: changed}
                both.pop("bodyAsBase64", None)  # WireMock's journal holds a body twice
                return both, True
    if isinstance(node, list):
        for index, value in enumerate(node):
            changed, found = _cut(value)
            if found:
                return [*node[:index], changed, *node[index + 1 :]], True
    return node, False
