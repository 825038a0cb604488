"""Rows as bit sets against the same rows as requests."""

from decimal import Decimal
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.packed import PackedLevel, packed_rows
from harness.spec import price
from tests.cases.test_covering import DOCUMENTED, builder


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_bits_say_what_the_request_says(name: str, operation: str, data: st.DataObject) -> None:
    packed = packed_rows(builder(name, operation))
    names = data.draw(st.lists(st.sampled_from(sorted(packed.levels)), unique=True))
    levels = [data.draw(st.sampled_from(packed.levels[each])) for each in names]
    draft = packed.draft(levels)
    arguments = packed.table.row(level.level for level in levels)

    assert packed.is_valid(draft.bits) is (arguments is not None)
    if arguments is not None:
        operation_ = packed.table.builder.operation
        listed = price.price_of(packed.table.builder.provider, operation_, arguments)
        assert set(packed.cells_of(draft.bits)) == packed.table.cells(arguments)
        assert packed.price(draft.bits) == listed


@pytest.mark.parametrize(("name", "operation"), DOCUMENTED)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_level_more_needs_a_look_at_its_own_bits_alone(
    name: str, operation: str, data: st.DataObject
) -> None:
    packed = packed_rows(builder(name, operation))
    draft = packed.draft()
    for argument in data.draw(st.permutations(sorted(packed.levels))):
        level = data.draw(st.sampled_from(packed.levels[argument]))
        row = draft.with_level(level)
        valid = packed.is_valid(row)

        assert packed.is_valid(row, row & ~draft.bits) is valid
        if valid:
            draft.add(level)
            assert draft.bits == row


@pytest.mark.parametrize(("name", "operation"), [("buble", "edit"), ("nanobanana", "generate")])
def test_the_cheapest_request_with_a_value_is_that_of_all_requests(
    name: str, operation: str
) -> None:
    packed = packed_rows(builder(name, operation))
    priced = [each for each in ("n", "quality", "resolution", "size") if each in packed.levels]
    ways: list[tuple[PackedLevel, ...]] = [
        levels
        for number in range(len(priced) + 1)
        for chosen in combinations(priced, number)
        for levels in product(*(packed.levels[each] for each in chosen))
    ]

    for cell in packed.cells:
        least = packed.cheapest([cell])
        all_prices: list[Decimal] = [
            packed.price(row).amount
            for levels in ways
            for way in packed.ways(cell)
            if all(level.level.name != cell[0] for level in levels)
            if packed.is_valid(row := packed.draft([*levels, way]).bits)
            if row & packed.bits_of_cells([cell])
        ]

        assert least is not None
        assert packed.price(least.bits).amount == min(all_prices)
