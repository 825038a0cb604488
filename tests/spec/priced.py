"""The small provider with other price lists, and replies that count what they depend on."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from harness.core.exchange import Picture
from harness.core.outcome import Images, Usage
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.spec import small

USAGE: dict[str, str] = {
    "input": "usage.input_tokens",
    "output": "usage.output_tokens",
    "total": "usage.total_tokens",
    "text_input": "usage.input_tokens_details.text_tokens",
    "image_input": "usage.input_tokens_details.image_tokens",
    "cached_input": "usage.input_tokens_details.cached_tokens",
    "text_output": "usage.output_tokens_details.text_tokens",
    "image_output": "usage.output_tokens_details.image_tokens",
    "seconds": "metrics.predict_time",
    "source": "page: Generate",
}
TOKENS: dict[str, float] = {
    "text_input": 5.0,
    "image_input": 8.0,
    "output": 30.0,
}
"""In dollars for a million, as the maker's list has them."""


def tables(prices: Mapping[str, Any], usage: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The small provider as parsed, with these prices in the place of its own."""
    raw = small.tables()
    kept = {"unit": "usd", "status": "documented", "source": "page: Prices"}
    raw["prices"] = {**kept, **prices}
    reply = raw["operations"]["generate"]["reply"]
    reply["usage"] = dict(USAGE if usage is None else usage)
    reply["charged"] = ["cost"]
    return raw


def provider(prices: Mapping[str, Any], usage: Mapping[str, str] | None = None) -> Provider:
    """The small provider with these prices."""
    found = parse_provider(tables(prices, usage))
    assert isinstance(found, Provider), found
    return found


def by_token(**tokens: float) -> Provider:
    """The small provider, which asks by token."""
    return provider({"at_most": 0.5, "tokens": tokens or TOKENS})


def picture(width_px: int = 1000, height_px: int = 1000) -> Picture:
    return Picture(
        digest="0" * 64,
        format="png",
        size_bytes=10,
        state="decoded",
        width_px=width_px,
        height_px=height_px,
    )


def counted(
    total: int | None = None,
    out: int | None = None,
    **kinds: int,
) -> Usage:
    """What a reply counts: tokens of input, of output, and of finer kinds."""
    return Usage(
        input=total,
        output=out,
        total=None,
        kinds=kinds,
    )


def timed(seconds: str) -> Usage:
    """What a reply says of how long the work took."""
    return Usage(input=None, output=None, total=None, seconds=Decimal(seconds))


def served(*pictures: Picture, usage: Usage | None = None, charged: str | None = None) -> Images:
    return Images(
        pictures=pictures or (picture(),),
        usage=usage,
        charged=None if charged is None else Decimal(charged),
    )
