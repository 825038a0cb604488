"""The six shipped providers quote their documents; what they do not quote is named here."""

import tomllib
from collections.abc import Iterator

import pytest

from harness.spec.catalogue import shipped_catalogue
from harness.spec.documents import sourced_tables
from harness.spec.expressions import Promise
from harness.spec.quotes import LONGEST, quoted

SHIPPED = shipped_catalogue()

TOOL = (
    "the extract of the maker's schema has the tool, and no word for this of the request around it"
)
WITHOUT = {
    ("buble", "errors"): "the first document is silent; the second source is quoted",
    ("nanobanana", "model.claim.0"): "a claim says the sentence itself",
    ("nanobanana", "model.claim.1"): "a claim says the sentence itself",
    ("openai", "operations.edit_json.arguments.images.media_type"): "said of forms only",
    ("openai", "operations.respond.arguments.model"): TOOL,
    ("openai", "operations.respond.arguments.prompt"): TOOL,
    ("openai", "operations.respond.reply.usage"): TOOL,
    ("openai", "operations.respond.stream.usage"): TOOL,
    ("sub2api", "operations.respond.reply.usage"): TOOL,
    ("sub2api", "operations.respond.stream"): "the document says nothing of streaming there",
    ("sub2api", "operations.respond.stream.usage"): TOOL,
}
"""What is documented by its status and not quoted, and why."""

SILENT = "documented", "contradictory"


def unquoted(name: str) -> Iterator[str]:
    """Yield the key of everything that a document says and the TOML does not quote."""
    for key, table in sourced_tables(tomllib.loads(SHIPPED[name].text)):
        if table.get("status", "documented") in SILENT and "source" not in quoted(table):
            yield key


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_documented_is_quoted_or_named_with_a_reason(name: str) -> None:
    assert set(unquoted(name)) == {key for provider, key in WITHOUT if provider == name}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_documented_rule_of_every_operation_can_show_its_sentence(name: str) -> None:
    rules = {
        (name, f"operations.{operation}.arguments.{constraint.id}"): constraint.rule
        for operation, found in SHIPPED.provider(name).operations.items()
        for constraint in found.constraints
        if constraint.documented
    }

    assert {key for key, rule in rules.items() if not rule.quote} <= WITHOUT.keys()


@pytest.mark.parametrize("name", SHIPPED)
def test_both_sides_of_a_contradiction_are_quoted(name: str) -> None:
    one_sided = [
        key
        for key, table in sourced_tables(tomllib.loads(SHIPPED[name].text))
        if table.get("status") == "contradictory"
        and "second_source" in table
        and not {"source", "second_source"} <= quoted(table).keys()
    ]

    assert one_sided == []


@pytest.mark.parametrize("name", SHIPPED)
def test_a_quote_is_a_sentence_or_a_row_and_no_page(name: str) -> None:
    words = [
        words
        for _, table in sourced_tables(tomllib.loads(SHIPPED[name].text))
        for words in quoted(table).values()
    ]

    assert words
    assert all(len(quote) <= LONGEST for quote in words)
    assert all(quote == " ".join(quote.split()) for quote in words)


def test_a_promise_has_no_quote_until_somebody_writes_one() -> None:
    fields = Promise.model_fields

    assert fields["quote"].default == fields["second_quote"].default == ""
