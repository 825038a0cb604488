"""Runs as formats on request see them: the sample, runs with hostile texts, a user's provider."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from harness.core.record import Record
from harness.policy import Conclusion
from harness.report.formats.format import Judged
from harness.report.model import Exit, Report
from harness.spec.catalogue import Entry, shipped_catalogue
from tests.report import builders as b

HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=5),
        st.sampled_from(
            [*"\0\x1b\x7f\ud800\ufffe\u202e\n|`<&", "](http://x)", "]]>", "::", "@all"]
        ),
    ),
    max_size=12,
).map("".join)
MEGABYTE = "<script>]]> @all #1 " * 50_000


@cache
def entries() -> dict[str, Entry]:
    return dict(shipped_catalogue())


def judged(report: Report, records: Iterable[Record] = (), *, folder: Path | None = None) -> Judged:
    return Judged(
        report=report,
        records=tuple(records),
        entries=entries(),
        folder=folder or Path("reports/run"),
    )


def concluded(done: Conclusion) -> Judged:
    return judged(done.report)


def sample() -> Judged:
    return judged(replace(b.sample(), exit=Exit(code=1, why="2 promises broken")))


def broken(text: str, *, times: int = 1) -> Judged:
    """A run in which the provider's every word, and the run's own name, are this text."""
    served = b.record(b.case(expect="refuse", breaks="n.range"), b.images(11))
    finding = b.finding(served, expected=text, observed=text)
    combined = replace(finding, constraint=None, combination=(f"quality={text}", "n=2"), doubt=text)
    report = b.report([served], [b.verdict(served, "fail", constraint="n.range", why=text)])
    shown = b.report([served], [], [finding, combined]).findings
    return judged(
        replace(
            report,
            header=replace(report.header, run=text, created=text, finished=text, notes=(text,)),
            findings=(shown[0], shown[1], *(shown[0] for _ in range(times - 1))),
            exit=Exit(code=1, why=text),
        ),
        [served],
    )
