"""Which sizes are served where no document states their bounds: each bound is measured on its own.

The bounds hide one another, so they are measured in turn: whether a free size is honoured at all,
then the step, the ratio and the pixels of squares, and the longest edge last, with as few pixels
and as little ratio as those allow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, isqrt

from harness.adaptive.discovery.limits import Bracket, Ladder
from harness.adaptive.discovery.question import (
    SILENT,
    Discovered,
    OperationHistory,
    Probe,
    ProbeRecord,
    Question,
    QuestionResult,
    against_documents,
)
from harness.spec.provider import Argument
from harness.spec.rules import edges
from harness.spec.rules.lattice import text
from harness.spec.rules.size import is_bounded

STEP = 16
_SIDE = 1088
"""A free size's edge, near the presets and none of them; a multiple of 64."""

_LARGEST, _LONGEST = 4096, 8192
_EXPECTED_SIDES = (2880, 816)
"""The squares next to the bounds that OpenAI states: 8,294,400 and 655,360 pixels."""

_OFF_STEP = (_SIDE, 1096, 1089)
_STEPS = (16, 8, 1)
_RATIOS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.1, 4.0, 5.0, 6.0, 8.0)
_AREA = 1_100_000
"""Pixels of a size that only its ratio should get refused."""

_PER_MILLE = 1000


def open_size(argument: Argument) -> bool:
    """Tell whether the documents leave open which sizes are served."""
    closed = argument.one_of is not None and argument.one_of.status == "documented"
    return not closed and not (is_bounded(argument) and argument.status == "documented")


def honoured(probe: ProbeRecord) -> bool:
    """Tell whether what was delivered has the requested size, as far as it was decoded."""
    requested = edges(probe.arguments.get("size"))
    return requested is None or all(
        (picture.width_px, picture.height_px) == requested
        for picture in probe.pictures
        if picture.state == "decoded"
    )


def size_questions(argument: Argument) -> tuple[Question, ...]:
    """Return the questions about an open size, in the order in which their probes may be sent."""
    custom = replace(
        _ladder("format", "", ((1024, 1024), (_SIDE, _SIDE)), (0, 1)),
        question="whether a size outside every list is honoured",
        show=lambda at: f"{_SIDE}x{_SIDE}" if at else "what is listed",
        documents=lambda low, _high: _list_of(argument, is_honoured=low == 1),
    )

    def free(history: OperationHistory) -> bool:
        return custom.bracket(history).low == 1

    most, least = (_squares(rising=rising, gate=free) for rising in (True, False))
    sizes = tuple(map(_of_ratio, _RATIOS))
    ratio = replace(
        _ladder("max_ratio", "", sizes, [_PER_MILLE * max(s) // min(s) for s in sizes]),
        question="the largest ratio of the edges",
        show=lambda at: f"{at / _PER_MILLE:g}:1",
        hint=_RATIOS.index(3.0),
        gate=free,
        doubt=lambda history, bracket: _edge_may_be_why(history, bracket, list(map(max, sizes))),
    )
    step = replace(
        _ladder("multiple_of", "px", [(side, side) for side in _OFF_STEP], _STEPS),
        question="which step the edges keep",
        falling=True,
        gate=free,
    )
    return (custom, step, ratio, most, least, LongestEdge(most=most, ratio=ratio))


def _squares(*, rising: bool, gate: Callable[[OperationHistory], bool]) -> Ladder:
    sides = range(_SIDE, _LARGEST + 1, STEP) if rising else range(_SIDE, 0, -STEP)
    round_ones = (2048, 3072, 3840, 4096) if rising else (1024, 768, 512, 256, 64)
    expected = _EXPECTED_SIDES[0 if rising else 1]
    rule, sizes = "max_pixels" if rising else "min_pixels", [(side, side) for side in sides]
    return replace(
        _ladder(rule, "pixels", sizes, [side * side for side in sides]),
        question=f"the {'most' if rising else 'fewest'} pixels, of squares",
        falling=not rising,
        hint=sides.index(expected),
        marks=tuple(sides.index(side) for side in round_ones),
        gate=gate,
        doubt=lambda history, bracket: _edge_may_be_why(history, bracket, sides) if rising else "",
    )


def _edge_may_be_why(history: OperationHistory, bracket: Bracket, longs: Sequence[int]) -> str:
    """Say that a size may have been refused for its long edge: none as long was served."""
    served = (edges(probe.arguments.get("size")) for probe in history.seen if probe.pictures)
    longest = max((max(size) for size in served if size), default=0)
    refused = 0 if bracket.high is None else longs[bracket.high]
    return "" if longest >= refused else "no edge as long was served: it may be the edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestEdge:
    """The longest edge, once pixels and ratio are known: its ladder depends on them."""

    most: Ladder
    ratio: Ladder
    name: str = "size.max_edge"

    def next(self, history: OperationHistory, room: int) -> Sequence[Probe]:
        """Return one probe, once the others have ended."""
        ladder = self.ladder(history)
        return ladder.next(history, room) if ladder else ()

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return the longest edge that was served."""
        ladder = self.ladder(history)
        return ladder.rows(history) if ladder else ()

    def ladder(self, history: OperationHistory) -> Ladder | None:
        """Return sizes that only their long edge can get refused; None before that is known."""
        done = all(
            ladder.gate(history) and ladder.step(history, 1) is None
            for ladder in (self.most, self.ratio)
        )
        if not done:
            return None
        pixels = self.most.measure(self.most.bracket(history).low)
        ratio = min(self.ratio.measure(self.ratio.bracket(history).low), 3 * _PER_MILLE)
        longest = min(_LONGEST, isqrt(pixels * ratio // _PER_MILLE) // STEP * STEP)
        sizes = (
            (long, -(-long * _PER_MILLE // (ratio * STEP)) * STEP)
            for long in range(_SIDE, longest + 1, STEP)
        )
        fitting = [size for size in sizes if size[0] * size[1] <= pixels]
        longs = [long for long, _ in fitting]
        return replace(
            _ladder("max_edge", "px", fitting, longs),
            question="the longest edge",
            hint=longs.index(3840) if 3840 in longs else None,  # noqa: PLR2004 - OpenAI's own bound
            marks=tuple(longs.index(edge) for edge in (2048, 3072, 4096) if edge in longs),
        )


def _ladder(
    rule: str, unit: str, sizes: Sequence[tuple[int, int]], measures: Sequence[int]
) -> Ladder:
    """Return a ladder of sizes, the first of which is its floor."""
    indices = {text(size): at for at, size in enumerate(sizes) if at}
    return Ladder(
        parameter="size",
        rule=rule,
        question="",
        unit=unit,
        value=lambda at: text(sizes[at]),
        index=lambda size, _: indices.get(size) if isinstance(size, str) else None,
        slug=lambda at: text(sizes[at]),
        measure=lambda at: measures[at],
        floor=0,
        top=len(sizes) - 1,
        honoured=honoured,
    )


def _of_ratio(ratio: float) -> tuple[int, int]:
    """Return a size of about `_AREA` pixels and this ratio: exactly, or the least above it."""
    most = int((_AREA / ratio) ** 0.5) // STEP
    steps = next((n for n in (most, most - 1) if (ratio * n).is_integer()), most)
    return ceil(ratio * steps) * STEP, steps * STEP


def _list_of(argument: Argument, *, is_honoured: bool) -> QuestionResult:
    rule = argument.one_of
    if rule is None:
        return SILENT
    return against_documents(rule, ", ".join(map(str, rule.values)), agrees=not is_honoured)
