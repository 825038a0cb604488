"""What requests are compared with where the plain one does not show whether a claim holds.

A claim about `size` is judged where a size is asked for. So the plain request is completed with a
size that was served rightly: what fails beside it is not the size.
"""

from collections.abc import Iterable
from dataclasses import replace

from harness.core.case import FIRST_STAGES
from harness.diagnosis.combinations import (
    AssignedRecord,
    FailureGroup,
    assignment,
    changes,
    plain_with,
)
from harness.spec import price
from harness.spec.provider import Operation, Provider


def claimed_argument(operation: Operation, constraint: str | None) -> str:
    """Return the argument that a constraint is about; empty where the operation has none such."""
    name = (constraint or "").partition(".")[0]
    return name if name in operation.arguments else ""


def claimed_arguments(operation: Operation, constraints: Iterable[str | None]) -> frozenset[str]:
    """Return the arguments of these constraints, with those that they need beside them."""
    names = {constraint.partition(".")[0] for constraint in constraints if constraint}
    arguments = (operation.arguments[name] for name in names if name in operation.arguments)
    rules = (argument.only_with for argument in arguments)
    return frozenset(names | {rule.argument for rule in rules if rule is not None})


def judged_group(provider: Provider, group: FailureGroup) -> FailureGroup:
    """Return a group of wrong content whose plain request asks for what the claim is about.

    The value is one with which the claim held, of these one that no planned failing request has, of
    these the cheapest. Where the claim never held it is that of the least failing request.
    """
    names = claimed_arguments(group.operation, [group.constraint])
    planned = [
        assigned for assigned in group.failing if assigned.record.shot.case.stage in FIRST_STAGES
    ]

    def order(assigned: AssignedRecord) -> tuple[object, ...]:
        case = assigned.record.shot.case
        wrong = sum(assigned.agrees(other, [group.about]) for other in planned)
        arguments = plain_with(group.plain, case.arguments, names)
        cost = price.price_of(provider, group.operation, arguments)
        beyond = len(changes(group.base, assigned.items))
        return (wrong, case.stage not in FIRST_STAGES, cost.images, cost.amount, beyond, case.id)

    for assigned in (*sorted(group.passing, key=order), *sorted(group.failing, key=order)):
        plain = plain_with(group.plain, assigned.record.shot.case.arguments, names)
        if assigned.items.get(group.about) and group.asks_the_same(plain):
            before, after = group.base, assignment(group.operation, plain)
            return replace(group, plain=plain, added=changes(before, after))
    return group
