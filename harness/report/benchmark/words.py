"""The figures and names of a benchmark as its readers see them."""

from collections.abc import Mapping
from decimal import Decimal

from harness.core.benchmark import Design, Slo, Stage
from harness.core.case import FitKind
from harness.core.verdict import Estimate
from harness.core.workload import Fit, Workload
from harness.report.text import count, interval_s, money_text, one_line, seconds

TOO_FEW = "too few samples"
"""How a method begins that says why a figure has no interval."""

LONGEST_NAME = 60

PHASE_WORDS: Mapping[str, str] = {
    "late": "duration: it left so much later than intended, by our own fault",
    "dns": "duration: finding the address",
    "connect": "duration: connecting",
    "tls": "duration: securing the connection",
    "upload": "duration: handing over the request and its files",
    "headers": "until the status and the headers were in",
    "first_byte": "until the body began",
    "first_partial": "until the first partial image",
    "completion": "until the reply was whole, or the job had ended",
    "webhook": "until a signed webhook told of the end",
    "download": "duration: fetching the result",
    "decode": "duration: decoding the images",
    "pixels": "until all images were decoded: time to pixels",
}
"""The parts of an attempt; what is no duration counts from the intended start."""

FIT_WORDS: Mapping[FitKind, str] = {
    "exact": "exact",
    "nearest": "nearest only",
    "unsupported": "not possible",
}


def name(text: str) -> str:
    """Return a name of the user's (a workload, a stage) on one line and short."""
    return one_line(text, LONGEST_NAME)


def vantage_word(vantage: str) -> str:
    """Return the name of a vantage point; the words for one that nobody named."""
    return one_line(vantage, 40) or "not said"


def figure_s(duration: Estimate) -> str:
    """Return a duration; `> 118 s` or `not reached` where it lies beyond what was observed."""
    if duration.value is None and duration.n:
        return "not reached" if duration.low is None else f"> {seconds(duration.low)}"
    return seconds(duration.value)


def tail_s(duration: Estimate) -> str:
    """Return a quantile in a tail, or `too few`: no figure of it would be more than a guess."""
    return "too few" if duration.method.startswith(TOO_FEW) else figure_s(duration)


def bounds_s(duration: Estimate) -> str:
    """Return a duration's interval, an open one as `> 8.7 s`, or why there is none."""
    if duration.low is not None and duration.high is not None:
        return interval_s(duration)
    if duration.low is not None:
        return f"> {seconds(duration.low)}" if duration.value is not None else "no upper bound seen"
    if duration.high is not None:
        return f"< {seconds(duration.high)}"
    few = duration.method.startswith(TOO_FEW)
    return one_line(duration.method.replace(" for an interval", ""), 90) if few else "no interval"


def span_s(duration: Estimate) -> str:
    """Return a duration with its interval for a sentence: `9.8 s, 8.7 to 11.2`."""
    value = figure_s(duration)
    if duration.low is None or duration.high is None:
        return f"{value}, {bounds_s(duration).replace('> ', 'over ')}"
    low, high = seconds(duration.low), seconds(duration.high)
    if len({text.rpartition(" ")[2] for text in (value, low, high)}) == 1:
        low, high = low.partition(" ")[0], high.partition(" ")[0]
    return f"{value}, {low} to {high}"


def quantiles_text(median: Estimate, p95: Estimate) -> str:
    """Return both quantiles with their intervals and n: `median 9.8 s [8.7, 11.2] s; n = 8`."""
    if median.method.startswith(TOO_FEW):
        return f"median {figure_s(median)}; n = {median.n:,}, too few for an interval"
    few = p95.method.startswith(TOO_FEW)
    tail = "p95: too few" if few else f"p95 {figure_s(p95)} {bounds_s(p95)}"
    return f"median {figure_s(median)} {bounds_s(median)}, {tail}; n = {median.n:,}"


def ratio(quotient: Estimate) -> str:
    """Return a ratio with its bounds, `1.62 [1.31, 2.04]`; an open bound as `> 1.31`."""
    if quotient.value is None:
        return "-"
    value = f"{quotient.value:.2f}"
    match quotient.low, quotient.high:
        case None, None:
            return value
        case float(low), None:
            return f"{value}, > {low:.2f}"
        case None, float(high):
            return f"{value}, < {high:.2f}"
        case low, high:
            return f"{value} [{low:.2f}, {high:.2f}]"


def evidence(value: float) -> str:
    """Return an e-value with about three digits, however large it has grown."""
    if value >= 1e5:  # noqa: PLR2004 - from here digits say nothing
        return f"{value:.1e}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def rounded(amount: Decimal, unit: str) -> str:
    """Return an amount that was divided, with its unit, to three digits: `4.57 credits`."""
    return money_text(Decimal(f"{amount:.3g}"), unit)


def size(value: float | None) -> str:
    """Return a number of bytes: `512 B`, `3.4 MB`."""
    if value is None:
        return "-"
    for unit, step in (("B", 1.0), ("kB", 1e3), ("MB", 1e6)):
        if value < 999.5 * step:
            return f"{value / step:.{0 if step == 1 or value >= 99.5 * step else 1}f} {unit}"
    return f"{value / 1e9:.1f} GB"


def workload_label(workload: Workload) -> str:
    """Say what a workload asks for: `generate 1024x1024, quality low, png, 1 image`."""
    lengths = [f"{length:,}" for length in workload.prompt_lengths] or ["any number of"]
    *first, last = lengths
    parts = [
        " ".join(filter(None, (workload.operation, workload.size))),
        f"quality {workload.quality}" if workload.quality else "",
        workload.output_format or "",
        count(workload.n, "image"),
        count(workload.references, "reference image") if workload.references else "",
        f"prompts of {' and '.join(filter(None, (', '.join(first), last)))} characters",
    ]
    return one_line(", ".join(filter(None, parts)), 300)


def differs(fit: Fit) -> str:
    """Say in what a provider's request differs from the workload, or why it cannot be asked."""
    return "; ".join(differing(fit))


def differing(fit: Fit) -> tuple[str, ...]:
    """Return each difference of a provider's request in words."""
    return tuple(
        one_line(row.why or f"{row.parameter}: {row.asked} asked, {row.sent} sent", 200)
        for row in fit.differences
    )


def load_label(stage: Stage) -> str:
    """Say the load of a stage: `4 at once`, `0.5 a second`."""
    if stage.rate_per_s is not None:
        return f"{stage.rate_per_s:g} a second"
    return f"{stage.concurrency or 1} at once"


def arrivals_label(design: Design) -> str:
    """Say when requests left."""
    match design.arrivals:
        case "closed":
            return "the next request leaves when one has ended"
        case "constant":
            return "requests leave by an even timetable, whatever the replies do"
        case "poisson":
            return "requests leave by a timetable drawn at random (Poisson), whatever replies do"


def ceiling(slo: Slo) -> str:
    """Return a ceiling as its user wrote it: `p95 < 60 s`."""
    return f"p{slo.quantile * 100:g} < {slo.seconds:g} s"


def planned(design: Design) -> str:
    """Say in sentences what was decided before the first request left."""
    stages = "; ".join(
        f"{load_label(stage)}, {count(stage.blocks, 'block')}" for stage in design.stages
    )
    parts = [
        f"Decided beforehand, per provider: {stages}; {arrivals_label(design)}",
        "the providers take turns in randomised blocks, in the same minutes",
    ]
    if design.warm_up:
        before = "block before them is" if design.warm_up == 1 else "blocks before them are"
        parts.append(f"{design.warm_up} {before} warm-up, and in no figure but cost")
    if design.timeout_s is not None:
        parts.append(f"a request was given up after {seconds(design.timeout_s)}")
    if design.until_decided:
        parts.append(f"what was decided at error rate {design.alpha:g} was asked no more")
    return f"{'; '.join(parts)}; seed {design.seed}."
