"""How often a failure was shown, why no more often, and why its request was not made smaller."""

import re
from collections.abc import Iterable, Iterator

from harness.core.case import FIRST_STAGES
from harness.core.outcome import Images
from harness.core.record import Record
from harness.diagnosis.combinations import assignment, changes, describe_values, joined_values
from harness.diagnosis.history import CaseHistory

_NAMED = 3
_LIMITS = (
    ("--max-images", "the image limit was reached"),
    ("--max-requests", "the request limit was reached"),
    ("--budget", "the budget ended"),
)


def shown_by_smaller(
    history: CaseHistory, cases: Iterable[str], check: str, constraint: str | None
) -> int:
    """Return how many requests show a failure: the first, and smaller ones sent to look into it.

    Two that were planned independently do not confirm each other.
    """
    failing = {case for case in cases if history.status(case, check, constraint) == "fail"}
    by_root: dict[str, int] = {}
    for case in failing:
        for other in _probes(history, case):
            if history.status(other, check, constraint) == "fail":
                by_root[case] = by_root.get(case, 1) + 1
    return max(by_root.values(), default=1)


def doubt_of(history: CaseHistory, cases: Iterable[str], check: str, constraint: str | None) -> str:
    """Say why a failure was not confirmed, and which smaller requests passed."""
    questions = tuple(cases)
    passed = dict.fromkeys(
        joined_values(_beyond(history, history.records[other]))
        for case in questions
        for other in _probes(history, case)
        if history.status(other, check, constraint) == "pass"
    )
    narrowed = f"; served as documented: {', '.join([*passed][:_NAMED])}" if passed else ""
    return f"{_why_not_again(history, questions)}{narrowed}"


def _beyond(history: CaseHistory, record: Record) -> tuple[str, ...]:
    """Say in which values a request differs from the plain one."""
    case = record.shot.case
    operation = history.provider.operation(case.operation)
    items = assignment(operation, case.arguments)
    beyond = changes(assignment(operation, history.plain_arguments(case.operation)), items)
    return describe_values(items, sorted(beyond)) or ("the plain request",)


def _why_not_again(history: CaseHistory, questions: Iterable[str]) -> str:
    again = [
        record
        for question in questions
        for record in history.repetitions(question)
        if record.shot.case.stage == "confirm"
    ]
    for record in again:
        if record.skipped:
            return f"not asked again: {record.skipped}"
    if again:
        return f"asked again, and that told nothing: {history.unclear(again[0].shot.case.id)}"
    if any("budget" in why for why in _skips(history.records.values())):
        return "not asked again: the budget ended"
    return "not asked again"


def not_reduced(
    history: CaseHistory,
    cases: Iterable[str],
    record: Record,
    *,
    proven: bool,
    repeatable: bool,
) -> str:
    """Say why the smallest known request that fails was not made smaller; empty where it was."""
    if proven or _is_bare(history, record):
        return ""
    if not repeatable:
        return "nothing could be sent again"
    operation = record.shot.case.operation
    plain = history.plain(operation) or history.stand_in(operation)
    if plain is None:
        return "the plain request was not sent here"
    if not isinstance(plain.outcome, Images):
        return "the plain request was not served"
    same = [other for other in history.records.values() if other.shot.case.operation == operation]
    followed = [other for other in same if other.shot.case.stage not in FIRST_STAGES]
    for why in (*_skips(followed), *_skips(same)):
        if "budget" in why:
            return limit_of(why)
    probes = sum(len(list(_probes(history, case))) for case in cases)
    if probes:
        return f"{probes} smaller request{'s' if probes > 1 else ''} did not settle it"
    return "no smaller request was sent"


def limit_of(why: str) -> str:
    """Return which limit skipped a request, in words."""
    reached = next((words for flag, words in _LIMITS if flag in why), None)
    default = re.search(r"the default of (\d+ \w+) for (\w+)", why)
    if default:
        return f"the default limit of {default[1]} for {default[2]} was reached"
    return reached or "the budget ended"


def _is_bare(history: CaseHistory, record: Record) -> bool:
    """Tell whether a request holds nothing that it could do without."""
    case = record.shot.case
    operation = history.provider.operation(case.operation)
    plain = assignment(operation, history.plain_arguments(case.operation))
    beyond = changes(plain, assignment(operation, case.arguments))
    needed: set[str] = set()
    if case.breaks is not None and (broken := operation.constraint(case.breaks)) is not None:
        needed = {broken.parameter, getattr(broken.rule, "argument", broken.parameter)}
    return len(beyond) <= 1 or beyond <= needed


def _probes(history: CaseHistory, case: str) -> Iterator[str]:
    """Yield the smaller requests that were sent to look into a failure."""
    for record in history.records.values():
        probe = record.shot.case
        if probe.follows == case and probe.stage in ("isolate", "shrink") and probe.id != case:
            yield probe.id


def _skips(records: Iterable[Record]) -> list[str]:
    return [record.skipped for record in records if record.skipped]
