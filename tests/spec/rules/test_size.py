from typing import Any

import pytest

from harness.spec.rules.size import (
    MaxEdge,
    MaxPixels,
    MaxRatio,
    MinPixels,
    MultipleOf,
    SizeRule,
    sides,
)

CITED: dict[str, Any] = {"source": {"document": "page.txt", "section": "Rules"}}


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        (MultipleOf(pixels=16, **CITED), (16, 32), (16, 33)),
        (MultipleOf(pixels=16, **CITED), (16, 32), (17, 32)),
        (MaxEdge(pixels=100, **CITED), (100, 1), (1, 101)),
        (MaxRatio(ratio=3, **CITED), (30, 10), (10, 31)),
        (MinPixels(pixels=100, **CITED), (10, 10), (9, 11)),
        (MaxPixels(pixels=100, **CITED), (10, 10), (101, 1)),
    ],
)  # fmt: skip
def test_a_size_rule_holds_on_its_boundary(
    rule: SizeRule, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    assert rule.fits(*inside)
    assert not rule.fits(*outside)


def test_rules_without_figures_of_a_size_say_nothing_of_it() -> None:
    found = sides([MaxEdge(pixels=100, **CITED), MaxRatio(ratio=3, **CITED)])

    assert found == {"edge": 100, "ratio": 3}
