"""Plausible values of what a benchmark measured, small enough to count by hand."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from harness.core.benchmark import Benchmark, Calibration, Design, Slo, Stage, Watched
from harness.core.case import FitKind, Price
from harness.core.rate import Rate
from harness.core.verdict import Estimate
from harness.core.workload import Difference, Fit, Workload
from harness.report.benchmark.answers import Benchmarked, benchmarked
from harness.report.model import Report
from harness.stats.benchmark.model import (
    Attempt,
    AtVantage,
    Comparison,
    End,
    EndBounds,
    EndMedians,
    ErrorShare,
    Measured,
    Rank,
    Ranking,
    Relative,
    Reliability,
    Saved,
    Speed,
    Spend,
)
from harness.stats.curves import CurveStep
from tests.report import builders as b

KM = "Kaplan-Meier quantile with a binomial interval (R. Brookmeyer and J. Crowley, 1982)"
WILSON = "Wilson score interval, two-sided (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)"
FEW = "too few samples for an interval: n = {n}, {needed} needed"
E_PROCESS = "e-process over signed pairs, valid at any moment (A. Ramdas et al., 2023)"

SQUARE = Workload(name="square-draft", operation="generate", size="1024x1024", quality="low")
WIDE = Workload(
    name="wide",
    operation="generate",
    size="1536x864",
    quality="medium",
    output_format="png",
    prompt_lengths=(80, 400),
)
STAGE = Stage(name="closed-4", blocks=8, concurrency=4)

_PACE_S = {"sub2api": 9.8, "aimlapi": 14.0, "nanobanana": 14.6, "apiframe": 31.0, "buble": 22.0}
_PRICE = {"buble": "4", "sub2api": "1", "apiframe": "7", "nanobanana": "0.5", "aimlapi": "0.053"}
_UNIT = {"apiframe": "credit", "nanobanana": "credit", "buble": "credit", "sub2api": "image"}


def estimate(  # noqa: PLR0913 - a figure has this many parts
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    n: int = 8,
    unit: str = "s",
    method: str = KM,
) -> Estimate:
    return Estimate(value=value, low=low, high=high, confidence=0.95, n=n, unit=unit, method=method)


def few(value: float | None, needed: int, n: int = 8) -> Estimate:
    return estimate(value, n=n, method=FEW.format(n=n, needed=needed))


def fit(
    provider: str, workload: Workload, kind: FitKind = "exact", *differences: Difference
) -> Fit:
    price = Price(amount=Decimal(_PRICE[provider]), unit=_UNIT.get(provider, "usd"), images=1)
    return Fit(
        workload=workload.name,
        provider=provider,
        kind=kind,
        arguments={} if kind == "unsupported" else {"n": 1},
        differences=differences,
        price=None if kind == "unsupported" else price,
    )


def speed(provider: str, workload: Workload, *, emulated: bool = False, n: int = 8) -> Speed:
    pace = _PACE_S[provider]
    draw = Random(f"{provider}{workload.name}")
    ends = sorted(pace * draw.lognormvariate(0, 0.3) for _ in range(n))
    timeouts = 1 if provider == "apiframe" else 0
    steps = [
        CurveStep(at_s=at_s, waiting=1 - (at + 1) / n)
        for at, at_s in enumerate(ends[: n - timeouts])
    ]
    medians = EndMedians(after=estimate(pace * 0.9), before=estimate(pace * 0.98))
    phases = {
        "late": estimate(0.0008, 0.0005, 0.001),
        "dns": estimate(0.012, 0.01, 0.02),
        "connect": estimate(0.021, 0.018, 0.03),
        "tls": estimate(0.044, 0.04, 0.05),
        "headers": estimate(pace * 0.9, pace * 0.8, pace),
        "first_byte": estimate(pace * 0.91, pace * 0.8, pace),
        "decode": estimate(0.03, 0.02, 0.05),
        "pixels": estimate(pace, pace * 0.85, pace * 1.2),
    }
    job = provider in {"buble", "apiframe"}
    if job:
        phases |= {"completion": estimate(pace * 0.93), "download": estimate(0.4, 0.3, 0.6)}
    return Speed(
        provider=provider,
        basis="emulator" if emulated else "live, 2026-12-01, https://images.example.org",
        emulated=emulated,
        workload=workload.name,
        stage=STAGE.name,
        fit="nearest" if provider == "buble" else "exact",
        n=n,
        served=n - timeouts,
        timeouts=timeouts,
        cut_off=0,
        median=estimate(pace, pace * 0.85, pace * 1.2),
        p95=estimate(None, pace * 1.4) if timeouts else few(pace * 1.7, 59),
        p99=few(pace * 1.8, 299),
        mean=estimate(pace * 1.1, pace * 0.9, pace * 1.3, method="bootstrap (B. Efron, 1987)"),
        horizon_s=300.0 if timeouts else ends[-1],
        phases=phases,
        completion=medians if job else None,
        server={} if job else {"openai-processing-ms": estimate(pace * 0.88)},
        curve=tuple(steps),
        body_bytes=estimate(2_300_000.0, unit="bytes"),
    )


def reliability(provider: str, workload: Workload, *, emulated: bool = False) -> Reliability:
    down = provider == "apiframe"
    late = estimate(0.125, 0.02, 0.47, method=WILSON)
    return Reliability(
        provider=provider,
        basis="emulator" if emulated else "live",
        emulated=emulated,
        workload=workload.name,
        stage=STAGE.name,
        fit="nearest" if provider == "buble" else "exact",
        sent=8,
        served=estimate(0.875 if down else 1, 0.53 if down else 0.68, 1, unit="share"),
        usable=estimate(0.875, 0.53, 0.98, unit="share", method=WILSON),
        errors=(ErrorShare(error_class="timeout", count=1, share=late),) if down else (),
        within=estimate(0.875, 0.53, 0.98, unit="share", method=WILSON),
        slo="missed" if down else "open",
        goodput_per_min=3.4,
        rate_limited=2 if provider == "aimlapi" else 0,
        waited_s=12.0 if provider == "aimlapi" else 0.0,
    )


def spend(provider: str, workload: Workload, *, emulated: bool = False) -> Spend:
    each = Decimal(_PRICE[provider])
    charged = each * 9 if provider == "nanobanana" else each * 8
    return Spend(
        provider=provider,
        basis="emulator" if emulated else "live",
        emulated=emulated,
        workload=workload.name,
        fit="nearest" if provider == "buble" else "exact",
        unit=_UNIT.get(provider, "usd"),
        requests=8,
        images=8,
        usable=7,
        listed=each * 8,
        charged=None if provider == "sub2api" else charged,
        spent=charged,
        per_image=charged / 7,
        wasted=each,
        unsettled=each if provider == "apiframe" else Decimal(0),
    )


def comparison(
    first: str = "sub2api", second: str = "aimlapi", *, workload: Workload = SQUARE
) -> Comparison:
    return Comparison(
        first=first,
        second=second,
        workload=workload.name,
        pairs=8,
        ratio=estimate(1.43, 1.12, 1.9, unit="ratio", method=E_PROCESS),
        evidence=43.2,
        needed=20.0,
        word="first",
        p_fixed=0.003,
    )


def relative(provider: str = "aimlapi", *, workload: Workload = SQUARE) -> Relative:
    """A provider beside sub2api."""
    return Relative(
        provider=provider,
        reference="sub2api",
        workload=workload.name,
        emulated=False,
        pairs=8,
        time=estimate(1.43, 1.2, 1.71, unit="ratio", method="median of the blocks' ratios"),
        price=2.34,
        price_why="",
        usable=estimate(-3.1, -9.04, 1.2, unit="percentage points", method="Newcombe, 1998"),
        why="",
    )


def observation(
    provider: str = "sub2api", *, end: End = "served", late_s: float = 0.001, seconds: float = 9.8
) -> Attempt:
    return Attempt(
        provider=provider,
        basis="live",
        emulated=False,
        workload=SQUARE.name,
        fit="exact",
        stage=STAGE.name,
        block=0,
        warm_up=False,
        case=f"generate/{SQUARE.name}/0",
        due_s=0.5,
        end_s=0.5 + seconds,
        end=end,
        seconds=seconds,
        phases={"late": late_s, "pixels": seconds},
        completion=EndBounds(after_s=9.0, before_s=9.6),
        server_s={"openai-processing-ms": 9.1},
        error_class=None if end == "served" else "timeout",
        images=1,
        body_bytes=2_300_000,
        unit="image",
        listed=Decimal(1),
        charged=None,
        may_be_paid=False,
        usable=end == "served",
        rate_limited=0,
        waited_s=0.0,
    )


CALIBRATION = Calibration(
    concurrency=4,
    body_bytes=2_500_000,
    n=40,
    p50_s=0.0011,
    p99_s=0.0061,
    first_p50_s=0.0006,
    first_p99_s=0.0031,
)
WATCHED = Watched(
    seconds=240.0,
    lag_p99_s=0.0021,
    lag_max_s=0.044,
    own_cpu_share=0.12,
    cpu_share=0.41,
    memory_peak_bytes=61_000_000,
    memory_left_share=0.44,
)

NEAR = Difference(
    parameter="size",
    asked="1536x864",
    sent="1K at 16:9",
    why="1K at 16:9 in place of 1536x864: its pixels are not documented",
)
QUALITY = Difference(
    parameter="quality", asked="medium", sent=None, why="quality cannot be asked for"
)


def design(
    workloads: Sequence[Workload] = (SQUARE, WIDE), *, until_decided: bool = False
) -> Design:
    fits = []
    for workload in workloads:
        fits.append(fit("buble", workload, "nearest", NEAR, QUALITY))
        fits += [fit(name, workload) for name in ("sub2api", "apiframe", "nanobanana")]
        kind: FitKind = "unsupported" if workload is WIDE else "exact"
        why = Difference(parameter="size", asked="1536x864", sent=None, why="no 1536x864 there")
        fits.append(fit("aimlapi", workload, kind, *([why] if kind == "unsupported" else [])))
    return Design(
        seed=7,
        workloads=tuple(workloads),
        fits=tuple(fits),
        arrivals="closed",
        stages=(STAGE,),
        warm_up=1,
        slo=Slo(quantile=0.95, seconds=60.0),
        until_decided=until_decided,
    )


def ranks(*places: tuple[int, str]) -> tuple[Rank, ...]:
    return tuple(Rank(place=place, provider=provider) for place, provider in places)


def measured(made: Design, *, emulated: bool = False) -> Measured:
    asked = [
        (one.provider, workload)
        for workload in made.workloads
        for one in made.fits
        if one.workload == workload.name and one.kind != "unsupported"
    ]
    square = ranks((1, "sub2api"), (2, "aimlapi"), (2, "nanobanana"), (4, "apiframe"))
    wide = ranks((1, "sub2api"), (1, "nanobanana"), (3, "apiframe"))
    return Measured(
        observations=(observation(), observation("apiframe", end="timeout", seconds=300.0)),
        speeds=tuple(speed(*one, emulated=emulated) for one in asked),
        reliability=tuple(reliability(*one, emulated=emulated) for one in asked),
        spend=tuple(spend(*one, emulated=emulated) for one in asked),
        comparisons=(
            comparison(),
            comparison("sub2api", "nanobanana"),
            replace(comparison("aimlapi", "nanobanana"), word="open", evidence=0.7, p_fixed=None),
        ),
        rankings=(
            Ranking(
                workload=SQUARE.name, places=square, decided=True, why="sub2api beats all others"
            ),
            Ranking(workload=WIDE.name, places=wide, decided=False, why="two are not told apart"),
        ),
        saved=(
            Saved(provider="sub2api", unit="image", spent=Decimal(12), designed=Decimal(120)),
            Saved(provider="aimlapi", unit="usd", spent=Decimal(1), designed=Decimal(1)),
        )
        if made.until_decided
        else (),
    )


def benchmark(made: Design) -> Benchmark:
    return Benchmark(
        design=made,
        calibrations=(CALIBRATION,),
        watched=(WATCHED,),
        stopped={"apiframe/square-draft": "decided: not the fastest"} if made.until_decided else {},
    )


def shown(*, emulated: bool = False, until_decided: bool = False) -> Benchmarked:
    made = design(until_decided=until_decided)
    return benchmarked(benchmark(made), measured(made, emulated=emulated))


def beside(*rows: Relative) -> Benchmarked:
    """A benchmark with these rows beside its reference, and one known rate."""
    rates = {"sub2api": Rate(usd=Decimal("0.050"), source="--exchange-rate")}
    made = replace(design(until_decided=True), reference="sub2api", exchange_rates=rates)
    return benchmarked(benchmark(made), replace(measured(made), relative=rows))


def from_places(value: Benchmarked, *names: str) -> Benchmarked:
    """A benchmark whose figures are of several vantage points, all alike."""
    measured = value.measured
    places = tuple(
        AtVantage(
            vantage=name,
            attempts=sum(row.sent for row in measured.reliability),
            speeds=tuple(replace(row, vantage=name) for row in measured.speeds),
            reliability=tuple(replace(row, vantage=name) for row in measured.reliability),
            comparisons=measured.comparisons,
            rankings=measured.rankings,
        )
        for name in names or ("ap", "eu")
    )
    return benchmarked(value.benchmark, replace(measured, by_vantage=places))


def report(value: Benchmarked | None = None, *, emulated: bool = False) -> Report:
    """Compose a report of one served request, with a benchmark in it."""
    evidence = b.EMULATOR if emulated else b.LIVE
    made = b.report([b.record(b.case(), b.images(), evidence=evidence)])
    return replace(made, benchmark=value or shown(emulated=emulated))
