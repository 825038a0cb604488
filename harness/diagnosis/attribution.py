"""What each failure is put down to: a constraint, or values that only fail together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.checks.naming import blames, named_in
from harness.core.case import Stage
from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.diagnosis.combinations import (
    AssignedRecord,
    CombinationRanking,
    FailureGroup,
    describe_values,
)
from harness.diagnosis.history import ACCEPTS, CaseHistory
from harness.spec.provider import Operation
from harness.spec.rules import KINDS, Rule
from harness.spec.rules.pairs import Conditional


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    record: Record
    tokens: tuple[str, ...]


def blamed(
    refused: Sequence[Record], everything: Sequence[Record], operation: Operation
) -> dict[str, str | None]:
    """Return the constraint to blame for each refused valid case, by case id.

    None where every boundary it touches was served elsewhere: then only their combination failed.
    """
    cleared = {
        token
        for record in everything
        if isinstance(record.outcome, Images) and record.shot.case.expect == "accept"
        for token in record.shot.case.covers
    }
    waiting = [
        _Open(record=record, tokens=_suspects(record, cleared, operation)) for record in refused
    ]
    named = _named(refused, operation)
    verdict: dict[str, str | None] = {}
    while waiting:
        token = _commonest(waiting, named)
        explained = [refusal for refusal in waiting if token is None or token in refusal.tokens]
        for refusal in explained:
            verdict[refusal.record.shot.case.id] = token.partition("=")[0] if token else None
        waiting = [refusal for refusal in waiting if refusal not in explained]
    return verdict


def _suspects(record: Record, cleared: set[str], operation: Operation) -> tuple[str, ...]:
    covers = record.shot.case.covers
    outcome = record.outcome
    named = [
        token
        for token in covers
        if isinstance(outcome, Refused) and blames(outcome.error, token, operation)
    ]
    fresh = [token for token in covers if token not in cleared]
    both = [token for token in named if token in fresh]
    values = [token for token in fresh if "=" in token]  # a rule that is merely kept comes last
    return tuple(both or named[:1] or values or fresh)


def _named(refused: Sequence[Record], operation: Operation) -> dict[str, int]:
    """Count how often the words of the refusals name each parameter."""
    messages = " ".join(
        record.outcome.error.message for record in refused if isinstance(record.outcome, Refused)
    )
    return {
        name: named_in(messages, (argument.wire, name))
        for name, argument in operation.arguments.items()
    }


def _commonest(waiting: Sequence[_Open], named: dict[str, int]) -> str | None:
    """Return the suspect of most refusals; among equals the one that their words name most often.

    Of those still equal, the one that a case was made for; then a boundary says more than a rule
    that is merely kept.
    """
    count: dict[str, tuple[int, int, int, bool]] = {}
    for refusal in waiting:
        about = refusal.record.shot.case.about
        for token in refusal.tokens:
            explained, _, meant, _ = count.get(token, (0, 0, 0, False))
            made_for = token.partition("=")[0] == about
            mentions = named.get(token.partition(".")[0], 0)
            count[token] = (explained + 1, mentions, meant + made_for, "=" in token)
    return max(count, key=lambda token: count[token], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What a failing record is put down to.

    `names` are the arguments that fail alone or together, where the evidence tells; `combination`
    says them where there are several. `constraint` is only told of refusals of what is documented.
    """

    constraint: str | None = None
    combination: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


Place = tuple[str, str, str | None]
"""A case, a check, and the constraint that the check's word is about."""


def attributions(evidence: CaseHistory) -> dict[Place, Attribution]:
    """Return what every failing record is put down to."""
    by_place: dict[Place, Attribution] = {}
    for trouble in evidence.troubles():
        failing = {assigned.id: assigned for assigned in trouble.failing}
        alone = [
            assigned for assigned in _all_failing(trouble, evidence) if assigned.id not in failing
        ]
        reduced = {name: trouble.smallest(assigned) for name, assigned in failing.items()}
        by_id = {assigned.id: _together(trouble, assigned) for assigned in reduced.values()}
        by_case = {name: by_id[assigned.id] for name, assigned in reduced.items()}
        explained = _explained(failing, reduced, by_case)
        assigneds = {name: assigned for name, assigned in reduced.items() if name not in explained}
        if trouble.check == ACCEPTS:
            by_case |= _blamed(trouble, evidence, assigneds, by_case, alone)
        by_case |= {name: by_case[by] for name, by in explained.items()}
        for name, attribution in by_case.items():
            by_place[name, trouble.check, trouble.constraint] = attribution
    return by_place


def _all_failing(trouble: FailureGroup, evidence: CaseHistory) -> Iterator[AssignedRecord]:
    """Yield every record that failed, be it that a repetition passed."""
    for name, record in evidence.records.items():
        case = record.shot.case
        same_question = case.operation == trouble.operation_name and case.breaks == trouble.breaks
        if same_question and evidence.said(name, trouble.check, trouble.constraint) == "fail":
            yield evidence.seen(record, trouble.check, trouble.constraint)


def _explained(
    failing: dict[str, AssignedRecord],
    reduced: dict[str, AssignedRecord],
    together: dict[str, Attribution],
) -> dict[str, str]:
    """Return, for each record that holds values found to fail in another one, that other one."""
    explanations: dict[str, str] = {}
    proven: list[str] = []

    def surest_first(name: str) -> tuple[bool, bool, str]:
        return (not together[name].names, _stage(failing[name]) != "plan", name)

    for name in sorted(failing, key=surest_first):
        by = next(
            (
                other
                for other in proven
                if _holds(failing[name], reduced[other], together[other].names)
            ),
            None,
        )
        if by is not None:
            explanations[name] = by
        elif together[name].names:
            proven.append(name)
    return explanations


def _stage(assigned: AssignedRecord) -> Stage:
    return assigned.record.shot.case.stage


def _holds(assigned: AssignedRecord, other: AssignedRecord, names: tuple[str, ...]) -> bool:
    return all(assigned.items.get(name) == other.items.get(name) for name in names)


def _together(trouble: FailureGroup, current: AssignedRecord) -> Attribution:
    """Return the values of a smallest failing record that fail together; nothing if unproven."""
    suspicion = CombinationRanking(trouble, current)
    if not suspicion.is_smallest():
        return Attribution()
    names = suspicion.likeliest()
    several = describe_values(current.items, names) if len(names) > 1 else ()
    return Attribution(names=names, combination=several)


def _blamed(
    trouble: FailureGroup,
    evidence: CaseHistory,
    reduced: dict[str, AssignedRecord],
    together: dict[str, Attribution],
    alone: Iterable[AssignedRecord],
) -> dict[str, Attribution]:
    """Add the constraint to blame where one value fails alone, or where nothing is proven.

    What was searched without coming to an end is told with all that it holds. A failure that a
    repetition did not show has nothing to be reduced to.
    """
    open_ = {name: assigned for name, assigned in reduced.items() if not together[name].combination}
    refused = {
        assigned.id: _only_about(assigned.record, together[name].names)
        for name, assigned in open_.items()
    }
    same_operation = [
        record
        for record in evidence.records.values()
        if record.shot.case.operation == trouble.operation_name
    ]
    blame = blamed(list(refused.values()), same_operation, trouble.operation)
    searched = {
        record.shot.case.follows for record in same_operation if record.shot.case.stage == "isolate"
    }
    by_case: dict[str, Attribution] = {}
    for name, assigned in open_.items():
        names = together[name].names
        guessed = not names and name in searched
        constraint = None if guessed else _own_rule(trouble, assigned, names) or blame[assigned.id]
        by_case[name] = (
            replace(together[name], constraint=constraint)
            if constraint
            else _whole(trouble, assigned)
        )
    flaky = {
        assigned.id: Attribution(constraint=assigned.record.shot.case.about) for assigned in alone
    }
    return by_case | flaky


def _whole(trouble: FailureGroup, assigned: AssignedRecord) -> Attribution:
    """Return a failing request's own values where nothing smaller is known to fail."""
    names = CombinationRanking(trouble, assigned).names
    return Attribution(
        names=names, combination=describe_values(assigned.items, names) if len(names) > 1 else ()
    )


def _only_about(record: Record, names: tuple[str, ...]) -> Record:
    """Return a record whose boundaries are those of the value that is known to fail."""
    if not names:
        return record
    case = record.shot.case
    tokens = [token for token in case.covers if token.partition(".")[0] in names]
    alone = [token for token in tokens if not _across(token)]
    covers = tuple(alone or tokens)
    return replace(record, shot=replace(record.shot, case=replace(case, covers=covers)))


def _across(token: str) -> bool:
    """Tell whether a token speaks of another argument, too: a value that fails alone does not."""
    kind = KINDS.get(token.partition("=")[0].rpartition(".")[2], Rule)
    return issubclass(kind, Conditional)


def _own_rule(
    trouble: FailureGroup, assigned: AssignedRecord, names: tuple[str, ...]
) -> str | None:
    """Return the rule that allows a value which fails alone and lies on no boundary."""
    tokens = [
        token for token in assigned.record.shot.case.covers if token.partition(".")[0] in names
    ]
    if len(names) != 1 or any("=" in token and not _across(token) for token in tokens):
        return None
    (name,) = names
    is_long = name == "prompt" and assigned.items[name][:1].isdigit()
    first = ("max_length",) if is_long else ()
    ids = (f"{name}.{rule}" for rule in (*first, "one_of", "range", "format", "count"))
    return next(
        (rule_id for rule_id in ids if trouble.operation.constraint(rule_id) is not None), None
    )
