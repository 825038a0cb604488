from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from harness.core.rate import Rate
from harness.report.benchmark.answers import benchmarked
from harness.report.pictures.tradeoff import Priced, TradeOff, tradeoffs
from harness.stats.benchmark.model import Comparison, Spend, Word
from tests.report import benchmarks as bm

USD = {"sub2api": "0.02", "aimlapi": "0.05", "nanobanana": "0.01"}


def _spend(provider: str, each: str, unit: str = "usd", *, at_most: bool = False) -> Spend:
    return replace(
        bm.spend(provider, bm.SQUARE),
        basis=bm.speed(provider, bm.SQUARE).basis,
        unit=unit,
        per_image=Decimal(each),
        unsettled=Decimal(0),
        at_most=at_most,
    )


def _compared(first: str, second: str, word: Word) -> Comparison:
    return replace(bm.comparison(first, second), word=word)


def _drawn(
    spends: Sequence[Spend], *comparisons: Comparison, rates: dict[str, Rate] | None = None
) -> tuple[TradeOff, ...]:
    design = replace(bm.design([bm.SQUARE]), exchange_rates=rates or {})
    measured = replace(bm.measured(design), spend=tuple(spends), comparisons=comparisons)
    return tradeoffs(benchmarked(bm.benchmark(design), measured))


def _standings(drawn: tuple[TradeOff, ...]) -> dict[str, Priced]:
    (picture,) = drawn
    return {point.priced.provider: point.priced for point in picture.points}


THREE = [_spend(name, each) for name, each in USD.items()]


def test_only_what_the_pair_tests_separate_is_dominated() -> None:
    found = _standings(
        _drawn(
            THREE,
            _compared("sub2api", "aimlapi", "first"),
            _compared("sub2api", "nanobanana", "open"),
            _compared("nanobanana", "aimlapi", "open"),
        )
    )

    assert {name: row.standing for name, row in found.items()} == {
        "sub2api": "open",
        "aimlapi": "dominated",
        "nanobanana": "front",  # nobody is cheaper
    }
    assert found["aimlapi"].by == ("sub2api",)


def test_without_any_decision_nobody_is_dominated_and_no_front_is_drawn() -> None:
    (picture,) = _drawn(THREE)

    assert {point.priced.standing for point in picture.points} == {"open", "front"}
    assert picture.front == ""


def test_two_of_which_one_is_faster_and_the_other_cheaper_are_the_front() -> None:
    drawn = _drawn(THREE[::2], _compared("sub2api", "nanobanana", "first"))

    assert {row.standing for row in _standings(drawn).values()} == {"front"}
    assert drawn[0].front.startswith("M")


def test_a_price_that_is_only_bounded_beats_nobody_and_is_beaten_by_nobody() -> None:
    bounded = [_spend("sub2api", "0.02"), _spend("aimlapi", "0.05", at_most=True)]
    found = _standings(_drawn(bounded, _compared("sub2api", "aimlapi", "first")))

    assert (found["aimlapi"].standing, found["sub2api"].standing) == ("open", "front")
    assert "0 usd to 0.05 usd" in found["aimlapi"].sentence


def test_who_is_only_near_the_workload_is_compared_with_nobody() -> None:
    near = [*THREE, _spend("buble", "0.000001")]
    found = _standings(_drawn(near, _compared("buble", "sub2api", "first")))

    assert found["buble"].standing == "apart"
    assert all(row.by == () for row in found.values())


def test_prices_in_units_of_the_providers_own_share_no_plane() -> None:
    own = [_spend("apiframe", "4", "credit"), _spend("nanobanana", "1", "credit")]
    (picture,) = _drawn(own)

    assert (picture.unit, [point.y for point in picture.points]) == ("", [None, None])
    assert "No two prices are in one currency" in picture.apart


def test_a_rate_places_a_price_in_dollars_and_who_has_none_stands_below() -> None:
    own = [*THREE[:1], _spend("apiframe", "4", "credit"), _spend("nanobanana", "1", "credit")]
    (picture,) = _drawn(own, rates={"apiframe": Rate(usd=Decimal("0.005"))})
    placed = {
        point.priced.provider: point.priced.high for point in picture.points if point.y is not None
    }

    assert picture.unit == "usd"
    assert placed == {"sub2api": Decimal("0.02"), "apiframe": Decimal("0.020")}
    assert "nanobanana" in picture.apart


def test_one_provider_alone_has_no_picture() -> None:
    assert _drawn(THREE[:1]) == ()
    assert tradeoffs(None) == ()
