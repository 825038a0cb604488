"""Sections of evidence as values, from which pages of any kind are drawn; all text is plain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A sentence under a short `mark` (what it rests on); `small` says more of it.

    A `loud` one contradicts what was asked for or told.
    """

    mark: str
    text: str
    small: str = ""
    loud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Points that are not shown before somebody asks for them, and in a line, why."""

    summary: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceTable:
    """A table, the first cell of each row its name; the cells of `numbers` columns stand right.

    A `folded` one is not shown before somebody asks for it.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: bool = False
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSection:
    """What stands under one heading, in this order: lead, points, tables, notes, folds."""

    id: str
    title: str
    lead: str
    points: tuple[Point, ...] = ()
    tables: tuple[EvidenceTable, ...] = ()
    notes: tuple[Point, ...] = ()
    folds: tuple[Fold, ...] = ()
