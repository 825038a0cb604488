"""A report to its first screen."""

import re

from harness.report.known import in_order, known_sentence
from harness.report.model import Report
from harness.report.overview.decisions import decisions
from harness.report.overview.lines import provider_lines
from harness.report.overview.model import Fact, Overview
from harness.report.overview.sentence import certainty, objective, sentence, tone
from harness.report.overview.worst import glance, worst

_COVERAGE = re.compile(r"^\S+ \S+: \d+ of \d+ rules, \d+ of \d+ values and ")
"""How a plan says what it tries; run folders keep that among the other notes of the header."""


_NO_RANKS = (
    "Not asked: a conformance run mixes what it asks for, and ranks nobody; --only benchmark"
    " compares."
)


def overview(report: Report) -> Overview:
    """Return what a report says first; equal reports, equal words."""
    first = worst(report)
    decided = decisions(report.benchmark) if report.benchmark else ()
    verdict = sentence(report, decided)
    notes = report.header.notes
    return Overview(
        sentence=f"{verdict[:1].upper()}{verdict[1:]}",
        certainty=certainty(report),
        tone=tone(report, decided),
        lines=provider_lines(report),
        tag=report.banner.title,
        worst=first,
        glance=glance(report, first) if first else None,
        decisions=decided,
        no_ranks="" if report.benchmark else _NO_RANKS,
        objective=objective(report.benchmark),
        exit=_exit(report),
        coverage=tuple(note for note in notes if _COVERAGE.match(note)),
        notes=tuple(note for note in notes if not _COVERAGE.match(note)),
        known=in_order(report.known),
        known_sentence=known_sentence(report),
    )


def _exit(report: Report) -> Fact | None:
    if report.exit is None:
        return None
    code = report.exit.code
    return Fact(
        text=f"exit code {code}",
        small=report.exit.why,
        tone="good" if code == 0 else "bad" if code == 1 else "open",
        anchor="method",
    )
