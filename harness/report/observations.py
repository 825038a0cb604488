"""What came of requests on which the documents are silent or disagree."""

from collections.abc import Mapping, Sequence
from typing import Literal

from harness.core.case import Case
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.report.model import OpenQuestionResult
from harness.report.text import count, files_named, one_line, pruned_json
from harness.spec.provider import Provider

_MOST_ASKED = 160
_MOST_TEXT = 80
_MOST_FILES = 2


def observations(
    records: Sequence[Record], providers: Mapping[str, Provider]
) -> tuple[OpenQuestionResult, ...]:
    """Return one row for each case that only observed, in the order of `providers`.

    Those of discovery are not among them: they answer together, in a table of their own.
    """
    order = list(providers)
    rows = [_seen(record) for record in records if _only_looks(record.shot.case)]
    return tuple(sorted(rows, key=lambda row: order.index(row.provider)))


def _only_looks(case: Case) -> bool:
    return case.expect == "observe" and case.stage != "discover"


def _seen(record: Record) -> OpenQuestionResult:
    case = record.shot.case
    outcome, came = _came(record)
    return OpenQuestionResult(
        provider=case.provider,
        operation=case.operation,
        case=case.id,
        constraint=case.breaks or case.about,
        asked=_asked(case),
        outcome=outcome,
        came=came,
        why=case.why,
    )


def _asked(case: Case) -> str:
    """Word the value that was tried: `aspect_ratio = "16:9"`, `mask = a.png (9 bytes, 16x32)`."""
    parameter = (case.breaks or case.about or "").partition(".")[0]
    if not parameter:
        return one_line(canonical(files_named(case.arguments)), _MOST_ASKED)
    if parameter not in case.arguments:
        return f"{parameter} left out"
    return one_line(f"{parameter} = {_value(case.arguments[parameter])}", _MOST_ASKED)


def _value(value: Json) -> str:
    """Word a value: JSON, but files by name and size, and a long list by its first ones."""
    named = files_named(value)
    if named != value and isinstance(named, list):
        first = ", ".join(str(item) for item in named[:_MOST_FILES])
        more = f" and {len(named) - _MOST_FILES} more" if len(named) > _MOST_FILES else ""
        return first + more
    return str(named) if named != value else canonical(pruned_json(value, _MOST_TEXT))


def _came(record: Record) -> tuple[Literal["served", "refused", "no answer", "not sent"], str]:
    match record.outcome:
        case Images(pictures=pictures):
            kinds = dict.fromkeys(_worded(picture) for picture in pictures)
            return "served", f"{count(len(pictures), 'image')}: {', '.join(kinds)}"
        case Refused(error=error):
            said = ": ".join(part for part in (error.code, error.message) if part)
            return "refused", f"HTTP {error.status}, {error.error_class}: {said}"
        case Fault(error_class=error_class, why=why):
            return "no answer", f"{error_class}: {why}"
        case None:
            return "not sent", record.skipped or "not reached"


def _worded(picture: Picture) -> str:
    match picture.state:
        case "decoded":
            return f"{picture.format} {picture.width_px}x{picture.height_px}"
        case "undecodable":
            return f"{picture.format}, undecodable"
        case "absent":
            return "bytes not kept"
