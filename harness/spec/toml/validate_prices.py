"""What must agree in a price list, and between it and what replies count."""

from collections.abc import Iterator, Mapping, Sequence

from harness.core.errors import Mistake
from harness.spec.price_list import TOKEN_KINDS
from harness.spec.rules.base import Table, array, toml_table

AFTERWARDS = ("megapixel", "second")
"""Units of which a reply tells how many there were."""


def price_disagreements(raw: Table, parameters: Sequence[str]) -> Iterator[Mistake | str]:
    """Yield one sentence per disagreement, `key: reason`, in the order of the file.

    `parameters` are the names that a row may ask for.
    """
    prices = toml_table(raw.get("prices"))
    names = [toml_table(tier).get("name") for tier in array(prices.get("tiers"))]
    yield from _tiers(prices, names)
    for key in ("rows", "at_most"):
        for place, row in enumerate(array(prices.get(key))):
            yield from _row(f"prices.{key}.{place}", toml_table(row), names, parameters)
    yield from _afterwards(prices)
    yield from _counted(prices, [*toml_table(raw.get("operations")).values()])


def _tiers(prices: Table, names: list[object]) -> Iterator[Mistake | str]:
    edges = [toml_table(tier).get("long_edge_max") for tier in array(prices.get("tiers"))]
    numbers = [edge for edge in edges if isinstance(edge, int)]
    if numbers != sorted(set(numbers)):
        yield "prices.tiers: write them from the smallest long edge to the largest"
    if "auto_tier" in prices and prices["auto_tier"] not in names:
        yield _no_tier("prices.auto_tier", prices["auto_tier"], names)


def _no_tier(key: str, given: object, names: list[object]) -> Mistake:
    texts = [name for name in names if isinstance(name, str)]
    return Mistake.none_of(key, f"{given!r} is no tier", given, texts)


def _row(
    key: str, row: Table, names: list[object], parameters: Sequence[str]
) -> Iterator[Mistake | str]:
    if "tier" in row and row["tier"] not in names:
        yield _no_tier(f"{key}.tier", row["tier"], names)
    for name in toml_table(row.get("when")):
        if name not in parameters:
            reason = "unknown parameter: no operation has it"
            yield Mistake.none_of(f"{key}.when.{name}", reason, name, parameters)
    if row.get("round_up") is True and row.get("per") not in AFTERWARDS:
        yield f"{key}.round_up: speaks of a price per {' or '.join(AFTERWARDS)}"


def _afterwards(prices: Table) -> Iterator[str]:
    """Compare what is known only after a reply with what is reserved before it."""
    units = [toml_table(row).get("per") for row in array(prices.get("rows"))]
    reasons = [f"a price per {unit}" for unit in AFTERWARDS if unit in units]
    reasons += ["a price per token"] if "tokens" in prices else []
    if reasons and "at_most" not in prices:
        yield (
            f"prices.at_most: missing: {' and '.join(reasons)} may be known only after the reply; "
            "say what an image costs at most, so that it can be set aside"
        )
    if not reasons and "at_most" in prices:
        yield "prices.at_most: every row is known before a request leaves; leave it out"


def _counted(prices: Table, operations: list[object]) -> Iterator[str]:
    """Yield the prices of what no reply counts."""
    counted = [*_usages(operations)]
    tokens = toml_table(prices.get("tokens"))
    for kind in (kind for kind in TOKEN_KINDS if kind in tokens and kind != "cached_input"):
        if not any(kind in usage for usage in counted):
            yield (
                f"prices.tokens.{kind}: no reply says how many there are; name the place in a "
                f"reply's usage, like {kind} = 'usage.{kind}_tokens'"
            )
    rows = [toml_table(row) for row in array(prices.get("rows"))]
    by_second = any(row.get("per") == "second" for row in rows)
    if by_second and not any("seconds" in usage for usage in counted):
        yield (
            "prices.rows: a price per second, and no reply says how many there were; name the "
            "place in a reply's usage, like seconds = 'metrics.predict_time'"
        )


def _usages(operations: list[object]) -> Iterator[Mapping[str, object]]:
    for operation in operations:
        for shape in ("reply", "stream"):
            yield toml_table(toml_table(toml_table(operation).get(shape)).get("usage"))
