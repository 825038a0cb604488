from dataclasses import replace

from harness.report.exhibits.conversation import summary
from harness.report.images import images_text
from tests.report import builders as b

DECODED = b.picture()
BROKEN = replace(
    DECODED, format="webp", state="undecodable", width_px=None, height_px=None, why="cut off"
)


def test_each_kind_of_image_is_named_once_and_at_most_as_many_as_asked() -> None:
    kinds = (DECODED, replace(DECODED, format="jpeg"), DECODED)

    assert images_text(kinds) == "3 images: png 1024x1024, jpeg 1024x1024"
    assert images_text(kinds, most=1) == "3 images: png 1024x1024"


def test_an_image_without_pixels_tells_no_size() -> None:
    absent = replace(BROKEN, state="absent")
    came = replace(b.images(), pictures=(BROKEN,))

    assert images_text((BROKEN,)) == "1 image: webp, undecodable"
    assert images_text((absent,)) == "1 image: bytes not kept"
    assert summary(b.record(b.case(), came)) == "1 image: webp, undecodable"
