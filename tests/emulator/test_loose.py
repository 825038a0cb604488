"""A loosened rule lets the nearest value outside in, at each of its ends, and nothing beyond."""

from __future__ import annotations

from typing import Any

import pytest

from harness.emulator.faults.catalogue import ActiveFaults, catalogue
from harness.emulator.rules import AS_WRITTEN, check
from tests.emulator.bodies import body

Values = tuple[tuple[Any, ...], tuple[Any, ...]]

SIZES: dict[str, Values] = {
    "size.multiple_of": (("1032x1024", "1024x1032"), ("1028x1024", "1033x1024")),
    "size.max_edge": (("3856x1296", "1296x3856"), ("3872x1296", "1296x3872")),
    "size.max_ratio": (("3088x1024", "1024x3088"), ("3104x1024", "1024x3104")),
    "size.min_pixels": (("576x1136", "1136x576"), ("560x1168", "800x800")),
    "size.max_pixels": (("2336x3552", "2368x3504"), ("2688x3088", "3008x3008")),
}
# By parameter's rule: the values let in, and those still refused.
OUTSIDE: dict[str, dict[str, Values]] = {
    "buble": {
        "prompt.max_length": (("x" * 20_001,), ("x" * 20_002,)),
        "resolution.one_of": (("8K",), ("16K",)),
        "images.count": ((0, 17), (18,)),
    },
    "sub2api": {
        "prompt.max_length": (("x" * 32_001,), ("x" * 32_002,)),
        "n.range": ((0, 11), (-1, 12)),
        "background.one_of": (("transparent",), ("green",)),
        "output_compression.range": ((-1, 101), (-2, 102)),
        "partial_images.range": ((-1, 4), (-2, 5)),
        "images.count": ((17,), (18,)),
        **SIZES,
    },
    "apiframe": {
        "prompt.max_length": (("x" * 2_001,), ("x" * 2_002,)),
        "background.one_of": (("transparent",), ("green",)),
        "n.range": ((0, 11), (-1, 12)),
        "images.count": ((0, 17), (18,)),
    },
    "nanobanana": {
        "prompt.max_length": (("x" * 2_001,), ("x" * 2_002,)),
        "n.range": ((0, 2), (-1, 3)),
        "images.count": ((0, 15), (16,)),
        **SIZES,
    },
    "aimlapi": {
        "prompt.max_length": (("x" * 32_001,), ("x" * 32_002,)),
        "output_compression.range": ((-1, 101), (-2, 102)),
        "n.range": ((0, 11), (-1, 12)),
        "images.count": ((17,), (18,)),
    },
    "openai": {
        "prompt.max_length": (("x" * 32_001,), ("x" * 32_002,)),
        "n.range": ((0, 11), (-1, 12)),
        "output_compression.range": ((-1, 101), (-2, 102)),
        "partial_images.range": ((-1, 4), (-2, 5)),
        "images.count": ((17,), (18,)),
        **SIZES,
    },
}
GENERATE_N: Values = ((0, 2), (-1, 3))
"""The range of n in a generation of aimlapi."""

NEEDED: dict[str, dict[str, Any]] = {
    "output_compression": {"output_format": "jpeg"},
    "partial_images": {"stream": True},
}
LOOSE = [
    (fault.provider, operation, fault.breaks)
    for fault in catalogue()
    if fault.name.startswith("loose:")
    for operation in fault.operations
]


def _bodies(provider: str, operation: str, rule: str, values: tuple[Any, ...]) -> list[object]:
    parameter = rule.partition(".")[0]
    if parameter == "images" and provider == "apiframe" and 0 in values:
        values = tuple(value for value in values if value)  # no list is no empty list
    needed = NEEDED.get(parameter, {})
    changes: list[dict[str, Any]] = [{parameter: value, **needed} for value in values]
    return [body(provider, operation, **one) for one in changes]


@pytest.mark.parametrize(("provider", "operation", "rule"), LOOSE)
def test_a_loose_rule_lets_the_nearest_value_in_and_no_other(
    provider: str, operation: str, rule: str
) -> None:
    inside, beyond = OUTSIDE[provider][rule]
    if (provider, operation, rule) == ("aimlapi", "generate", "n.range"):
        inside, beyond = GENERATE_N
    switches = ActiveFaults(frozenset({f"loose:{rule}"})).switches
    near = _bodies(provider, operation, rule, inside)
    far = _bodies(provider, operation, rule, beyond)

    refused = [check(provider, operation, one) for one in (*near, *far)]
    assert [found.rule if found else None for found in refused] == [rule] * len(refused)
    assert [check(provider, operation, one, switches) for one in near] == [None] * len(near)
    still = [check(provider, operation, one, switches) for one in far]
    assert [found.rule if found else None for found in still] == [rule] * len(far)


@pytest.mark.parametrize("provider", list(OUTSIDE))
def test_every_loose_rule_is_in_the_table(provider: str) -> None:
    assert {rule for name, _, rule in LOOSE if name == provider} == set(OUTSIDE[provider])


def test_an_empty_list_of_references_is_let_in_where_the_rule_says_at_least_one() -> None:
    empty = {"model": "gpt-image-2", "prompt": "a", "gptImage2Params": {"input_images": []}}
    switches = ActiveFaults(frozenset({"loose:images.count"})).switches

    assert check("apiframe", "edit", empty) is not None
    assert check("apiframe", "edit", empty, switches) is None


LOWER = [
    (fault.provider, operation, fault.breaks)
    for fault in catalogue()
    if fault.name.endswith(":min")
    for operation in fault.operations
]


@pytest.mark.parametrize(("provider", "operation", "rule"), LOWER)
def test_a_rule_strict_at_its_lower_end_refuses_that_end_alone(
    provider: str, operation: str, rule: str
) -> None:
    switches = ActiveFaults(frozenset({f"strict:{rule}:min"})).switches
    highest = 100 if rule.startswith("output") else 3
    first, second, last = _bodies(provider, operation, rule, (0, 1, highest))

    assert check(provider, operation, first, AS_WRITTEN) is None
    found = check(provider, operation, first, switches)
    assert found is not None
    assert found.rule == rule
    assert [check(provider, operation, one, switches) for one in (second, last)] == [None, None]
