"""What came of a question that was asked again, asking by asking."""

from collections.abc import Iterable, Sequence
from typing import Literal

from harness.core.case import Asking, Case
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
