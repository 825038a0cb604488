"""Which rule a parameter breaks, for the rules that several documents share.

A function returns the id of the broken rule, None where none is broken. Each provider has its own
order of checks and its own words.

sub2api and nanobananaapi.dev state the same limits of a size: edges in multiples of 16 px, no edge
above 3840 px, long edge at most three times the short one, 655,360 to 8,294,400 px in total.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeGuard
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .switches import RuleSwitches

# The nearest numbers of pixels outside the limits for which a size in multiples of 16 px exists:
# 576x1136, and 2336x3552 or 2368x3504.
NEXT_BELOW_PX = 654_336
NEXT_ABOVE_PX = 8_297_472
_SIZE = re.compile(r"([0-9]{1,12})x([0-9]{1,12})")


def is_integer(value: object) -> TypeGuard[int]:
    """Whether the value was written as a JSON integer; true, "2", 1.5 and 1.0 are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_web_address(value: object) -> bool:
    """Whether the value is a string with an http or https address; nothing is fetched."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def word_among(value: object, words: Sequence[str], default: str) -> str:
    """Return `value` where it is one of the words, else `default`."""
    return str(value) if value in words else default


def parse_size(text: object) -> tuple[int, int] | None:
    """Return (width_px, height_px) of a "WIDTHxHEIGHT" without empty edges, else None."""
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    width_px, height_px = int(match[1]), int(match[2])
    return (width_px, height_px) if width_px and height_px else None


def broken_model_rule(model: object, switches: RuleSwitches, models: tuple[str, ...]) -> str | None:
    """Check the name of a model; null counts as absent."""
    if model is None:
        return "model.required" if switches.holds("model.required") else None
    return None if switches.admits("model.one_of", model, models) else "model.one_of"


def broken_prompt_rule(prompt: object, switches: RuleSwitches, longest: int) -> str | None:
    """Check a prompt of at most `longest` characters; null and an empty one count as absent."""
    if prompt is None or prompt == "":
        return "prompt.required" if switches.holds("prompt.required") else None
    if not isinstance(prompt, str):
        return "prompt.format" if switches.holds("prompt.format") else None
    too_long = len(prompt) > switches.longest("prompt.max_length", longest)
    return "prompt.max_length" if too_long and switches.holds("prompt.max_length") else None


def broken_integer_rule(
    name: str, number: object, switches: RuleSwitches, low: int, high: int
) -> str | None:
    """Check an integer from `low` to `high`; null counts as absent."""
    if number is None:
        return None
    if not is_integer(number):
        return f"{name}.integer" if switches.holds(f"{name}.integer") else None
    return None if switches.spans(f"{name}.range", number, low, high) else f"{name}.range"


def unlisted_parameter(
    values: Mapping[str, object], switches: RuleSwitches, words: Mapping[str, tuple[str, ...]]
) -> str | None:
    """Return the name of the first parameter whose value is not in its closed list of words."""
    for name, allowed in words.items():
        value = values.get(name)
        if value is not None and not switches.admits(f"{name}.one_of", value, allowed):
            return name
    return None


def broken_address_rule(
    addresses: Sequence[object], switches: RuleSwitches, most: int
) -> str | None:
    """Check a list of 1 to `most` addresses of reference images."""
    if not all(isinstance(address, str) for address in addresses):
        return "images.format" if switches.holds("images.format") else None
    if not switches.spans("images.count", len(addresses), 1, most):
        return "images.count"
    on_web = all(is_web_address(address) for address in addresses)
    return "images.url_only" if not on_web and switches.holds("images.url_only") else None


def broken_size_rule(size: object, switches: RuleSwitches) -> str | None:
    """Check "auto" or a WIDTHxHEIGHT; null counts as absent."""
    if size is None or size == "auto":
        return None
    edges = parse_size(size)
    if edges is None:
        return "size.format" if switches.holds("size.format") else None
    tight, loose = switches.tight, switches.loose
    (shorter, longer), pixels = sorted(edges), edges[0] * edges[1]
    step = 32 if tight("size.multiple_of") else 8 if loose("size.multiple_of") else 16
    max_edge = 3856 if loose("size.max_edge") else 3840
    max_long = 3 * shorter + (16 if loose("size.max_ratio") else 0)
    min_pixels = NEXT_BELOW_PX if loose("size.min_pixels") else 655_360
    max_pixels = NEXT_ABOVE_PX if loose("size.max_pixels") else 8_294_400
    # By rule: whether the size is outside, and whether it is the last one allowed.
    limits = {
        "size.multiple_of": (any(edge % step for edge in edges), False),
        "size.max_edge": (longer > max_edge, longer == 3840),
        "size.max_ratio": (longer > max_long, longer == 3 * shorter),
        "size.min_pixels": (pixels < min_pixels, pixels == 655_360),
        "size.max_pixels": (pixels > max_pixels, pixels == 8_294_400),
    }
    for rule, (is_outside, is_last) in limits.items():
        if switches.holds(rule) and (is_outside or (is_last and tight(rule))):
            return rule
    return None
