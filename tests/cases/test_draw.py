"""Thousands of drawn cases of every operation, against two checks that share nothing with us."""

import tomllib
from collections import Counter
from typing import cast

import pytest

from harness.cases.build import Builder
from harness.cases.draw import drawn_cases, refused_arguments, valid_arguments
from harness.core.case import Case
from harness.core.recipe import MODES
from harness.spec.evaluate import tokens
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from tests.cases import served
from tests.cases.independent import NEVER_BROKEN, broken
from tests.cases.strategies import accepted_arguments, boundary_cases
from tests.shipped import NAMES, shipped_provider
from tests.slow import some_in_ci
from tests.spec import small

SEEDS = [range(2), range(5)]
"""Those that CI draws from, and those of `make slow`."""

EACH = {"generate": 500, "edit": 150, "edit_json": 150, "respond": 20}
"""Cases of each expectation that are drawn per seed: a request with files takes longer."""

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]


def many(name: str, operation: str, seeds: range) -> tuple[Case, ...]:
    """Drawn cases of both expectations, from several seeds."""
    builder = Builder(shipped_provider(name), operation)
    return tuple(
        case
        for seed in seeds
        for strategy in (accepted_arguments(builder), refused_arguments(builder))
        for case in drawn_cases(strategy, count=EACH[operation], seed_=seed)
    )


def disagreement(case: Case) -> str | None:
    """What the emulator or the plain arithmetic says against a case; nothing where both agree."""
    found = broken(case.provider, case.arguments, case.operation)
    expected = {case.breaks} if case.expect == "refuse" else set()
    if found != expected:
        return f"the arithmetic finds {found or 'nothing'}"
    return served.disagreement(case)


@pytest.mark.usefixtures("each_file_is_decoded_once")
@pytest.mark.parametrize("seeds", some_in_ci(SEEDS, SEEDS[:1]))
@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_drawn_cases_agree_with_the_emulator_and_with_plain_arithmetic(
    name: str, operation: str, seeds: range
) -> None:
    found = many(name, operation, seeds)
    wrong = {case.id: told for case in found if (told := disagreement(case))}
    kinds = Counter(case.expect for case in found)
    each = len(seeds) * EACH[operation]
    never = NEVER_BROKEN.get((name, operation), set())
    described = shipped_provider(name).operation(operation)
    judged = {
        item.id
        for item in described.constraints
        if item.documented and described.arguments[item.parameter].status == "documented"
    }

    assert wrong == {}
    assert kinds == Counter(accept=each, refuse=each if judged else 0)
    assert len({case.id for case in found}) > len(found) / 2
    assert {case.breaks for case in found if case.breaks} == judged - never


def test_equal_seeds_draw_equal_cases_and_others_do_not() -> None:
    builder = Builder(shipped_provider("sub2api"), "generate")
    first, again, other = (
        drawn_cases(refused_arguments(builder), count=20, seed_=seed) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def sixth(text: str = small.TOML) -> Provider:
    found = parse_provider(tomllib.loads(text))
    assert isinstance(found, Provider), found
    return found


def test_a_sixth_provider_needs_no_code() -> None:
    builder = Builder(sixth(), "generate")
    arguments = [
        case.arguments for case in drawn_cases(accepted_arguments(builder), count=300, seed_=0)
    ]
    names = {name for given in arguments for name in given}
    breaks = {case.breaks for case in drawn_cases(refused_arguments(builder), count=600, seed_=0)}

    assert names == set(builder.operation.arguments)
    assert breaks == {item.id for item in builder.operation.constraints}


EDITS: dict[str, tuple[list[str], list[str] | None, dict[str, int]]] = {
    "png and webp": (["png", "webp"], None, {"min": 1, "max": 2}),
    "two images at least": (["png", "webp"], None, {"min": 2, "max": 3}),
    "no image at least": (["png"], None, {"min": 0, "max": 5}),
    "jpeg only": (["jpeg"], ["png"], {"min": 1, "max": 1}),
    "webp only": (["webp"], ["webp"], {"min": 1, "max": 4}),
    "gif only": (["gif"], None, {"min": 1, "max": 2}),
    "every format": (["png", "jpeg", "webp", "gif"], ["png"], {"min": 1, "max": 16}),
    "one that cannot be made": (["heic", "png"], ["png"], {"min": 1, "max": 2}),
}


@pytest.mark.parametrize(("types", "masks", "count"), EDITS.values(), ids=EDITS)
def test_the_edit_of_a_sixth_provider_needs_no_code(
    types: list[str], masks: list[str] | None, count: dict[str, int]
) -> None:
    raw = small.tables()
    edit = raw["operations"]["edit"]
    images, mask = (edit["arguments"][name] for name in ("images", "mask"))
    images["count"] |= count
    images["max_bytes"]["bytes"] = mask["max_bytes"]["bytes"] = 1_000_000
    images["media_type"]["values"] = [f"image/{kind}" for kind in types]
    if masks is not None:
        values = [f"image/{kind}" for kind in masks]
        mask["media_type"] = {"values": values, "source": "page: Edit"}
    one = parse_provider(raw)
    assert isinstance(one, Provider), one
    builder = Builder(one, "edit")
    planned = [
        *boundary_cases(one, "edit"),
        *drawn_cases(accepted_arguments(builder), count=60, seed_=0),
        *drawn_cases(refused_arguments(builder), count=120, seed_=0),
    ]
    broken_ = {case.breaks for case in planned if case.expect == "refuse"}
    served_ = [
        cast("list[dict[str, str]]", case.arguments["images"])
        for case in planned
        if case.expect == "accept"
    ]
    sent = {file["media_type"] for images in served_ for file in images}

    assert all(served_)  # in a form, no images are no argument
    assert {"prompt.required", "images.required", "images.count", "n.range"} <= broken_
    assert ("images.media_type" in broken_) is (len(types) < len(MODES))
    assert sent == {f"image/{kind}" for kind in types if kind in MODES}


def test_an_argument_is_drawn_though_its_partner_stands_later_in_the_document() -> None:
    start = small.TOML.index("[operations.generate.arguments.stream]")
    middle = small.TOML.index("[operations.generate.arguments.partial_images]")
    end = small.TOML.index("[operations.generate.arguments.webhook_url]")
    turned = (
        small.TOML[:start] + small.TOML[middle:end] + small.TOML[start:middle] + small.TOML[end:]
    )
    builder = Builder(sixth(turned), "generate")
    cases = drawn_cases(accepted_arguments(builder), count=300, seed_=0)

    assert any("partial_images" in case.arguments for case in cases)


def test_a_default_counts_as_the_partner_that_it_is() -> None:
    text = small.TOML.replace(
        'never_with = { when = [true], argument = "n", above = 1, source = "page: Generate" }',
        'never_with = { when = [true], argument = "quality", values = ["low"], '
        'source = "page: Generate" }',
    )
    builder = Builder(sixth(text), "generate")
    found = drawn_cases(accepted_arguments(builder), count=300, seed_=0)

    assert any(case.arguments.get("stream") is True for case in found)
    assert all(
        case.arguments.get("quality") == "high" for case in found if case.arguments.get("stream")
    )


def test_a_range_that_ends_at_zero_is_kept() -> None:
    builder = Builder(
        sixth(small.TOML.replace("min = 0, max = 3", "min = -2, max = 0")), "generate"
    )
    drawn_values = {
        case.arguments["partial_images"]
        for case in drawn_cases(accepted_arguments(builder), count=300, seed_=0)
        if "partial_images" in case.arguments
    }

    assert drawn_values == {-2, -1, 0}


@pytest.mark.parametrize("name", NAMES)
def test_cheap_requests_ask_for_few_images_and_short_prompts(name: str) -> None:
    builder = Builder(shipped_provider(name), "generate")
    found = drawn_cases(accepted_arguments(builder, cheap=True), count=200, seed_=0)

    for case in found:
        n, prompt = case.arguments.get("n", 1), case.arguments["prompt"]
        assert isinstance(n, int)
        assert n <= 3
        assert isinstance(prompt, str)
        assert len(prompt) < 200


def test_drawn_arguments_stand_on_boundaries_too() -> None:
    builder = Builder(shipped_provider("nanobanana"), "generate")
    arguments = valid_arguments(builder)
    assert arguments is not None
    found = {
        token
        for case in drawn_cases(accepted_arguments(builder), count=500, seed_=0)
        for token in tokens(builder.operation, case.arguments)
    }

    assert {"prompt.max_length=2000", "size.format=auto", "quality.one_of=high"} <= found
