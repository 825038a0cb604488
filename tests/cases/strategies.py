"""Cases as tests need them: whole valid requests as Hypothesis draws them, and all written ones."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from harness.cases.boundaries import plain_case, single_changes, single_violations
from harness.cases.build import Builder, short_digest
from harness.cases.draw import valid_arguments
from harness.core.case import Case
from harness.core.jsonvalue import canonical
from harness.spec.provider import Provider


def accepted_arguments(builder: Builder, *, cheap: bool = False) -> SearchStrategy[Case]:
    """Draw whole valid requests; with `cheap`, few images each and short prompts."""
    whole = valid_arguments(builder, cheap=cheap)

    @st.composite
    def case(draw: DrawFn) -> Case:
        arguments = draw(whole)
        return builder.accept(f"valid/{short_digest(arguments)}", arguments, None)

    return case()


def boundary_cases(provider: Provider, operation: str) -> tuple[Case, ...]:
    """Return the written cases of one operation: no two of them send the same body."""
    builder = Builder(provider, operation)
    distinct: dict[str, Case] = {}
    for case in (plain_case(builder), *single_violations(builder), *single_changes(builder)):
        distinct.setdefault(canonical(case.arguments), case)
    return tuple(distinct.values())
