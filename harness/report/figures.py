"""Figures as readers see them: units, digits, intervals."""

from decimal import Decimal

from harness.core.money import unit_of
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


def interval_s(item: Estimate) -> str:
    """Return the bounds of a duration, `[9.8, 14.1] s`; empty where there are none."""
    if item.low is None or item.high is None:
        return ""
    low, low_unit = seconds(item.low).split()
    high, high_unit = seconds(item.high).split()
    return (
        f"[{low}, {high}] {high_unit}"
        if low_unit == high_unit
        else (f"[{low} {low_unit}, {high} {high_unit}]")
    )


def between(after: Estimate, before: Estimate) -> str:
    """Return two bounds of which neither is the figure itself: `between 820 ms and 1.0 s`."""
    return f"between {seconds(after.value)} and {seconds(before.value)}"


def percent(item: Estimate) -> str:
    """Return a share with its interval in percent, `8.3 % [2.3, 25.8]`."""
    if item.value is None or item.low is None or item.high is None:
        return "-"
    return f"{item.value * 100:.1f} % [{item.low * 100:.1f}, {item.high * 100:.1f}]"


def amount_text(value: Decimal) -> str:
    """Return an amount of money or credits without needless zeros."""
    text = f"{value:,.6f}"
    return text.rstrip("0").rstrip(".")


def money_text(value: Decimal, unit: str) -> str:
    """Return an amount with its unit: `1 credit`, `0.5 credits`, `0.053 usd`."""
    return f"{amount_text(value)} {unit_of(value, unit)}"
