"""The section `Suspicions`: weak signs, each with its n, its method and how often that is wrong."""

from collections.abc import Iterable, Sequence

from harness.report.authenticity.images import Named, shown_by
from harness.report.authenticity.section import EvidenceSection, Fold, Point
from harness.report.text import count, percent
from harness.stats.suspicions.model import Suspicion

_LEAD = (
    "Weak signs: each is a reason to look at the images, and never a verdict. How often a method is"
    " wrong was measured on native images that the harness drew itself, not on the model's."
)
_HIDDEN = "not shown by default: the method is wrong on more than 1 % of native images"
_MOST_LINES = 6
_PREFIX = "suspicion: "
"""How each sentence begins by itself."""


def suspicions_section(rows: Sequence[Suspicion], named: Named) -> EvidenceSection | None:
    """Return the section; None where nothing is suspected. What is not shown stands in a fold."""
    if not rows:
        return None
    hidden = tuple(_point(row, named) for row in rows if not row.shown)
    points = tuple(_point(row, named) for row in rows if row.shown)
    fold = Fold(summary=f"{count(len(hidden), 'suspicion')} {_HIDDEN}", points=hidden)
    return EvidenceSection(
        id="suspicions",
        title="Suspicions",
        lead=_LEAD if points else f"{_LEAD} None is shown by default.",
        points=points,
        folds=(fold,) if hidden else (),
    )


def suspicion_lines(rows: Iterable[Suspicion], named: Named) -> tuple[str, ...]:
    """Return a line for each suspicion that is shown, of each provider the first ones."""
    by_provider: dict[str, list[Suspicion]] = {}
    for row in rows:
        if row.shown:
            by_provider.setdefault(row.provider, []).append(row)
    lines: list[str] = []
    for provider, found in by_provider.items():
        lines += [
            f"suspicion: {named(provider)}: {suspicion_text(row)}" for row in found[:_MOST_LINES]
        ]
        more = len(found) - _MOST_LINES
        lines += [f"suspicion: {named(provider)}: {more} more"] if more > 0 else []
    return tuple(lines)


def suspicion_text(row: Suspicion) -> str:
    """Return a suspicion behind the word for it, with how often its method is wrong."""
    return f"{_sentence(row)} ({false_positives(row)})"


def _sentence(row: Suspicion) -> str:
    return row.sentence.removeprefix(_PREFIX)


def false_positives(row: Suspicion) -> str:
    """Return how often a method is wrong on native images, with its n."""
    estimate = row.false_positives
    if estimate.value is None:
        return "how often the method is wrong was not measured"
    return f"the method is wrong on {percent(estimate)} of n = {estimate.n:,} natives"


def _point(row: Suspicion, named: Named) -> Point:
    small = [f"method: {row.method}", false_positives(row), shown_by(row.cases)]
    who = f"{named(row.provider)}: " if row.provider else ""
    return Point(
        mark="suspicion",
        text=f"{who}{_sentence(row)}",
        small="; ".join(filter(None, small)),
    )
