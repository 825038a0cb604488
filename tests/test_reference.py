"""What is known of a reference image, in types and as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.jsonvalue import Json
from harness.core.reference import ReferenceImage, references

NUMBERS = st.none() | st.integers(min_value=0)
IMAGES = st.builds(
    ReferenceImage,
    filename=st.none() | st.text(),
    media_type=st.none() | st.text(),
    size_bytes=NUMBERS,
    width_px=NUMBERS,
    height_px=NUMBERS,
    alpha=st.none() | st.booleans(),
    digest=st.none() | st.text(),
)


@given(IMAGES)
def test_what_is_known_of_an_image_is_read_back_from_an_argument(image: ReferenceImage) -> None:
    known = image.as_json()

    assert ReferenceImage.of(known) == (image if known else None)
    assert None not in known.values()


@pytest.mark.parametrize("value", [None, 3, "https://a.test/a.png", {}, {"url": 1}, ["a.png"]])
def test_what_describes_no_file_is_none(value: Json) -> None:
    assert ReferenceImage.of(value) is None


def test_a_fact_of_a_wrong_type_is_not_known() -> None:
    odd: dict[str, Json] = {
        "filename": 3,
        "media_type": [],
        "bytes": "9",
        "width": True,
        "alpha": "no",
    }

    assert ReferenceImage.of({**odd, "height": 5}) == ReferenceImage(height_px=5)


def test_the_files_among_an_argument_are_found_in_order() -> None:
    first, second = ReferenceImage(filename="a"), ReferenceImage(filename="b")
    listed: Json = [first.as_json(), "https://a.test/a.png", second.as_json(), 3]

    assert references(listed) == (first, second)
    assert references(first.as_json()) == (first,)
    assert references("https://a.test/a.png") == ()
