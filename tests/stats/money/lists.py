"""The small provider with price lists that a maker's prices stand beside."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.spec import small

MODEL: dict[str, Any] = {
    "name": "gpt-image-2",
    "status": "documented",
    "source": "page: Model",
    "tokens": {"levels": {"low": 16, "medium": 48, "high": 96}, "partial": 100},
    "price": {"text_input": 5, "image_input": 8, "image_output": 30},
}
SIZES = ["1024x1024", "1536x1024"]


def claim(share: float = 0.8, **more: object) -> dict[str, Any]:
    return {"share": share, "says": "cheaper", "source": "page: Prices", **more}


def listing(
    prices: Mapping[str, Any],
    *,
    claims: Sequence[Mapping[str, Any]] = (),
    qualities: Sequence[str] = ("low", "medium", "high"),
    sizes: Sequence[str] = (),
    model: Mapping[str, Any] | None = MODEL,
) -> Provider:
    """The small provider with this list; `sizes` are all that it has, else any."""
    raw = small.tables()
    raw["prices"] = {"unit": "credit", "status": "documented", "source": "page: Prices", **prices}
    if model is not None:
        raw["model"] = {**model, **({"claim": list(claims)} if claims else {})}
    arguments = raw["operations"]["generate"]["arguments"]
    arguments["quality"] |= {
        "one_of": {"values": [*qualities], "source": "page: Generate"},
        "default": qualities[0],
        "cheapest": qualities[0],
    }
    if sizes:
        arguments["size"] = {
            "wire": "size",
            "type": "string",
            "source": "page: Generate",
            "default": sizes[0],
            "one_of": {"values": [*sizes], "source": "page: Generate"},
        }
    raw["operations"]["generate"]["reply"]["charged"] = ["cost"]
    raw["operations"]["generate"]["reply"]["usage"] = {
        "output": "usage.output_tokens",
        "image_output": "usage.image_tokens",
        "text_input": "usage.text_tokens",
        "source": "page: Generate",
    }
    found = parse_provider(raw)
    assert isinstance(found, Provider), found
    return found


def by_image(amounts: Mapping[tuple[str, str], Decimal | float], **more: object) -> dict[str, Any]:
    """A list with an amount for each size and quality."""
    rows = [
        {"when": {"size": size, "quality": quality}, "amount": amount}
        for (size, quality), amount in amounts.items()
    ]
    return {"rows": rows, **more}
