"""The cases that every plan holds: each boundary on both sides, one change from the base each."""

from harness.cases import prompts
from harness.cases.build import Builder
from harness.cases.values import Choice, allowed, forbidden
from harness.core.case import Case
from harness.core.jsontype import Json, canonical
from harness.spec import rules as r
from harness.spec.provider import Constraint, Provider


def written_cases(provider: Provider, operation: str) -> tuple[Case, ...]:
    """Return the written cases of one operation: no two of them send the same body."""
    builder = Builder(provider, operation)
    base = builder.base(prompt=prompts.PLAIN)
    cases = [builder.accept("base", base, None)]
    for constraint in builder.operation.constraints:
        cases += _refused(builder, base, constraint)
    for constraint in builder.operation.constraints:
        cases += _accepted(builder, base, constraint)
    return _distinct(cases)


def _refused(builder: Builder, base: dict[str, Json], constraint: Constraint) -> list[Case]:
    silent = _silence(builder, constraint)
    if isinstance(constraint.rule, r.Required):
        without = {k: v for k, v in base.items() if k != constraint.parameter}
        name = f"{constraint.id}/{'observe' if silent else 'refuse'}/missing"
        if silent:
            return [builder.observe(name, without, constraint, silent)]
        return [builder.refuse(name, without, constraint)]
    found = []
    for choice in forbidden(constraint, builder.operation):
        arguments = builder.with_choice(base, constraint, choice)
        if silent:
            name = f"{constraint.id}/observe/{choice.slug}"
            found.append(builder.observe(name, arguments, constraint, silent))
        else:
            name = f"{constraint.id}/refuse/{choice.slug}"
            found.append(builder.refuse(name, arguments, constraint))
    return found


def _accepted(builder: Builder, base: dict[str, Json], constraint: Constraint) -> list[Case]:
    found = []
    for choice in allowed(constraint, builder.operation):
        arguments = builder.with_choice(base, constraint, choice)
        why = _open(builder, constraint, choice)
        if why:
            name = f"{constraint.id}/observe/{choice.slug}"
            found.append(builder.observe(name, arguments, constraint, why))
        else:
            name = f"{constraint.id}/accept/{choice.slug}"
            found.append(builder.accept(name, arguments, constraint.id))
    return found


def _silence(builder: Builder, constraint: Constraint) -> str:
    """Say why breaking a constraint is only observed; nothing where it is judged."""
    argument = builder.operation.arguments[constraint.parameter]
    if argument.status != "documented":
        return f"{argument.status}: {argument.note or argument.source}"
    rule = constraint.rule
    return "" if rule.status == "documented" else f"{rule.status}: {rule.note or rule.source}"


def _open(builder: Builder, constraint: Constraint, choice: Choice) -> str:
    """Say why a value inside the constraint is only observed; nothing where it is promised."""
    argument = builder.operation.arguments[constraint.parameter]
    if argument.status != "documented":
        return f"{argument.status}: {argument.note or argument.source}"
    if isinstance(constraint.rule, r.MaxLength) and constraint.rule.status != "documented":
        return f"{constraint.rule.status}: {constraint.rule.note or constraint.rule.source}"
    if not choice.open:
        return ""
    if isinstance(constraint.rule, r.MaxLength):
        return "whether characters are code points or UTF-16 units is not said"
    return f"{constraint.rule.status}: the document itself does not name this value"


def _distinct(cases: list[Case]) -> tuple[Case, ...]:
    """Keep the first case of each body: nobody pays twice for one question."""
    kept: dict[str, Case] = {}
    for case in cases:
        kept.setdefault(canonical(case.arguments), case)
    return tuple(kept.values())
