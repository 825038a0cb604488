"""No value is left out whose cheapest request fits what is left, whatever the budget."""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.build import Builder
from harness.cases.covering import Rows
from harness.cases.packed import packed_rows
from harness.core.case import Price
from harness.planning.allocation import Money, buy_rows
from harness.planning.plan import KEPT_BACK, Limits, total_price
from harness.spec import price
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.plans import new_plan
from tests.shipped import FOLDER, NAMES, shipped_provider

BY_QUALITY = {"low": "0.011", "medium": "0.042", "high": "0.25", "auto": "0.25"}
BY_SIZE = {"1K": 1, "2K": 2, "4K": 8}


@cache
def like_a_users() -> Provider:
    """A provider with a price for each quality and size; a request without a size may be dear."""
    raw: dict[str, Any] = tomllib.loads((FOLDER / "sub2api.toml").read_text(encoding="utf-8"))
    raw["prices"] = {
        "unit": "usd",
        "status": "documented",
        "source": "seed: Overview",
        "tiers": [
            {"name": "1K", "long_edge_max": 1024},
            {"name": "2K", "long_edge_max": 2048},
            {"name": "4K", "long_edge_max": 3840},
        ],
        "rows": [
            {"tier": size, "when": {"quality": quality}, "amount": float(Decimal(each) * factor)}
            for quality, each in BY_QUALITY.items()
            for size, factor in BY_SIZE.items()
        ],
    }
    parsed = parse_provider(raw)
    assert isinstance(parsed, Provider)
    return parsed


@cache
def builders_of(name: str) -> tuple[Builder, ...]:
    provider = like_a_users() if name == "a user's" else shipped_provider(name)
    operations = [each for each in provider.operations if each != "respond"]
    return tuple(Builder(provider, operation) for operation in operations)


def money(amount: Decimal | None = None, images: int | None = None) -> Money:
    return Money(
        amount=amount, images=images, rows=dict.fromkeys(("generate", "edit", "edit_json"))
    )


def paid(builders: Sequence[Builder], bought: dict[str, Rows]) -> tuple[Decimal, int]:
    """What the plain requests and the rows cost, added up from their arguments."""
    prices: list[Price] = [
        price.price_of(builder.provider, builder.operation, arguments)
        for builder in builders
        for arguments in (
            packed_rows(builder).table.base,
            *(case.arguments for case in bought[builder.name].cases),
        )
    ]
    return sum((each.amount for each in prices), Decimal(0)), sum(each.images for each in prices)


@pytest.mark.parametrize("name", [*NAMES, "a user's"])
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_no_value_is_left_out_whose_cheapest_request_fits_what_is_left(
    name: str, data: st.DataObject
) -> None:
    builders = builders_of(name)
    images = data.draw(st.none() | st.integers(2, 60))
    most = 20 if builders[0].provider.prices.unit == "usd" else 400
    amount = data.draw(st.decimals(0, most, places=2) if images is None else st.none())
    bought = buy_rows(builders, money(amount, images), seed=data.draw(st.integers(0, 9)))
    spent, spent_images = paid(builders, bought)

    for builder in builders:
        packed = packed_rows(builder)
        tried = {
            cell
            for arguments in (
                packed.table.base,
                *(case.arguments for case in bought[builder.name].cases),
            )
            for cell in packed.table.cells(arguments)
        }
        for cell in packed.table.values - tried:
            cheapest = packed.cheapest([cell])
            assert cheapest is not None
            cost = packed.price(cheapest.bits)
            assert amount is None or spent + cost.amount > amount
            assert images is None or spent_images + cost.images > images
    if bought["generate"].cases:
        assert amount is None or spent <= amount
        assert images is None or spent_images <= images


def test_a_dear_value_is_asked_for_where_it_is_cheap() -> None:
    """Without a size, high quality may cost 2 usd; at 1024x1024 it costs 0.25."""
    builders = builders_of("a user's")
    bought = buy_rows(builders, money(Decimal(6)), seed=0)
    high = [
        price.price_of(builder.provider, builder.operation, case.arguments).amount
        for builder in builders
        for case in bought[builder.name].cases
        if case.arguments.get("quality") == "high"
    ]

    assert min(high) == Decimal("0.25")
    assert all(rows.coverage.values[0] == rows.coverage.values[1] for rows in bought.values())


def test_what_is_left_out_names_the_least_that_it_would_cost() -> None:
    bought = buy_rows(builders_of("a user's"), money(Decimal("0.4")), seed=0)
    dear = {
        value.value: value.price.amount
        for value in bought["generate"].coverage.left_out
        if value.argument == "quality"
    }

    assert dear["high"] == Decimal("0.25")


@given(amount=st.decimals("0.5", 20, places=2))
@settings(max_examples=10, deadline=None)
def test_what_one_operation_leaves_the_other_spends(amount: Decimal) -> None:
    builders = builders_of("a user's")
    bought = buy_rows(builders, money(amount), seed=0)
    spent, _ = paid(builders, bought)

    assert all(rows.coverage.values[0] == rows.coverage.values[1] for rows in bought.values()) or (
        amount - spent < Decimal("0.25")
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_keeps_money_back(name: str) -> None:
    limits = Limits(amount=Decimal(30))
    plan = new_plan(name, seed=0, limits=limits)
    promised = [shot for shot in plan.shots if shot.case.operation != "respond"]

    assert total_price(promised, "any").amount <= Decimal(30) * (1 - KEPT_BACK)
