"""What a history comes to: a sentence, and each provider's last figures with their trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.history.change_points import figure_text
from harness.history.model import Base, ChangePoint, Figure, History, PromiseChange, Series
from harness.report.text import count

HEADS: tuple[tuple[str, Figure], ...] = (
    ("time, p50", "median"),
    ("failed", "failed"),
    ("an image", "price"),
    ("drawn as asked", "drawn as asked"),
)
"""The columns of the last figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A figure's last value and how its level moved; `worse` is None where neither way is.

    `about` is what it is of: of several operations the one that changed last, or the one that most
    runs have.
    """

    about: str
    value: str
    moved: str
    worse: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """One provider's last figures on one base, in the order of HEADS; None where it has none.

    `runs` is how many there are, `run` the place of the last one in the history.
    """

    provider: str
    base: Base
    runs: int
    run: int
    day: str
    held: int | None
    broken: int | None
    figures: tuple[Trend | None, ...]


def last_figures(history: History) -> tuple[Last, ...]:
    """Return a row for each provider and base, in the order of the series."""
    return tuple(
        _last(history, [*series])
        for _, series in groupby(history.series, key=lambda each: (each.provider, each.base))
    )


def _last(history: History, series: Sequence[Series]) -> Last:
    runs = {point.run for each in series for point in each.points}
    by_figure: dict[Figure, Series] = {}
    for each in series:  # of the runs for conformance, where there are any
        if each.unit == "promises":
            by_figure.setdefault(each.figure, each)
    counts = [
        int(by_figure[name].points[-1].value) if name in by_figure else None
        for name in ("held", "broken")
    ]
    return Last(
        provider=series[0].provider,
        base=series[0].base,
        runs=len(runs),
        run=max(runs),
        day=f"{history.runs[max(runs)].created:%Y-%m-%d}",
        held=counts[0],
        broken=counts[1],
        figures=tuple(
            _trend(history, [each for each in series if each.figure == figure])
            for _, figure in HEADS
        ),
    )


def _trend(history: History, series: Sequence[Series]) -> Trend | None:
    if not series:
        return None
    moved = {
        at: change
        for at, each in enumerate(series)
        if (change := last_change(history, each)) is not None
    }
    at = max(
        range(len(series)),
        key=lambda at: (moved[at].run if at in moved else -1, len(series[at].points), -at),
    )
    chosen, change = series[at], moved.get(at)
    return Trend(
        about=chosen.about,
        value=figure_text(chosen.points[-1].value, chosen.unit),
        moved=_moved(change, history) if change else "",
        worse=change.worse if change else None,
    )


def last_change(history: History, series: Series) -> ChangePoint | None:
    """Return the latest change of a series."""
    return next(iter(reversed(changes_in(history, series))), None)


def changes_in(history: History, series: Series) -> list[ChangePoint]:
    """Return the changes of one series, the earliest first."""
    return [
        change
        for change in history.changes
        if (change.provider, change.base, change.about, change.figure, change.unit)
        == (series.provider, series.base, series.about, series.figure, series.unit)
    ]


def _moved(change: ChangePoint, history: History) -> str:
    day = f"{history.runs[change.run].created:%Y-%m-%d}"
    if change.unit == "share":
        return f"{(change.after - change.before) * 100:+.1f} pp since {day}"
    if change.before > 0:
        return f"{change.after / change.before:.2f} times since {day}"
    return f"since {day}"


def all_changes(history: History) -> list[ChangePoint | PromiseChange]:
    """Return everything that changed, the latest first."""
    changes: list[ChangePoint | PromiseChange] = [*history.promises, *history.changes]
    return sorted(changes, key=lambda change: -change.run)


def is_worse(change: ChangePoint | PromiseChange) -> bool | None:
    """Tell whether a change is one for the worse; None where neither direction is."""
    return not change.kept if isinstance(change, PromiseChange) else change.worse


def sentence_of(history: History) -> str:
    """Say in a sentence what changed over the whole, the last of it in its own words."""
    changes = all_changes(history)
    first, last = (f"{history.runs[at].created:%Y-%m-%d}" for at in (0, -1))
    providers = len({each.provider for each in history.series})
    whole = f"{count(len(history.runs), 'run')} of {count(providers, 'provider')}"
    when = f"from {first} to {last}" if first != last else f"on {first}"
    if not changes:
        return f"No change found in {whole} {when}."
    ways = [is_worse(change) for change in changes]
    told = [
        f"{ways.count(way)} {words}"
        for way, words in ((True, "for the worse"), (False, "for the better"), (None, "otherwise"))
        if way in ways
    ]
    if len(told) == 1:
        told = [told[0].replace(f"{len(ways)} ", "all " if len(ways) > 1 else "", 1)]
    return f"{count(len(changes), 'change')} in {whole} {when}: {', '.join(told)}."
