"""What a reader must know of the measurement itself, each with its remedy."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.core.benchmark import Benchmark, Calibration, Watched
from harness.core.limited import Limit, limited_by
from harness.core.verdict import Estimate
from harness.report.benchmark.words import name, size, vantage_word
from harness.report.text import count, one_line, seconds
from harness.stats.benchmark.model import Attempt, Measured, Speed
from harness.stats.benchmark.vantages import reversals
from harness.stats.conformance.latency import CONFIDENCE
from harness.stats.intervals import fewest_samples

CautionKind = Literal[
    "calibration_failed",
    "overhead",
    "event_loop_lag",
    "late_starts",
    "cpu_saturated",
    "memory_short",
    "decoder_queue",
    "slow_journal",
    "slow_disk",
    "clock_stepped",
    "vantages_differ",
    "too_few_samples",
]
"""All that can be wrong with a measurement, as far as we look."""

OWN_SHARE = 0.01
"""An error of ours up to this share of a figure is lost in the figure's own interval."""

LAG_FLOOR_S = 0.010
"""Any event loop beside other work wakes up this late now and then; no image comes as fast."""

LAG_PAUSE_S = 1.0
"""One pause as long is a machine that slept or swapped, and may turn a reply into a timeout."""

LATE_FLOOR_S = 0.050
"""A departure this late shifts no image's time by a visible amount."""

LATE_SHARE = 0.01
"""Up to one late start in a hundred moves no quantile that a benchmark can afford to measure."""

CPU_SHARE = 0.95
"""Above it some process waits for a core, and it may be ours."""

OWN_CPU_SHARE = 0.9
"""One event loop is one core: where it takes nearly all of it, replies queue up within us."""

MEMORY_LEFT_SHARE = 0.05
"""Below it systems begin to swap or to kill, and either stops the clocks of all requests."""

CLOCK_STEP_S = 0.128
"""What ntpd corrects by leaps (its step threshold): less than that it slews away unseen."""


_LESS = "Lower the load (--concurrency, --rate)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something that makes figures of a benchmark doubtful, and what to do against it."""

    kind: CautionKind
    text: str
    remedy: str


def cautions(benchmark: Benchmark, measured: Measured) -> tuple[Caution, ...]:
    """Return what was wrong with the measurement, gravest first; nothing where all was well."""
    return (
        *_calibration_failed(benchmark.calibrations),
        *_overhead(benchmark, measured),
        *_lag(benchmark.watched, measured),
        *_late(measured.observations),
        *_cpu(benchmark.watched),
        *_memory(benchmark.watched),
        *_own_limits(benchmark.watched),
        *_clock(benchmark.watched),
        *_vantages(measured),
        *_too_few(measured.speeds),
    )


def _calibration_failed(calibrations: Sequence[Calibration]) -> Iterator[Caution]:
    failed = [row for row in calibrations if row.failed or row.p50_s is None]
    if calibrations and not failed:
        return
    text = "The harness's own error was not measured in this run"
    if failed:
        why = one_line(failed[0].failed or "no reply was timed", 160)
        text = f"{count(len(failed), 'calibration')} of {len(calibrations)} failed: {why}"
    yield Caution(
        kind="calibration_failed",
        text=f"{text}; how far the figures below are our own is not known.",
        remedy="Allow connections to this machine itself (127.0.0.1) and run it again.",
    )


def _overhead(benchmark: Benchmark, measured: Measured) -> Iterator[Caution]:
    worst: tuple[float, str] = (OWN_SHARE, "")
    for speed in measured.speeds:
        calibration = nearest_workloads(benchmark, speed)
        for share, text in _shares(speed, calibration) if calibration else ():
            worst = max(worst, (share, text))
    if worst[1]:
        yield Caution(
            kind="overhead",
            text=f"Our own error is {worst[0] * 100:.1f} % of a measured figure: {worst[1]}.",
            remedy=f"{_LESS}, or measure from a machine with idle cores.",
        )


def _shares(speed: Speed, calibration: Calibration) -> Iterator[tuple[float, str]]:
    """Compare our median error with the median, and our worst percent with the upper quantiles."""
    pairs: tuple[tuple[str, float | None, Estimate], ...] = (
        ("p50", calibration.p50_s, speed.median),
        ("p99", calibration.p99_s, speed.p95),
        ("p99", calibration.p99_s, speed.p99),
    )
    for kind, error, estimate in pairs:
        figure = estimate.value if estimate.value is not None else estimate.low
        if error is not None and figure:
            where = f"{speed.provider}, {name(speed.workload)}"
            yield error / figure, f"{seconds(error)} ({kind}) of {seconds(figure)} ({where})"


def nearest_workloads(benchmark: Benchmark, speed: Speed) -> Calibration | None:
    """Return the calibration that is most like a row: in requests at once and in body size."""
    loads = {stage.name: stage.concurrency for stage in benchmark.design.stages}
    at_once = loads.get(speed.stage)
    body = speed.body_bytes.value

    def apart(calibration: Calibration) -> float:
        bodies = abs(math.log(max(calibration.body_bytes, 1) / max(body, 1.0))) if body else 0.0
        return bodies + (abs(math.log(calibration.concurrency / at_once)) if at_once else 0.0)

    calibrations = [row for row in benchmark.calibrations if row.p50_s is not None]
    return min(calibrations, key=apart, default=None)


def _lag(watched: Sequence[Watched], measured: Measured) -> Iterator[Caution]:
    medians = [speed.median.value for speed in measured.speeds if speed.median.value]
    limit = max(LAG_FLOOR_S, OWN_SHARE * min(medians, default=0.0))
    p99 = max((run.lag_p99_s for run in watched), default=0.0)
    most = max((run.lag_max_s for run in watched), default=0.0)
    if p99 > limit or most > LAG_PAUSE_S:
        yield Caution(
            kind="event_loop_lag",
            text=f"Our event loop woke up late: {seconds(p99)} (p99), {seconds(most)} at most; by"
            " as much replies may be stamped late.",
            remedy=f"{_LESS}, stop other work on this machine, and keep it awake.",
        )


def _late(observations: Iterable[Attempt]) -> Iterator[Caution]:
    counted = late = 0
    most_s = 0.0
    for row in observations:
        if row.warm_up or "late" not in row.phases:
            continue
        counted += 1
        late_s = row.phases["late"]
        if late_s > max(LATE_FLOOR_S, OWN_SHARE * row.seconds):
            late, most_s = late + 1, max(most_s, late_s)
    if late > LATE_SHARE * counted:
        yield Caution(
            kind="late_starts",
            text=f"{late} of {counted} requests left later than intended, by up to"
            f" {seconds(most_s)}; that time is in the figures, and it is ours.",
            remedy=f"{_LESS}, or measure from a machine with idle cores.",
        )


def _cpu(watched: Sequence[Watched]) -> Iterator[Caution]:
    whole = max((run.cpu_share for run in watched if run.cpu_share is not None), default=0.0)
    harness = max((run.own_cpu_share for run in watched), default=0.0)
    if whole > CPU_SHARE or harness > OWN_CPU_SHARE:
        text = (
            f"The processors were busy to {whole * 100:.0f} % in the busiest second"
            if whole > CPU_SHARE
            else f"The harness took {harness * 100:.0f} % of one core over the run"
        )
        yield Caution(
            kind="cpu_saturated",
            text=f"{text}; replies may have waited for us.",
            remedy=f"{_LESS}, stop other work on this machine, or use more cores.",
        )


def _memory(watched: Sequence[Watched]) -> Iterator[Caution]:
    free = [run.memory_left_share for run in watched if run.memory_left_share is not None]
    if free and min(free) < MEMORY_LEFT_SHARE:
        peaks = [run.memory_peak_bytes for run in watched if run.memory_peak_bytes is not None]
        ours = f", {size(max(peaks))} of it ours" if peaks else ""
        yield Caution(
            kind="memory_short",
            text=f"Only {min(free) * 100:.1f} % of memory was left{ours}.",
            remedy=f"{_LESS}, or close what else holds memory.",
        )


def _own_limits(watched: Sequence[Watched]) -> Iterator[Caution]:
    """Yield what held requests back on our machine, each once, of the part where it did so most."""
    worst: dict[CautionKind, Limit] = {}
    for run in sorted(watched, key=lambda run: -run.seconds):
        for limit in () if run.waits is None else limited_by(run.waits):
            worst.setdefault(limit.kind, limit)
    for kind, limit in worst.items():
        sentence = f"This machine was the limit: {limit.text}"
        yield Caution(kind=kind, text=sentence, remedy=limit.remedy)


def _clock(watched: Sequence[Watched]) -> Iterator[Caution]:
    most = max((run.clock_step_s for run in watched), key=abs, default=0.0)
    if abs(most) > CLOCK_STEP_S:
        yield Caution(
            kind="clock_stepped",
            text=f"The wall clock was moved by {seconds(abs(most))} during the run. Our durations"
            " are of another clock and hold; dates, and what is compared with a provider's own"
            " clock, do not.",
            remedy="Let the clock settle (NTP) before a run.",
        )


def _vantages(measured: Measured) -> Iterator[Caution]:
    """Say where all vantage points together hide that another provider is faster elsewhere."""
    found = reversals(measured.by_vantage)
    if found:
        some = "; ".join(
            f"{name(row.workload)}: {one_line(row.faster, 40)} is faster than"
            f" {one_line(row.slower, 40)} from {vantage_word(row.here)}, and slower from"
            f" {vantage_word(row.there)}"
            for row in found[:3]
        )
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""  # noqa: PLR2004 - shown
        yield Caution(
            kind="vantages_differ",
            text=f"The vantage points differ: {some}{more}. Figures and ranks of all together hide"
            " that.",
            remedy="Read the figures by vantage point, of the one that your customers are near.",
        )


def _too_few(speeds: Sequence[Speed]) -> Iterator[Caution]:
    bare = {
        "median": sum(_unbounded(speed.median) for speed in speeds),
        "p95": sum(_unbounded(speed.p95) for speed in speeds),
        "p99": sum(_unbounded(speed.p99) for speed in speeds),
    }
    unbounded = [f"the {quantile} in {rows}" for quantile, rows in bare.items() if rows]
    if unbounded:
        least, most = min(speed.n for speed in speeds), max(speed.n for speed in speeds)
        n = f"{least}" if least == most else f"{least} to {most}"
        yield Caution(
            kind="too_few_samples",
            text=f"Too few samples: of {count(len(speeds), 'row')} below, {', '.join(unbounded)} of"
            f" them without an interval (n = {n}; a median needs {_needed(0.5)}, a p95"
            f" {_needed(0.95)}, a p99 {_needed(0.99)}).",
            remedy="Ask for more (--blocks), or read only the figures that have an interval.",
        )


def _needed(quantile: float) -> int:
    return fewest_samples(quantile, confidence=CONFIDENCE)


def _unbounded(estimate: Estimate) -> bool:
    return estimate.low is None and estimate.high is None
