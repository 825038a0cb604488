"""PROVIDERS.md says all of the vocabulary, and what it shows is right."""

import re
import tomllib

import pytest
from jsonschema import Draft202012Validator

from harness.spec.provider import PARAMETERS
from harness.spec.rules import KINDS
from harness.spec.toml import reference
from harness.spec.toml.schema import provider_schema

PAGE = reference.page()
SECTIONS = reference.sections()
KEYS = [
    (section.name, key, node)
    for section in SECTIONS
    for key, node in section.node["properties"].items()
]


def test_the_page_is_current() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == PAGE, "run `make reference`"


def test_every_table_of_the_vocabulary_has_a_section() -> None:
    defined = {name for name, node in provider_schema()["$defs"].items() if "properties" in node}

    assert {section.name for section in SECTIONS} == {"", *defined}
    for name in KINDS:
        assert f"\n### `{name}`\n" in PAGE
    for name in PARAMETERS:
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize(("table", "key", "node"), KEYS, ids=lambda part: str(part)[:30])
def test_every_key_says_what_it_means_and_has_a_line(table: str, key: str, node: object) -> None:
    assert isinstance(node, dict)
    assert node.get("description"), f"write a docstring below {table}.{key}"
    assert f"| `{key}` |" in PAGE or key in KINDS


@pytest.mark.parametrize(("table", "key", "node"), KEYS, ids=lambda part: str(part)[:30])
def test_every_example_is_valid(table: str, key: str, node: object) -> None:
    assert isinstance(node, dict)
    schema = {**node, "$defs": provider_schema()["$defs"]}

    for example in node.get("examples", ()):
        assert Draft202012Validator(schema).is_valid(example), f"{table}.{key}: {example}"


def test_every_example_on_the_page_is_toml() -> None:
    cells = re.findall(r"^\| `.*\| `+ ?([^|`]+ = .*?) ?`+ \|$", PAGE, re.MULTILINE)

    assert len(cells) > 100
    for cell in cells:
        tomllib.loads(cell.replace("\\|", "|"))
