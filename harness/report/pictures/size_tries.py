"""What was asked in which size, and what came: one try for each request that tells of a size."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from harness.core.case import Case
from harness.core.outcome import ErrorClass, Images, Outcome, Refused
from harness.core.record import Record
from harness.spec.provider import Operation
from harness.spec.rules.lattice import Size

Kind = Literal["refused", "other", "wrongly_served", "unknown", "received", "served", "turned_away"]
"""What became of a size: `refused` though the documents allow the request; served in an `other`
size; `wrongly_served` though they forbid it; `unknown` where no answer, or no size to read, came;
`received` where no size was asked; `served` as asked; `turned_away` where they forbid it or promise
nothing. The first of them are drawn last, on top."""

KINDS: tuple[Kind, ...] = (
    *("refused", "other", "wrongly_served", "unknown", "received", "served", "turned_away"),
)
"""All kinds, what tells most first."""

NOT_ASKED = "no size"
"""The words of a request that asks for none."""

_ABOUT_THE_REQUEST: frozenset[ErrorClass] = frozenset(
    ("validation", "unknown", "not_found", "conflict", "content")
)
"""Classes of refusals that may be about a size; keys, quotas and moderation are about others."""

_TELLING: frozenset[ErrorClass] = frozenset(
    ("server", "timeout", "job_failed", "protocol", "content")
)
"""Classes of faults that a size may cause; a network or a quota never asks for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request: the size asked, missing where none was, and the one that came, where one did.

    `words` say how it was asked (`2K, 16:9`, `auto`). `promised` says that the documents allow the
    whole request, `telling` that its outcome may be about the size. `broken` is the rule on sizes
    that it breaks, if any.
    """

    case: str
    kind: Kind
    asked: Size | None
    received: Size | None
    words: str
    promised: bool
    telling: bool = True
    broken: str = ""


def tries(
    records: Iterable[Record], operation: Operation, misshapen: AbstractSet[str]
) -> Iterator[Try]:
    """Yield what the requests of one operation tell of sizes.

    A refused request that breaks a rule on something else tells nothing. `misshapen` are cases
    whose images have another aspect ratio than asked.
    """
    for record in records:
        case, outcome = record.shot.case, record.outcome
        if outcome is None or case.credential != "own" or not _about_size(case, outcome):
            continue
        asked = operation.size_px(case.arguments)
        received = sizes_of(outcome)
        yield Try(
            case=case.id,
            kind=_kind(case, asked, received, outcome, misshapen),
            asked=asked,
            received=next(
                (size for size in received if size != asked), asked if received else None
            ),
            words=_words(case, operation),
            promised=case.expect == "accept",
            telling=_telling(outcome),
            broken=case.breaks or "" if case.expect != "accept" else "",
        )


def sizes_of(outcome: Outcome | None) -> tuple[Size, ...]:
    """Return the sizes of what came, each once."""
    pictures = outcome.pictures if isinstance(outcome, Images) else ()
    sizes = [(one.width_px, one.height_px) for one in pictures if one.state == "decoded"]
    return tuple(dict.fromkeys((wide, high) for wide, high in sizes if wide and high))


def _about_size(case: Case, outcome: Outcome) -> bool:
    if case.expect == "accept":
        return True
    if any((name or "").partition(".")[0] == "size" for name in (case.about, case.breaks)):
        return True
    return case.expect == "observe" and isinstance(outcome, Images)


def _kind(
    case: Case,
    asked: Size | None,
    received: tuple[Size, ...],
    outcome: Outcome,
    misshapen: AbstractSet[str],
) -> Kind:
    if isinstance(outcome, Refused):
        about = outcome.error.error_class in _ABOUT_THE_REQUEST
        return "unknown" if not about else "refused" if case.expect == "accept" else "turned_away"
    if case.expect == "refuse" and isinstance(outcome, Images):
        return "wrongly_served"
    if not received:
        return "unknown"
    if asked is None:
        return "other" if case.id in misshapen else "received"
    return "served" if received == (asked,) else "other"


def _telling(outcome: Outcome) -> bool:
    match outcome:
        case Images():
            return bool(sizes_of(outcome))
        case Refused(error=error):
            return error.error_class in _ABOUT_THE_REQUEST
        case _:
            return outcome.error_class in _TELLING


def _words(case: Case, operation: Operation) -> str:
    """Return how a size was asked, in the words of the request; `no size` where it was not."""
    said = [
        str(value)
        for name in ("size", "resolution", "aspect_ratio")
        if name in operation.arguments
        and isinstance(value := case.arguments.get(name), str | int | float)
    ]
    return ", ".join(said) or NOT_ASKED
