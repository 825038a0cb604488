from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.text import (
    count,
    hidden,
    money_text,
    one_line,
    pruned_json,
    seconds,
    shortened,
    visible,
)


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    assert not any(hidden(char) for char in visible(text))


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_what_can_be_seen_is_left_alone(text: str) -> None:
    assert visible(text) == text


def test_marks_that_turn_the_direction_round_are_spelled() -> None:
    assert visible("a\u202eb\0") == "a\\u202eb\\u0000"


def test_a_long_text_says_how_long_it_was() -> None:
    assert shortened("x" * 10_240, 5) == "xxxxx… (10,240 characters)"
    assert one_line("a\n\n b") == "a b"


def test_long_texts_are_shortened_wherever_they_are() -> None:
    found = pruned_json({"prompt": "x" * 500, "list": ["y" * 500, 1, None]})

    assert found == {
        "prompt": "x" * 160 + "… (500 characters)",
        "list": ["y" * 160 + "… (500 characters)", 1, None],
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0005, "0.5 ms"),
        (0.0123, "12.3 ms"),
        (0.74, "740 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (12.44, "12.4 s"),
        (99.96, "100 s"),
        (1234.0, "1,234 s"),
    ],
)
def test_a_duration_has_a_unit_and_about_three_digits(value: float | None, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [("1", "credit", "1 credit"), ("80.0", "credit", "80 credits"), ("0.053", "usd", "0.053 usd")],
)
def test_money_names_its_unit(value: str, unit: str, text: str) -> None:
    assert money_text(Decimal(value), unit) == text


def test_a_count_agrees_with_its_noun() -> None:
    assert (count(1, "case"), count(1200, "case")) == ("1 case", "1,200 cases")
