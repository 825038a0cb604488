"""Documents that are none, or that want to be read for ever: one clear line each."""

import contextlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.spec.importing.document import MOST_MEBIBYTES, Node, OpenApi, read_openapi
from harness.spec.importing.imported import Import
from harness.spec.importing.text import text_of
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.spec.importing.documents import body, document, written

FIXTURES: dict[str, dict[str, str]] = {
    "apiframe": {"model": "gpt-image-2"},
    "openai": {},
    "queue": {},
    "predictions": {},
}
GAPS = (
    "reply.images: empty",
    "job.failed: empty",
    "job.done: empty",
    "job.id: empty",
    "no argument fills",
    "unknown key",
)
"""What no import can make up: it is told as a mistake, for whoever goes on from the file."""


def read_fixture(name: str) -> Any:  # noqa: ANN401 - JSON
    path = Path(__file__).parent / "fixtures" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def refused(path: Path) -> str:
    """What an import of this file is refused with."""
    with pytest.raises(UsageError) as caught:
        Import(read_openapi(path), {}).provider("acme", ())
    told = str(caught.value)
    assert "\n" not in told
    assert caught.value.exit_code == 2
    return told


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"allOf": [schema]}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Schemas of which each refers to the next one twice: 2^levels places."""
    schemas: dict[str, Any] = {
        f"S{level}": {"allOf": [{"$ref": f"#/components/schemas/S{level + 1}"}] * 2}
        for level in range(levels)
    }
    return {**schemas, f"S{levels}": {"type": "string"}}


SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a circle": (
        {"$ref": "#/components/schemas/A"},
        {"A": {"$ref": "#/components/schemas/A"}},
        "refers to itself",
    ),
    "a circle of two": (
        {"$ref": "#/components/schemas/A"},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        "refers to itself",
    ),
    "a circle through allOf": (
        {"$ref": "#/components/schemas/A"},
        {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        "refers to itself",
    ),
    "another file": ({"$ref": "other.json#/A"}, {}, "refers to another document"),
    "another host": ({"$ref": "https://acme.test/a.json"}, {}, "refers to another document"),
    "nothing": ({"$ref": "#/components/schemas/A"}, {}, "refers to nothing"),
    "deep nesting": (nested(200), {}, "nested too deeply"),
    "doubling": ({"$ref": "#/components/schemas/S0"}, doubling(40), "places"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_leads_nowhere_is_one_line(name: str, tmp_path: Path) -> None:
    schema, schemas, why = SCHEMAS[name]
    raw = document(body({"size": schema}), components={"schemas": schemas})

    assert why in refused(written(tmp_path, raw))


def test_a_part_of_the_path_that_nothing_fills_is_told(tmp_path: Path) -> None:
    raw = document(body({"prompt": {"type": "string"}}))
    (operations,) = raw["paths"].values()
    raw["paths"] = {"/images/{region}": operations}

    found = Import(read_openapi(written(tmp_path, raw)), {}).provider("acme", ())

    assert any("fills {region}" in note for note in found.notes.missing)


def test_an_object_in_itself_is_left_out(tmp_path: Path) -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/T"}}}
    raw = document(
        body({"tree": {"$ref": "#/components/schemas/T"}}), components={"schemas": {"T": tree}}
    )

    found = Import(read_openapi(written(tmp_path, raw)), {}).provider("acme", ())

    assert any("holds itself" in note for note in found.notes.unsaid)


TEXTS: dict[str, tuple[str, str]] = {
    "YAML": ("openapi: 3.1.0\ninfo:\n  title: Acme\n", "is YAML, not JSON"),
    "YAML after a comment": ("# Acme\n---\nopenapi: 3.1.0\n", "is YAML, not JSON"),
    "half a document": ('{"openapi": "3.1.0", ', "is no JSON"),
    "a list": ("[]", "not an object"),
    "no document": ("{}", "no OpenAPI document"),
    "Swagger": ('{"swagger": "2.0"}', "Swagger 2.0"),
    "a later version": ('{"openapi": "4.0.0", "paths": {}}', "3.0 to 3.2"),
    "no paths": ('{"openapi": "3.1.0"}', "has no paths"),
    "nothing like an image": ('{"openapi": "3.1.0", "paths": {}}', "no operation looks like"),
    "no number": ('{"openapi": NaN}', "NaN is no JSON number"),
    "a number of 5,000 digits": ('{"openapi": ' + "9" * 5000 + "}", "is no JSON"),
    "half a character": ('{"openapi": "\\ud800"}', "half a character"),
    "100,000 brackets": ("[" * 100_000, "nested too deeply"),
    "an empty file": ("", "is no JSON"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_no_document_is_one_line(name: str, tmp_path: Path) -> None:
    text, why = TEXTS[name]
    path = tmp_path / "acme.json"
    path.write_text(text, encoding="utf-8")

    assert why in refused(path)


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "acme.json"
    path.write_bytes(b'{"openapi": "\xff"}')

    assert "no UTF-8 text" in refused(path)


def test_a_file_of_50_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "acme.json"
    with path.open("wb") as file:
        file.truncate(50_000_000)

    assert f"is larger than {MOST_MEBIBYTES} MiB" in refused(path)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "missing.json")


ODD: dict[str, object] = {
    "properties": {
        **{
            name: {"type": "string"} for name in ("a.b", "a[0]", "", "[]", '"', "\n", "é", "\u0000")
        },
        "enum of nothing": {"enum": []},
        "no bounds": {"type": "integer", "minimum": 5, "maximum": 1},
        "huge": {"type": "integer", "minimum": -1e300, "maximum": 1e300},
        "endless": {"type": "number", "maximum": 1e400},
        "negative": {"type": "string", "maxLength": -3},
        "texts": {"type": "string", "maxLength": "long", "enum": "png"},
        "types": {"type": ["string", 7, {}]},
        "number": 7,
        "null": None,
        "false": False,
        "true": True,
        "list": [],
        "description": {"type": "string", "description": "\u202e\x00\n[evil]\n" + "x" * 5000},
        "nothing": {"type": "null"},
    },
    "required": ["prompt", 7, "missing"],
}


def test_odd_schemas_are_read_around(tmp_path: Path) -> None:
    """What is malformed is noted; a valid TOML remains, whatever a description holds."""
    raw = document({**ODD, "properties": {**ODD["properties"], "prompt": {"type": "string"}}})  # type: ignore[dict-item]
    path = written(tmp_path, raw)
    path.write_text(json.dumps(raw).replace("Infinity", "1e400"), encoding="utf-8")

    found = Import(read_openapi(path), {}).provider("acme", ())

    assert found.operations["generate"]["path"] == "/images"


JUNK: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e300, "", "x", "\u202e\x00\n", "#/paths", [], {}, [{}]),
    *({"$ref": "#"}, {"$ref": "#/paths"}, {"type": "object"}, {"type": []}, {"enum": [None]}),
    *([[]], {"": {}}, {"a.b": 1}, {"properties": {"prompt": False}}, {"anyOf": [{}, {}]}),
    *({"allOf": [True, False]}, {"oneOf": []}, {"not": {}}, {"items": {}, "type": "array"}),
)
"""What may stand anywhere in somebody else's document."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - JSON
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(one for key, entry in inner for one in places(entry, (*path, key)))]


def planted(raw: Any, path: tuple[str | int, ...], junk: object) -> Any:  # noqa: ANN401 - JSON
    if not path:
        return junk
    changed: Any = dict(raw) if isinstance(raw, dict) else list(raw)
    changed[path[0]] = planted(raw[path[0]], path[1:], junk)
    return changed


BEGUN = {name: read_fixture(name) for name in FIXTURES}
SPOTS = [(name, path) for name, raw in BEGUN.items() for path in places(raw) if path]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    spot=st.sampled_from(SPOTS),
    others=st.lists(st.sampled_from(SPOTS), max_size=2),
    junk=st.sampled_from(JUNK),
)
def test_junk_anywhere_is_read_around_or_refused_in_one_line(
    spot: tuple[str, tuple[str | int, ...]],
    others: list[tuple[str, tuple[str | int, ...]]],
    junk: object,
) -> None:
    name, path = spot
    raw = planted(BEGUN[name], path, junk)
    for other, way in others:
        with contextlib.suppress(KeyError, IndexError, TypeError):
            raw = planted(raw, way, junk) if other == name else raw

    try:
        text = text_of(
            Import(OpenApi("acme.json", Node(raw, "#")), FIXTURES[name]).provider("acme", ())
        )
    except UsageError as error:
        text, told = "", str(error)
    else:
        told = ""
    if told:
        assert "\n" not in told
        return
    parsed = parse_provider(tomllib.loads(text))
    mistakes = [] if isinstance(parsed, Provider) else [str(one) for one in parsed]
    assert [one for one in mistakes if not any(gap in one for gap in GAPS)] == []
