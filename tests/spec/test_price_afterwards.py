"""Prices that only a reply tells, against examples worked by hand."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.case import Price
from harness.core.jsonvalue import Json
from harness.core.money import money
from harness.core.outcome import Images, Usage
from harness.core.plain import price_json
from harness.spec import price
from harness.spec.provider import Provider
from tests.spec.priced import TOKENS, by_token, counted, picture, provider, served, timed

ROWS: dict[str, dict[str, Any]] = {
    "request": {"rows": [{"amount": 0.02, "per": "request"}]},
    "megapixel": {"rows": [{"amount": 0.03, "per": "megapixel"}], "at_most": 0.4},
    "second": {"rows": [{"amount": 0.001, "per": "second"}], "at_most": 0.1},
}


def asked(one: Provider, **arguments: Json) -> Price:
    return price.price_of(one, one.operation("generate"), arguments)


def worked(one: Provider, outcome: Images, **arguments: Json) -> tuple[str, str] | None:
    found = price.worked_out(one, one.operation("generate"), arguments, outcome)
    if found is None:
        return None
    return f"{found.low.normalize():f}", f"{found.high.normalize():f}"


# ------------------------------------------------------------------------------- rows
def test_a_price_per_request_does_not_grow_with_its_images() -> None:
    one = provider(ROWS["request"])

    assert asked(one, n=4) == Price(amount=Decimal("0.02"), unit="usd", images=4)


def test_a_price_per_megapixel_is_known_before_where_the_size_is() -> None:
    one = provider(ROWS["megapixel"])

    assert asked(one, size="1024x1024", n=2).amount == Decimal("0.06291456")
    assert not asked(one, size="1024x1024").at_most
    assert worked(one, served(), size="1024x1024") is None


def test_a_price_per_megapixel_of_an_open_size_is_worked_out_from_the_images() -> None:
    one = provider(ROWS["megapixel"])

    assert asked(one, n=2) == Price(amount=Decimal("0.8"), unit="usd", images=2, at_most=True)
    assert worked(one, served(picture(2000, 1000), picture(500, 1000))) == ("0.075", "0.075")


def test_an_image_that_does_not_decode_has_no_megapixels() -> None:
    broken = picture(0, 0)

    assert worked(provider(ROWS["megapixel"]), served(picture(), broken)) is None


def test_a_begun_megapixel_costs_as_much_as_a_whole_one_where_the_list_says_so() -> None:
    rows = [{"amount": 0.05, "per": "megapixel", "round_up": True}]
    one = provider({"rows": rows, "at_most": 1})

    assert asked(one, size="1024x1024").amount == Decimal("0.10")
    assert asked(one, size="1000x1000").amount == Decimal("0.05")
    assert worked(one, served(picture(1200, 1000), picture(500, 500))) == ("0.15", "0.15")


def test_a_price_per_second_is_that_of_the_seconds_that_the_reply_tells() -> None:
    one = provider(ROWS["second"])

    assert asked(one, size="1024x1024", n=2) == Price(
        amount=Decimal("0.2"), unit="usd", images=2, at_most=True
    )
    assert worked(one, served(usage=timed("12.5"))) == ("0.0125", "0.0125")
    assert worked(one, served()) is None


# ------------------------------------------------------------------------------- tokens
def test_the_recorded_edit_of_the_maker_costs_what_its_list_says() -> None:
    usage = counted(76, 120, image_input=64, text_input=12)

    assert worked(by_token(), served(usage=usage)) == ("0.004172", "0.004172")


@pytest.mark.parametrize(
    ("prices", "usage", "low", "high"),
    [
        ({"output": 30}, counted(None, 1756), "0.05268", "0.05268"),
        ({"input": 5, "output": 30}, counted(198, 1756), "0.05367", "0.05367"),
        ({"input": 10, "per": 1000}, counted(7), "0.07", "0.07"),
        # Text and images are not told apart: either may be all of it.
        (TOKENS, counted(100, 0), "0.0005", "0.0008"),
        (TOKENS, counted(100, 0, text_input=60), "0.00062", "0.00062"),
        # What no price is named for counts as the rest of the input.
        ({"input": 5, "image_input": 8}, counted(100, 0, image_input=40), "0.00062", "0.00062"),
        ({"input": 5, "image_input": 8}, counted(100), "0.0005", "0.0008"),
        # A part of the input was cached: once counted, once not told.
        ({"input": 5, "cached_input": 1}, counted(100, cached_input=40), "0.00034", "0.00034"),
        ({"input": 5, "cached_input": 1}, counted(100), "0.0001", "0.0005"),
        ({**TOKENS, "cached_input": 1}, counted(100, 0, text_input=50, image_input=50,
                                                 cached_input=10), "0.00058", "0.00061"),
        ({"image_output": 40, "text_output": 10}, counted(0, 50, image_output=40, text_output=10),
         "0.0017", "0.0017"),
    ],
)  # fmt: skip
def test_tokens_cost_what_the_list_says_of_their_kind(
    prices: dict[str, float], usage: Usage, low: str, high: str
) -> None:
    assert worked(by_token(**prices), served(usage=usage)) == (low, high)


def test_tokens_come_on_top_of_the_rows() -> None:
    rows = [{"amount": 0.01, "per": "image"}]
    one = provider({"rows": rows, "at_most": 0.5, "tokens": {"output": 30}})

    assert asked(one, n=2) == Price(amount=Decimal(1), unit="usd", images=2, at_most=True)
    assert worked(one, served(usage=counted(0, 1000)), n=2) == ("0.05", "0.05")


@pytest.mark.parametrize("usage", [None, counted(), counted(5), counted(text_input=5)])
def test_a_count_that_is_missing_is_not_guessed(usage: Usage | None) -> None:
    assert worked(by_token(), served(usage=usage)) is None


def test_the_most_may_differ_by_quality() -> None:
    at_most = [
        {"when": {"quality": "low"}, "amount": 0.02},
        {"when": {"quality": "high"}, "amount": 0.4},
    ]
    one = provider({"at_most": at_most, "tokens": TOKENS})

    assert [asked(one, quality=word).amount for word in ("low", "high", "ultra")] == [
        Decimal("0.02"),
        Decimal("0.4"),
        Decimal("0.4"),
    ]
    assert {"quality", "n"} <= price.deciding(one.prices)


def test_what_may_cost_less_says_so_in_words_and_in_json() -> None:
    most = asked(by_token(), n=2)
    usual = Price(amount=Decimal(1), unit="usd", images=2)

    assert money(most) == "at most 1 usd"
    assert price_json(most) == {"amount": 1, "unit": "usd", "images": 2, "at_most": True}
    assert price_json(usual) == {"amount": 1, "unit": "usd", "images": 2}


# ------------------------------------------------------------------------------- properties
COUNTS = st.one_of(st.none(), st.integers(0, 10**7))
KINDS = st.dictionaries(
    st.sampled_from(["text_input", "image_input", "cached_input"]), st.integers(0, 10**6)
)
PRICES = st.dictionaries(
    st.sampled_from(["input", "text_input", "image_input", "output"]),
    st.decimals(0, 100, places=3).map(float),
    min_size=1,
)


@given(
    prices=PRICES,
    total=COUNTS,
    out=COUNTS,
    kinds=KINDS,
    cached=st.sampled_from([None, 0.0, 1.0, 50.0]),
)
def test_what_is_worked_out_has_an_order_and_no_amount_below_zero(
    prices: dict[str, float],
    total: int | None,
    out: int | None,
    kinds: dict[str, int],
    cached: float | None,
) -> None:
    tokens = dict(prices)
    if cached is not None and set(tokens) - {"output"}:
        tokens["cached_input"] = cached
    usage = counted(total, out, **kinds)
    one = by_token(**tokens)
    found = price.worked_out(one, one.operation("generate"), {}, served(usage=usage))

    assert found is None or 0 <= found.low <= found.high


@given(
    text=st.integers(0, 10**6),
    image=st.integers(0, 10**6),
    out=st.integers(0, 10**6),
    told=st.sampled_from([("text_input",), ("image_input",), ("text_input", "image_input")]),
)
def test_what_a_coarse_reply_may_have_cost_spans_what_a_finer_one_says(
    text: int, image: int, out: int, told: tuple[str, ...]
) -> None:
    one = by_token()
    counts = {"text_input": text, "image_input": image}
    finer = {name: counts[name] for name in told}
    exact = (text * 5 + image * 8 + out * 30) / Decimal(10**6)
    coarse = price.worked_out(
        one, one.operation("generate"), {}, served(usage=counted(text + image, out))
    )
    fine = price.worked_out(
        one, one.operation("generate"), {}, served(usage=counted(text + image, out, **finer))
    )

    assert coarse is not None
    assert fine is not None
    assert fine.low == fine.high == exact
    assert coarse.low <= exact <= coarse.high
