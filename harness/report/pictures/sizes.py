"""Width against height: what was served, refused or drawn otherwise, over what is documented."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.report.anchors import case_anchor
from harness.report.charts.axis import Tick
from harness.report.pictures.size_limits import ALPHA, DRAWN, Limit, limit_of
from harness.report.pictures.size_region import Documented, documented, extent, far_side, has_region
from harness.report.pictures.size_scale import Point, Scale
from harness.report.pictures.size_tries import KINDS, Kind, Try, tries
from harness.report.pictures.size_words import SAID, limit_sentences, pattern_sentences, unhidden
from harness.report.text import count
from harness.spec.provider import Operation, Provider
from harness.spec.rules.lattice import Size, text
from harness.stats.grouped import grouped
from harness.store.spool import Spool

MOST_MARKS = 90
"""How many different marks a plane holds; those that tell least are left out."""

_MOST_WORDS = 12
_WRONG: frozenset[Kind] = frozenset(("refused", "other", "wrongly_served"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeMark:
    """Requests that asked the same size and came to the same, as one mark.

    `at` is where it stands, `to` where the size that came stands, if another was asked. `case` is
    one of them, `anchor` the id that its transcript would have; `times` counts them. `open` where
    the documents promise nothing.
    """

    kind: Kind
    at: Point
    to: Point | None
    title: str
    case: str
    anchor: str
    times: int
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SizePlane:
    """Width against height of one provider's operation: asked, documented, received.

    The areas `beyond` a limit, and those where nothing was asked `between`, are points of SVG
    polygons; `limited` where that limit is hardly chance.
    `tally` counts requests by kind, `unplaced` says what has no place in the picture, `left_out`
    counts marks that it has no room for. Without `drawn`, there is one size: it needs no picture.
    """

    provider: str
    operation: str
    emulated: bool
    ticks: tuple[Tick, ...]
    documents: Documented
    beyond: tuple[str, ...]
    between: tuple[str, ...]
    marks: tuple[SizeMark, ...]
    tally: tuple[tuple[Kind, int], ...]
    sentences: tuple[str, ...]
    limited: bool
    unplaced: tuple[str, ...]
    left_out: int
    drawn: bool

    @property
    def wrong(self) -> int:
        """How many requests were refused or served otherwise than the documents say."""
        return sum(times for kind, times in self.tally if kind in _WRONG)

    @property
    def silent(self) -> int:
        """How many requests told nothing of their size."""
        return dict(self.tally).get("unknown", 0)

    @property
    def described(self) -> str:
        """The picture in a sentence."""
        counted = "; ".join(f"{times} {SAID[kind]}" for kind, times in self.tally)
        return f"{count(sum(times for _, times in self.tally), 'request')}: {counted}"


def size_planes(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
) -> tuple[SizePlane, ...]:
    """Return a plane for each operation whose images have a size.

    Those with a limit come first, then those where something else is wrong.
    """
    groups = grouped(records, lambda each: (each.shot.case.provider, each.shot.case.operation))
    misshapen = {
        (verdict.provider, verdict.operation, verdict.case)
        for verdict in verdicts
        if verdict.check == "images_have_the_asked_aspect_ratio" and verdict.status == "fail"
    }
    planes = []
    for (name, operation), group in groups.items():
        cases = {case for *place, case in misshapen if place == [name, operation]}
        asked = Spool(tries(group, providers[name].operation(operation), cases), block=1024)
        if any(one.asked or one.received for one in asked):
            planes.append(_plane(group[0], providers[name].operation(operation), asked))
    return tuple(sorted(planes, key=_first_look))


def _first_look(plane: SizePlane) -> tuple[bool, bool, bool]:
    return not plane.limited, not plane.beyond, not plane.wrong


@dataclass(frozen=True, slots=True)
class _Like:
    """What requests of one mark have in common."""

    kind: Kind
    asked: Size | None
    received: Size | None
    words: str
    open: bool
    broken: str

    @property
    def sizes(self) -> tuple[Size, ...]:
        return tuple(size for size in (self.asked, self.received) if size is not None)

    @property
    def title(self) -> str:
        """The requests in words: what was asked, and what became of it."""
        asked = text(self.asked) if self.asked else self.words
        told = f"{asked}: {SAID[self.kind]}"
        if self.received is not None:
            told += f", as {text(self.received)}"
        if self.broken:
            return f"{told} ({self.broken})"
        return f"{told} (no promise)" if self.open else told


def _plane(first: Record, operation: Operation, asked: Sequence[Try]) -> SizePlane:
    told = unhidden(asked)
    limit = limit_of(told)
    limited = limit is not None and limit.chance <= ALPHA
    drawn = limit if limit is not None and limit.chance <= DRAWN else None
    groups = _groups(asked)
    placed = [like for like in groups if like.sizes]
    kept = sorted(placed, key=lambda like: KINDS.index(like.kind))[:MOST_MARKS]
    scale = Scale.around(chain(*(like.sizes for like in kept), extent(operation)))
    return SizePlane(
        provider=first.shot.case.provider,
        operation=first.shot.case.operation,
        emulated=first.evidence.emulated,
        ticks=scale.ticks,
        documents=documented(operation, scale),
        beyond=far_side(drawn, drawn.far, operation, scale) if drawn else (),
        between=far_side(drawn, drawn.near, operation, scale) if drawn and limited else (),
        marks=tuple(_mark(like, groups[like], scale, first) for like in kept[::-1]),
        tally=_tally(asked),
        sentences=(*_limit(limit, told, operation), *pattern_sentences(asked)),
        limited=limited,
        unplaced=tuple(
            f"{like.title} ({its.times})"
            for like, its in groups.items()
            if not like.sizes and like.kind != "turned_away"
        )[:_MOST_WORDS],
        left_out=len(placed) - len(kept),
        drawn=len({size for like in placed for size in like.sizes}) > 1,
    )


def _limit(limit: Limit | None, asked: Sequence[Try], operation: Operation) -> Iterable[str]:
    """Return what is said of a limit; a list of few sizes needs no word that they are few."""
    return limit_sentences(limit, asked) if limit or has_region(operation) else ()


@dataclass(slots=True)
class _Marked:
    """The first case of a mark, and how many there are."""

    case: str
    times: int = 0


def _groups(asked: Iterable[Try]) -> dict[_Like, _Marked]:
    """Return what is at each mark; a size that came as asked is one place."""
    groups: dict[_Like, _Marked] = {}
    for one in asked:
        like = _Like(
            kind=one.kind,
            asked=one.asked,
            received=None if one.kind == "served" else one.received,
            words=one.words if one.asked is None else "",
            open=not one.promised and not one.broken,
            broken=one.broken,
        )
        groups.setdefault(like, _Marked(one.case)).times += 1
    return groups


def _mark(like: _Like, its: _Marked, scale: Scale, first: Record) -> SizeMark:
    provider, operation = first.shot.case.provider, first.shot.case.operation
    at, *to = (scale.place(size) for size in dict.fromkeys(like.sizes))
    return SizeMark(
        kind=like.kind,
        at=at,
        to=to[0] if to else None,
        title=like.title,
        case=its.case,
        anchor=case_anchor(provider, operation, its.case),
        times=its.times,
        open=like.open,
    )


def _tally(asked: Sequence[Try]) -> tuple[tuple[Kind, int], ...]:
    counts = Counter(one.kind for one in asked)
    return tuple((kind, counts[kind]) for kind in KINDS if counts[kind])
