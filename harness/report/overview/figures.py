"""A provider's figures as facts: of a workload, or of a conformance run's operation."""

from collections.abc import Iterator
from decimal import Decimal

from harness.core.rate import Rate, rate_of
from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import bounds_s, figure_s, load_label, name, rounded
from harness.report.model import Report, Summary
from harness.report.overview.model import Fact, Figures
from harness.report.text import count
from harness.stats.benchmark.model import Reliability, Speed
from harness.stats.conformance.latency import Latency
from harness.stats.intervals import proportion_estimate


def conformance_figures(report: Report, row: Summary) -> Figures:
    """Return the figures of a conformance run: of the operation that was served most often."""
    rows = [each for each in report.latency if each.provider == row.provider]
    timed = max(rows, key=lambda each: (each.served, each.n), default=None)
    return Figures(
        about=timed.operation if timed else "",
        time=_mixed_time(timed),
        failed=_mixed_failed(row),
        price=_mixed_price(report, row),
        time_s=timed.median if timed and timed.n else None,
        failed_share=proportion_estimate(_no_image(row), row.faults.valid) if _told(row) else None,
    )


def benchmark_figures(benchmark: Benchmarked, report: Report, provider: str) -> Iterator[Figures]:
    """Yield a provider's figures of each workload under each load, in the order of the design."""
    staged = len(benchmark.design.stages) > 1
    loads = {stage.name: load_label(stage) for stage in benchmark.design.stages}
    for row in benchmark.measured.reliability:
        if row.provider != provider:
            continue
        speed = _speed(benchmark, row)
        failed = _failed(row)
        under = f", {loads.get(row.stage, name(row.stage))}" if staged else ""
        near = " ~" if row.fit == "nearest" else ""
        yield Figures(
            about=f"{name(row.workload)}{under}{near}",
            time=_time(speed),
            failed=Fact(
                text=_percent(failed),
                small=_of(failed, round((failed.value or 0) * row.sent)),
                tone="bad" if failed.value else None,
                anchor="bench-reliability",
            ),
            price=_price(benchmark, report, row),
            time_s=speed.median if speed else None,
            failed_share=failed if failed.n else None,
            nearest=row.fit == "nearest",
        )


def _speed(benchmark: Benchmarked, row: Reliability) -> Speed | None:
    return next((each for each in benchmark.measured.speeds if _place(each) == _place(row)), None)


def _place(row: Speed | Reliability) -> tuple[str, str, str, str, bool]:
    return row.provider, row.workload, row.stage, row.fit, row.emulated


def _time(speed: Speed | None) -> Fact:
    if speed is None or not speed.n:
        return Fact(text="not timed", anchor="benchmark")
    late = f" with {count(speed.timeouts, 'timeout')}" if speed.timeouts else ""
    bounds = bounds_s(speed.median).partition(":")[0]
    return Fact(
        text=figure_s(speed.median), small=f"{bounds}, n = {speed.n}{late}", anchor="bench-pixels"
    )


def _mixed_time(row: Latency | None) -> Fact:
    """Return the median of the valid requests that were served or ran out of time."""
    if row is None:
        return Fact(text="nothing served", anchor="latency")
    if not row.n:
        return Fact(text="not timed", small=row.left_out, tone="open", anchor="latency")
    late = f" with {row.given_up}" if row.given_up else ""
    parts = (bounds_s(row.median).partition(":")[0], f"n = {row.n:,}{late}", row.operation)
    return Fact(text=figure_s(row.median), small=", ".join(filter(None, parts)), anchor="latency")


def _no_image(row: Summary) -> int:
    return row.faults.faults + row.faults.refused


def _told(row: Summary) -> bool:
    """Tell whether a valid request reached the provider with a key that it takes."""
    refused = row.faults.our_key and row.faults.our_key == row.faults.valid
    return bool(row.faults.valid and row.cost.requests and not refused)


def _mixed_failed(row: Summary) -> Fact:
    """Return the share of the valid requests that brought no image: by faults and by refusals."""
    faults, number = row.faults, _no_image(row)
    if faults.valid and not row.cost.requests:
        return Fact(text="never reached", tone="open", anchor="errors")
    if faults.valid and not _told(row):
        small = f"{faults.our_key} of {faults.valid:,}"
        return Fact(text="our key refused", small=small, tone="open", anchor="errors")
    share = proportion_estimate(number, faults.valid)
    refused = f", {faults.refused} of them refused" if faults.refused else ""
    return Fact(
        text=_percent(share),
        small=f"{_of(share, number)}{refused}",
        tone="bad" if number else None,
        anchor="errors",
    )


def _failed(row: Reliability) -> Estimate:
    """Return the share of what was sent that brought no image; timeouts and refusals included."""
    served = round((row.served.value or 0) * row.sent)
    return proportion_estimate(row.sent - served, row.sent)


def _percent(share: Estimate) -> str:
    return "-" if share.value is None else f"{share.value * 100:.3g} %"


def _of(share: Estimate, failed: int) -> str:
    if share.low is None or share.high is None:
        return "none was sent"
    bounds = f"[{share.low * 100:.1f}, {share.high * 100:.1f}]"
    return f"{bounds}, {failed} of {share.n:,}"


def _price(benchmark: Benchmarked, report: Report, row: Reliability) -> Fact:
    """Return what a usable image cost, of all loads together: spending is not kept by load."""
    spend = next(
        (
            each
            for each in benchmark.measured.spend
            if (each.provider, each.workload, each.basis) == (row.provider, row.workload, row.basis)
        ),
        None,
    )
    if spend is None or spend.per_image is None:
        return Fact(text="no usable image", anchor="bench-money" if spend else "benchmark")
    rates = benchmark.design.exchange_rates
    known = rate_of(row.provider, spend.unit, rates) or _known_rate(report, row.provider)
    most = "at most " if spend.at_most else ""
    return Fact(
        text=f"{most}{rounded(spend.per_image, spend.unit)}",
        small=_in_dollars(spend.per_image, spend.unit, known),
        anchor="bench-money",
    )


def _mixed_price(report: Report, row: Summary) -> Fact:
    """Return what a delivered image cost, whatever was asked for; what was usable is not known."""
    cost = row.cost
    if not cost.images_delivered:
        return Fact(text="no image came", anchor="cost")
    each = cost.amount / cost.images_delivered
    known = _known_rate(report, row.provider)
    small = _in_dollars(each, cost.unit, known)
    most = "at most " if cost.bounded else ""
    return Fact(
        text=f"{most}{rounded(each, cost.unit)}",
        small=", ".join(filter(None, (f"{cost.images_delivered:,} delivered", small))),
        anchor="cost",
    )


def _known_rate(report: Report, provider: str) -> Rate | None:
    return next((row.rate for row in report.price_comparison if row.provider == provider), None)


def _in_dollars(amount: Decimal, unit: str, rate: Rate | None) -> str:
    if unit.lower() == "usd":
        return ""
    if rate is None or not rate.of_unit(unit):
        return "no USD rate"
    return f"= {rounded(amount * Decimal(rate.usd), 'usd')}"
