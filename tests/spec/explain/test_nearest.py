from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.build import Builder
from harness.cases.draw import drawn_cases, refused_arguments
from harness.core.jsonvalue import Json, canonical
from harness.spec.evaluate import broken
from harness.spec.explain.nearest import nearest_request
from harness.spec.explain.neighbours import KEPT, nearest_size
from harness.spec.provider import PARAMETERS, Operation
from harness.spec.request import carried
from harness.spec.rules import Rule
from harness.spec.rules.size import MaxEdge, MinPixels
from tests.cases.strategies import accepted_arguments
from tests.shipped import NAMES, shipped_provider
from tests.strategies import json_values

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]

PLAIN: dict[str, Json] = {"prompt": "a cat", "model": "gpt-image-2"}
PHOTO: dict[str, Json] = {
    "filename": "photo.jpg",
    "media_type": "image/jpeg",
    "bytes": 9_000,
    "width": 600,
    "height": 400,
    "alpha": False,
}
MASK: dict[str, Json] = PHOTO | {"filename": "m.png", "media_type": "image/png", "alpha": True}
HEAVY: dict[str, Json] = MASK | {"bytes": 60_000_000}

Changes = dict[str, tuple[Json, Json]]


def changes(name: str, operation: str, arguments: Mapping[str, Json]) -> Changes:
    found = nearest_request(shipped_provider(name).operation(operation), arguments)
    assert found is not None
    return {one.parameter: (one.before, one.after) for one in found.changes}


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("sub2api", {"n": 20}, {"n": (20, 10)}),
        ("sub2api", {"n": 0}, {"n": (0, 1)}),
        ("sub2api", {"n": 1.6}, {"n": (1.6, 2)}),
        ("sub2api", {"n": "2"}, {"n": ("2", 2)}),
        ("nanobanana", {"n": True}, {"n": (True, 1)}),
        ("nanobanana", {"n": [3]}, {"n": ([3], 1)}),
        ("sub2api", {"quality": "Hgh"}, {"quality": ("Hgh", "high")}),
        ("sub2api", {"quality": 7}, {"quality": (7, "low")}),
        ("apiframe", {"output_format": "gif"}, {"output_format": ("gif", "webp")}),
        ("sub2api", {"output_format": "jpg"}, {"output_format": ("jpg", "jpeg")}),
        ("sub2api", {"stream": "yes"}, {"stream": ("yes", True)}),
        ("sub2api", {"stream": "no"}, {"stream": ("no", False)}),
        ("sub2api", {"prompt": "é" * 32_001}, {"prompt": ("é" * 32_001, "é" * 32_000)}),
        ("sub2api", {"prompt": 123}, {"prompt": (123, "123")}),
        ("sub2api", {"size": "3840x1024"}, {"size": ("3840x1024", "3840x1280")}),
        ("sub2api", {"size": "1920*1080"}, {"size": ("1920*1080", "1920x1088")}),
        ("sub2api", {"size": 1024}, {"size": (1024, "1024x1024")}),
        ("sub2api", {"size": "Auto"}, {"size": ("Auto", "auto")}),
        ("nanobanana", {"size": "huge"}, {"size": ("huge", "auto")}),
        ("sub2api", {"style": "vivid"}, {"style": ("vivid", None)}),
        (
            "apiframe",
            {"webhook_url": "ftp://me.test/hook"},
            {"webhook_url": ("ftp://me.test/hook", "https://me.test/hook")},
        ),
        # The partner that was not named is added, the one that was named stays.
        ("sub2api", {"output_compression": 50}, {"output_format": (None, "jpeg")}),
        (
            "sub2api",
            {"output_compression": 50, "output_format": "png"},
            {"output_compression": (50, None)},
        ),
        ("sub2api", {"partial_images": 2, "stream": False}, {"partial_images": (2, None)}),
        ("sub2api", {"stream": True, "n": 2}, {"stream": (True, None)}),
        ("sub2api", {"stream": True, "n": 20}, {"n": (20, 1)}),
    ],
    ids=str,
)
def test_the_nearest_request_changes_as_little_as_will_do(
    name: str, asked: dict[str, Json], expected: Changes
) -> None:
    assert changes(name, "generate", PLAIN | asked) == expected


def test_what_is_missing_is_added_and_what_has_no_place_is_left_out() -> None:
    found = changes("buble", "generate", {"size": "1024x1024", "resolution": "8K"})

    assert found.pop("prompt")[0] is None
    assert found == {
        "model": (None, "openai/gpt-image-2"),
        "mode": (None, "text_to_image"),
        "resolution": ("8K", "4K"),
        "size": ("1024x1024", None),
    }


def test_a_list_of_sizes_or_ratios_is_searched_by_form() -> None:
    tall = changes("aimlapi", "generate", PLAIN | {"size": "1000x2000"})
    wide = changes("buble", "generate", PLAIN | {"aspect_ratio": "21:9"})

    assert tall["size"] == ("1000x2000", "1024x1536")
    assert wide["aspect_ratio"] == ("21:9", "16:9")


@pytest.mark.parametrize(
    ("images", "mask", "expected"),
    [
        ([HEAVY], None, {"images": ([HEAVY], [HEAVY | {"bytes": 49_999_999}])}),
        ([MASK], PHOTO, {"mask": (PHOTO, PHOTO | {**MASK, "filename": "photo.png"})}),
        ([MASK], MASK | {"width": 8}, {"mask": (MASK | {"width": 8}, MASK)}),
        # A JPEG has no alpha channel: the photo becomes a PNG, so that the mask can stay.
        (
            [PHOTO],
            MASK,
            {"images": ([PHOTO], [PHOTO | {"filename": "photo.png", "media_type": "image/png"}])},
        ),
        ([PHOTO], PHOTO, {"mask": (PHOTO, None)}),
        (["https://a.test/b.png"], MASK, {"mask": (MASK, None)}),
        ([MASK] * 17, None, {"images": ([MASK] * 17, [MASK] * 16)}),
    ],
)
def test_the_nearest_file_is_the_same_picture_written_otherwise(
    images: list[Json], mask: Json, expected: Changes
) -> None:
    asked = PLAIN | {"images": images} | ({} if mask is None else {"mask": mask})

    assert changes("sub2api", "edit", asked) == expected


def test_a_local_file_becomes_an_address_where_only_addresses_go() -> None:
    found = changes("nanobanana", "edit", PLAIN | {"images": [PHOTO]})

    assert found == {"images": ([PHOTO], ["https://assets.invalid/photo.jpg"])}


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_a_valid_request_is_its_own_nearest(name: str, operation: str) -> None:
    described = shipped_provider(name).operation(operation)
    for case in drawn_cases(
        accepted_arguments(Builder(shipped_provider(name), operation)), count=40, seed_=1
    ):
        found = nearest_request(described, case.arguments)

        assert found is not None
        assert found.changes == ()
        assert found.arguments == case.arguments


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_one_broken_rule_is_mended_by_one_change(name: str, operation: str) -> None:
    described = shipped_provider(name).operation(operation)
    for case in drawn_cases(
        refused_arguments(Builder(shipped_provider(name), operation)), count=80, seed_=1
    ):
        found = nearest_request(described, case.arguments)

        assert found is not None, case.id
        assert len(found.changes) == 1, (case.breaks, found.changes)
        assert is_valid(described, found.arguments)


def is_valid(operation: Operation, arguments: dict[str, Json]) -> bool:
    known = set(arguments) <= set(operation.arguments)
    return known and broken(operation, carried(operation, arguments)) == ((), ())


NUMBERS: tuple[Json, ...] = (0, 1, 2, 11, -5, 1.5, True, False, None)
TEXTS: tuple[Json, ...] = (
    *("", "x" * 40_000, "auto", "hd", "1:1", "1024x1024", "3840x1024", "16x16", "1000x1000"),
    *("https://a.test/b.png", "data:image/"),
)
FILES: tuple[Json, ...] = (PHOTO, MASK, HEAVY)
LISTS: tuple[Json, ...] = ([], [7], [PHOTO], [MASK, PHOTO], ["https://a.test/b.png"] * 17)
STRANGE = json_values()


@cache
def values(name: str, operation: str, parameter: str) -> st.SearchStrategy[Json]:
    """Any JSON, and often what means something to one of the rules."""
    argument = shipped_provider(name).operation(operation).arguments.get(parameter)
    listed = argument.one_of.values if argument is not None and argument.one_of else ()
    return st.sampled_from((*NUMBERS, *TEXTS, *FILES, *LISTS, *listed)) | STRANGE


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, Json]]:
    """Any arguments for any operation: right, wrong, of odd types, unknown."""
    name, operation = draw(st.sampled_from(EVERY))
    names = draw(st.sets(st.sampled_from((*PARAMETERS, "style")), max_size=12))
    return name, operation, {one: draw(values(name, operation, one)) for one in sorted(names)}


@settings(max_examples=200, deadline=None)
@given(requests())
def test_whatever_is_asked_the_nearest_request_is_valid(
    asked: tuple[str, str, dict[str, Json]],
) -> None:
    name, operation, arguments = asked
    described = shipped_provider(name).operation(operation)
    before = canonical(arguments)

    found = nearest_request(described, arguments)

    assert canonical(arguments) == before
    assert found is not None
    assert is_valid(described, found.arguments)
    assert {one.parameter for one in found.changes} >= set(arguments) - set(described.arguments)
    again = nearest_request(described, found.arguments)
    assert again is not None
    assert again.changes == ()


SIZE_RULES: list[Any] = [
    rule for _, rule in shipped_provider("sub2api").operation("generate").arguments["size"].rules
]
ALLOWED = [
    (width, height)
    for width in range(16, 3841, 16)
    for height in range(16, 3841, 16)
    if max(width, height) <= 3 * min(width, height) and 655_360 <= width * height <= 8_294_400
]


def off(size: tuple[int, int], wanted: tuple[int, int]) -> float:
    ratios = size[0] * wanted[1], size[1] * wanted[0]
    return max(ratios) / min(ratios) - 1


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(1, 9_000), st.integers(1, 9_000)))
def test_no_allowed_size_is_nearer_than_the_one_found(wanted: tuple[int, int]) -> None:
    best = max(KEPT, min(off(size, wanted) for size in ALLOWED))
    pixels = wanted[0] * wanted[1]

    def distance(size: tuple[int, int]) -> tuple[int, float, int, float]:
        area = size[0] * size[1]
        same_edges = (size[0] == wanted[0]) + (size[1] == wanted[1])
        return (-same_edges, max(area / pixels, pixels / area), -area, off(size, wanted))

    nearest_by_hand = min((size for size in ALLOWED if off(size, wanted) <= best), key=distance)

    assert nearest_size(SIZE_RULES, wanted) == nearest_by_hand


def test_an_allowed_size_is_its_own_nearest() -> None:
    assert all(nearest_size(SIZE_RULES, size) == size for size in ALLOWED[::997])


def test_sizes_without_an_allowed_one_have_no_nearest() -> None:
    source = SIZE_RULES[0].source
    rules: list[Rule] = [
        MaxEdge(pixels=100, source=source),
        MinPixels(pixels=10_001, source=source),
    ]

    assert nearest_size(rules, (64, 64)) is None
