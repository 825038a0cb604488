"""The matrix' columns in groups: a provider, and its operations beneath."""

from dataclasses import dataclass
from itertools import groupby

from harness.report.model import Matrix

_STATES = ("broken", "flaky", "unconfirmed", "undocumented", "inconclusive", "not-tried")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A provider's columns, which stand side by side."""

    provider: str
    operations: tuple[str, ...]


def column_groups(matrix: Matrix) -> tuple[Group, ...]:
    """Return the providers of a matrix with their operations, in the order of its columns."""
    return tuple(
        Group(provider=provider, operations=tuple(column.operation for column in columns))
        for provider, columns in groupby(matrix.columns, key=lambda column: column.provider)
    )


def column_classes(found: tuple[Group, ...]) -> tuple[str, ...]:
    """Return the classes of each column's cells: its group's, and `p` where a group begins."""
    return tuple(
        f"p{at}" if number else f"p p{at}"
        for at, group in enumerate(found)
        for number in range(len(group.operations))
    )


def filter_rules(found: tuple[Group, ...]) -> str:
    """Return the style rules that show one provider's columns, and its rows, without a script.

    Rows in which it promises nothing go, and with a state chosen, too, those in which it has no
    such cell.
    """
    rules = []
    for at in range(len(found) if len(found) > 1 else 0):
        chosen = f'section:has(input[value="p{at}"]:checked)'
        rules += [
            f"{chosen} .matrix :is(td, thead tr + tr th, [colspan]):not(.p{at})",
            f"{chosen} .matrix tbody tr:not(:has(.p{at}:not(.absent)))",
        ]
        rules += [
            f'{chosen}:has(input[value="{state}"]:checked) .matrix'
            f" tbody tr:not(:has(.p{at}.{state}))"
            for state in _STATES
        ]
    return "".join(f"{rule} {{ display: none; }}\n" for rule in rules)
