from datetime import date
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from harness.core.rate import Rate, rate_of

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-08-31", "2026-08-31"),
        ("2026-08-30", "2026-08-30: 91 days old"),
        ("2026-11-30", "2026-11-30: a day to come"),
        ("", "no date said"),
        ("last week", "no date said"),
    ],
)
def test_a_rate_says_of_when_it_is_and_that_it_is_old(day: str, said: str) -> None:
    rate = Rate(usd=Decimal("0.50"), source="a page", date=day)

    assert rate.describe("credit", TODAY) == f"1 credit = 0.5 usd (a page, {said})"


def test_a_rate_holds_for_its_unit_only() -> None:
    rates = {"acme": Rate(usd=Decimal(1), unit="Credit"), "plain": Rate(usd=Decimal(2))}

    assert rate_of("acme", "credit", rates) == rates["acme"]
    assert rate_of("acme", "image", rates) is None
    assert rate_of("plain", "image", rates) == rates["plain"]
    assert rate_of("other", "credit", rates) is None


def test_a_rate_of_before_dates_is_read_and_written_as_it_was() -> None:
    codec = TypeAdapter(Rate)
    old = b'{"usd":0.05,"unit":"credit","source":"--exchange-rate"}'

    assert codec.dump_json(codec.validate_json(old)) == old
    dated = Rate(usd=Decimal("0.05"), date="2026-11-01")
    assert codec.validate_json(codec.dump_json(dated)) == dated
