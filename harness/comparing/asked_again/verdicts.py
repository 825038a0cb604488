"""What came of a question that was asked again, asking by asking."""

from collections.abc import Iterable, Sequence
from typing import Literal

from harness.comparing.model import Standing
from harness.core.case import Asking, Case
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Verdict

Shown = Literal["failed", "kept", "unclear", "not asked"]
"""What one asking showed of the promise."""

FAULTS = "fails_where_it_should_serve"
_ACCEPTANCE = ("accepts_what_it_documents", FAULTS)
"""Checks that say of a whole request that it is served: of which promise is found out later."""


def shown(asking: Asking, verdicts: Sequence[Verdict]) -> list[Shown]:
    """Return what each asking of a question showed, in their order."""
    provider = asking.cases[0].provider
    ours = [each for each in verdicts if each.provider == provider]
    return [
        of_case(case, ours, check=asking.check, constraint=asking.constraint)
        for case in asking.cases
    ]


def of_case(
    case: Case, verdicts: Iterable[Verdict], *, check: str, constraint: str | None
) -> Shown:
    """Return what the verdicts on one case say of a check's promise.

    A valid request that was not served although others are is one that failed: alone the check
    leaves it open, and the controls tell.
    """
    mine = [each for each in verdicts if (each.provider, each.case) == (case.provider, case.id)]
    if not mine or all(each.status == "skip" and each.check == "is_sent" for each in mine):
        return "not asked"
    statuses = {
        each.status
        for each in mine
        if each.check == check and (check in _ACCEPTANCE or each.constraint == constraint)
    }
    if "fail" in statuses or (check == FAULTS and "inconclusive" in statuses):
        return "failed"
    if statuses & {"inconclusive", "error"}:
        return "unclear"
    return "kept" if "pass" in statuses else "unclear"


def concluded(
    asking: Asking, records: Sequence[Record], verdicts: Sequence[Verdict]
) -> tuple[Standing, str] | str:
    """Conclude a promise: broken again while controls were served, or kept as often as asked.

    Where it was not asked for at all, and no control says that nothing was served, only why.
    """
    states = shown(asking, verdicts)
    failed, kept = states.count("failed"), states.count("kept")
    served, sent = _controls(asking.cases[0].provider, asking, records)
    why = _unsent(asking, records)
    if failed >= asking.enough:
        if sent and served < sent:
            return "suspected", (
                f"it came again in {failed} of {failed + kept}, but only {served} of {sent} "
                "controls were served: that may be an outage; it is suspected"
            )
        beside = f"{served} of {sent} controls served" if sent else "no control"
        comes = "" if not kept else ", so it is flaky"
        return "confirmed", f"it came again in {failed} of {failed + kept}{comes} ({beside})"
    if failed + kept == len(states):
        if failed:
            return "refuted", f"it came in {failed} of {len(states)}, no more often than before"
        return "refuted", f"it was kept in {kept} of {len(states)} and did not come again"
    if served == sent and all(each == "not asked" for each in states):
        return why or "nothing was sent"
    return "suspected", (
        f"{failed + kept} of {len(states)} askings were answered, which does not decide it"
        f"{f' ({why})' if why else ''}; it is suspected"
    )


def _unsent(asking: Asking, records: Sequence[Record]) -> str:
    """Say why an asking was not sent; nothing where all were."""
    places = {(case.provider, case.id) for case in (*asking.cases, *asking.controls)}
    reasons = (
        each.skipped
        for each in records
        if each.skipped and (each.shot.case.provider, each.shot.case.id) in places
    )
    return next(reasons, "")


def _controls(name: str, asking: Asking, records: Sequence[Record]) -> tuple[int, int]:
    """Return how many controls of a question were served, of how many were sent."""
    ids = {each.id for each in asking.controls}
    sent = [
        each
        for each in records
        if each.shot.case.provider == name and each.shot.case.id in ids and each.outcome is not None
    ]
    return sum(isinstance(each.outcome, Images) for each in sent), len(sent)
