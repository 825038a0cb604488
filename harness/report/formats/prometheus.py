"""`metrics.prom`: the run as Prometheus' text format, for a node exporter's textfile collector.

The format is that of https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4),
and ends with `# EOF`, so that it is OpenMetrics 1.0 as well. All are gauges, and one summary: the
file is a picture of one run, replaced whole by the next one. Labels name providers, operations and
closed sets of words; none has a request's id or an error's text.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from harness.core.exchange import Reply
from harness.core.outcome import Fault
from harness.core.record import Provenance, Record, RunHeader
from harness.core.verdict import Standing
from harness.report.formats.format import Judged, format_on_request
from harness.report.labels import STATES
from harness.report.model import Report, State
from harness.report.moments import moment
from harness.report.text import visible
from harness.stats.conformance.cost import paid_of
from harness.stats.conformance.served import served_or_late

Kind = Literal["gauge", "summary"]
Labels = Mapping[str, str]

_OPEN: tuple[State, ...] = ("undocumented", "inconclusive", "not tried")
_STATES: tuple[State, ...] = ("held", *STATES.values(), *_OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric with its samples: `(suffix of the name, labels, value)`; none stand for no metric.

    A name ends with its base unit: seconds, bytes.
    """

    name: str
    help: str
    samples: tuple[tuple[str, Labels, float], ...]
    kind: Kind = "gauge"


@format_on_request("prometheus", file="metrics.prom", rank=50)
def prometheus(judged: Judged) -> str:
    """Return the metrics of a run, each with its HELP and TYPE, with `evidence` as a label."""
    families = (*_of_run(judged.report), *_of_promises(judged.report), *_of_requests(judged))
    lines = [line for family in families if family.samples for line in _lines(family)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _of_run(report: Report) -> Iterator[Family]:
    header, labels = report.header, {"against": report.header.against}
    yield _gauge(
        "harness_build_info",
        "The version of the harness that wrote this.",
        [({"version": header.harness}, 1)],
    )
    yield _gauge(
        "harness_run_timestamp_seconds",
        "When the run ended, or began where it has no end, in seconds since 1970.",
        [(labels, _unix_s(header.finished) or _unix_s(header.created))],
    )
    yield _gauge(
        "harness_run_duration_seconds",
        "Seconds from the run's beginning to its end.",
        [(labels, _duration_s(header))],
    )
    yield _gauge(
        "harness_run_exit_code",
        "0 kept, 1 broken, 2 nothing tested, 3 our failure, 4 unreachable, 130 interrupted.",
        [(labels, report.exit.code if report.exit else None)],
    )
    yield _gauge(
        "harness_run_interrupted",
        "1 where the run ended before its plan did.",
        [(labels, int(header.interrupted))],
    )


def _of_promises(report: Report) -> Iterator[Family]:
    promises: Counter[tuple[str, str, State]] = Counter()
    for row in report.matrix.rows:
        for column, cell in zip(report.matrix.columns, row.cells, strict=True):
            if cell.state not in STATES.values():  # what is broken or in doubt counts by findings
                promises[column.provider, column.operation, cell.state] += 1
    found: Counter[tuple[str, str, Standing, str]] = Counter()
    for shown in report.all_findings:
        place = (shown.finding.provider, shown.finding.operation)
        promises[*place, STATES[shown.finding.standing]] += 1
        found[*place, shown.finding.standing, "true" if shown.known else "false"] += 1
    columns = [(column.provider, column.operation) for column in report.matrix.columns]
    yield _gauge(
        "harness_promises",
        "Promises by state; open ones are undocumented, inconclusive or not tried.",
        [
            (_place(report, *place) | {"state": state}, promises[*place, state])
            for place in columns
            for state in _STATES
        ],
    )
    yield _gauge(
        "harness_findings",
        "Broken promises by standing; those of known deviations fail no build.",
        [
            (
                _place(report, *place) | {"standing": standing, "known": known},
                found[*place, standing, known],
            )
            for place in columns
            for standing in get_args(Standing)
            for known in ("false", "true")
        ],
    )


@dataclass(slots=True)
class _Sums:
    """What came of one operation's requests."""

    outcomes: Counter[str]
    faults: Counter[str]
    images_paid: int = 0
    images: int = 0
    reply_bytes: int = 0
    amount: Decimal = Decimal(0)
    unit: str = ""

    def add(self, record: Record, judged: Judged) -> None:
        outcome = record.outcome
        self.outcomes["not sent" if outcome is None else outcome.kind] += 1
        self.unit = record.shot.price.unit
        if isinstance(outcome, Fault):
            self.faults[outcome.error_class] += 1
        self.images += len(outcome.pictures) if outcome and outcome.kind == "images" else 0
        answers = [exchange.answer for exchange in record.exchanges]
        self.reply_bytes += sum(each.size_bytes for each in answers if isinstance(each, Reply))
        paid = paid_of(judged.entries[record.shot.case.provider].provider, record)
        if paid is not None:
            self.images_paid += paid.images
            self.amount += paid.amount


def _of_requests(judged: Judged) -> Iterator[Family]:
    report = judged.report
    sums: defaultdict[tuple[str, str], _Sums] = defaultdict(lambda: _Sums(Counter(), Counter()))
    for record in judged.records:
        case = record.shot.case
        sums[case.provider, case.operation].add(record, judged)
    each = [(_place(report, *place), seen) for place, seen in sums.items()]
    yield _gauge(
        "harness_requests",
        "Requests by what came of them.",
        [
            (place | {"outcome": kind}, seen.outcomes[kind])
            for place, seen in each
            for kind in ("images", "refused", "fault", "not sent")
        ],
    )
    yield _gauge(
        "harness_faults",
        "Requests that ended in a fault, by its class; a class without one is left out.",
        [
            (place | {"error_class": kind}, number)
            for place, seen in each
            for kind, number in sorted(seen.faults.items())
        ],
    )
    yield _gauge(
        "harness_images_received",
        "Images that came.",
        [(place, seen.images) for place, seen in each],
    )
    yield _gauge(
        "harness_images_paid",
        "Images paid for, as charged or by the price list.",
        [(place, seen.images_paid) for place, seen in each],
    )
    yield _gauge(
        "harness_reply_size_bytes",
        "Bytes of all replies' bodies.",
        [(place, seen.reply_bytes) for place, seen in each],
    )
    yield _gauge(
        "harness_cost",
        "What the requests cost, in the provider's own unit.",
        [(place | {"unit": seen.unit}, float(seen.amount)) for place, seen in each],
    )
    yield _gauge(
        "harness_price_per_image",
        "Cost of an image paid for, in the provider's own unit.",
        [
            (place | {"unit": seen.unit}, float(seen.amount / seen.images_paid))
            for place, seen in each
            if seen.images_paid
        ],
    )
    yield _times(judged)


def _times(judged: Judged) -> Family:
    samples: list[tuple[str, Labels, float]] = []
    for row in served_or_late(judged.records):
        place = _place(judged.report, row.provider, row.operation)
        for quantile, estimate in (("0.5", row.median), ("0.95", row.p95)):
            if estimate.value is not None:
                samples.append(("", place | {"quantile": quantile}, estimate.value))
        samples.append(("_sum", place, math.fsum(row.served_s)))
        samples.append(("_count", place, len(row.served_s)))
    return Family(
        name="harness_time_to_images_seconds",
        help="Seconds from a valid request to its images; in the quantiles a timeout is longer than"
        " it was waited for.",
        samples=tuple(samples),
        kind="summary",
    )


def _gauge(name: str, text: str, samples: Iterable[tuple[Labels, float | None]]) -> Family:
    known = tuple(("", labels, value) for labels, value in samples if value is not None)
    return Family(name=name, help=text, samples=known)


def _place(report: Report, provider: str, operation: str) -> dict[str, str]:
    evidence = report.header.evidence.get(provider)
    return {"provider": provider, "operation": operation, "evidence": _evidence(evidence)}


def _evidence(evidence: Provenance | None) -> str:
    """Return what a figure rests on; a recording of our emulator never reads as a provider's."""
    match evidence:
        case None:
            return "none"
        case Provenance(kind="recorded", source="emulator"):
            return "emulator, recorded"
        case _:
            return evidence.kind


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for suffix, labels, value in family.samples:
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{suffix}{{{pairs}}} {_number(value)}"


def _escaped(text: str) -> str:
    """Return a label's value: backslash, quote and line feed escaped, what is hidden as numbers."""
    whole = visible(text, keep="\n").encode("utf-8", "backslashreplace").decode()
    return whole.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))


def _unix_s(date: str | None) -> float | None:
    found = moment(date)
    return found.timestamp() if found else None


def _duration_s(header: RunHeader) -> float | None:
    began, ended = _unix_s(header.created), _unix_s(header.finished)
    return None if began is None or ended is None else max(0.0, ended - began)
