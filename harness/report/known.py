"""What known deviations come to, in words that every format shows."""

from collections.abc import Iterator, Sequence

from harness.core.verdict import Verdict
from harness.diagnosis.history import ACCEPTANCE
from harness.known.model import KnownDeviation, KnownShown, KnownState
from harness.report.model import Report, Shown
from harness.report.text import count

_ORDER: tuple[KnownState, ...] = ("expired", "stale", "expected", "unclear", "not tried")


def in_order(known: Sequence[KnownShown]) -> tuple[KnownShown, ...]:
    """Return known deviations as they are shown: those first that fail a build."""
    return tuple(sorted(known, key=lambda each: _ORDER.index(each.state)))


def known_sentence(report: Report) -> str:
    """Say in a sentence or two how many deviations are known, and what follows; nothing for none.

    `2 broken promises are known until 2027-01-31, and fail no build.`
    """
    return " ".join(_sentences(report))


def _sentences(report: Report) -> Iterator[str]:
    for state, follows in (
        ("expired", "has expired: it is to be fixed, or looked at again"),
        ("stale", "is stale, for its promise is kept again: take it out of the file"),
    ):
        number = sum(each.state == state for each in report.known)
        if number:
            said = follows if number == 1 else _several(follows)
            yield f"{count(number, 'known deviation')} {said}."
    if expected := [shown.known.expires for shown in report.expected if shown.known]:
        first, last = min(expected), max(expected)
        until = first if first == last else f"{first} at the earliest"
        verb = "is" if len(expected) == 1 else "are"
        fails = "fails" if len(expected) == 1 else "fail"
        promises = count(len(expected), "broken promise")
        yield f"{promises} {verb} known until {until}, and {fails} no build."
    if others := sum(each.state in ("not tried", "unclear") for each in report.known):
        yield f"Of {count(others, 'other known deviation')} this run tells nothing for certain."


def _several(words: str) -> str:
    for one, more in (
        ("has expired: it is", "have expired: they are"),
        ("is stale, for its promise is", "are stale, for their promises are"),
        ("take it", "take them"),
    ):
        words = words.replace(one, more)
    return words


def reason_text(known: KnownDeviation) -> str:
    """Return why a deviation is expected and until when, with its link; foreign text."""
    since = f"since {known.since}, " if known.since else ""
    link = f" ({known.link})" if known.link else ""
    return f"known {since}until {known.expires}: {known.reason.strip()}{link}"


def known_behind(verdict: Verdict, report: Report) -> KnownDeviation | None:
    """Return the known deviation that expects a failed verdict; None where there is none.

    A verdict that is part of no finding only repeats others: it is expected where all findings are
    that name its request.
    """
    place = (verdict.provider, verdict.operation)
    near = [
        shown
        for shown in report.all_findings
        if (shown.finding.provider, shown.finding.operation) == place
        and verdict.case in shown.finding.cases
    ]
    own = [shown for shown in near if _is_part(verdict, shown)]
    known = [shown.known for shown in own or near]
    return known[0] if known and all(known) else None


def _is_part(verdict: Verdict, shown: Shown) -> bool:
    finding = shown.finding
    same = finding.check in ACCEPTANCE or finding.constraint == verdict.constraint
    return finding.check == verdict.check and same
