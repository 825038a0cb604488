"""The JSON Schema of a provider's TOML, judged by a validator that is not ours."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from harness.spec.rules import KINDS
from harness.spec.toml.schema import at, editor_schema
from tests.spec import small
from tests.spec.test_load import TEXTS, mutated

SCHEMA = editor_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def wrong(raw: dict[str, Any]) -> set[str]:
    """Where the schema finds a mistake."""
    return {".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(raw)}


def test_it_is_a_schema_of_the_dialect_that_it_names() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("name", TEXTS)
def test_a_shipped_toml_is_valid(name: str) -> None:
    assert wrong(tomllib.loads(TEXTS[name])) == set()


BROKEN: dict[str, tuple[Callable[[Any], object], str]] = {
    "an unknown key": (lambda raw: raw.update(colour=1), ""),
    "an unknown key of an inherited rule": (
        lambda raw: raw["operations"]["edit"]["arguments"]["mask"]["max_bytes"].update(bites=1),
        "operations.edit.arguments.mask.max_bytes",
    ),
    "a missing key": (
        lambda raw: raw["operations"]["generate"].pop("title"),
        "operations.generate",
    ),
    "what only an inheriting operation may have": (
        lambda raw: raw["operations"]["generate"].update(without=["n"]),
        "operations.generate.without",
    ),
    "a kind of rule for other types": (
        lambda raw: raw["operations"]["generate"]["arguments"]["n"].update(
            max_length={"characters": 3, "source": "page: Generate"}
        ),
        "operations.generate.arguments.n.max_length",
    ),
    "a text for a number": (
        lambda raw: raw["timeouts"].update(normal_s="60"),
        "timeouts.normal_s",
    ),
    "a source without a section": (
        lambda raw: raw["timeouts"].update(source="page"),
        "timeouts.source",
    ),
    "a status that there is not": (
        lambda raw: raw["prices"].update(status="sure"),
        "prices.status",
    ),
}


@pytest.mark.parametrize(("change", "place"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_found_at_its_place(change: Callable[[Any], object], place: str) -> None:
    raw = small.tables()
    assert wrong(raw) == set()
    change(raw)

    assert any(found in (place, place.rpartition(".")[0]) for found in wrong(raw)), wrong(raw)


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_what_loads_is_valid_under_it(raw: dict[str, Any]) -> None:
    if isinstance(parse_provider(raw), Provider):
        assert wrong(raw) == set()


def test_an_argument_may_have_every_kind_of_rule_in_the_words_of_its_docstring() -> None:
    (argument,) = at(("operations", "generate", "arguments", "n"))

    assert set(KINDS) <= set(argument["properties"])
    assert argument["properties"]["required"]["description"] == "The argument must be there."


def test_an_operation_that_extends_another_keeps_the_whole_vocabulary() -> None:
    operation = SCHEMA["$defs"]["Operation"]["properties"]
    part = SCHEMA["$defs"]["ArgumentPart"]

    assert {"extends", "without", "moved", "arguments", "job"} <= set(operation)
    assert set(part["properties"]) == set(SCHEMA["$defs"]["Argument"]["properties"])
    assert "required" not in part
