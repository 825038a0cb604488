"""Which WIDTHxHEIGHT the documents of sub2api and nanobananaapi.dev allow.

Both state the same limits: edges in multiples of 16 px, no edge above 3840 px, long edge at most
three times the short one, 655,360 to 8,294,400 px in total.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .switches import RuleSwitches

# The nearest counts of pixels outside the limits that have a size on the lattice: 576x1136, and
# 2336x3552 or 2368x3504.
NEXT_BELOW_PX = 654_336
NEXT_ABOVE_PX = 8_297_472
_WRITTEN = re.compile(r"([0-9]{1,12})x([0-9]{1,12})")


def parse_size(text: object) -> tuple[int, int] | None:
    """Return (width_px, height_px) of a "WIDTHxHEIGHT" without empty edges, else None."""
    if not isinstance(text, str):
        return None
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    width_px, height_px = int(match[1]), int(match[2])
    if width_px == 0 or height_px == 0:
        return None
    return width_px, height_px


def broken_size_rule(width_px: int, height_px: int, switches: RuleSwitches) -> str | None:
    """Return the id of the first size rule that the edges break under these switches, or None."""
    longer, shorter = max(width_px, height_px), min(width_px, height_px)
    pixels = width_px * height_px
    step = (
        32
        if switches.tight("size.multiple_of")
        else 8
        if switches.loose("size.multiple_of")
        else 16
    )
    max_edge = 3856 if switches.loose("size.max_edge") else 3840
    max_long = 3 * shorter + (16 if switches.loose("size.max_ratio") else 0)
    min_pixels = NEXT_BELOW_PX if switches.loose("size.min_pixels") else 655_360
    max_pixels = NEXT_ABOVE_PX if switches.loose("size.max_pixels") else 8_294_400
    if switches.holds("size.multiple_of") and (width_px % step or height_px % step):
        return "size.multiple_of"
    if switches.holds("size.max_edge") and (
        longer > max_edge or (switches.tight("size.max_edge") and longer == 3840)
    ):
        return "size.max_edge"
    if switches.holds("size.max_ratio") and (
        longer > max_long or (switches.tight("size.max_ratio") and longer == 3 * shorter)
    ):
        return "size.max_ratio"
    if switches.holds("size.min_pixels") and (
        pixels < min_pixels or (switches.tight("size.min_pixels") and pixels == 655_360)
    ):
        return "size.min_pixels"
    if switches.holds("size.max_pixels") and (
        pixels > max_pixels or (switches.tight("size.max_pixels") and pixels == 8_294_400)
    ):
        return "size.max_pixels"
    return None
