from typing import Any

import pytest
from pydantic import ValidationError

from harness.core.jsonvalue import Json
from harness.spec.rules import Scalar, member, same
from harness.spec.rules.pairs import NeverWith
from harness.spec.rules.size import MaxEdge

CITED: dict[str, Any] = {"source": {"document": "page.txt", "section": "Rules"}}


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [(1, 1, True), (1, 1.0, False), (True, 1, False), ("1", 1, False), (False, 0, False)],
)
def test_values_are_compared_as_json_does(left: Json, right: Json, equal: bool) -> None:  # noqa: FBT001 - a column
    assert same(left, right) is equal


@pytest.mark.parametrize(
    ("value", "values", "found"),
    [
        (1, (True,), False),
        (True, (1,), False),
        (1, (1,), True),
        (None, ("",), False),
        ([], (), False),
    ],
)
def test_a_member_is_of_the_same_type(
    value: Json,
    values: tuple[Scalar, ...],
    found: bool,  # noqa: FBT001 - a column
) -> None:
    assert member(value, values) is found


def test_a_rule_that_excludes_nothing_is_none() -> None:
    with pytest.raises(ValidationError, match="give values, above or both"):
        NeverWith(argument="n", **CITED)


def test_a_rule_cannot_be_changed() -> None:
    rule = MaxEdge(pixels=100, **CITED)

    with pytest.raises(ValidationError, match="frozen"):
        rule.pixels = 200
