"""When the figures of a series changed, as sentences.

A change is looked for in all of a series' runs, never between two neighbours:
`harness.stats.change_points` says how, and how often it is wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from harness.core.money import unit_of
from harness.history.model import ChangePoint, Figure, Mark, RunSeen, Series
from harness.stats.change_points import Step, change_points

_LEAST: dict[Figure, float] = {"median": 0.05, "p95": 0.05, "price": 0.01}
"""The least change that is told, of the level before; of shares in all."""
_LEAST_SHARE = 0.01

_NEAR = 2

_WORSE: dict[Figure, Literal["up", "down"]] = {
    "median": "up",
    "p95": "up",
    "price": "up",
    "failed": "up",
    "drawn as asked": "down",
    "signed by the maker": "down",
    "fresh": "down",
}

_WORDS: dict[Figure, str] = {
    "median": "median time",
    "p95": "p95 time",
    "price": "price of an image",
    "failed": "failed requests",
    "drawn as asked": "images drawn as asked",
    "with a manifest": "images with a manifest",
    "signed by the maker": "images signed by the maker",
    "fresh": "images signed after they were asked for",
}
"""The figures whose changes are told; promises have a way of their own."""


def changes_of(series: Series, runs: Sequence[RunSeen]) -> Iterator[ChangePoint]:
    """Yield what changed in a series, the earliest first; `runs` are all of the history."""
    if series.figure not in _WORDS:
        return
    counted = [point.n for point in series.points if point.n is not None]
    known = len(counted) == len(series.points)
    share = series.unit == "share"
    steps = change_points(
        [point.value for point in series.points],
        n=counted if known else None,
        share=share and known,
    )
    for step in steps:
        if _matters(series, step):
            run = series.points[step.at].run
            yield ChangePoint(
                provider=series.provider,
                base=series.base,
                about=series.about,
                figure=series.figure,
                unit=series.unit,
                run=run,
                before=step.before,
                after=step.after,
                runs_before=step.runs_before,
                runs_after=step.runs_after,
                p=step.p,
                worse=_worse(series.figure, step),
                sentence=_sentence(series, step, runs[run]),
            )


def beside(change: ChangePoint, marks: Sequence[Mark]) -> ChangePoint:
    """Return a change whose sentence names what else was another one from about that run on."""
    reach = _NEAR if change.p > 0 else 0  # chance moves the place of a change, but not of a mark
    told = dict.fromkeys(
        mark.text
        for mark in marks
        if (mark.provider, mark.base) == (change.provider, change.base)
        and abs(mark.run - change.run) <= reach
    )
    if not told:
        return change
    return replace(change, sentence=f"{change.sentence}; with it: {', '.join(told)}")


def _matters(series: Series, step: Step) -> bool:
    change = abs(step.after - step.before)
    if series.unit == "share":
        return change >= _LEAST_SHARE
    return change >= _LEAST.get(series.figure, 0.0) * max(abs(step.before), 1e-12)


def _worse(figure: Figure, step: Step) -> bool | None:
    way = _WORSE.get(figure)
    return None if way is None else (step.after > step.before) == (way == "up")


def _sentence(series: Series, step: Step, run: RunSeen) -> str:
    return (
        f"{subject(series.provider, series.about, series.base)}: {_WORDS[series.figure]}"
        f" {_levels(series, step)} from {run.created:%Y-%m-%d} on (run {run.run})"
    )


def subject(provider: str, about: str, base: str) -> str:
    """Return what a sentence is about: `buble edit`, and what it rests on where nobody is live."""
    resting = "" if base == "live" else f" ({base})"
    return f"{provider} {about}".rstrip() + resting


def _levels(series: Series, step: Step) -> str:
    if series.unit == "share":
        points = (step.after - step.before) * 100
        return (
            f"{step.before * 100:.1f} -> {step.after * 100:.1f} % ({points:+.1f} percentage points)"
        )
    times = f" ({step.after / step.before:.2f} times)" if step.before > 0 else ""
    before, after = (figure_text(level, series.unit) for level in (step.before, step.after))
    number, _, unit = before.partition(" ")
    same = after.partition(" ")[2] == unit
    return f"{number if same else before} -> {after}{times}"


def figure_text(value: float, unit: str) -> str:
    """Return a figure with its unit: `8.1 s`, `740 ms`, `2.5 %`, `0.053 usd`, `3 promises`."""
    match unit:
        case "share":
            return f"{value * 100:.1f} %"
        case "s":
            return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"
        case "promises":
            return f"{value:.0f}"
        case _:
            return f"{value:.3g} {unit_of(Decimal(value), unit)}"
