import pytest

from harness.core.jsonvalue import Json
from harness.spec.evaluate import tokens
from tests.shipped import shipped_provider

SUB2API = shipped_provider("sub2api").operation("generate")
BUBLE_EDIT = shipped_provider("buble").operation("edit")
SUB2API_EDIT = shipped_provider("sub2api").operation("edit")


@pytest.mark.parametrize(
    ("arguments", "token"),
    [
        ({"n": 10}, "n.range=10"),
        ({"n": 1}, "n.range=1"),
        ({"n": 5}, "n.range"),
        ({"n": 5}, "n.integer"),
        ({"quality": "auto"}, "quality.one_of=auto"),
        ({"stream": True}, "stream.one_of=true"),
        ({"prompt": "x" * 32_000}, "prompt.max_length=32000"),
        ({"prompt": "x"}, "prompt.max_length"),
        ({"prompt": "x"}, "prompt.required"),
        ({"size": "auto"}, "size.format=auto"),
        ({"size": "1024x1536"}, "size.format=1024x1536"),
        ({"size": "1024x1040"}, "size.format"),
        ({"size": "1040x1040"}, "size.multiple_of=16"),
        ({"size": "1024x1024"}, "size.multiple_of"),
        ({"size": "3840x2160"}, "size.max_edge=3840"),
        ({"size": "3840x2160"}, "size.max_pixels=8294400"),
        ({"size": "3072x1024"}, "size.max_ratio=3:1"),
        ({"size": "1024x640"}, "size.min_pixels=655360"),
        ({"output_compression": 50, "output_format": "webp"},
         "output_compression.only_with=output_format:webp"),
        ({"partial_images": 3, "stream": True}, "partial_images.only_with=stream:true"),
    ],
)  # fmt: skip
def test_a_request_covers_its_boundary(arguments: dict[str, Json], token: str) -> None:
    assert token in tokens(SUB2API, arguments)


def file(kind: str = "png", **changed: Json) -> Json:
    return {"media_type": f"image/{kind}", "bytes": 100, "width": 64, "height": 64, **changed}


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([file()], {"images.count=1", "images.max_bytes", "images.media_type=image/png"}),
        ([file()] * 16, {"images.count=16", "images.max_bytes", "images.media_type=image/png"}),
        ([file(), file("webp")],
         {"images.count", "images.max_bytes", "images.media_type=image/png",
          "images.media_type=image/webp"}),
        ([file(), file(bytes=10_000_000)],
         {"images.count", "images.max_bytes=10000000", "images.media_type=image/png"}),
        ([file(bytes=9_999_999)],
         {"images.count=1", "images.max_bytes", "images.media_type=image/png"}),
        ([file(media_type=None)], {"images.count=1", "images.max_bytes", "images.media_type"}),
        (["https://a.test"], {"images.count=1", "images.max_bytes", "images.media_type"}),
        ({"url": 1}, {"images.count", "images.max_bytes", "images.media_type"}),
    ],
)  # fmt: skip
def test_references_cover_their_number_their_types_and_their_largest_size(
    images: Json, expected: set[str]
) -> None:
    found = tokens(BUBLE_EDIT, {"images": images})

    assert set(found) == expected | {"images.required"}
    assert len(found) == len(set(found))


def test_a_mask_covers_its_rules_and_its_largest_size() -> None:
    found = tokens(SUB2API_EDIT, {"mask": file(bytes=49_999_999, alpha=True)})

    assert set(found) == {
        "mask.max_bytes=49999999", "mask.alpha", "mask.same_size", "mask.same_format",
    }  # fmt: skip


def test_an_argument_to_be_left_out_is_never_covered() -> None:
    assert tokens(SUB2API_EDIT, {"input_fidelity": "high"}) == ()


def test_what_is_not_given_is_not_covered() -> None:
    found = tokens(SUB2API, {"prompt": "x"})

    assert {token.partition(".")[0] for token in found} == {"prompt"}
