"""Tables as values, from which pages of any kind are drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import TOO_FEW, bounds_s, figure_s
from harness.report.charts import Chart
from harness.report.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """A cell in plain text: what it says, and what it says beside that, smaller."""

    text: str
    small: str = ""
    loud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column's head; a `number` stands right. `notes` are the footnotes of its methods."""

    text: str
    number: bool = False
    notes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, the first cell of each row its name; a picture of the same figures before it."""

    caption: str
    head: tuple[Head, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    picture: Chart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Tables about one question; `lead` says how to read them."""

    id: str
    title: str
    lead: str
    tables: tuple[Table, ...]


def text_cell(text: str, small: str = "", *, longest: int = 300) -> TableCell:
    """Return a cell of foreign text."""
    return TableCell(text=one_line(text, longest), small=one_line(small, longest))


def provider_cell(provider: str, value: Benchmarked, small: str = "") -> TableCell:
    """Return a row's name: its provider, never without the word that it was emulated."""
    beside = ", ".join(filter(None, (value.marks(provider), small)))
    return TableCell(text=one_line(provider, 40), small=beside)


def duration_cell(item: Estimate | None, n: int | None = None) -> TableCell:
    """Return a duration with its interval, and its n where that is not the row's."""
    if item is None:
        return TableCell(text="-")
    parts = [bounds_s(item)]
    if n is not None and item.n != n:
        parts.append(f"n = {item.n}")
    return TableCell(text=figure_s(item), small=", ".join(filter(None, parts)))


def tail_cell(item: Estimate) -> TableCell:
    """Return a quantile in the tail with its interval; too few samples tell nothing of it."""
    return (
        TableCell(text="-", small=bounds_s(item))
        if item.method.startswith(TOO_FEW)
        else duration_cell(item)
    )


def share_cell(item: Estimate) -> TableCell:
    """Return a share with its interval in percent."""
    if item.value is None:
        return TableCell(text="-")
    small = ""
    if item.low is not None and item.high is not None:
        small = f"[{item.low * 100:.1f}, {item.high * 100:.1f}]"
    return TableCell(text=f"{item.value * 100:.1f} %", small=small)


def method_notes(items: Iterable[Estimate | None], methods: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers, from 1, of the methods that made these figures."""
    used = {estimate.method for estimate in items if estimate is not None}
    return tuple(at for at, method in enumerate(methods, 1) if method in used)
