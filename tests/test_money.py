"""Money is what a price can be; all else is told in its own words and not added up."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.core.case import Price
from harness.core.jsonvalue import MONEY_AT_MOST, Json, number, read_amount
from harness.core.outcome import Images
from harness.wire.images import no_price

PRICES = [0, 0.0, 1, 0.04, "0.04", " 2 ", "1e3", 1e-7, "-0", 1_000_000_000, "0.30000000000000004"]
NO_PRICES: list[Json] = [
    *("1e999999", "1e400", "-1e9", "1e-999999", "1" * 5000, "0." + "1" * 5000, "NaN", "-inf"),
    *(-1, -1e9, 1e10, float("inf"), float("nan"), 10**400, -(10**5000)),
    *("", "free", "1_000", "\uff11\uff12", "1\x002", "\ud800", "0x10", "1,5", "--1", "1e", "e5"),
    *(True, False, None),
    [],
    [1],
    {},
    {"amount": 1},
]


@pytest.mark.parametrize("content", PRICES, ids=repr)
def test_a_price_is_read_as_it_is_written(content: float | str) -> None:
    amount = read_amount(content)

    assert amount == abs(Decimal(str(content).strip()))
    assert no_price(content) is None


@pytest.mark.parametrize("content", NO_PRICES, ids=[f"{at}" for at in range(len(NO_PRICES))])
def test_what_is_no_price_is_none_and_is_told_in_a_few_printable_words(content: Json) -> None:
    words = no_price(content)

    assert read_amount(content) is None
    assert (words is None) is (content in (None, ""))
    assert words is None or (len(words) < 100 and words.isprintable())


@given(st.text() | st.floats() | st.integers() | st.decimals() | st.booleans())
def test_an_amount_is_bounded_and_can_be_added_and_written_a_million_times(
    content: Json | Decimal,
) -> None:
    amount = read_amount(content)

    if amount is not None:
        with localcontext() as context:
            context.traps = dict.fromkeys(context.traps, True) | {
                kind: False for kind in context.traps if kind.__name__ in ("Inexact", "Rounded")
            }
            total = amount * 1_000_000
        assert 0 <= amount <= MONEY_AT_MOST
        assert len(f"{total:f}") < 60
        assert number(amount) >= 0


@pytest.mark.parametrize("content", ["1e999999", "-1e9", "NaN", -5, "1e-999999"])
def test_a_journal_of_before_keeps_its_images_without_the_amount(content: str | int) -> None:
    images = TypeAdapter(Images).validate_python({"pictures": [], "charged": content})

    assert images.charged is None


@pytest.mark.parametrize("amount", ["1e999999", "-1e9", "NaN", -5, 10**10])
def test_a_price_of_ours_that_is_none_was_altered(amount: str | int) -> None:
    with pytest.raises(ValidationError, match=r"no amount of money|a finite number"):
        TypeAdapter(Price).validate_python({"amount": amount, "unit": "usd", "images": 1})
