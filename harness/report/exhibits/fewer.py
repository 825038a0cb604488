"""Fewer transcripts, where the rest of a page is large."""

from collections.abc import Iterator
from dataclasses import replace

from harness.report.exhibits.exhibits import DETAILS_ROOM_BYTES, ROOM_BYTES, room_of, room_of_detail
from harness.report.tally import Place
from harness.report.transcripts.model import CellDetail, Transcript, Transcripts


def fewer(chosen: Transcripts, share: float) -> Transcripts:
    """Return the first transcripts and details that fit into this share of the room for them."""
    by_case = dict(_first(chosen, ROOM_BYTES * share))
    details = dict(_shorter(chosen, DETAILS_ROOM_BYTES * share, by_case))
    return replace(
        chosen,
        by_case=by_case,
        details=details,
        left_out=sum(bool(each.such_as) for each in details.values()),
    )


def _first(chosen: Transcripts, room: float) -> Iterator[tuple[Place, Transcript]]:
    for place, made in chosen.by_case.items():
        room -= room_of(made)
        if room < 0:
            return
        yield place, made


def _shorter(
    chosen: Transcripts, room: float, shown: dict[Place, Transcript]
) -> Iterator[tuple[Place, CellDetail]]:
    for place, detail in chosen.details.items():
        room -= room_of_detail(detail)
        if room < 0:
            return
        cases = tuple(case for case in detail.cases if (*place[:2], case) in shown)
        lost = len(detail.cases) - len(cases)
        such_as = detail.cases[0] if lost and not cases else detail.such_as
        yield place, replace(detail, cases=cases, more=detail.more + lost, such_as=such_as)
