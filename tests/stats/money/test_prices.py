"""Lists beside the maker's prices: the shipped ones by their documents' figures, others by hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.rate import Rate
from harness.spec.provider import Provider
from harness.stats.money.model import ClaimVerdict, PriceComparison, PriceRatio
from harness.stats.money.prices import compare_prices, price_comparison
from tests.shipped import PROVIDERS, shipped_provider
from tests.stats.money.lists import SIZES, by_image, claim, listing

TODAY = date(2026, 11, 29)
MAKER = {
    ("1024x1024", "low"): Decimal("0.00588"),
    ("1024x1024", "medium"): Decimal("0.05268"),
    ("1024x1024", "high"): Decimal("0.21072"),
    ("1536x1024", "low"): Decimal("0.00474"),
    ("1536x1024", "medium"): Decimal("0.04116"),
    ("1536x1024", "high"): Decimal("0.16464"),
}
"""The maker's prices in dollars: 196, 1,756, 7,024, 158, 1,372 and 5,488 tokens at 30 a million."""


def compared(provider: Provider, usd: str | None = None) -> PriceComparison:
    rates = {} if usd is None else {provider.name: Rate(usd=Decimal(usd), date="2026-11-01")}
    return compare_prices([provider], rates, on=TODAY)[0]


def verdict(provider: Provider, usd: str | None = None) -> ClaimVerdict:
    (found,) = compared(provider, usd).claims
    return found


def at(rows: tuple[PriceRatio, ...], size: str, quality: str) -> PriceRatio:
    return next(row for row in rows if (row.size, row.quality) == (size, quality))


def shares(share: str, unit_usd: str = "1") -> dict[tuple[str, str], Decimal]:
    """A list at one share of the maker's prices, in a unit that is worth so many dollars."""
    return {key: usd * Decimal(share) / Decimal(unit_usd) for key, usd in MAKER.items()}


# ------------------------------------------------------------------------------ shipped lists
def test_nanobananas_examples_refute_its_claim_at_any_rate() -> None:
    found = compared(shipped_provider("nanobanana"))
    implied = {
        (row.size, row.quality, row.listed): row.usd_per_unit for row in found.rows if row.example
    }

    assert {key: f"{usd:.4f}" for key, usd in implied.items()} == {
        ("1024x1024", "low", Decimal(1)): "0.0047",
        ("1536x1024", "medium", Decimal(4)): "0.0082",
        ("2048x1152", "high", Decimal(67)): "0.0020",
        ("3840x2160", "high", Decimal(133)): "0.0024",
    }
    tiers, whole = found.claims
    assert (tiers.verdict, tiers.low_usd, tiers.high_usd) == ("refuted", None, None)
    assert "imply 1 credit = $0.0082 (1536x1024 medium, 4 credits); $0.0024" in tiers.sentence
    assert "no exchange rate puts all of them at 0.75 to 0.85" in tiers.sentence
    assert whole.verdict == "refuted"
    assert "1024x1024 low, 1 credit" in whole.sentence
    assert any("size auto, quality auto" in note for note in found.notes)


@pytest.mark.parametrize("usd", ["0.0001", "0.002", "0.0082", "0.05"])
def test_no_rate_makes_nanobananas_claim_true(usd: str) -> None:
    for found in compared(shipped_provider("nanobanana"), usd).claims:
        assert found.verdict == "refuted"
        assert "no other exchange rate would do" in found.sentence


def test_aimlapis_example_is_the_makers_tokens_and_a_little_input() -> None:
    found = compared(shipped_provider("aimlapi"))
    (row,) = found.rows

    assert (row.size, row.quality, row.tokens) == ("1024x1024", "medium", 1756)
    assert row.ratio == Decimal("0.0536705") / Decimal("0.05268")
    assert any("1,756 tokens drawn (0.05268) and 0.0009905 besides" in x for x in found.notes)


def test_openai_asks_what_the_maker_asks() -> None:
    found = compared(shipped_provider("openai"))

    assert {row.ratio for row in found.rows} == {1}
    assert at(found.rows, "3840x2160", "high").maker_usd == Decimal("0.40026")


def test_images_that_are_counted_are_no_money_without_a_rate() -> None:
    assert compared(shipped_provider("sub2api")).rows == ()
    priced = compared(shipped_provider("sub2api"), "0.02")

    assert at(priced.rows, "1024x1024", "medium").ratio == Decimal("0.02") / Decimal("0.05268")


def test_what_no_document_says_of_an_image_is_supposed_and_said_so() -> None:
    buble, apiframe = (compared(shipped_provider(name)) for name in ("buble", "apiframe"))

    assert {row.supposed for row in buble.rows} == {("size", "quality")}
    assert {row.supposed for row in apiframe.rows} == {("size",)}
    assert any("do not say the pixels and quality" in note for note in buble.notes)


def test_every_shipped_list_has_rows_or_a_reason() -> None:
    for found in compare_prices(PROVIDERS.values(), {}, on=TODAY):
        assert found.rows or found.notes


# ------------------------------------------------------------------------------ made-up lists
def test_a_list_in_dollars_at_the_claimed_share_proves_the_claim() -> None:
    provider = listing(by_image(shares("0.8"), unit="usd"), claims=[claim()], sizes=SIZES)
    found = compared(provider)

    assert {row.ratio for row in found.rows} == {Decimal("0.8")}
    assert found.claims[0].verdict == "proven"
    assert "stand at 0.800 of the maker's price" in found.claims[0].sentence


def test_a_list_in_credits_is_undecided_without_a_rate_and_proven_with_it() -> None:
    prices = by_image(shares("0.8", unit_usd="0.01"))
    provider = listing(prices, claims=[claim()], sizes=SIZES)
    open_ = verdict(provider)

    assert open_.verdict == "undecided"
    assert (open_.low_usd, open_.high_usd) == (Decimal("0.009375"), Decimal("0.010625"))
    assert "true only where 1 credit is worth $0.0094 to $0.011" in open_.sentence
    assert verdict(provider, "0.01").verdict == "proven"
    refuted = verdict(provider, "0.02")
    assert refuted.verdict == "refuted"
    assert "no other exchange rate" not in refuted.sentence


def test_one_price_that_strays_refutes_a_claim_about_all() -> None:
    amounts = {**shares("0.8"), ("1536x1024", "high"): Decimal("0.16")}
    prices = by_image(amounts, unit="usd")

    whole = verdict(listing(prices, claims=[claim()], sizes=SIZES))
    assert whole.verdict == "refuted"
    assert "1536x1024 high at 0.972" in whole.sentence
    of_low = claim(qualities=["low", "medium"])
    assert verdict(listing(prices, claims=[of_low], sizes=SIZES)).verdict == "proven"


def test_how_much_roughly_is_stands_in_the_toml() -> None:
    prices = by_image(shares("0.88"), unit="usd")

    assert verdict(listing(prices, claims=[claim()], sizes=SIZES)).verdict == "refuted"
    wide = claim(within=0.1)
    assert verdict(listing(prices, claims=[wide], sizes=SIZES)).verdict == "proven"


def test_one_price_for_all_sizes_of_a_class_is_not_refuted_by_its_smallest() -> None:
    rows = [{"when": {"quality": "medium"}, "amount": 0.042}]
    prices = {"unit": "usd", "rows": rows}
    found = verdict(listing(prices, claims=[claim()], qualities=["medium"]))

    assert found.verdict == "undecided"
    assert "within 0.75 to 0.85 of the maker's price and outside it" in found.sentence


def test_worked_examples_decide_where_there_are_any() -> None:
    rows = [{"when": {"quality": "medium"}, "amount": 0.042144}]
    example = {
        "arguments": {"size": "1024x1024", "quality": "medium"},
        "amount": 0.042144,
        "source": "page: Prices",
    }
    prices = {"unit": "usd", "rows": rows, "examples": [example]}
    found = verdict(listing(prices, claims=[claim()], qualities=["medium"]))

    assert found.verdict == "proven"
    assert "worked examples stand at 0.800" in found.sentence
    assert "other sizes stand at" in found.sentence


def test_an_example_of_several_images_is_taken_by_the_image() -> None:
    rows = [{"when": {"quality": "medium"}, "amount": 4}]
    arguments = {"size": "1024x1024", "quality": "medium", "n": 3}
    example = {"arguments": arguments, "amount": 12, "source": "page: Prices"}
    found = price_comparison(listing({"rows": rows, "examples": [example]}), {})

    assert [row.listed for row in found if row.example] == [4]


def test_a_list_by_token_is_compared_token_by_token() -> None:
    prices = {"unit": "usd", "tokens": {"image_output": 24}, "at_most": 1}

    assert {row.ratio for row in price_comparison(listing(prices), {})} == {Decimal("0.8")}


def test_a_list_by_megapixel_is_compared_size_by_size() -> None:
    prices = {"unit": "usd", "rows": [{"per": "megapixel", "amount": 0.05}], "at_most": 1}
    row = at(price_comparison(listing(prices), {}), "1024x1024", "medium")

    assert row.listed == Decimal("0.0524288")


def test_a_list_by_the_second_is_not_compared_and_says_why() -> None:
    raw = listing({"rows": [{"amount": 1}]})
    rows = (raw.prices.rows[0].model_copy(update={"per": "second"}),)
    provider = raw.model_copy(update={"prices": raw.prices.model_copy(update={"rows": rows})})
    found = compared(provider)

    assert found.rows == ()
    assert "by the second" in found.notes[0]


def test_a_provider_without_a_model_has_one_clear_line() -> None:
    found = compared(listing({"rows": [{"amount": 1}]}, model=None))

    assert (found.rows, found.claims) == ((), ())
    (note,) = found.notes
    assert "has no [model]" in note


def test_qualities_that_the_maker_has_not_are_not_compared() -> None:
    found = compared(listing({"rows": [{"amount": 1}]}, qualities=["standard", "hd"]))

    assert found.rows == ()
    assert "names no quality that the maker has" in found.notes[0]


def test_a_free_list_refutes_a_claim_and_divides_by_nothing() -> None:
    found = verdict(listing({"rows": [{"amount": 0}]}, claims=[claim()], sizes=SIZES))

    assert found.verdict == "refuted"
    assert "it is free" in found.sentence


# ------------------------------------------------------------------------------------- rates
def test_a_rate_says_its_source_its_day_and_that_it_is_old() -> None:
    provider = listing({"rows": [{"amount": 1}]})
    old = Rate(usd=Decimal("0.0020"), source="acme.test/prices", date="2026-03-01")
    (found,) = compare_prices([provider], {provider.name: old}, on=TODAY)

    assert found.rate_words == "1 credit = 0.002 usd (acme.test/prices, 2026-03-01: 273 days old)"
    assert compared(provider, "0.002").rate_words == "1 credit = 0.002 usd (2026-11-01)"


def test_a_rate_for_another_unit_is_not_used() -> None:
    provider = listing({"rows": [{"amount": 1}]})
    rate = Rate(usd=Decimal(1), unit="point")
    (found,) = compare_prices([provider], {provider.name: rate}, on=TODAY)

    assert {row.usd for row in found.rows} == {None}
    assert any("for 1 point, and the list is in credit" in note for note in found.notes)


def test_a_list_in_dollars_needs_no_rate_and_takes_none() -> None:
    found = compared(listing({"unit": "usd", "rows": [{"amount": 1}]}), "7")

    assert found.rate is None
    assert all(row.usd == row.listed for row in found.rows)


# -------------------------------------------------------------------------------- arithmetic
AMOUNTS = st.decimals("0.0001", "1000", places=4)


@given(
    amount=AMOUNTS,
    usd=AMOUNTS,
    size=st.sampled_from(SIZES),
    quality=st.sampled_from(["low", "high"]),
)
def test_a_unit_at_its_implied_worth_costs_the_makers_price(
    amount: Decimal, usd: Decimal, size: str, quality: str
) -> None:
    provider = listing({"rows": [{"amount": amount}]}, sizes=SIZES)
    row = at(price_comparison(provider, {}), size, quality)
    with_rate = at(price_comparison(provider, {provider.name: Rate(usd=usd)}), size, quality)

    assert row.maker_usd == MAKER[size, quality]
    assert row.usd_per_unit is not None
    assert abs(row.usd_per_unit * row.listed - row.maker_usd) < Decimal("1e-15")
    assert with_rate.usd == amount * usd
    assert with_rate.ratio is not None
    assert abs(with_rate.ratio * row.maker_usd - amount * usd) < Decimal("1e-15")


@given(
    amounts=st.lists(AMOUNTS, min_size=2, max_size=2),
    usd=AMOUNTS,
    share=st.decimals("0.1", "2", places=2),
)
def test_what_no_rate_makes_true_is_true_at_none(
    amounts: list[Decimal], usd: Decimal, share: Decimal
) -> None:
    listed = {(size, "low"): amount for size, amount in zip(SIZES, amounts, strict=True)}
    provider = listing(
        by_image(listed), claims=[claim(float(share))], sizes=SIZES, qualities=["low"]
    )
    open_, fixed = verdict(provider), verdict(provider, str(usd))

    if open_.verdict == "refuted":
        assert fixed.verdict == "refuted"
    else:
        assert open_.low_usd is not None
        assert open_.high_usd is not None
        edge = Decimal("1e-12")
        inside = open_.low_usd + edge < usd < open_.high_usd - edge
        outside = usd < open_.low_usd - edge or usd > open_.high_usd + edge
        assert fixed.verdict == ("proven" if inside else fixed.verdict)
        assert fixed.verdict == ("refuted" if outside else fixed.verdict)
