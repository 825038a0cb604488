"""The columns of the matrix by provider, and the style rules that show one provider alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from harness.report.model import Matrix, Row

_STATES = ("held", "broken", "flaky", "unconfirmed", "undocumented", "inconclusive", "not-tried")


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


def column_classes(groups: tuple[Group, ...]) -> tuple[str, ...]:
    """Return the classes of each column's cells: its group's, and `p` where a group begins."""
    return tuple(
        f"p{at}" if number else f"p p{at}"
        for at, group in enumerate(groups)
        for number in range(len(group.operations))
    )


def filter_rules(groups: tuple[Group, ...]) -> str:
    """Return the style rules that show one provider's columns, and its rows, without a script.

    Rows in which it promises nothing go, and with a state chosen, too, those in which it has no
    such cell. Rows say so by their class: a `:has()` within one makes a browser look at every cell
    again for each letter that is typed into the filter.
    """
    rules = []
    for at in range(len(groups) if len(groups) > 1 else 0):
        chosen = f'section:has(input[value="p{at}"]:checked)'
        rules += [
            f"{chosen} .matrix :is(td, thead tr + tr th, [colspan]):not(.p{at})",
            f"{chosen} .matrix tbody tr:not(.of{at})",
        ]
        rules += [
            f'{chosen}:has(input[value="{state}"]:checked) .matrix tbody tr:not(.of{at}-{state})'
            for state in _STATES
        ]
    return "".join(f"{rule} {{ display: none; }}\n" for rule in rules)


def row_states(row: Row, groups: Sequence[Group]) -> str:
    """Return the states of a row's cells as words for a filter, of all and of each provider.

    `held not-tried of0 of0-held`: the first provider promises something here, and has held it.
    """
    states = [cell.state.replace(" ", "-") for cell in row.cells]
    words = dict.fromkeys(states)
    cells = iter(states)
    for at, group in enumerate(groups if len(groups) > 1 else ()):
        own = dict.fromkeys(islice(cells, len(group.operations)))
        own.pop("absent", None)
        words |= dict.fromkeys([f"of{at}", *(f"of{at}-{state}" for state in own)] if own else ())
    return " ".join(words)
