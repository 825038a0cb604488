"""Small OpenAPI documents, and what an import makes of them."""

import json
import tomllib
from pathlib import Path
from typing import Any

from harness.spec.importing.document import Node, OpenApi
from harness.spec.importing.imported import Import, Imported
from harness.spec.importing.text import text_of
from harness.spec.load import parse_provider
from harness.spec.provider import Operation, Provider

IMAGES = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url"],
                "properties": {"url": {"type": "string"}},
            },
        }
    },
}
"""The schema of a reply with images."""


def document(
    body: dict[str, Any],
    *,
    media_type: str = "application/json",
    reply: dict[str, Any] | None = None,
    version: str = "3.1.0",
    **others: Any,  # noqa: ANN401 - parts of JSON
) -> dict[str, Any]:
    """A document with one operation that makes images, whose body has that schema."""
    return {
        "openapi": version,
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.test"}],
        "paths": {
            "/images": {
                "post": {
                    "operationId": "makeImage",
                    "requestBody": {"content": {media_type: {"schema": body}}},
                    "responses": {
                        "200": {"content": {"application/json": {"schema": reply or IMAGES}}}
                    },
                }
            }
        },
        **others,
    }


def body(properties: dict[str, Any], **keywords: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The schema of a body with a prompt and these properties."""
    prompt = {"prompt": {"type": "string"}}
    return {"type": "object", "properties": {**prompt, **properties}, **keywords}


def imported(raw: dict[str, Any], *wanted: str, **where: str) -> Imported:
    """What an import reads of a document."""
    return Import(OpenApi("acme.json", Node(raw, "#")), where).provider("acme", wanted)


def provider(raw: dict[str, Any], *wanted: str, **where: str) -> Provider:
    """The provider of an imported document: its TOML is valid."""
    found = parse_provider(tomllib.loads(text_of(imported(raw, *wanted, **where))))
    assert isinstance(found, Provider), found
    return found


def operation(raw: dict[str, Any]) -> Operation:
    """The first operation of an imported document."""
    return next(iter(provider(raw).operations.values()))


def written(folder: Path, raw: object, name: str = "acme.json") -> Path:
    """A document as a file."""
    path = folder / name
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path
