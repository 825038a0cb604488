"""Both ends of every documented range come within the hundred examples of a default run."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from harness import strategies
from harness.core.jsonvalue import Json
from harness.spec.evaluate import is_valid
from harness.spec.load import load_provider_file
from harness.spec.rules import edges
from harness.spec.rules.lattice import area
from tests.public_strategies.drawing import each_of, smallest
from tests.spec import small

SEEDS = 10
NEARLY_ALL = 8
"""Of the seeds: of a hundred, each bound is in 95 or more; another Hypothesis may draw others."""

BOUNDS: set[tuple[str, Json]] = {
    *(("n", 1), ("n", 10), ("characters", 32_000), ("least edge ratio", 3), ("edge", 3840)),
    *(("pixels", 655_360), ("pixels", 8_294_400), ("size", "auto")),
    *(("output_compression", 0), ("output_compression", 100)),
    *(("partial_images", 0), ("partial_images", 3), ("stream", True), ("stream", False)),
    *(("quality", level) for level in ("low", "medium", "high", "auto")),
    *(("output_format", kind) for kind in ("png", "jpeg", "webp")),
}


def test_each_bound_is_drawn_in_nearly_every_run_of_a_hundred_examples() -> None:
    runs: Counter[tuple[str, Json]] = Counter()
    for number in range(SEEDS):
        runs.update(_drawn(number))

    assert {bound: runs[bound] for bound in BOUNDS if runs[bound] < NEARLY_ALL} == {}


def _drawn(number: int) -> set[tuple[str, Json]]:
    """Return the bounds that a hundred examples of a seed touch."""
    touched: set[tuple[str, Json]] = set()

    @seed(number)
    @settings(
        max_examples=100,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.nested_given],
    )
    @given(strategies.requests("openai"))
    def draw(example: strategies.Arguments) -> None:
        touched.update(_touched(example))

    draw()
    return touched & BOUNDS


def _touched(request: strategies.Arguments) -> Iterator[tuple[str, Json]]:
    yield from request.items()
    yield "characters", len(str(request["prompt"]))
    size = edges(request.get("size"))
    if size is not None:
        yield "edge", max(size)
        yield "pixels", area(size)
        yield "least edge ratio", max(size) / min(size)


@pytest.mark.parametrize(("beyond", "found"), [(0, 1), (50, 51), (99, 100)])
def test_a_bound_that_fails_shrinks_to_the_least_number_that_does(beyond: int, found: int) -> None:
    def fails(each: strategies.Arguments) -> bool:
        value = each.get("output_compression")
        return isinstance(value, int) and value > beyond

    assert smallest(strategies.requests("openai"), fails)["output_compression"] == found


def test_as_many_images_as_allowed_come_and_shrink_to_as_few_as_fail() -> None:
    def number(each: strategies.Arguments) -> int:
        images = each["images"]
        return len(images) if isinstance(images, list) else 0

    most = smallest(strategies.requests("openai", "edit"), lambda each: number(each) == 16)
    several = smallest(strategies.requests("openai", "edit"), lambda each: number(each) > 6)

    assert {*most} == {*several} == {"model", "prompt", "images"}
    assert number(several) == 7


OWN = """
[operations.generate.arguments.tags]
wire = "tags"
type = "array"
source = "page: Generate"
array = { items = "string", source = "page: Generate" }
count = { min = 2, max = 12, source = "page: Generate" }

[operations.generate.arguments.label]
wire = "label"
type = "string"
source = "page: Generate"
format = { shape = "string", source = "page: Generate" }
min_length = { characters = 5, source = "page: Generate" }
max_length = { characters = 64, source = "page: Generate" }

[operations.generate.job]
"""


def test_of_a_list_and_a_text_of_somebodys_own_both_ends_come(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(small.TOML.replace("[operations.generate.job]", OWN.strip(), 1))
    described = load_provider_file(file).operation("generate")
    seen: dict[str, set[int]] = {"tags": set(), "label": set(), "prompt": set()}

    def look(each: strategies.Arguments) -> None:
        assert is_valid(described, each)
        for name, lengths in seen.items():
            value = each.get(name)
            if isinstance(value, list | str):
                lengths.add(len(value))

    each_of(strategies.requests(file), 100, look)

    assert seen["tags"] >= {2, 12}
    assert seen["label"] >= {5, 64}
    assert 100 in seen["prompt"]
