"""Quotes are compared as people read them, and no digest of promises covers them."""

import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.core.jsonvalue import digest
from harness.spec.quotes import QUOTED_AT, folded, holds, nearest_words, without_quotes

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"
SPACES = (" ", "\n", "\t", "\r\n", "\u00a0", "\u2009", " \n  ")
UNSEEN = ("", "\u200b", "\u00ad", "\ufeff")
PAGE = folded("Up to 10 images. Sizes: 1024x1024, 2048x2048. A prompt has 2000 characters at most.")

plain = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1)
sentences = st.lists(plain, min_size=1, max_size=8)


@given(st.text())
def test_a_text_is_folded_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(
    sentences,
    st.sampled_from(DASHES),
    st.sampled_from('"\u201c\u201d'),
    st.sampled_from("'\u2018\u2019"),
    st.sampled_from(SPACES),
    st.sampled_from(UNSEEN),
)
def test_white_space_dashes_and_quotation_marks_do_not_count(  # noqa: PLR0913, PLR0917 - one for each
    words: list[str], dash: str, double: str, single: str, space: str, unseen: str
) -> None:
    signs = str.maketrans({"-": dash, '"': double, "'": single})
    printed = space.join(unseen.join(word.translate(signs)) for word in words)

    assert holds(folded(f"before{space}{printed}{space}after"), " ".join(words))


@given(st.text())
def test_composed_and_decomposed_letters_are_the_same(text: str) -> None:
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)


def test_a_number_is_not_quoted_in_part() -> None:
    assert holds(PAGE, "Up to 10")
    assert holds(PAGE, "2048x2048")
    assert not holds(PAGE, "Up to 1")
    assert not holds(PAGE, "24x1024")
    assert not holds(PAGE, "000 characters")


def test_a_number_that_is_cut_once_may_be_whole_elsewhere() -> None:
    assert holds("at most 100, at most 10", "at most 10")


def test_nothing_is_no_quote() -> None:
    assert not holds(PAGE, "")
    assert not holds(PAGE, " \n")


def test_what_the_document_says_instead_is_found_by_the_words_around_it() -> None:
    assert nearest_words(PAGE, "Up to 12 images.") == "Up to 10 images."
    assert nearest_words(PAGE, "A prompt has 4000 characters") == "A prompt has 2000 characters"
    assert nearest_words(PAGE, "Videos are free") == ""


names = st.sampled_from((*QUOTED_AT, *QUOTED_AT.values(), "arguments", "headers", "range", "n"))
tables = st.recursive(
    st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)


def quoting(value: Any, words: str) -> Any:  # noqa: ANN401 - any part of a TOML
    """Put a quote beside every source."""
    if isinstance(value, list):
        return [quoting(entry, words) for entry in value]
    if not isinstance(value, dict):
        return value
    quotes = {
        QUOTED_AT[key]: words
        for key, entry in value.items()
        if key in QUOTED_AT and isinstance(entry, str)
    }
    free = ("headers",)
    inner = {key: entry if key in free else quoting(entry, words) for key, entry in value.items()}
    return {**inner, **quotes}


@given(tables, st.text(), st.text())
def test_no_quote_changes_what_is_promised(value: Any, one: str, other: str) -> None:  # noqa: ANN401 - any part of a TOML
    first, second = (digest(without_quotes(quoting(value, words))) for words in (one, other))

    assert first == second


def test_only_what_stands_beside_its_source_is_a_quote() -> None:
    kept = {
        "arguments": {"quote": {"wire": "quote", "source": "page: Quotes"}},
        "constant": {"source": "web", "quote": "long"},
        "second_quote": "of nothing",
    }

    assert without_quotes(kept) == kept
    assert without_quotes({"arguments": {"headers": {"source": "a: b", "quote": "c"}}}) == {
        "arguments": {"headers": {"source": "a: b"}}
    }
