"""A limit: the most that is served of something that can be more and more."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.adaptive.discovery.question import (
    SILENT,
    Discovered,
    OperationHistory,
    Probe,
    ProbeRecord,
    ProbeResult,
    QuestionResult,
    delivered_sizes,
    summed_up,
    value_text,
)
from harness.core.jsonvalue import Json

_TRIES = 2
"""So many values without a clear reply end a search: more would meet the same cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """What is known of a ladder: `low` was served, `high` was not (None: nothing was refused).

    `unclear` are indices that were asked and told nothing.
    """

    low: int
    high: int | None = None
    unclear: frozenset[int] = frozenset()

    @property
    def exact(self) -> bool:
        """Tell whether the limit is `low` itself."""
        return self.high is not None and self.high == self.low + 1


def next_step(
    bracket: Bracket,
    *,
    top: int,
    hint: int | None = None,
    marks: Iterable[int] = (),
    near: Callable[[int, int], bool] = lambda _low, _high: False,
) -> int | None:
    """Return the next index to ask for, at most `top`; None where the search is over.

    `hint` is the likeliest limit: its neighbour above is asked first, for that should be refused.
    `near` tells whether a bracket is narrow enough to stop; it is not asked while a round value
    lies inside it.
    """
    if len(bracket.unclear) >= _TRIES:
        return None
    end = min([top + 1, *bracket.unclear, *([] if bracket.high is None else [bracket.high])])
    inside = range(bracket.low + 1, end)
    if not inside:
        return None
    for likely in () if hint is None else (hint + 1, hint):
        if likely in inside:
            return likely
    both_sides = {index for mark in marks for index in (mark, mark + 1)}
    round_ones = sorted(index for index in both_sides if index in inside)
    if round_ones:
        return round_ones[2 * len(round_ones) // 3]
    if bracket.high is not None and near(bracket.low, bracket.high):
        return None
    return inside[2 * len(inside) // 3]


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The largest index of a ladder whose value is served.

    `value` makes an argument of an index; `index` reads one back, None where it stands on no rung
    or where its being refused could have another reason. `measure` is what an index means in
    `unit`, which `show` formats; with `falling` it grows smaller up the ladder. `honoured` tells
    whether what was requested was delivered: a limit is also where a request is served otherwise.
    `gate` tells whether probes make sense yet; `doubt` says what else may have set the limit (then
    no rule is made of it); `documents` compares a range of figures with the documents.
    """

    parameter: str
    rule: str
    question: str
    unit: str
    value: Callable[[int], Json]
    index: Callable[[Json, ProbeResult], int | None]
    slug: Callable[[int], str] = str
    measure: Callable[[int], int] = lambda index: index
    show: Callable[[int], str] = "{:,}".format
    falling: bool = False
    floor: int
    top: int
    hint: int | None = None
    marks: Sequence[int] = field(default_factory=tuple)
    near: Callable[[int, int], bool] = lambda _low, _high: False
    honoured: Callable[[ProbeRecord], bool] = lambda _probe: True
    images: Callable[[int], int] = lambda _index: 1
    gate: Callable[[OperationHistory], bool] = lambda _history: True
    doubt: Callable[[OperationHistory, Bracket], str] = lambda _history, _bracket: ""
    documents: Callable[[int, int | None], QuestionResult] = lambda _low, _high: SILENT

    @property
    def name(self) -> str:
        """Return the id of the rule that would hold the limit."""
        return f"{self.parameter}.{self.rule}"

    def bracket(self, history: OperationHistory) -> Bracket:
        """Return what the records show; a refusal counts where no other argument differed."""
        low, highs, unclear = self.floor, [], set()
        for probe, index in self._rungs(history):
            alone = probe.differs <= {self.parameter}
            word = probe.word(*value_text(self.parameter, history.operation))
            if word == "served" and self.honoured(probe):
                low = max(low, index)
            elif index <= self.floor:
                continue  # the plain request has as much: this was refused for something else
            elif alone and word != "unclear":
                highs.append(index)
            elif alone and (probe.probe or probe.record.outcome is not None):
                unclear.add(index)
        high = min(highs, default=None)
        return Bracket(low=low, high=high, unclear=frozenset(unclear - {low}))

    def _rungs(self, history: OperationHistory) -> list[tuple[ProbeRecord, int]]:
        rungs = []
        for probe in history.seen:
            if self.parameter in probe.arguments:
                word: ProbeResult = "served" if probe.pictures else "refused"
                index = self.index(probe.arguments[self.parameter], word)
                if index is not None:
                    rungs.append((probe, index))
        return rungs

    def step(self, history: OperationHistory, room: int) -> int | None:
        """Return the next index to ask for that `room` images can pay."""
        paid = (at for at in range(self.top, 0, -1) if self.images(at) <= room)
        top = next(paid, 0) if room else 0
        return next_step(
            self.bracket(history), top=top, hint=self.hint, marks=self.marks, near=self.near
        )

    def next(self, history: OperationHistory, room: int) -> tuple[Probe, ...]:
        """Return one probe: the next depends on its reply."""
        at = self.step(history, room) if self.gate(history) else None
        if at is None:
            return ()
        return (history.changed(self.slug(at), {self.parameter: self.value(at)}, self.name),)

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return the limit, or the bracket in which it lies."""
        if not self.gate(history):
            return ()
        bracket = self.bracket(history)
        sides = {bracket.low, bracket.high}
        behind = [
            probe
            for probe, index in self._rungs(history)
            if probe.probe or index in sides or probe.differs == {self.parameter}
            if probe.differs <= {self.parameter} or index == bracket.low
            if probe.differs
        ]
        low = self.measure(bracket.low)
        high = None if bracket.high is None else self.measure(bracket.high)
        doubt = self.doubt(history, bracket)
        first, last = (high, low) if self.falling else (low, high)
        return summed_up(
            history,
            behind,
            parameter=self.parameter,
            question=self.question,
            said=self.documents(low, high),
            observed="; ".join(filter(None, (self._worded(bracket, behind), doubt))),
            low=first,
            high=last,
            rule="" if doubt else self.rule,
        )

    def _worded(self, bracket: Bracket, behind: Sequence[ProbeRecord]) -> str:
        low = f"{self._shown(bracket.low)} {self.unit}".rstrip()
        unclear = ", ".join(self._shown(index) for index in sorted(bracket.unclear))
        trouble = f"left open at {unclear}: no clear answer" if unclear else ""
        if bracket.high is None:
            ended = "the most that is asked for" if bracket.low == self.top else "no more was asked"
            return f"{low} served; {trouble or ended}"
        over = next((probe for probe in behind if self._exceeds(probe, bracket)), None)
        ended = f"{self._shown(bracket.high)} refused"
        if over is not None:
            delivered = f"{len(over.pictures)} of {delivered_sizes(over.pictures)}"
            ended = f"{self._shown(bracket.high)} served and not honoured (delivered {delivered})"
        if bracket.high <= bracket.low:
            return f"at odds: {low} served, {ended}"
        if bracket.exact:
            return f"{low} served, {ended}"
        between = f"between {self._shown(bracket.low)} and {self._shown(bracket.high)} {self.unit}"
        return "; ".join(filter(None, (f"{between.rstrip()}: {low} served, {ended}", trouble)))

    def _exceeds(self, probe: ProbeRecord, bracket: Bracket) -> bool:
        given = probe.arguments.get(self.parameter)
        return bool(probe.pictures) and self.index(given, "refused") == bracket.high

    def _shown(self, index: int) -> str:
        return self.show(self.measure(index))
