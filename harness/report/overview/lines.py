"""One row of the first screen for each provider."""

from harness.report.labels import short_provenance
from harness.report.model import Report, Shown, Summary
from harness.report.overview.figures import benchmark_figures, conformance_figures
from harness.report.overview.finding_ids import finding_ids
from harness.report.overview.model import Fact, Figures, ProviderLine, Tone
from harness.report.text import count
from harness.stats.authenticity.model import Authenticity

MOST_ROWS = 14
"""Rows of all providers together for which a first screen has room."""

MOST_FIGURES = 4
"""Rows of one provider beyond which nobody reads on."""


def provider_lines(report: Report) -> tuple[ProviderLine, ...]:
    """Return a row for each provider of the report, in its order."""
    ids = finding_ids(report)
    most = min(MOST_FIGURES, max(1, MOST_ROWS // max(1, len(report.providers))))
    return tuple(_line(report, row, ids, most=most) for row in report.providers)


def _line(report: Report, row: Summary, ids: dict[str, str], *, most: int) -> ProviderLine:
    figures = _figures(report, row)
    return ProviderLine(
        provider=row.provider,
        title=row.title,
        standing=row.standing,
        emulated=row.evidence is not None and not row.about_provider,
        promises=_promises(report, row, ids),
        figures=figures[:most],
        drawn=_drawn(report, row.provider),
        evidence=_evidence(row),
        more=max(0, len(figures) - most),
    )


def _figures(report: Report, row: Summary) -> tuple[Figures, ...]:
    if report.benchmark is None:
        return (conformance_figures(report, row),)
    measured = tuple(benchmark_figures(report.benchmark, report, row.provider))
    if measured:
        return measured
    nothing = Fact(text="not measured", anchor="benchmark")
    return (Figures(about="", time=nothing, failed=nothing, price=nothing),)


def _promises(report: Report, row: Summary, ids: dict[str, str]) -> Fact:
    tone: Tone
    broken = sum(shown.finding.provider == row.provider for shown in report.broken)
    doubted = [shown for shown in report.doubted if shown.finding.provider == row.provider]
    flaky = sum(shown.finding.standing == "flaky" for shown in doubted)
    if broken:
        text, tone = f"{broken} broken", "bad"
    elif doubted:
        text, tone = f"{len(doubted)} in doubt", "open"
    elif row.known:
        text, tone = f"{row.known} known", "open"
    elif row.held:
        text, tone = f"all {row.held} held" if row.held > 1 else "1 held", "good"
    else:
        text, tone = "not judged" if row.cases else "not tested", "open"
    counts = (
        (row.held if row.broken or row.flaky or row.unconfirmed else 0, "held"),
        (row.known if broken or doubted else 0, "known"),
        (flaky, "flaky"),
        (len(doubted) - flaky, "suspected"),
        (row.inconclusive, "inconclusive"),
        (row.not_tried, "not tried"),
    )
    small = ", ".join(f"{number} {word}" for number, word in counts if number)
    first = _first_finding(report, row.provider)
    anchor = ids[first.reproduction.folder] if first else "promises"
    return Fact(text=text, small=small, tone=tone, anchor=anchor)


def _first_finding(report: Report, provider: str) -> Shown | None:
    return next((row for row in report.all_findings if row.finding.provider == provider), None)


def _drawn(report: Report, provider: str) -> Fact:
    row = next((each for each in report.authenticity if each.provider == provider), None)
    if row is None or not (row.images or row.contradictions):
        return Fact(text="no image came")
    return _authenticity(row)


def _authenticity(row: Authenticity) -> Fact:
    drawn, against = row.drawn_as_asked, row.contradictions
    contradicted = count(len(against), "contradiction") if against else ""
    if not drawn.of:
        return Fact(
            text=contradicted or "no evidence",
            tone="bad" if against else None,
            anchor="authenticity",
        )
    return Fact(
        text=f"{drawn.count} of {drawn.of}",
        small=contradicted or "by arithmetic",
        tone="bad" if against or drawn.count < drawn.of else "good",
        anchor="authenticity",
    )


def _evidence(row: Summary) -> Fact:
    if row.evidence is None:
        return Fact(text="none", tone="open", anchor="provenance")
    day = row.evidence.date[:10]
    text, _, said = short_provenance(row.evidence).partition(" ")
    small = "not the provider" if not row.about_provider else day
    kind = f"{text} {said[:10]}".strip() if row.about_provider else short_provenance(row.evidence)
    return Fact(
        text=kind.removesuffix(f" {day}"),
        small=small,
        tone=None if row.about_provider else "open",
        anchor="provenance",
    )
