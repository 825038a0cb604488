"""Long texts by name: what is saved is short, and stands for the same text for ever."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cases import prompts
from harness.core.longtext import (
    FILLERS,
    SHORTEST,
    filled,
    line_with_long_texts,
    line_with_names,
    name_of,
    text_of,
)
from tests.strategies import json_values

LENGTHS = st.integers(0, 3_000)
MADE = st.builds(
    filled, st.text(max_size=120), st.sampled_from(sorted(FILLERS)), LENGTHS
) | st.builds(prompts.plain_prompt, LENGTHS)

KNOWN = {
    "longtext:ascii-1:20000:845905656f43e0a522922751836fe939b1ccfa4fb525dcab53002271d88961df:"
    "A watercolour painting of a small red lighthouse on a calm northern coast at noon.": (
        prompts.plain_prompt(20_000)
    ),
    "longtext:wide-1:32001:1195f304219bcf748144e848c5c24275ac311af033ac553fff4698c8869a8b48:": (
        prompts.wide_prompt(32_001)
    ),
    "longtext:astral-1:2001:087403b54a6ed349341b3e7c84e548517b781627c9752ce8f706e705a4f6688d:": (
        prompts.astral_prompt(2_001)
    ),
    "longtext:quiet-1:4000:8efb7f79ed67d7c5b9a6b2f4928e0c169f2be4f94c7a278f1c737ba6db615376:"
    "A dusty olive clock near a wide river,": prompts.distinct_prompt(7, 4_000, seed=3),
}
"""Names as they lie in plans and journals: a filler that changes needs another name."""


@given(MADE | st.text())
def test_whatever_is_saved_is_the_same_text_again(text: str) -> None:
    assert text_of(name_of(text)) == text


@given(st.text(max_size=120), st.sampled_from(sorted(FILLERS)), st.integers(2 * SHORTEST, 3_000))
def test_a_long_text_has_a_short_name(start: str, filler: str, length: int) -> None:
    assert len(name_of(filled(start, filler, length))) < len(start) + 110


@pytest.mark.parametrize(
    "text",
    [
        prompts.plain_prompt(20_001),
        prompts.wide_prompt(2_001),
        prompts.astral_prompt(2_000),
        prompts.distinct_prompt(7, 4_000, seed=3),
        *prompts.other_prompts(prompts.plain_prompt(2_000)),
        *prompts.other_prompts(prompts.wide_prompt(2_000)),
    ],
)
def test_every_long_prompt_has_a_name(text: str) -> None:
    assert name_of(text) != text
    assert len(name_of(text)) < 250


@pytest.mark.parametrize(
    "text", ["", "a cat", prompts.PLAIN, "x" * 5_000, "word " * 900, prompts.plain_prompt(SHORTEST)]
)
def test_any_other_text_stands_as_it_is(text: str) -> None:
    assert name_of(text) == text


def test_a_text_that_looks_like_a_name_is_not_taken_for_one() -> None:
    name = name_of(prompts.plain_prompt(20_000))

    assert name_of(name) != name
    assert text_of(name_of(name)) == name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (":20000:", ":20001:"),
        ("ascii-1", "quiet-1"),
        ("ascii-1", "ascii-99"),
        ("lighthouse", "house"),
    ],
)
def test_a_name_that_stands_for_another_text_is_refused(old: str, new: str) -> None:
    name = name_of(prompts.plain_prompt(20_000)).replace(old, new)

    with pytest.raises(ValueError, match="was another one when it was saved"):
        text_of(name)


def test_a_changed_filler_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    name = name_of(
        prompts.plain_prompt(19_876)
    )  # of no other test: made texts are kept for a while
    monkeypatch.setitem(FILLERS, "ascii-1", " Something else.")

    with pytest.raises(ValueError, match="made by ascii-1 was another one"):
        text_of(name)


def test_what_was_saved_once_stands_for_the_same_text() -> None:
    assert {name: text_of(name) for name in KNOWN} == KNOWN


@given(st.dictionaries(st.text(), json_values() | MADE))
def test_a_line_is_read_back_as_it_was(value: dict[str, object]) -> None:
    line = json.dumps(value, ensure_ascii=False).encode()

    assert json.loads(line_with_long_texts(line_with_names(line))) == value


def test_a_line_without_long_texts_is_left_alone() -> None:
    line = b'{"case": "a",   "n": 1.0}'

    assert line_with_names(line) == line
    assert line_with_long_texts(line) == line
