"""Foreign text made fit to show: nothing invisible, nothing endless.

A provider's text may hold control characters that upset a terminal, marks that turn the reading
direction round, messages of megabytes.
"""

import unicodedata
from decimal import Decimal

from harness.core.jsonvalue import Json
from harness.core.money import unit_of
from harness.core.reference import ReferenceImage
from harness.core.verdict import Estimate


def seconds(value: float | None) -> str:
    """Return a duration with its unit and about three digits: `740 ms`, `12.4 s`; `0 s`."""
    if value is None:
        return "-"
    if value == 0:
        return "0 s"
    if value < 0.9995:  # noqa: PLR2004 - more rounds to 1,000 ms
        milliseconds = value * 1000
        return f"{milliseconds:.{0 if milliseconds >= 99.5 else 1}f} ms"  # noqa: PLR2004 - digits
    return f"{value:.1f} s" if value < 99.95 else f"{value:,.0f} s"  # noqa: PLR2004 - three digits


def interval_s(duration: Estimate) -> str:
    """Return the bounds of a duration, `[9.8, 14.1] s`; empty where there are none."""
    if duration.low is None or duration.high is None:
        return ""
    low, low_unit = seconds(duration.low).split()
    high, high_unit = seconds(duration.high).split()
    if low_unit == high_unit:
        return f"[{low}, {high}] {high_unit}"
    return f"[{low} {low_unit}, {high} {high_unit}]"


def between(after: Estimate, before: Estimate) -> str:
    """Return two bounds of which neither is the figure itself: `between 820 ms and 1.0 s`."""
    return f"between {seconds(after.value)} and {seconds(before.value)}"


def percent(share: Estimate) -> str:
    """Return a share with its interval in percent, `8.3 % [2.3, 25.8]`."""
    if share.value is None or share.low is None or share.high is None:
        return "-"
    return f"{share.value * 100:.1f} % [{share.low * 100:.1f}, {share.high * 100:.1f}]"


def amount_text(value: Decimal) -> str:
    """Return an amount of money or credits without needless zeros."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def money_text(value: Decimal, unit: str) -> str:
    """Return an amount with its unit: `1 credit`, `0.5 credits`, `0.053 usd`."""
    return f"{amount_text(value)} {unit_of(value, unit)}"


LONGEST = 400
"""Characters of a foreign text shown in full."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories without a shape of their own; ordinary spaces are not among them."""


def hidden(character: str) -> bool:
    """Tell whether a character is invisible or changes how its neighbours are shown."""
    return unicodedata.category(character) in _HIDDEN


def visible(text: str, *, keep: str = "") -> str:
    """Return `text` with every hidden character spelled as its number, those of `keep` excepted."""
    if text.isascii() and text.isprintable():
        return text
    kinds = set(text) - set(keep)  # few, of however many characters
    return text.translate({ord(char): f"\\u{ord(char):04x}" for char in kinds if hidden(char)})


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return at most `longest` characters of `text`, and how long it really is."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters)"


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return foreign text on one line: short, and with nothing hidden in it."""
    return visible(shortened(" ".join(text.split()), longest))


def pruned_json(value: Json, longest: int = 160) -> Json:
    """Return a JSON value whose long texts are shortened and say how long they are."""
    match value:
        case str():
            return shortened(value, longest)
        case list():
            return [pruned_json(entry, longest) for entry in value]
        case dict():
            return {key: pruned_json(entry, longest) for key, entry in value.items()}
        case _:
            return value


def files_named(value: Json) -> Json:
    """Return a JSON value with each file's description as one text: `a.png (9 bytes, 16x32)`."""
    image = ReferenceImage.of(value)
    if image and image.filename is not None and image.size_bytes is not None:
        wide, high = image.width_px, image.height_px
        pixels = f", {wide}x{high}" if wide and high else ""
        return f"{image.filename} ({image.size_bytes:,} bytes{pixels})"
    match value:
        case list():
            return [files_named(entry) for entry in value]
        case dict():
            return {key: files_named(entry) for key, entry in value.items()}
        case _:
            return value


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it is not 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
