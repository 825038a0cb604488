import pytest

from harness.core.jsonvalue import Json
from harness.spec import price
from harness.spec.load import parse_provider
from harness.spec.price_list import WorkedExample
from harness.spec.provider import Provider
from tests.shipped import NAMES, shipped_provider
from tests.spec import small

EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{place}")
    for name in NAMES
    for place, example in enumerate(shipped_provider(name).prices.examples)
]


def cost(name: str, **arguments: Json) -> tuple[float, int]:
    one = shipped_provider(name)
    found = price.price_of(one, one.operation("generate"), arguments)
    return float(found.amount), found.images


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_documents_own_examples_come_out(name: str, example: WorkedExample) -> None:
    one = shipped_provider(name)

    assert (
        price.price_of(one, one.operation("generate"), example.arguments).amount == example.amount
    )


def test_nanobanana_and_buble_bring_worked_examples() -> None:
    assert len(shipped_provider("nanobanana").prices.examples) == 5
    assert len(shipped_provider("buble").prices.examples) == 4


SIZES = {
    "1K": ("auto", "1024x1024", "1536x1024", "1024x1536", "1536x1536", "1040x640"),
    "2K": ("2048x2048", "2048x1152", "1552x1024", "1024x1552"),
    "4K": ("3840x2160", "2160x3840", "2064x1024", "1024x2064", "3840x1280"),
}
MATRIX = {
    "1K": {"low": 1, "medium": 4, "high": 14, "auto": 14},
    "2K": {"low": 2, "medium": 17, "high": 67, "auto": 67},
    "4K": {"low": 4, "medium": 34, "high": 133, "auto": 133},
}


@pytest.mark.parametrize("tier", MATRIX)
@pytest.mark.parametrize("quality", ["low", "medium", "high", "auto"])
def test_the_matrix_of_nanobanana_is_complete(tier: str, quality: str) -> None:
    for size in SIZES[tier]:
        assert cost("nanobanana", size=size, quality=quality) == (MATRIX[tier][quality], 1)


def test_nanobanana_without_size_and_quality_costs_as_auto() -> None:
    assert cost("nanobanana") == (14, 1)
    assert cost("nanobanana", size="2048x2048") == (67, 1)
    assert cost("nanobanana", quality="low") == (1, 1)


def test_nanobanana_multiplies_by_n() -> None:
    assert cost("nanobanana", size="3840x2160", quality="high", n=3) == (399, 3)


@pytest.mark.parametrize(
    ("quality", "each"), [("low", 4), ("medium", 9), ("high", 23), ("auto", 23), (None, 23)]
)
def test_apiframe_charges_by_quality_times_images(quality: str | None, each: int) -> None:
    given: dict[str, Json] = {} if quality is None else {"quality": quality}

    assert cost("apiframe", **given) == (each, 1)
    assert cost("apiframe", n=10, **given) == (10 * each, 10)


@pytest.mark.parametrize(("resolution", "amount"), [("1K", 1), ("2K", 1), ("4K", 2), (None, 1)])
def test_buble_multiplies_by_resolution(resolution: str | None, amount: int) -> None:
    given: dict[str, Json] = {} if resolution is None else {"resolution": resolution}

    assert cost("buble", **given) == (amount, 1)


def test_sub2api_counts_images_and_aimlapi_takes_its_one_example() -> None:
    assert cost("sub2api", n=7) == (7, 7)
    assert cost("aimlapi") == (0.0536705, 1)


def test_a_value_off_the_list_costs_the_most_that_it_may() -> None:
    assert cost("nanobanana", quality="ultra", size="1024x1024") == (14, 1)
    assert cost("nanobanana", quality="low", size="bogus") == (4, 1)
    assert cost("nanobanana", quality="ultra", size="bogus") == (133, 1)
    assert cost("nanobanana", quality="high", size="8192x8192") == (133, 1)
    assert cost("apiframe", quality=5) == (23, 1)
    assert cost("buble", resolution="8K") == (2, 1)


@pytest.mark.parametrize("n", [0, -1, True, 1.5, "2", [3]])
def test_what_is_no_number_of_images_counts_as_one(n: Json) -> None:
    assert cost("apiframe", quality="low", n=n) == (4, 1)


def test_a_refused_request_is_free() -> None:
    free = price.free_price(shipped_provider("apiframe"))

    assert (str(free.amount), free.unit, free.images) == ("0", "credit", 0)


def test_a_row_without_a_condition_is_the_price_of_its_whole_tier() -> None:
    one = small.provider()
    arguments: dict[str, Json] = {"size": "2048x2048", "quality": "low", "n": 2}

    assert price.price_of(one, one.operation("generate"), arguments).amount == 18


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("nanobanana", {"size": "1024x1024", "quality": "low"}, "documented"),
        ("nanobanana", {"size": "2048x2048", "quality": "low"}, "contradictory"),
        ("nanobanana", {"size": "3840x2160", "quality": "low"}, "contradictory"),
        ("nanobanana", {"size": "3840x2160", "quality": "high"}, "documented"),
        ("nanobanana", {}, "documented"),
        ("buble", {"resolution": "4K"}, "documented"),
        ("apiframe", {"quality": "low"}, "undocumented"),
        ("sub2api", {}, "undocumented"),
        ("aimlapi", {}, "undocumented"),
    ],
)
def test_a_price_is_as_sure_as_its_row(name: str, arguments: dict[str, Json], status: str) -> None:
    one = shipped_provider(name)

    assert price.price_status(one, one.operation("generate"), arguments) == status


def test_a_number_that_is_left_out_or_null_is_the_documented_one() -> None:
    raw = small.tables()
    raw["operations"]["generate"]["arguments"]["n"]["default"] = 4
    found = parse_provider(raw)
    assert isinstance(found, Provider)
    generate = found.operation("generate")

    assert [price.images_asked(generate, each) for each in ({}, {"n": None}, {"n": 2})] == [4, 4, 2]
    assert [price.images_asked(generate, {"n": odd}) for odd in (0, "2", True)] == [1, 1, 1]
    assert price.price_of(found, generate, {}).images == 4
