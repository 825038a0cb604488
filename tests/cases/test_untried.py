"""What a row is worth, against the same sum over all its values and combinations."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.levels import tuples
from harness.cases.packed import PackedRows, packed_rows
from harness.cases.untried import KIND, OFTEN, RARE, SINGLE, THREE, Untried
from tests.cases.test_covering import DOCUMENTED, builder


def a_valid_row(packed: PackedRows, data: st.DataObject) -> int:
    draft = packed.draft()
    for name in data.draw(st.permutations(sorted(packed.levels))):
        level = data.draw(st.sampled_from(packed.levels[name]))
        if packed.is_valid(draft.with_level(level)):
            draft.add(level)
    return draft.bits


def worth(packed: PackedRows, row: int, sent: list[int], strength: int) -> int:
    """Count anew what a row tries that no row before it does."""
    few = {cell for cell in packed.cells if packed.table.has_few(cell[0])}

    def tried(bits: int) -> tuple[set[object], ...]:
        cells = packed.cells_of(bits)
        of_few = sorted(few.intersection(cells))
        shapes = [place for place in range(packed.width) if packed.facets & bits & 1 << place]
        together = tuples(cells, strength)
        return (
            {*cells},
            {each for each in together if few.issuperset(each)},
            {each for each in together if not few.issuperset(each)},
            {(shape, cell) for shape in shapes for cell in of_few},
            {*combinations(of_few, 3)},
        )

    before = [set[object]().union(*parts) for parts in zip(*map(tried, sent), strict=True)]
    weights = (SINGLE, OFTEN, RARE, KIND, THREE)
    return sum(
        weight * len(new - old)
        for weight, new, old in zip(weights, tried(row), before, strict=True)
    )


@pytest.mark.parametrize("strength", [2, 3])
@pytest.mark.parametrize(("name", "operation"), [DOCUMENTED[0], DOCUMENTED[4], DOCUMENTED[-1]])
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_a_row_is_worth_what_it_tries_for_the_first_time(
    name: str, operation: str, strength: int, data: st.DataObject
) -> None:
    packed = packed_rows(builder(name, operation))
    untried = Untried(packed, strength)
    sent = [packed.base, a_valid_row(packed, data), a_valid_row(packed, data)]
    for row in sent:
        untried.tick_off(row)
    one_row, other = a_valid_row(packed, data), a_valid_row(packed, data)

    assert untried.gain(one_row) == worth(packed, one_row, sent, strength)
    assert untried.change(one_row, other) == untried.gain(other) - untried.gain(one_row)
