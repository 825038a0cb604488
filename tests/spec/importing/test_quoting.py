"""An imported TOML quotes its document, and only what that says in so many signs."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.spec.importing.document import Node, OpenApi
from harness.spec.importing.imported import Import
from harness.spec.importing.quoting import MOST_CHARACTERS, Quoting
from harness.spec.importing.text import text_of
from harness.spec.load import parse_provider
from harness.spec.provider import Operation, Provider
from harness.spec.quotes import LONGEST, folded, holds
from tests.spec.importing.documents import body, document

N = {"type": "integer", "minimum": 1, "maximum": 10}
STYLE = {"type": "string", "enum": ["plain", "bold"], "description": "How it \u2014 looks. " * 30}
RAW = document(body({"n": N, "style": STYLE}, required=["prompt"]))
SPELLINGS: dict[str, dict[str, Any]] = {
    "on one line": {},
    "without spaces": {"separators": (",", ":")},
    "indented": {"indent": 2},
    "beyond ASCII": {"indent": 4, "ensure_ascii": False},
}


def operation(text: str) -> Operation:
    """The operation of a document that is spelt so."""
    read = OpenApi("acme.json", Node(json.loads(text), "#"), text=text)
    toml = text_of(Import(read, {}).provider("acme", ()))
    found = parse_provider(tomllib.loads(toml))
    assert isinstance(found, Provider), found
    return next(iter(found.operations.values()))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_rule_quotes_its_keyword_as_the_document_spells_it(spelling: str) -> None:
    text = json.dumps(RAW, **SPELLINGS[spelling])

    arguments = operation(text).arguments

    assert arguments["n"].range is not None
    assert arguments["style"].one_of is not None
    assert arguments["prompt"].required is not None
    for quote in (arguments["n"].range.quote, arguments["style"].one_of.quote):
        assert quote
        assert holds(folded(text), quote)
    assert '"maximum"' in arguments["n"].range.quote
    assert arguments["style"].one_of.quote.startswith('"enum"')
    assert arguments["prompt"].required.quote.startswith('"required"')


def test_a_long_schema_is_quoted_by_its_description_cut_between_words() -> None:
    quote = operation(json.dumps(RAW, ensure_ascii=False)).arguments["style"].quote

    assert quote.startswith('"description": "How it \u2014 looks.')
    assert LONGEST - 20 < len(quote) <= LONGEST
    assert quote.endswith(("How", "it", "\u2014", "looks."))


def test_without_the_documents_text_nothing_is_quoted() -> None:
    read = OpenApi("acme.json", Node(RAW, "#"))

    assert "quote" not in text_of(Import(read, {}).provider("acme", ()))


def test_a_document_too_long_to_search_is_not_quoted() -> None:
    text = json.dumps(RAW)
    padded = text + " " * (MOST_CHARACTERS + 1 - len(text))
    quoting = Quoting(OpenApi("acme.json", Node(RAW, "#"), text=padded))

    assert quoting.table({"source": "openapi: #/openapi"}) == {"source": "openapi: #/openapi"}


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=40), st.sampled_from(sorted(SPELLINGS)))
def test_whatever_a_description_holds_a_quote_stands_in_the_document(
    words: str, spelling: str
) -> None:
    raw = document(body({"n": {**N, "description": words}}))
    text = json.dumps(raw, **SPELLINGS[spelling])
    quoting = Quoting(OpenApi("acme.json", Node(raw, "#"), text=text))
    at = "#/paths/~1images/post/requestBody/content/application~1json/schema/properties/n"

    quote = quoting.table({"source": f"openapi: {at}"}).get("quote", "")

    assert holds(folded(text), quote) or not quote
