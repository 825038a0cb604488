"""Each violation breaks the rule it names, and no other; `rules` names all that can be broken."""

from collections import Counter

import httpx
import pytest

from harness import strategies
from harness.core.errors import UsageError
from harness.spec.evaluate import broken_when_sent
from harness.strategies import WireRequest
from harness.strategies.wire import wire_request
from tests.public_strategies.drawing import (
    BAD_REQUEST,
    EVERY,
    OF_EVERY_RULE,
    SERVER_ERROR,
    UNAUTHORIZED,
    each_of,
    sent,
    smallest,
)
from tests.shipped import shipped_provider


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_each_violation_breaks_its_rule_alone_and_the_emulator_refuses_it(
    name: str, operation: str, served: dict[str, httpx.Client]
) -> None:
    provider = shipped_provider(name)
    described = provider.operation(operation)
    wrong: dict[str, object] = {}
    accepted: dict[str, WireRequest] = {}
    for rule in strategies.rules(name, operation):

        def look(arguments: strategies.Arguments, rule: str = rule) -> None:
            violated, unspecified = broken_when_sent(described, arguments)
            if [one.id for one in violated] != [rule] or unspecified:
                wrong[rule] = arguments
            if rule.endswith(".max_bytes"):
                return  # 50 MB each; the emulator's own rules are asked about them elsewhere
            wire = wire_request(provider, described, arguments)
            status = sent(served[name], name, wire).status_code
            if not BAD_REQUEST <= status < SERVER_ERROR or status in UNAUTHORIZED:
                accepted[rule] = wire

        each_of(strategies.violations(name, rule, operation), 1, look)

    assert wrong == {}
    assert accepted == {}


def test_the_rules_are_the_documented_ones_that_a_request_can_break() -> None:
    counts = Counter((name, operation) for name, operation, _ in OF_EVERY_RULE)

    assert strategies.rules("apiframe") == (
        *("prompt.required", "prompt.format", "model.one_of", "quality.one_of"),
        *("background.one_of", "n.range", "n.integer", "output_format.one_of", "moderation.one_of"),
    )
    assert counts["sub2api", "generate"] == 22
    assert strategies.rules("sub2api", "respond") == ()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("n.range", {"n": 0}),
        ("n.integer", {"n": "1"}),
        ("size.max_ratio", {"size": "1264x3808"}),
        ("size.multiple_of", {"size": "680x984"}),
        ("quality.one_of", {"quality": "ultra"}),
        ("output_compression.range", {"output_format": "jpeg", "output_compression": -1}),
    ],
)
def test_a_smallest_violation_is_next_to_the_boundary(
    rule: str, expected: strategies.Arguments
) -> None:
    found = smallest(strategies.violations("sub2api", rule), lambda _: True)

    assert found == {"model": "gpt-image-2", "prompt": "a small red lighthouse", **expected}


def test_a_missing_argument_is_the_only_one_that_is_missing() -> None:
    found = smallest(strategies.violations("sub2api", "prompt.required", "edit"), lambda _: True)

    assert {*found} == {"model", "images"}


def test_a_range_is_broken_on_both_sides() -> None:
    far = smallest(strategies.violations("sub2api", "n.range"), lambda each: each["n"] != 0)

    assert far["n"] == 11


@pytest.mark.parametrize(
    ("provider", "rule", "why"),
    [
        ("sub2api", "n.rnge", r"there is no rule 'n.rnge' \(did you mean n.range\? one of model.r"),
        ("sub2api", "", "there is no rule ''"),
        ("sub2api", "stream.never_with", "is undocumented: nobody promises"),
        ("sub2api", "auth.required", "is broken by what is sent beside a request"),
        ("apiframe", "aspect_ratio.one_of", "is contradictory: nobody promises"),
    ],
)
def test_a_rule_that_no_request_breaks_says_why(provider: str, rule: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        strategies.violations(provider, rule)
