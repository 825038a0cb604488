"""Which finding a reader is to see first, and what of it fits a first screen."""

import json
from collections.abc import Mapping

from harness.checks.check import CHECKS
from harness.core.exchange import Part, Reply, Request
from harness.core.outcome import Fault, Images, Outcome
from harness.core.record import Record
from harness.core.verdict import Standing
from harness.report.anchors import cell_anchor
from harness.report.images import images_text
from harness.report.model import Report, Shown
from harness.report.overview.finding_ids import finding_ids
from harness.report.overview.model import Glance
from harness.report.text import pruned_json, shortened

_SURE: Mapping[Standing, int] = {"confirmed": 0, "flaky": 1, "unconfirmed": 2}

_LIES = ("charges_the_list_price", "failed_jobs_cost_nothing", "images_have_the_asked_quality")
"""Checks of what a buyer pays for and cannot see: the price, and the quality drawn."""

_SERVED_WRONGLY = "refuses_what_it_forbids"
_WRONGLY_REFUSED = "accepts_what_it_documents"

_TELLING = ("submit", "poll", "result")
"""Steps whose replies say what became of the request; follow-ups ask something else."""

_LONGEST_BODY = 420
_LONGEST_VALUE = 90
_LONGEST_TARGET = 160


def worst(report: Report) -> Shown | None:
    """Return the finding that weighs most; None where there is none.

    New ones come before known ones. Confirmed ones come before flaky ones, and those before
    suspicions. Of equally sure ones, first
    what a buyer pays for and cannot see (price, quality); then images that are not what was asked
    for; then requests that were served though the documents forbid them; then such as were refused
    though documented; then the form of replies. Of equally grave ones, the one that most cases
    show, and then the first of the report.
    """
    return min(
        report.all_findings,
        key=lambda shown: (
            shown.known is not None,
            _SURE[shown.finding.standing],
            gravity(shown.finding.check),
            -len(shown.finding.cases),
        ),
        default=None,
    )


def gravity(check: str) -> int:
    """Return how grave a broken promise of this check is: 0 is the gravest."""
    if check in _LIES:
        return 0
    if check in CHECKS and CHECKS[check].usability:
        return 1
    return {_SERVED_WRONGLY: 2, _WRONGLY_REFUSED: 3}.get(check, 4)


def glance(report: Report, shown: Shown) -> Glance:
    """Return a finding as a first screen has room for it."""
    finding, record = shown.finding, shown.finding.record
    promise = (finding.provider, finding.operation, finding.constraint or finding.check)
    detail = report.transcripts.details.get(promise)
    quotation = detail.quotations[0] if detail and detail.quotations else None
    outcome = record.outcome
    pictures = outcome.pictures if isinstance(outcome, Images) else ()
    return Glance(
        shown=shown,
        anchor=finding_ids(report)[shown.reproduction.folder],
        cell=cell_anchor(*promise) if detail else "",
        quoted=quotation.text if quotation else "",
        place=quotation.place if quotation else shown.source,
        request=request_text(record.shot.request),
        reply=reply_text(record),
        thumbnail=report.thumbnails.get(pictures[0].digest, "") if pictures else "",
    )


def request_text(request: Request) -> str:
    """Return a request in two lines: where it went, and its body cut to size."""
    line = f"{request.method} {shortened(request.target, _LONGEST_TARGET)}"
    if request.form is not None:
        fields = "  ".join(map(_field, request.form))
        return f"{line}\n{shortened(fields, _LONGEST_BODY)}"
    if request.body is None:
        return line
    body = json.dumps(pruned_json(request.body, _LONGEST_VALUE), ensure_ascii=False)
    return f"{line}\n{shortened(body, _LONGEST_BODY)}"


def reply_text(record: Record) -> str:
    """Return what came, in two lines: the last reply's status and its images, and its body."""
    replies = [
        one.answer
        for one in record.exchanges
        if one.step in _TELLING and isinstance(one.answer, Reply)
    ]
    outcome = record.outcome
    status = f"HTTP {replies[-1].status}" if replies else "no reply"
    first = ", ".join(filter(None, (status, _came(outcome))))
    document = next((each.document for each in reversed(replies) if each.document), None)
    if document is None:
        return first
    body = json.dumps(pruned_json(document, _LONGEST_VALUE), ensure_ascii=False)
    return f"{first}\n{shortened(body, _LONGEST_BODY)}"


def _came(outcome: Outcome | None) -> str:
    match outcome:
        case Images(pictures=pictures):
            return images_text(pictures, most=2)
        case Fault(error_class=error_class, why=why):
            return f"{error_class}: {shortened(why, _LONGEST_TARGET)}"
        case None:
            return ""
        case _:
            return "refused"


def _field(part: Part) -> str:
    text = part.value if part.value is not None else f"@{part.filename or 'image'}"
    return f"{part.name}={shortened(text, _LONGEST_VALUE)}"
