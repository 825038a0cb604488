"""Mistakes in a price list are told before anything is paid."""

from typing import Any

import pytest

from harness.spec.load import parse_provider
from tests.spec.priced import TOKENS, USAGE, tables

MOST = {"at_most": 0.5}
COUNTED = "name the place in a reply's usage, like "
UNITS = "is no unit of a price; a price per token stands in [prices.tokens]"
MISSING = (
    "may be known only after the reply; say what an image costs at most, so that it can be set "
    "aside"
)


def rows(**row: Any) -> dict[str, Any]:  # noqa: ANN401 - right and wrong values
    return {"rows": [{"amount": 0.04, **row}]}


def usage(*without: str) -> dict[str, str]:
    return {name: place for name, place in USAGE.items() if name not in without}


@pytest.mark.parametrize(
    ("prices", "counts", "mistakes"),
    [
        (rows(per="pixel"), USAGE, [f"prices.rows.0.per: 'pixel' {UNITS}"]),
        (rows(per="token"), USAGE, [f"prices.rows.0.per: 'token' {UNITS}"]),
        (rows(per="megapixel"), USAGE, [
            f"prices.at_most: missing: a price per megapixel {MISSING}"]),
        (rows(per="second"), usage("seconds"), [
            f"prices.at_most: missing: a price per second {MISSING}",
            ("prices.rows: a price per second, and no reply says how many there were; "
             f"{COUNTED}seconds = 'metrics.predict_time'")]),
        ({"tokens": TOKENS}, USAGE, [f"prices.at_most: missing: a price per token {MISSING}"]),
        (rows() | MOST, USAGE, [
            "prices.at_most: every row is known before a request leaves; leave it out"]),
        (rows(round_up=True), USAGE, [
            "prices.rows.0.round_up: speaks of a price per megapixel or second"]),
        ({"tokens": TOKENS, **MOST}, usage("image_input"), [
            ("prices.tokens.image_input: no reply says how many there are; "
             f"{COUNTED}image_input = 'usage.image_input_tokens'")]),
        ({"tokens": {"outputs": 30}, **MOST}, USAGE, [
            ("prices.tokens.outputs: unknown key; did you mean 'output'? allowed: per, input, "
             "text_input, image_input, cached_input, output, text_output, image_output")]),
        ({"tokens": {"per": 1_000_000}, **MOST}, USAGE, [
            ("prices.tokens: give the price of a kind of tokens: input, text_input, image_input, "
             "cached_input, output, text_output, image_output")]),
        ({"tokens": {"cached_input": 1, "output": 30}, **MOST}, USAGE, [
            "prices.tokens: cached_input: goes together with the price of other input"]),
        ({"tokens": TOKENS, "at_most": [{"tier": "M", "amount": 1}]}, USAGE, [
            "prices.at_most.0.tier: 'M' is no tier"]),
        ({"tokens": TOKENS, "at_most": [{"when": {"gloss": 1}, "amount": 1}]}, USAGE, [
            "prices.at_most.0.when.gloss: unknown parameter: no operation has it"]),
        ({"tokens": TOKENS, "at_most": "much"}, USAGE, [
            'prices.at_most: write an amount as a number, not "much"']),
        ({}, USAGE, ["prices: give rows, or the table 'tokens'"]),
    ],
)  # fmt: skip
def test_a_mistake_is_told(
    prices: dict[str, Any], counts: dict[str, str], mistakes: list[str]
) -> None:
    found = parse_provider(tables(prices, counts))

    assert isinstance(found, tuple)
    assert [f"{each.key}: {each.reason}" for each in found] == mistakes


def test_a_usage_that_counts_nothing_is_a_mistake() -> None:
    found = parse_provider(tables(rows(), {"source": "page: Generate"}))
    places = [f"operations.{name}.reply.usage" for name in ("generate", "edit")]
    why = "name the place of a count: input, output, total, seconds ..."

    assert isinstance(found, tuple)
    assert [f"{each.key}: {each.reason}" for each in found] == [
        f"{place}: {why}" for place in places
    ]
