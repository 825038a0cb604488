import pytest

from harness.cases.tokens import tokens
from harness.core.jsontype import Json
from harness.spec.load import provider

SUB2API = provider("sub2api").operation("generate")


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


def test_what_is_not_given_is_not_covered() -> None:
    found = tokens(SUB2API, {"prompt": "x"})

    assert {token.partition(".")[0] for token in found} == {"prompt"}
