"""The first screen of a report as Markdown."""

import re
from collections.abc import Iterator

from harness.known.model import KnownDeviation
from harness.report.formats.markdown_text import code, escaped, markdown_table
from harness.report.overview.model import Decision, Fact, Glance, Overview, ProviderLine

_FACTS = ("Time to pixels, p50", "Valid requests failed", "A usable image")
_MARKS = {"good": "✓", "bad": "✗", "open": "?"}
_MOST_PAIRS = 6
_MOST_KNOWN = 10
_NO_TARGET = re.compile(r"[\s()<>\\\[\]`|\"'*_~]")
"""What would end a link's target in Markdown, or act in a table."""


def overview_blocks(seen: Overview) -> Iterator[str]:
    """Yield what the page's first screen says: verdict, providers, worst finding, ranks, CI."""
    yield f"**{_MARKS[seen.tone]} {escaped(seen.sentence, 600)}** {escaped(seen.certainty, 900)}"
    yield _known(seen)
    if seen.lines:
        yield _lines(seen.lines)
    if seen.glance:
        yield _glance(seen.glance)
    yield "\n".join(_decided(each) for each in seen.decisions)
    yield f"- **Who is fastest**: {escaped(seen.no_ranks)}" if seen.no_ranks else ""
    yield "\n".join(
        f"- **{escaped(fact.text)}** {escaped(fact.small)}".rstrip()
        for fact in (seen.objective, seen.exit)
        if fact
    )


def _known(seen: Overview) -> str:
    """Return the known deviations, those first that fail a build; empty where there are none."""
    if not seen.known:
        return ""
    lines = [
        f"- **{each.state}**: {escaped(each.sentence, 400)}<br>{_reason(each.known)}"
        for each in seen.known[:_MOST_KNOWN]
    ]
    more = len(seen.known) - len(lines)
    lines += [f"- and {more} more in `summary.json`"] if more else []
    return f"{escaped(seen.known_sentence, 600)}\n\n" + "\n".join(lines)


def _reason(known: KnownDeviation) -> str:
    """Return a reason as text, and its link as one that is followed: it is an address of a page."""
    said = f"Reason: {escaped(known.reason, 300)}"
    target = _NO_TARGET.sub(lambda found: f"%{ord(found[0]):02X}", known.link)
    return f"{said} ([{escaped(known.link, 100)}]({target}))" if known.link else said


def coverage_block(seen: Overview) -> str:
    """Return what was planned, folded; empty where no plan says it."""
    if not seen.coverage:
        return ""
    notes = "\n".join(f"- {escaped(note, 600)}" for note in seen.coverage)
    return f"<details><summary>What was planned</summary>\n\n{notes}\n\n</details>"


def _lines(lines: tuple[ProviderLine, ...]) -> str:
    several = any(len(line.figures) > 1 for line in lines)
    where = ("Workload",) if several else ()
    head = ("Provider", "Promises", *where, *_FACTS, "Drawn as asked", "Evidence")
    rows = (
        (
            f"**{escaped(line.title)}**",
            _fact(line.promises),
            *((escaped(each.about),) if several else ()),
            *map(_fact, (each.time, each.failed, each.price)),
            _fact(line.drawn),
            _fact(line.evidence),
        )
        for line in lines
        for each in line.figures
    )
    return markdown_table(head, rows)


def _fact(fact: Fact) -> str:
    small = f"<br>{escaped(fact.small, 160)}" if fact.small else ""
    mark = f"{_MARKS[fact.tone]} " if fact.tone == "bad" else ""
    return f"{mark}{escaped(fact.text, 120)}{small}"


def _glance(seen: Glance) -> str:
    finding = seen.shown.finding
    name = escaped(seen.shown.name) if finding.combination else code(seen.shown.name)
    where = f"{escaped(seen.shown.title)}, {escaped(finding.operation)}"
    quoted = f" “{escaped(seen.quoted)}”" if seen.quoted else ""
    points = (
        f"**The worst, {finding.standing}: {name}** ({where})",
        f"- **Promised:** {escaped(finding.expected)}{quoted} ({escaped(seen.place, 160)})",
        f"- **Observed:** {escaped(finding.observed)}",
        f"- **Sent:** {escaped(seen.request, 600)}",
        f"- **Came:** {escaped(seen.reply, 600)}",
    )
    return f"{points[0]}\n\n" + "\n".join(points[1:])


def _decided(decision: Decision) -> str:
    ranks = "; ".join(
        f"{place.place}. {', '.join(place.providers)}"
        + (" (not told apart)" if len(place.providers) > 1 else "")
        for place in decision.places
    )
    more = len(decision.undecided) - _MOST_PAIRS
    pairs = "; ".join(decision.undecided[:_MOST_PAIRS]) + (f" and {more} more" if more > 0 else "")
    parts = (
        decision.sentence,
        f"{ranks}." if ranks else "",
        f"Not decided: {pairs}." if ranks and pairs else "",
        f"Not ranked: {', '.join(decision.unranked)}." if decision.unranked else "",
    )
    text = " ".join(filter(None, parts))
    return f"- **{escaped(decision.workload)}**: {escaped(text, 900)}"
