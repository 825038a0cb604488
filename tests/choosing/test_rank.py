from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from harness.choosing.model import Candidate, Standing, UnitPrice
from harness.choosing.rank import placed
from harness.choosing.words import price, span
from harness.stats.intervals import proportion_estimate


def usd(low: int | None, value: int, high: int) -> UnitPrice:
    return UnitPrice(
        value=Decimal(value),
        low=None if low is None else Decimal(low),
        high=Decimal(high),
        unit="usd",
        basis="measured",
    )


def candidate(name: str, known: UnitPrice | None, standing: Standing = "qualifies") -> Candidate:
    return Candidate(
        provider=name,
        place=None,
        standing=standing,
        emulated=False,
        reasons=(),
        price=known,
        usd=known,
        month=None,
        offers=(),
    )


def test_prices_whose_intervals_overlap_share_a_place() -> None:
    rows = [
        candidate("a", usd(4, 5, 7)),
        candidate("b", usd(6, 8, 9)),
        candidate("c", usd(8, 9, 9)),
    ]

    assert [(each.provider, each.place) for each in placed(rows, {})] == [
        ("a", 1),
        ("b", 1),
        ("c", 2),
    ]


def test_of_what_costs_at_most_something_nobody_is_cheaper_for_certain() -> None:
    rows = [candidate("a", usd(1, 1, 1)), candidate("b", usd(None, 9, 9))]

    assert [each.place for each in placed(rows, {})] == [1, 1]


_PRICES = st.lists(st.integers(1, 9), min_size=3, max_size=3).map(lambda each: usd(*sorted(each)))


@given(st.lists(_PRICES, min_size=1, max_size=6))
def test_a_place_behind_another_is_given_only_to_what_is_dearer_for_certain(
    prices: list[UnitPrice],
) -> None:
    given_ = [candidate(f"p{at}", known) for at, known in enumerate(prices)]
    rows = placed(given_, {})

    assert sorted(each.provider for each in rows) == [each.provider for each in given_]
    assert rows[0].place == 1
    for row in rows:
        assert row.usd is not None
        assert row.usd.low is not None
        below = [each for each in prices if each.high < row.usd.low]
        assert row.place == 1 + len(below)


def test_who_does_not_qualify_has_no_place_whatever_it_costs() -> None:
    rows = [candidate("a", usd(1, 1, 1), "excluded"), candidate("b", usd(2, 2, 2))]

    assert [(each.provider, each.place) for each in placed(rows, {})] == [("b", 1), ("a", None)]


def test_a_price_is_told_with_its_bounds() -> None:
    assert price(usd(5, 5, 5)) == "5 usd"
    assert price(usd(4, 5, 7)) == "5 usd (4 to 7)"
    assert price(usd(None, 1234, 1234)) == "at most 1,234 usd"
    assert span(proportion_estimate(1, 8)) == "12.5 %, 2.24 to 47.1 %"
    assert span(proportion_estimate(0, 0)) == "nothing to count"
