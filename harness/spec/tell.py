"""A constraint in words."""

from harness.spec.provider import Constraint


def describe(constraint: Constraint) -> str:
    """Return what a constraint asks, in one short phrase: `n is between 1 and 10`."""
    return f"{constraint.parameter} {constraint.rule.describe()}"
