"""What each failure is put down to: a constraint, or values that only fail together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.checks.naming import blames, named_in
from harness.core.case import FIRST_STAGES
from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.diagnosis.combinations import (
    AssignedRecord,
    CombinationRanking,
    FailureGroup,
    changes,
    describe_values,
    number_of_images,
)
from harness.diagnosis.faults import shown_by_rows
from harness.diagnosis.history import ACCEPTANCE, FAILS, CaseHistory
from harness.spec.provider import Operation
from harness.spec.rules import KINDS, Rule
from harness.spec.rules.pairs import Conditional


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
    suspects = {
        record.shot.case.id: (record.shot.case.about, _suspects(record, cleared, operation))
        for record in refused
    }
    named = _named(refused, operation)
    blame: dict[str, str | None] = {}
    while suspects:
        token = _commonest(suspects.values(), named)
        for case in [case for case, (_, tokens) in suspects.items() if token in (None, *tokens)]:
            blame[case] = token.partition("=")[0] if token else None
            del suspects[case]
    return blame


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
    """Count how often the messages of the refusals name each parameter."""
    messages = " ".join(
        record.outcome.error.message for record in refused if isinstance(record.outcome, Refused)
    )
    return {
        name: named_in(messages, (*argument.places, name))
        for name, argument in operation.arguments.items()
    }


def _commonest(
    suspects: Iterable[tuple[str | None, tuple[str, ...]]], named: dict[str, int]
) -> str | None:
    """Return the suspect of most refusals; among equals the one that their messages name most.

    Of those still equal, the one that a case was made for; then a boundary before a rule that is
    merely satisfied.
    """
    count: dict[str, tuple[int, int, int, bool]] = {}
    for about, tokens in suspects:
        for token in tokens:
            explained, _, meant, _ = count.get(token, (0, 0, 0, False))
            made_for = token.partition("=")[0] == about
            mentions = named.get(token.partition(".")[0], 0)
            count[token] = (explained + 1, mentions, meant + made_for, "=" in token)
    return max(count, key=lambda token: count[token], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What a failing record is attributed to.

    `names` are the arguments that fail alone or together, where that is proven; `combination`
    describes them where there are several. `proven` says that no smaller request fails. Only valid
    requests that were not served have a `constraint`. `smallest` is the case that holds least and
    fails, where it does so each time.
    """

    constraint: str | None = None
    combination: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    proven: bool = False
    smallest: str = ""


Place = tuple[str, str, str | None]
"""A case, a check, and the constraint that the check's result is about."""


def attributions(history: CaseHistory) -> dict[Place, Attribution]:
    """Return what every failing record is attributed to."""
    by_place: dict[Place, Attribution] = {}
    groups: list[FailureGroup] = []
    for group in history.failure_groups():
        failing = {assigned.id: assigned for assigned in group.failing}
        flaky = [
            record for record in _failing(group, history) if record.shot.case.id not in failing
        ]
        if flaky and group.check not in ACCEPTANCE and group.breaks is None:
            continue  # what comes and goes by itself says nothing of the values beside it
        reduced = {name: group.smallest(assigned) for name, assigned in failing.items()}
        by_id = {assigned.id: _together(group, assigned) for assigned in reduced.values()}
        by_case = {name: by_id[assigned.id] for name, assigned in reduced.items()}
        explained = _explained(failing, reduced, by_case)
        assigneds = {name: assigned for name, assigned in reduced.items() if name not in explained}
        if group.check in ACCEPTANCE:
            by_case |= _blamed(group, history, assigneds, by_case)
            by_case |= {
                record.shot.case.id: Attribution(constraint=record.shot.case.about)
                for record in flaky
            }
        else:
            by_case |= _known_of_content(group, assigneds, by_case)
        by_case |= {name: by_case[by] for name, by in explained.items()}
        by_case |= _shown_by_rows(group, history, by_case)
        for name, attribution in by_case.items():
            end = explained.get(name, name)
            smallest = reduced[end].id if end in reduced else ""
            by_place[name, group.check, group.constraint] = (
                attribution if attribution.smallest else replace(attribution, smallest=smallest)
            )
        groups.append(group)
    return by_place | _of_other_checks(groups, by_place)


def _of_other_checks(
    groups: Sequence[FailureGroup], by_place: dict[Place, Attribution]
) -> dict[Place, Attribution]:
    """Return what wrong content is attributed to that was isolated for another claim only.

    Both failed in one reply; all requests that fail have these values, and none that passed.
    """
    isolated = {
        place: to for place, to in by_place.items() if to.combination and place[1] not in ACCEPTANCE
    }
    better: dict[Place, Attribution] = {}
    for group in groups:
        content = group.check not in ACCEPTANCE and group.breaks is None
        for assigned in group.failing if content else ():
            place = (assigned.id, group.check, group.constraint)
            to = _same_cause(group, assigned, isolated, by_place[place])
            if to is not None:
                better[place] = replace(
                    _values(group, assigned, to.names), proven=to.proven, smallest=to.smallest
                )
    return better


def _same_cause(
    group: FailureGroup,
    assigned: AssignedRecord,
    isolated: dict[Place, Attribution],
    known: Attribution,
) -> Attribution | None:
    """Return what another claim's failure in the same reply is attributed to, if it says more."""
    if known.proven:
        return None
    others = [to for (case, _, _), to in isolated.items() if case == assigned.id and to != known]
    for to in sorted(others, key=lambda to: (not to.proven, len(to.names))):
        says_more = to.proven or len(to.names) < len(known.names)
        cleared = any(passed.agrees(assigned, to.names) for passed in group.passing)
        shared = all(other.agrees(assigned, to.names) for other in group.failing)
        if says_more and shared and not cleared:
            return to
    return None


def _shown_by_rows(
    group: FailureGroup, history: CaseHistory, together: dict[str, Attribution]
) -> dict[str, Attribution]:
    """Return what the rows of the plan convict, for each failing record that holds it."""
    if group.check != FAILS:
        return {}
    shown: dict[str, Attribution] = {}
    for evidence in shown_by_rows(history, group):
        to = replace(
            _values(group, evidence.example, evidence.names),
            constraint=_any_rule(group, evidence.names),
            smallest=evidence.example.id,
        )
        for record in _failing(group, history):
            name = record.shot.case.id
            is_open = name not in together or not together[name].proven
            if is_open and evidence.holds(history.assigned(record, FAILS, None)):
                shown.setdefault(name, to)
    return shown


def _failing(group: FailureGroup, history: CaseHistory) -> Iterator[Record]:
    """Yield every record that failed, even where a repetition passed."""
    for name, record in history.records.items():
        case = record.shot.case
        same_question = case.operation == group.operation_name and case.breaks == group.breaks
        if same_question and history.status(name, group.check, group.constraint) == "fail":
            yield record


def _explained(
    failing: dict[str, AssignedRecord],
    reduced: dict[str, AssignedRecord],
    together: dict[str, Attribution],
) -> dict[str, str]:
    """Return, for each record that holds values found to fail in another one, that other one."""
    explanations: dict[str, str] = {}
    proven: list[str] = []

    def surest_first(name: str) -> tuple[bool, bool, str]:
        probe = failing[name].record.shot.case.stage not in FIRST_STAGES
        return (not together[name].names, probe, name)

    for name in sorted(failing, key=surest_first):
        explaining = (
            other for other in proven if failing[name].shows(reduced[other], together[other].names)
        )
        if (by := next(explaining, None)) is not None:
            explanations[name] = by
        elif together[name].names:
            proven.append(name)
    return explanations


def _together(group: FailureGroup, current: AssignedRecord) -> Attribution:
    """Return the values of a smallest failing record that fail together; nothing if unproven."""
    ranking = CombinationRanking(group, current)
    if not ranking.is_smallest():
        return Attribution()
    return replace(_values(group, current, ranking.likeliest()), proven=True)


def _known_of_content(
    group: FailureGroup,
    unexplained: dict[str, AssignedRecord],
    together: dict[str, Attribution],
) -> dict[str, Attribution]:
    """Say what is known of wrong content whose values were not isolated.

    Where others with the value that the claim is about were served rightly, that value alone is not
    what fails. Other values of arguments that are proven to fail together are another case of that;
    else the values that all these records have in common are reported together.
    """
    open_ = {
        name: assigned
        for name, assigned in unexplained.items()
        if not together[name].proven and _is_cleared(group, assigned)
    }
    if group.breaks is not None:
        return {}
    if group.about == "n" and open_:  # more images of what fails with few
        fewest = min(map(number_of_images, open_.values()))
        open_ |= {
            name: assigned
            for name, assigned in unexplained.items()
            if not together[name].proven and number_of_images(assigned) > fewest
        }
    proven = [to for to in together.values() if to.proven and to.combination]
    alike = {
        name: to
        for name, assigned in open_.items()
        for to in proven
        if changes(group.base, assigned.items) >= {*to.names}
    }
    return alike | _in_common(
        group, {name: assigned for name, assigned in open_.items() if name not in alike}
    )


def _in_common(group: FailureGroup, open_: dict[str, AssignedRecord]) -> dict[str, Attribution]:
    """Return values that all these records have, and no record that passed.

    They are those of the likeliest combinations: of so many that another one is unlikely.
    """
    if not open_:
        return {}
    about = (group.constraint or "").partition(".")[0]
    first, *others = sorted(open_.values(), key=number_of_images)
    ranking = CombinationRanking(group, first)
    shared = frozenset(
        name
        for name in first.items
        if name == about or all(other.shows(first, [name]) for other in others)
    )
    likely = ranking.likely_within(shared) | (shared & {group.about} & {*group.plain})
    common = tuple(name for name in first.items if name in likely)
    if not common or any(passed.agrees(first, common) for passed in group.passing):
        return {}
    return dict.fromkeys(open_, _values(group, first, common))


def _is_cleared(group: FailureGroup, assigned: AssignedRecord) -> bool:
    """Tell whether a record that passed has the value that a claim is about, or there is none."""
    about = (group.constraint or "").partition(".")[0]
    return not about or any(passed.agrees(assigned, [about]) for passed in group.passing)


def _values(group: FailureGroup, assigned: AssignedRecord, names: tuple[str, ...]) -> Attribution:
    """Name values together, or the one that makes content wrong which is about another argument.

    A value that is wrong at times may look wrong where other arguments are left out. Content is
    not wrong for want of them: such a name falls back to the value itself.
    """
    given = tuple(name for name in names if assigned.items.get(name))
    if group.check not in ACCEPTANCE and given == (group.about,) and len(names) > 1:
        return Attribution()
    if names and group.check not in ACCEPTANCE and _only_value(group, assigned, names):
        names = tuple(name for name in assigned.items if name in (*names, group.about))
    elsewhere = bool(group.about) and group.about not in names
    several = describe_values(assigned.items, names) if len(names) > 1 or elsewhere else ()
    return Attribution(names=names, combination=several)


def _only_value(group: FailureGroup, assigned: AssignedRecord, names: tuple[str, ...]) -> bool:
    """Tell whether content was wrong with one value only of what the claim is about."""
    alike = (other for other in group.failing if other.agrees(assigned, names))
    values = {other.items.get(group.about, "") for other in alike}
    return group.about not in names and len(values) == 1 and bool(assigned.items.get(group.about))


def _blamed(
    group: FailureGroup,
    history: CaseHistory,
    reduced: dict[str, AssignedRecord],
    together: dict[str, Attribution],
) -> dict[str, Attribution]:
    """Add the constraint to blame where one value fails alone, or where nothing is proven.

    A record whose reduction did not end is reported with all its values.
    """
    open_ = {name: assigned for name, assigned in reduced.items() if not together[name].combination}
    refused = {
        assigned.id: _only_about(assigned.record, together[name].names)
        for name, assigned in open_.items()
    }
    same_operation = [
        record
        for record in history.records.values()
        if record.shot.case.operation == group.operation_name
    ]
    blame = blamed(list(refused.values()), same_operation, group.operation)
    searched = {
        record.shot.case.follows for record in same_operation if record.shot.case.stage == "isolate"
    }
    by_case: dict[str, Attribution] = {}
    for name, assigned in open_.items():
        names = together[name].names
        guessed = not names and name in searched
        constraint = None if guessed else _own_rule(group, assigned, names) or blame[assigned.id]
        constraint = constraint or _any_rule(group, names)
        by_case[name] = (
            replace(together[name], constraint=constraint)
            if constraint
            else _values(group, assigned, _unreduced(group, assigned))
        )
    return by_case


def _unreduced(group: FailureGroup, assigned: AssignedRecord) -> tuple[str, ...]:
    """Return the values that may matter; one that is left out only where it is likely to."""
    ranking = CombinationRanking(group, assigned)
    likeliest = ranking.likeliest()
    return tuple(name for name in ranking.names if assigned.items[name] or name in likeliest)


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
    """Tell whether a token is about another argument, too."""
    kind = KINDS.get(token.partition("=")[0].rpartition(".")[2], Rule)
    return issubclass(kind, Conditional)


def _any_rule(group: FailureGroup, names: tuple[str, ...]) -> str | None:
    """Return the first rule of an argument whose value fails alone and breaks none of them."""
    rules = (
        constraint.id
        for constraint in group.operation.constraints
        if names == (constraint.parameter,) and constraint.documented
    )
    return next(rules, None) if group.check == FAILS else None


def _own_rule(group: FailureGroup, assigned: AssignedRecord, names: tuple[str, ...]) -> str | None:
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
        (rule_id for rule_id in ids if group.operation.constraint(rule_id) is not None), None
    )
