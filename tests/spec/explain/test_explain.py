from dataclasses import replace

import pytest

from harness.cases.build import Builder
from harness.cases.draw import drawn_cases, refused_arguments
from harness.core.jsonvalue import Json
from harness.spec.evaluate import broken
from harness.spec.explain.explain import Explanation, explain
from harness.spec.request import carried
from tests.cases import served
from tests.cases.strategies import accepted_arguments
from tests.shipped import NAMES, shipped_provider

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]
PLAIN: dict[str, Json] = {"prompt": "a cat", "model": "gpt-image-2"}
AIML = PLAIN | {"model": "openai/gpt-image-2"}
BUBLE = AIML | {"mode": "text_to_image"}


def of(name: str, arguments: dict[str, Json], operation: str = "generate") -> Explanation:
    return explain(shipped_provider(name), operation, arguments)


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_what_is_promised_is_accepted_as_by_the_emulator(name: str, operation: str) -> None:
    for case in drawn_cases(
        accepted_arguments(Builder(shipped_provider(name), operation)), count=25, seed_=2
    ):
        told = explain(shipped_provider(name), operation, case.arguments)

        assert served.said(case) is None
        assert (told.breaks, told.unknown) == ((), ())
        by_agent = ("image_generation",) if operation == "respond" else ()
        assert tuple(each.about for each in told.open) == by_agent
        assert told.verdict == ("open" if by_agent else "accepted")
        assert told.cost is not None
        assert told.nearest is not None
        assert told.nearest.cost == told.cost


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_what_breaks_one_rule_is_refused_for_it_as_by_the_emulator(
    name: str, operation: str
) -> None:
    described = shipped_provider(name).operation(operation)
    for case in drawn_cases(
        refused_arguments(Builder(shipped_provider(name), operation)), count=50, seed_=2
    ):
        told = explain(shipped_provider(name), operation, case.arguments)
        asked_instead = told.nearest

        assert served.disagreement(case) is None
        assert (told.verdict, [one.about for one in told.breaks]) == ("refused", [case.breaks])
        assert told.cost is None
        assert asked_instead is not None
        assert broken(described, carried(described, asked_instead.arguments)) == ((), ())
        if not any(isinstance(one, list | dict) for one in asked_instead.arguments.values()):
            mended = replace(case, arguments=asked_instead.arguments)
            assert served.said(mended) is None


def test_a_broken_rule_is_told_with_its_words_and_its_place() -> None:
    told = of("sub2api", PLAIN | {"size": "3840x1024"})

    (said,) = told.breaks
    assert said.about == "size.max_ratio"
    assert said.says == "size has a ratio of at most 3:1"
    assert said.source == "001_5b0aab872a4ee831.txt: Size Constraints"
    assert said.status == "documented"


@pytest.mark.parametrize(
    ("name", "arguments", "about", "status"),
    [
        # The page is silent, a second source is not.
        ("aimlapi", AIML | {"size": "3840x1024"}, "size.one_of", "undocumented"),
        ("aimlapi", AIML | {"size": "1024x1536"}, "size.one_of", "undocumented"),
        ("apiframe", PLAIN | {"prompt": "x" * 2001}, "prompt.max_length", "undocumented"),
        # The documents contradict each other.
        ("apiframe", PLAIN | {"aspect_ratio": "3:2"}, "aspect_ratio", "contradictory"),
        ("aimlapi", AIML | {"background": "transparent"}, "background.one_of", "contradictory"),
        # No default of the other argument is named.
        (
            "sub2api",
            PLAIN | {"output_compression": 9},
            "output_compression.only_with",
            "documented",
        ),
        # Nothing says what a character is, or whether an empty text is one.
        ("nanobanana", PLAIN | {"prompt": "🐈" * 1_500}, "prompt.max_length", "documented"),
        ("buble", BUBLE | {"prompt": " "}, "prompt.required", "documented"),
    ],
)
def test_what_nobody_vouches_for_is_open(
    name: str, arguments: dict[str, Json], about: str, status: str
) -> None:
    told = of(name, arguments)

    assert told.verdict == "open"
    assert [(one.about, one.status) for one in told.open] == [(about, status)]
    assert told.cost is not None


def test_an_address_in_a_form_is_open() -> None:
    told = of("sub2api", PLAIN | {"images": ["https://a.test/b.png"]}, "edit")

    assert (told.verdict, [one.about for one in told.open]) == ("open", ["images"])


def test_a_parameter_that_a_provider_does_not_have_is_not_mappable() -> None:
    told = of("buble", BUBLE | {"size": "1024x1024", "n": 2})

    assert told.verdict == "not mappable"
    assert [(one.name, one.instead) for one in told.unknown] == [
        ("size", ("aspect_ratio", "resolution")),
        ("n", ()),
    ]
    assert told.request is not None
    assert told.request.body == BUBLE


def test_a_refusal_stays_one_beside_an_unknown_parameter() -> None:
    told = of("buble", BUBLE | {"resolution": "8K", "n": 2})

    assert told.verdict == "refused"


def test_an_operation_that_a_provider_does_not_have_is_not_mappable() -> None:
    told = of("buble", BUBLE, "respond")

    assert told.verdict == "not mappable"
    assert told.unknown[0].instead == ("generate", "edit")
    assert (told.request, told.nearest, told.cost) == (None, None, None)


def test_the_price_is_that_of_the_request_and_of_the_nearest_one() -> None:
    served_ = of("nanobanana", PLAIN | {"size": "3840x1280", "quality": "high"})
    refused_ = of("nanobanana", PLAIN | {"size": "3840x1024", "quality": "low"})

    assert served_.cost is not None
    assert served_.cost.price.amount == 133
    assert served_.cost.status == "documented"
    assert refused_.cost is None
    assert refused_.nearest is not None
    assert refused_.nearest.cost.price.amount == 4
    assert refused_.nearest.cost.status == "contradictory"
