"""Pictures that look like photographs: another one each time, in files like the maker's."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.emulator import natural
from tests.emulator.conftest import Emulator, emulating
from tests.emulator.files import gray, layout, share_of_high_frequencies, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL: dict[str, Any] = {"size": "1024x640", "quality": "low"}


@pytest.fixture(scope="module")
def alive() -> Iterator[Emulator]:
    """An emulator whose pictures are natural."""
    with emulating("--natural") as emulator:
        yield emulator


@pytest.fixture
def emulator(alive: Emulator) -> Emulator:
    alive.reset()
    return alive


def images(emulator: Emulator, provider: str = "sub2api", /, **changes: object) -> list[bytes]:
    reply = emulator.submit(provider, emulator.body(provider, **(SMALL | changes)))
    return [base64.b64decode(one["b64_json"]) for one in reply.json()["data"]]


def alike(one: bytes, other: bytes) -> float:
    """The correlation of two pictures of one size, without their finest detail."""
    a, b = (gray(data)[::16, ::16].ravel() for data in (one, other))
    return float(np.corrcoef(a, b)[0, 1])


def test_every_image_is_another_one_for_other_prompts_the_same_prompt_and_within_n(
    emulator: Emulator,
) -> None:
    made = [
        *images(emulator, prompt="a cat", n=2),
        *images(emulator, prompt="a cat"),
        *images(emulator, prompt="a dog"),
    ]

    assert len({*made}) == len(made) == 4
    assert max(alike(a, b) for a in made for b in made if a != b) < 0.6


@pytest.mark.parametrize("name", ["nearly_cached", "nearly_repeated_images"])
def test_near_copies_differ_in_bytes_and_look_the_same(emulator: Emulator, name: str) -> None:
    emulator.switch("sub2api", name).raise_for_status()
    if name == "nearly_cached":
        made = [image for prompt in "abcdef" for image in images(emulator, prompt=prompt)]
    else:
        made = images(emulator, n=3)

    assert len({*made}) >= 3
    assert min(alike(made[0], other) for other in made) > 0.99


def test_equal_seeds_and_orders_give_equal_images(emulator: Emulator) -> None:
    first = images(emulator, prompt="a cat")
    emulator.reset()

    assert images(emulator, prompt="a cat") == first


def test_a_png_has_the_layout_of_the_maker(emulator: Emulator) -> None:
    (made,) = images(emulator)

    assert layout(made) == ["IHDR", "IDAT", "IEND"]


@pytest.mark.parametrize(("encoding", "times"), [("png", 8), ("jpeg", 5), ("webp", 5)])
def test_pixels_have_the_detail_of_photographs_in_every_format(encoding: str, times: float) -> None:
    picture = natural.drawn("seed", 512, 512)
    native = natural.file_of(picture, encoding, clear=False, quality=100)
    small = natural.drawn("seed", 320, 320)
    enlarged = natural.file_of(
        natural.enlarged(small, 512, 512), encoding, clear=False, quality=100
    )

    assert share_of_high_frequencies(native) > times * share_of_high_frequencies(enlarged)
    assert gray(native).std() > 15


def test_a_clear_ground_has_transparent_pixels_and_opaque_ones(emulator: Emulator) -> None:
    for encoding in ("png", "webp"):
        picture = natural.drawn("seed", 64, 64)
        made = natural.file_of(picture, encoding, clear=True, quality=None)
        assert made != natural.file_of(picture, encoding, clear=False, quality=None)

    (made,) = images(emulator, "openai", background="transparent")
    assert len({*made}) > 1


@pytest.mark.parametrize("provider", ["sub2api", "openai"])
@pytest.mark.parametrize("encoding", ["jpeg", "webp"])
def test_a_higher_number_compresses_less(emulator: Emulator, provider: str, encoding: str) -> None:
    sizes = []
    for number in (0, 10, 50, 90, 100):
        emulator.reset()  # so that all are of one picture
        (made,) = images(emulator, provider, output_format=encoding, output_compression=number)
        sizes.append(len(made))

    assert sizes == sorted(sizes)
    assert sizes[0] * 4 < sizes[-1]


def test_a_jpeg_is_of_the_recorded_quality_where_no_number_was_asked(emulator: Emulator) -> None:
    (usual,) = images(emulator, output_format="jpeg")
    (asked,) = images(emulator, output_format="jpeg", output_compression=75)
    (other,) = images(emulator, output_format="jpeg", output_compression=76)

    assert tables(usual) == tables(asked) != tables(other)
