"""Reports to look at: of recordings that were played, one with a provider that breaks promises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import api
from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.core.verdict import Finding
from harness.planning.options import Options, Output, Planning, Target
from harness.report.compose import compose
from harness.report.formats.write import write_report
from harness.run_result import RunResult
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

SHOP = "sub2api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The page of each report."""

    conformance: Path
    benchmark: Path
    wide: Path

    def __getitem__(self, name: str) -> Path:
        return {
            "conformance": self.conformance,
            "benchmark": self.benchmark,
            "wide": self.wide,
        }[name]


def played(folder: Path, *names: str, only: str = "conformance") -> RunResult:
    """Play the recordings of these providers."""
    planning = Planning(only="benchmark") if only == "benchmark" else Planning()
    return api.run(
        Options(target=Target(providers=names), planning=planning, output=Output(out=folder))
    )


def conformance(folder: Path, result: RunResult) -> Path:
    """Write a report in which sub2api serves sizes and counts that it documents as refused.

    The replies are recorded ones: each forbidden request has that of an allowed one.
    """
    records, broken = faulty(result.records)
    wrong = {record.shot.case.id for record in broken}
    verdicts = [each for each in result.report.verdicts if each.case not in wrong]
    verdicts += [
        b.verdict(
            record,
            "fail",
            check="refuses_what_it_forbids",
            constraint=record.shot.case.breaks,
            why="served what it must refuse",
        )
        for record in broken
    ]
    report = compose(
        result.header,
        records,
        verdicts,
        [*_findings(broken)],
        {SHOP: shipped_provider(SHOP)},
        inspections=result.inspections,
    )
    write_report(folder, report)
    return folder / "index.html"


def benchmark(folder: Path) -> Path:
    """Write a report of a small benchmark of two providers, as it was recorded."""
    played(folder, SHOP, "apiframe", only="benchmark")
    return folder / "index.html"


def wide(folder: Path) -> Path:
    """Write a report with all promises of every operation of every provider."""
    records, verdicts = [], []
    for name in NAMES:
        for kind, operation in shipped_provider(name).operations.items():
            promises = tuple(rule.id for rule in operation.constraints)
            asked = b.case(name=name, operation=kind, id=f"{kind}/base", covers=promises)
            records.append(b.record(asked, b.images(), evidence=b.REPLAY))
            verdicts.append(b.verdict(records[-1]))
    write_report(folder, b.report(records, verdicts, names=NAMES))
    return folder / "index.html"


def faulty(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Return the records with the first forbidden size and count of images served, and those."""
    served = next(each for each in records if isinstance(each.outcome, Images))
    rules: Mapping[str, str | None] = dict.fromkeys(("n.range", "size.max_edge", "size.max_ratio"))
    changed, broken, seen = [], [], set()
    for record in records:
        rule = record.shot.case.breaks
        if isinstance(record.outcome, Refused) and rule in rules and rule not in seen:
            seen.add(rule)
            answers = [
                replace(theirs, request=own.request)
                for own, theirs in zip(record.exchanges, served.exchanges, strict=False)
            ]
            record = replace(record, outcome=served.outcome, exchanges=tuple(answers))  # noqa: PLW2901 - the same, served
            broken.append(record)
        changed.append(record)
    return changed, broken


def _findings(broken: Sequence[Record]) -> Iterator[Finding]:
    for at, record in enumerate(broken):
        found = b.finding(
            record,
            constraint=record.shot.case.breaks,
            expected=f"a refusal: the request breaks {record.shot.case.breaks}",
            observed="HTTP 200 with 1 image: png 1024x1024",
        )
        # The last one was kept when it was asked again.
        yield (
            replace(found, failed=1, tried=2, standing="flaky") if at == len(broken) - 1 else found
        )
