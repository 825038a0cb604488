from typing import Any

import pytest
from pydantic import ValidationError

from harness.core.jsonvalue import Json
from harness.spec import rules as r

CITED: dict[str, Any] = {"source": {"document": "page.txt", "section": "Rules"}}


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [(1, 1, True), (1, 1.0, False), (True, 1, False), ("1", 1, False), (False, 0, False)],
)
def test_values_are_compared_as_json_does(left: Json, right: Json, equal: bool) -> None:  # noqa: FBT001 - a column
    assert r.same(left, right) is equal


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
    values: tuple[r.Scalar, ...],
    found: bool,  # noqa: FBT001 - a column
) -> None:
    assert r.member(value, values) is found


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("1536x1024", (1536, 1024)),
        ("1x1", (1, 1)),
        ("0x16", None),
        ("016x16", None),
        ("-16x16", None),
        ("16x16x16", None),
        ("16 x 16", None),
        ("1e3x16", None),
        ("1234567x16", None),
        (16, None),
        (None, None),
    ],
)
def test_edges_are_read_from_a_plain_size_only(text: Json, edges: tuple[int, int] | None) -> None:
    assert r.edges(text) == edges


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        (r.MultipleOf(pixels=16, **CITED), (16, 32), (16, 33)),
        (r.MultipleOf(pixels=16, **CITED), (16, 32), (17, 32)),
        (r.MaxEdge(pixels=100, **CITED), (100, 1), (1, 101)),
        (r.MaxRatio(ratio=3, **CITED), (30, 10), (10, 31)),
        (r.MinPixels(pixels=100, **CITED), (10, 10), (9, 11)),
        (r.MaxPixels(pixels=100, **CITED), (10, 10), (101, 1)),
    ],
)  # fmt: skip
def test_a_size_rule_holds_on_its_boundary(
    rule: r.AnyRule, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    assert r.of_size(rule, *inside)
    assert not r.of_size(rule, *outside)


def test_a_rule_that_excludes_nothing_is_none() -> None:
    with pytest.raises(ValidationError, match="give values, above or both"):
        r.NeverWith(argument="n", **CITED)


def test_a_rule_cannot_be_changed() -> None:
    rule = r.MaxEdge(pixels=100, **CITED)

    with pytest.raises(ValidationError, match="frozen"):
        rule.pixels = 200
