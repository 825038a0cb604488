"""Requests that anybody draws keep every rule, show all arguments, and shrink well."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness import strategies
from harness.core.errors import SpecError, UsageError
from harness.core.jsonvalue import Json
from harness.spec.evaluate import is_valid
from harness.spec.load import load_provider_file
from harness.spec.rules import edges
from harness.spec.rules.lattice import area
from tests.public_strategies.drawing import EVERY, each_of, smallest
from tests.shipped import shipped_provider
from tests.spec import small


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_every_request_keeps_every_rule_and_every_argument_comes(name: str, operation: str) -> None:
    described = shipped_provider(name).operation(operation)
    invalid: list[strategies.Arguments] = []
    seen: Counter[str] = Counter()

    def look(arguments: strategies.Arguments) -> None:
        seen.update([*arguments])
        if not is_valid(described, arguments):
            invalid.append(arguments)

    count = each_of(strategies.requests(name, operation), 25, look)

    assert invalid == []
    assert count == 25 or len(seen) == len(described.arguments)
    required = {each for each, one in described.arguments.items() if one.required is not None}
    assert {each for each in seen if seen[each] == count} >= required
    assert {*seen} <= {
        each for each, one in described.arguments.items() if one.status == "documented"
    }


def test_a_smallest_request_has_what_is_required_and_nothing_else() -> None:
    plain = smallest(strategies.requests("sub2api"), lambda _: True)
    several = smallest(strategies.requests("sub2api"), lambda each: _number(each.get("n")) > 1)

    assert plain == {"model": "gpt-image-2", "prompt": "a small red lighthouse"}
    assert several == {**plain, "n": 2}


def test_what_fails_with_two_arguments_keeps_these_two() -> None:
    def fails(each: strategies.Arguments) -> bool:
        return each.get("quality") == "high" and each.get("output_format") == "webp"

    found = smallest(strategies.requests("openai"), fails)

    assert {*found} == {"model", "prompt", "quality", "output_format"}


def test_a_prompt_shrinks_to_one_thing_or_to_the_shortest_text_that_fails() -> None:
    found = smallest(strategies.requests("apiframe"), lambda each: len(str(each["prompt"])) > 1_000)

    assert len(str(found["prompt"])) == 1_001


def test_prompts_as_long_as_allowed_come_often() -> None:
    lengths: Counter[int] = Counter()

    def look(arguments: strategies.Arguments) -> None:
        lengths[len(str(arguments["prompt"]))] += 1

    each_of(strategies.requests("apiframe"), 60, look)

    assert max(lengths) == 2_000
    assert lengths[2_000] > 1


def test_a_size_shrinks_to_the_smallest_boundary_that_fails() -> None:
    found = smallest(strategies.sizes("sub2api"), lambda each: _pixels(each) > 2_000_000)
    fewest = smallest(strategies.sizes("nanobanana"), lambda _: True)

    assert fewest == "1024x640"
    assert found == "1584x1808"


def test_a_size_where_no_boundary_fails_loses_pixels() -> None:
    on_a_boundary: set[Json] = {"1584x1808", "3840x1280", "1280x3840", "3840x2160", "2160x3840"}

    def fails(size: Json) -> bool:
        return size not in {*on_a_boundary, "2880x2880"} and _pixels(size) > 2_000_000

    found = smallest(strategies.sizes("sub2api"), fails)

    assert _pixels(found) < 2_100_000


def test_every_other_size_is_on_a_boundary_and_the_others_are_of_all_areas() -> None:
    described = shipped_provider("sub2api").operation("generate").arguments["size"]
    drawn: list[str] = []
    each_of(strategies.sizes("sub2api"), 200, lambda each: drawn.append(str(each)))
    rules = [
        getattr(described, kind) for kind in ("max_edge", "max_ratio", "min_pixels", "max_pixels")
    ]
    touching = [
        each
        for each in drawn
        if (px := edges(each)) is not None and any(rule.touches(*px) for rule in rules)
    ]

    assert {"auto", "3840x2160", "2880x2880", "1024x640", "480x1440"} <= {*drawn}
    assert len({*touching}) > 10
    assert sum(_pixels(each) > 3_000_000 for each in {*drawn}) > 50


def test_of_a_provider_without_sizes_a_size_is_its_ratio_and_resolution() -> None:
    drawn: list[Json] = []
    each_of(strategies.sizes("buble"), 40, drawn.append)

    assert {tuple(each) for each in drawn if isinstance(each, dict)} == {
        ("resolution", "aspect_ratio")
    }
    assert {"resolution": "1K", "aspect_ratio": "auto"} in drawn


def test_of_a_provider_that_lists_sizes_a_size_is_one_that_every_document_lists() -> None:
    drawn: list[Json] = []
    each_of(strategies.sizes("aimlapi"), 40, drawn.append)

    assert {*map(str, drawn)} == {"1024x1024", "1536x1024"}


def test_where_no_document_settles_sizes_that_is_said() -> None:
    with pytest.raises(UsageError, match="apiframe generate: its documents settle no sizes"):
        strategies.sizes("apiframe")


def test_a_provider_may_be_a_file_or_a_value(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(small.TOML)
    of_path, of_text, of_value = (
        smallest(strategies.requests(each), lambda _: True)
        for each in (file, str(file), load_provider_file(file))
    )

    assert of_path == of_text == of_value
    assert strategies.rules(file) == strategies.rules(load_provider_file(file))


def test_what_is_drawn_may_be_changed_without_changing_what_is_drawn_next() -> None:
    def spoil(arguments: dict[str, Any]) -> None:
        assert "spoiled" not in str(arguments)
        for image in arguments["images"]:
            image["filename"] = "spoiled"

    each_of(strategies.requests("aimlapi", "edit"), 30, spoil)


@pytest.mark.parametrize(
    ("provider", "operation", "why"),
    [
        ("apiframes", "generate", "unknown provider 'apiframes'.*did you mean apiframe"),
        ("apiframe", "generat", "apiframe has no operation 'generat'.*did you mean generate"),
        ("apiframe", "<script>", "apiframe has no operation '<script>'.*one of generate, edit"),
    ],
)
def test_an_unknown_name_is_refused_where_the_strategy_is_made(
    provider: str, operation: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        strategies.requests(provider, operation)


def test_a_toml_with_mistakes_says_them(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(small.TOML.replace('type = "integer"', 'type = "integre"'))

    with pytest.raises(SpecError, match="integre"):
        strategies.requests(file)


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _pixels(size: Json) -> int:
    px = edges(size)
    return 0 if px is None else area(px)
