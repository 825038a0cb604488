"""The cases that every plan holds: each boundary on both sides, one change from the base each."""

from harness.cases import prompts
from harness.cases.build import Builder
from harness.cases.values import allowed_values, forbidden_values
from harness.core.case import Case
from harness.core.jsonvalue import Json, canonical
from harness.spec.provider import Argument, Constraint, Provider
from harness.spec.rules import Choice, Rule


def boundary_cases(provider: Provider, operation: str) -> tuple[Case, ...]:
    """Return the written cases of one operation: no two of them send the same body."""
    builder = Builder(provider, operation)
    return _distinct([plain_case(builder), *single_violations(builder), *single_changes(builder)])


def plain_case(builder: Builder) -> Case:
    """Return the cheapest valid request, with all that can be asked of its job for nothing."""
    base = builder.base(prompt=prompts.PLAIN)
    return builder.accept("base", base, None, follow_ups=builder.follow_ups())


def single_violations(builder: Builder) -> tuple[Case, ...]:
    """Return what steps over each rule, on the plain request: to be refused, or looked at."""
    base = builder.base(prompt=prompts.PLAIN)
    return tuple(
        case
        for constraint in builder.operation.constraints
        for case in _refused(builder, base, constraint)
    )


def single_changes(builder: Builder) -> tuple[Case, ...]:
    """Return every value inside each rule, one change from the plain request each."""
    base = builder.base(prompt=prompts.PLAIN)
    return tuple(
        case
        for constraint in builder.operation.constraints
        for case in _accepted(builder, base, constraint)
    )


def _refused(builder: Builder, base: dict[str, Json], constraint: Constraint) -> list[Case]:
    silent = _silence(builder, constraint)
    found = []
    if constraint.rule.presence == "required":
        without = {k: v for k, v in base.items() if k != constraint.parameter}
        found.append(_broken(builder, without, constraint, slug="missing", silent=silent))
    choices = forbidden_values(constraint, builder.operation)
    for choice in _telling(choices) if silent else choices:
        arguments = builder.with_choice(base, constraint, choice)
        why = silent or choice.why
        if not why and not builder.can_tell(arguments, constraint, kept=False):
            continue
        found.append(_broken(builder, arguments, constraint, slug=choice.slug, silent=why))
    return found


def _telling(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return what is worth paying for where nothing is judged: a wrong type only for want of else.

    An open question is answered with an image that has to be paid for.
    """
    near = tuple(choice for choice in choices if not choice.wrong_type)
    return near or choices[:1]


def _broken(
    builder: Builder, arguments: dict[str, Json], constraint: Constraint, *, slug: str, silent: str
) -> Case:
    if silent:
        return builder.observe(f"{constraint.id}/observe/{slug}", arguments, constraint, silent)
    return builder.refuse(f"{constraint.id}/refuse/{slug}", arguments, constraint)


def _accepted(builder: Builder, base: dict[str, Json], constraint: Constraint) -> list[Case]:
    found = []
    choices = allowed_values(constraint, builder.operation)
    if builder.operation.arguments[constraint.parameter].status != "documented":
        choices = choices[:1]  # whether the parameter is known at all costs one image, not many
    for choice in choices:
        arguments = builder.with_choice(base, constraint, choice)
        why = _open(builder, constraint, choice)
        if why:
            name = f"{constraint.id}/observe/{choice.slug}"
            found.append(builder.observe(name, arguments, constraint, why))
        elif builder.can_tell(arguments, constraint, kept=True):
            name = f"{constraint.id}/accept/{choice.slug}"
            found.append(builder.accept(name, arguments, constraint.id))
    return found


def _silence(builder: Builder, constraint: Constraint) -> str:
    """Say why breaking a constraint is only observed; nothing where it is judged."""
    argument = builder.operation.arguments[constraint.parameter]
    return _unsure(argument) or _unsure(constraint.rule)


def _open(builder: Builder, constraint: Constraint, choice: Choice) -> str:
    """Say why a value inside the constraint is only observed; nothing where it is promised."""
    argument, rule = builder.operation.arguments[constraint.parameter], constraint.rule
    if why := _unsure(argument):
        return why
    if rule.observed_inside and (why := _unsure(rule)):
        return why
    if choice.why or not choice.open:
        return choice.why
    return f"{_unsure(rule)}; the document itself does not show {choice.value!r}"


def _unsure(promise: Argument | Rule) -> str:
    """Say what is unclear about a parameter or a rule; nothing where it is documented.

    A reader of the plan has no other text at hand: the note says what is open, and the second
    source is named, or the first where there is no other.
    """
    if promise.status == "documented":
        return ""
    told = [promise.note] if promise.note else []
    if promise.note or promise.second_source is not None:
        told.append(f"see {promise.second_source or promise.source}")
    return f"{promise.status}: {'; '.join(told) or f'{promise.source} does not say it'}"


def _distinct(cases: list[Case]) -> tuple[Case, ...]:
    """Keep the first case of each body: nobody pays twice for one question."""
    kept: dict[str, Case] = {}
    for case in cases:
        kept.setdefault(canonical(case.arguments), case)
    return tuple(kept.values())
