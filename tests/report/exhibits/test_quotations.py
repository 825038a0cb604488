"""The document's words that stand behind a promise are about that promise."""

import pytest

from harness.report.exhibits.quotations import quotations
from tests.shipped import shipped_provider


def said(name: str, operation: str, promise: str) -> list[tuple[str, str]]:
    provider = shipped_provider(name)
    found = quotations(provider, provider.operation(operation), promise)
    return [(quotation.place, quotation.text) for quotation in found]


def test_a_rule_is_quoted_with_its_place() -> None:
    (place, text), *_ = said("nanobanana", "generate", "n.range")

    assert place.startswith("003_60af399abdeeb1ae.txt: ")
    assert "n" in text


@pytest.mark.parametrize(
    ("name", "operation", "promise", "words"),
    [
        ("buble", "edit", "charges_the_list_price", "1 credit per image"),
        ("apiframe", "generate", "failed_jobs_cost_nothing", "you only pay"),
        ("openai", "generate", "refusal_names_the_parameter", "param: string"),
        ("buble", "generate", "terminal_states_stay", "GET /api/v1/generations/{id}"),
    ],
)
def test_a_promise_about_replies_is_quoted_from_the_part_that_makes_it(
    name: str, operation: str, promise: str, words: str
) -> None:
    assert words in " ".join(text for _, text in said(name, operation, promise))


@pytest.mark.parametrize("promise", ["images_decode", "webhook_arrives", "of_no_check"])
def test_what_no_sentence_promises_has_a_place_and_no_words(promise: str) -> None:
    assert [text for _, text in said("nanobanana", "generate", promise)] == [""]
