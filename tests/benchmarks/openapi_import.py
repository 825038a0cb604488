"""Each rule of the shipped providers on the way to OpenAPI and back: what becomes of it.

    python tests/benchmarks/openapi_import.py [--write]

Every provider is exported as an OpenAPI document, and that document is imported. A rule comes back
*the same*; or *no schema says it*, with the reason; or it was *not promised*, so that the export
leaves it out. `--write` writes the table to `tests/benchmarks/openapi_import.md`. Exits with 1
where a rule that a schema says does not come back.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.spec.export.schema import says
from harness.spec.provider import Constraint, Operation
from harness.spec.rules.base import Rule
from tests.shipped import NAMES, shipped_provider
from tests.spec.importing.test_round_trip import returned, rule

PAGE = Path(__file__).with_suffix(".md")
SAME, UNSAID, OPEN, LOST = "the same", "no schema says it", "not promised", "LOST"
INTRODUCTION = """\
# Rules on the way to OpenAPI and back

Written by `tests/benchmarks/openapi_import.py --write`: each shipped provider is exported as an
OpenAPI document, which is imported again. *The same*: the rule comes back equal (but for its
source). *No schema says it*: JSON Schema has no keyword for it; the reason stands beside it. *Not
promised*: the documents are silent or at odds, so the export leaves it out of the schemas.
`model.one_of` comes back without `other_models`: no keyword says that a value outside the list lies
outside the document's subject. A type stands in every schema, so an import promises the type of a
parameter (`format`, `integer`) also where the documents leave it open.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one rule."""

    provider: str
    operation: str
    id: str
    says: str
    outcome: str
    why: str


def rows() -> Iterator[Row]:
    """Yield every rule of every shipped provider."""
    for name in NAMES:
        for operation, before in shipped_provider(name).operations.items():
            after = returned(name).operation(operation)
            for constraint in before.constraints:
                outcome, why = became(before, after, constraint)
                yield Row(
                    provider=name,
                    operation=operation,
                    id=constraint.id,
                    says=constraint.describe(),
                    outcome=outcome,
                    why=why,
                )


def became(before: Operation, after: Operation, constraint: Constraint) -> tuple[str, str]:
    """Return what became of a rule, and why."""
    back = after.constraint(constraint.id)
    equal = back is not None and rule(back) == rule(constraint) and after.is_judged(back)
    if equal:
        return SAME, ""
    if not before.is_judged(constraint):
        argument = before.arguments.get(constraint.parameter)
        status = constraint.rule.status
        if status == "documented" and argument is not None:
            status = argument.status
        return OPEN, status
    return (LOST, "") if says(before, constraint) else (UNSAID, _why(constraint.rule))


def _why(kept: Rule) -> str:
    schema = kept.json_schema()
    return schema if isinstance(schema, str) else "a condition that no keyword of a value says"


def table(found: list[Row]) -> str:
    """Return the counts of each provider, and every rule."""
    outcomes = (SAME, UNSAID, OPEN, LOST)
    lines = [INTRODUCTION, f"| provider | rules | {' | '.join(outcomes)} |", "| --- " * 6 + "|"]
    for name in NAMES:
        count = Counter(row.outcome for row in found if row.provider == name)
        cells = [name, sum(count.values()), *(count[outcome] for outcome in outcomes)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "| provider | operation | rule | it says | on the way back | why |"]
    lines.append("| --- " * 6 + "|")
    for row in found:
        says_it = row.says.replace("|", "\\|")
        cells = [row.provider, row.operation, f"`{row.id}`", says_it, row.outcome, row.why]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table; 1 where a rule was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    found = list(rows())
    text = table(found)
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return int(any(row.outcome == LOST for row in found))


if __name__ == "__main__":
    sys.exit(main())
