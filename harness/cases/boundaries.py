"""The cases that every plan holds: each boundary on both sides, one change from the base each."""

from harness.cases import prompts
from harness.cases.build import Builder, without_argument
from harness.cases.values import allowed_values, forbidden_values
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.spec.provider import Argument, Constraint
from harness.spec.rules import Choice, Rule


def plain_case(builder: Builder) -> Case:
    """Return the cheapest valid request, with every free follow-up to its job."""
    base = builder.base(prompt=prompts.PLAIN)
    return builder.accept("base", base, None, follow_ups=builder.follow_ups())


def single_violations(builder: Builder) -> tuple[Case, ...]:
    """Return what steps over each rule, on the plain request: to be refused, or looked at."""
    return tuple(
        case
        for constraint in builder.operation.constraints
        for case in violations_of(builder, constraint)
    )


def violations_of(builder: Builder, constraint: Constraint) -> tuple[Case, ...]:
    """Return what steps over one rule, on the plain request."""
    return tuple(_refused(builder, builder.base(prompt=prompts.PLAIN), constraint))


def single_changes(builder: Builder) -> tuple[Case, ...]:
    """Return every value inside each rule, one change from the plain request each."""
    base = builder.base(prompt=prompts.PLAIN)
    return tuple(
        case
        for constraint in builder.operation.constraints
        for case in _accepted(builder, base, constraint)
    )


def _refused(builder: Builder, base: dict[str, Json], constraint: Constraint) -> list[Case]:
    argument = builder.operation.arguments.get(constraint.parameter)
    silent = (argument and _unsure(argument)) or _unsure(constraint.rule)
    cases = []
    in_path = builder.operation.makes_the_path(constraint.parameter)
    if constraint.rule.presence == "required" and not in_path:
        without = without_argument(base, constraint.parameter)
        cases.append(_broken(builder, without, constraint, slug="missing", silent=silent))
    choices = forbidden_values(constraint, builder.operation)
    for choice in _worth_observing(choices) if silent else choices:
        arguments = builder.with_choice(base, constraint, choice)
        why = silent or choice.why
        if why or builder.can_tell(arguments, constraint, satisfied=False):
            cases.append(_broken(builder, arguments, constraint, slug=choice.slug, silent=why))
    return cases


def _worth_observing(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return what is worth observing: a wrong type only where there is nothing else.

    The answer may be an image that has to be paid for.
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
    cases: list[Case] = []
    if constraint.parameter not in builder.operation.arguments:
        return cases
    choices = allowed_values(constraint, builder.operation)
    if builder.operation.arguments[constraint.parameter].status != "documented":
        choices = choices[:1]  # whether the parameter is known at all costs one image, not many
    for choice in choices:
        arguments = builder.with_choice(base, constraint, choice)
        why = _open(builder, constraint, choice)
        if why:
            name = f"{constraint.id}/observe/{choice.slug}"
            cases.append(builder.observe(name, arguments, constraint, why))
        elif builder.can_tell(arguments, constraint, satisfied=True):
            name = f"{constraint.id}/accept/{choice.slug}"
            cases.append(builder.accept(name, arguments, constraint.id))
    return cases


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
    reasons = [promise.note] if promise.note else []
    if promise.note or promise.second_source is not None:
        reasons.append(f"see {promise.second_source or promise.source}")
    return f"{promise.status}: {'; '.join(reasons) or f'{promise.source} does not say it'}"
