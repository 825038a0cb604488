"""The section on authenticity: whether images were drawn as asked, by whom, and for whom."""

from collections.abc import Callable, Iterable, Sequence

from harness.core.verdict import Estimate
from harness.report.authenticity.section import EvidenceSection, EvidenceTable, Point
from harness.report.text import count, interval_s, seconds
from harness.stats.authenticity.model import Authenticity, Contradiction, Count

Named = Callable[[str], str]
"""What a provider is called: one whose replies an emulator made is marked."""

NO_EVIDENCE = "no evidence"

_LEAD = (
    "Signed is stronger than arithmetic, and that than pixels; what a manifest only says is no"
    " proof. An image without a manifest is evidence of nothing, and agreement proves nothing about"
    " the way an image took."
)
_NOTHING = (
    "No evidence: no reply counts the tokens of its images, and no image holds a manifest. This"
    " says nothing about the providers."
)
_HEAD = (
    *("provider", "images", "drawn as asked, by arithmetic", "with a manifest"),
    *("signed by the maker", "fresh", "median overhead"),
)
_SHARE = "own share of it"
_MOST_CASES = 3


def authenticity_section(rows: Sequence[Authenticity], named: Named) -> EvidenceSection | None:
    """Return the section; None where no image was delivered."""
    rows = [row for row in rows if row.images or row.contradictions]
    if not rows:
        return None
    known = [row for row in rows if row.has_evidence]
    return EvidenceSection(
        id="authenticity",
        title="Authenticity",
        lead=_LEAD if known else _NOTHING,
        points=tuple(_contradictions(known, named)),
        tables=(_table(known, named),) if known else (),
        notes=tuple(_notes(rows, named)),
    )


def authenticity_lines(rows: Iterable[Authenticity], named: Named) -> tuple[str, ...]:
    """Return a line for each provider of which anything is known, its contradictions behind it."""
    lines: list[str] = []
    for row in rows:
        if row.has_evidence:
            lines.append(f"images of {named(row.provider)}: {row_sentence(row)}")
            lines += [
                f"{row.provider} {each.operation}: {contradiction_text(each)}"
                for each in row.contradictions[:_MOST_LINES]
            ]
            more = len(row.contradictions) - _MOST_LINES
            lines += [f"{row.provider}: {more} more contradictions"] if more > 0 else []
    return tuple(lines)


_MOST_LINES = 6


def row_sentence(row: Authenticity) -> str:
    """Return one provider's row in a line; what there is no evidence of is left out."""
    parts = []
    if row.drawn_as_asked.of:
        parts.append(f"drawn as asked: {of(row.drawn_as_asked)} by arithmetic")
    if row.signed.of:
        parts.append(f"signed by the maker: {of(row.signed)}")
    elif row.manifests.count:
        parts.append(f"with a manifest: {of(row.manifests)}")
    if row.fresh.of:
        parts.append(f"fresh: {of(row.fresh)}")
    if row.overhead is not None:
        parts.append(f"median overhead {duration(row.overhead)}")
    if row.share is not None:
        parts.append(f"{duration(row.share)} beside {row.reference}, its own share")
    return "; ".join(parts) or NO_EVIDENCE


def contradiction_text(each: Contradiction) -> str:
    """Return a contradiction behind the word for what it rests on: `arithmetic: drawn as low`."""
    return f"{mark(each)}: {each.sentence}"


def mark(each: Contradiction) -> str:
    """Return what a contradiction rests on, as a word or two."""
    return "only said" if each.label == "says" else each.label


def of(counted: Count) -> str:
    """Return a count with what it is of: `3 of 4`; `no evidence` where it is of nothing."""
    return f"{counted.count:,} of {counted.of:,}" if counted.of else NO_EVIDENCE


def duration(estimate: Estimate) -> str:
    """Return a median with its interval, which may lie on both sides of 0."""
    if estimate.value is None:
        return NO_EVIDENCE
    bounds = ""
    if estimate.low is not None and estimate.high is not None:
        low, high = _signed(estimate.low), _signed(estimate.high)
        plain = estimate.low >= 0 and interval_s(estimate)
        bounds = f" {plain or f'[{low}, {high}]'}"
    return f"{_signed(estimate.value)}{bounds} (n = {estimate.n})"


def _signed(value: float) -> str:
    return f"-{seconds(-value)}" if value < 0 else seconds(value)


def _table(rows: Sequence[Authenticity], named: Named) -> EvidenceTable:
    shared = any(row.share for row in rows)
    reference = next((row.reference for row in rows if row.reference), "")
    head = (*_HEAD, f"{_SHARE}, beside {reference}") if shared else _HEAD
    return EvidenceTable(
        caption="",
        head=head,
        rows=tuple(
            (*_cells(row, named), _optional(row.share)) if shared else _cells(row, named)
            for row in rows
        ),
        numbers=True,
    )


def _cells(row: Authenticity, named: Named) -> tuple[str, ...]:
    uncompared = row.manifests.count and not row.signed.of
    return (
        named(row.provider),
        f"{row.images:,}",
        of(row.drawn_as_asked),
        of(row.manifests),
        "not compared" if uncompared else of(row.signed),
        of(row.fresh),
        _optional(row.overhead),
    )


def _optional(estimate: Estimate | None) -> str:
    return "-" if estimate is None else duration(estimate)


def _contradictions(rows: Iterable[Authenticity], named: Named) -> Iterable[Point]:
    for row in rows:
        for each in row.contradictions:
            yield Point(
                mark=mark(each),
                text=f"{named(row.provider)}, {each.operation}: {each.sentence}",
                small=shown_by(each.cases),
                loud=True,
            )


def shown_by(cases: Sequence[str]) -> str:
    """Return the cases that show something, the first by their ids: `3 cases: a, b, c`."""
    if not cases:
        return ""
    more = len(cases) - _MOST_CASES
    ids = ", ".join(cases[:_MOST_CASES])
    return f"{count(len(cases), 'case')}: {ids}{f' and {more} more' if more > 0 else ''}"


def _notes(rows: Iterable[Authenticity], named: Named) -> Iterable[Point]:
    for row in rows:
        if not row.has_evidence:
            yield Point(
                mark=named(row.provider), text=f"{NO_EVIDENCE} ({count(row.images, 'image')})"
            )
        for note in row.notes:
            yield Point(mark=named(row.provider), text=note)
