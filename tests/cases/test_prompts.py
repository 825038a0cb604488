from unicodedata import normalize

import pytest

from harness.cases import prompts

LENGTHS = [1, 2, 7, 71, 81, 82, 1999, 2000, 2001, 20_000, 20_001, 31_999, 32_000, 32_001]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_prompt_has_exactly_the_stated_number_of_code_points(length: int) -> None:
    for made in (
        prompts.plain_prompt(length),
        prompts.wide_prompt(length),
        prompts.astral_prompt(length),
    ):
        assert len(made) == length


@pytest.mark.parametrize("length", range(1, 300))
def test_no_prompt_ends_where_a_server_might_trim_it(length: int) -> None:
    for made in (
        prompts.plain_prompt(length),
        prompts.wide_prompt(length),
        prompts.astral_prompt(length),
    ):
        assert made == made.strip()


@pytest.mark.parametrize("length", LENGTHS)
def test_plain_is_ascii_and_wide_stays_within_the_basic_plane(length: int) -> None:
    assert prompts.plain_prompt(length).isascii()
    assert max(map(ord, prompts.wide_prompt(length))) <= 0xFFFF
    assert len(prompts.wide_prompt(length).encode("utf-16-le")) == 2 * length


def test_wide_is_mostly_outside_ascii() -> None:
    made = prompts.wide_prompt(2000)

    assert sum(ord(letter) > 127 for letter in made) > 1000


def test_astral_needs_more_utf_16_units_than_code_points() -> None:
    assert len(prompts.astral_prompt(2000).encode("utf-16-le")) > 4000


def test_the_pieces_stay_within_the_basic_plane() -> None:
    assert all(ord(letter) <= 0xFFFF for piece in prompts.PIECES for letter in piece)
    assert len(set(prompts.PIECES)) == len(prompts.PIECES)


def test_no_prompt_is_normalised_into_another_length() -> None:
    for made in (prompts.PLAIN, *prompts.PIECES, prompts.wide_prompt(500)):
        assert normalize("NFC", made) == made


@pytest.mark.parametrize("length", [401, 2000, 20_001, 32_000])
def test_other_prompts_have_the_length_and_the_letters_of_a_long_one(length: int) -> None:
    for text in (
        prompts.plain_prompt(length),
        prompts.wide_prompt(length),
        prompts.astral_prompt(length),
    ):
        others = prompts.other_prompts(text)

        assert others
        assert text not in others
        assert {len(one) for one in others} == {length}
        assert {one.isascii() for one in others} == {text.isascii()}
        assert {max(one) > "\uffff" for one in others} == {max(text) > "\uffff"}


def test_there_is_another_prompt_for_each_of_the_others() -> None:
    for text in (prompts.PLAIN, *prompts.OTHERS):
        assert len(set(prompts.other_prompts(text)) - {text}) >= 3
