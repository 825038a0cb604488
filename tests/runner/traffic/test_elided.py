"""What stands in a recording for an image, and what does not."""

import base64

import pytest

from harness.core.elided import holds_filtered, is_filtered, stands_for_an_image
from harness.core.jsonvalue import Json
from tests.checks.build import base64_image

START = base64_image(64, 64)[:60]

STANDS = (
    "<B64 1049708 chars ('png', 1024, 1024, 787281)>",
    "<B64>",
    "<base64 image>",
    "[base64 image omitted]",
    "[IMAGE]",
    "[REDACTED]",
    "REDACTED",
    "redacted",
    "...",
    "\N{HORIZONTAL ELLIPSIS}",
    "***",
    "XXXX",
    "BASE64_IMAGE_DATA",
    "base64-encoded-image",
    "base64_string_here",
    "YOUR_BASE64_HERE",
    "fake-image-data",
    "<truncated>",
    "base64 omitted",
    "${IMAGE}",
    "{{ image_b64 }}",
    "iVBORw0KGgo...",
    f"{START}...",
    f"{START}\N{HORIZONTAL ELLIPSIS}",
    f"{START}[truncated]",
    f"{START}... (truncated, 1398104 chars)",
    f"{START}<1398044 more bytes>",
    f"{START}...{START}",
    "/9j/4AAQSkZJRg...",
    "data:image/png;base64,...",
    "data:image/png;base64,<B64 12 chars>",
    f"data:image/png;base64,{START}...",
    base64.b64encode(b"fake-image-bytes").decode(),
    base64.b64encode(b"REDACTED").decode(),
    base64.b64encode(b"image data").decode(),
    base64.b64encode(b"a fake image").decode(),
    base64.b64encode(b"\0" * 12).decode(),
    "<<binary>>",
    "__IMAGE__",
    "%IMAGE%",
    "(omitted)",
    "image.png",
    "sha256:0f3a9c1be2",
)

HOLDS = (
    base64_image(64, 64),
    base64_image(64, 64)[:-9],
    START,
    "not base64 at all",
    "error: the upstream returned no image",
    "Processing...",
    "null",
    '{"error": {"message": "the image was removed"}}',
    "<html><body>502 Bad Gateway</body></html>",
    base64.b64encode(b'{"error": "upstream"}').decode(),
    base64.b64encode(b"<html>502</html>").decode(),
    "https://images.test/1.png",
    "https://images.test/1.png?sig=REDACTED",
    "../files/1.png",
    "/files/placeholder/1.png",
    f"{START}... (4,096 bytes more)",
    "",
)


@pytest.mark.parametrize("text", STANDS)
def test_a_mark_a_name_or_a_cut_stands_for_an_image(text: str) -> None:
    assert stands_for_an_image(text)


@pytest.mark.parametrize("text", HOLDS)
def test_an_image_or_another_word_stands_for_itself(text: str) -> None:
    assert not stands_for_an_image(text)


FILTERED = (
    *("<TOKEN>", "<USAGE>", "[FILTERED]", "REDACTED", "***", "{{model}}", "${FORMAT}", "$SIZE"),
    *("%IMAGE%", "...", "XXXX", "**REDACTED**", "REDACTED-3f2a91c0", "[size removed]", "redacted"),
    *("<<id>>", "(filtered)", "[JOB ID]", "REDACTED_SIZE", "X-REMOVED", "__scrubbed__", "####"),
)
WORDS = (
    *("png", "1024x1024", "low", "", "a removed fox", "filtered", "removed", "removed-background"),
    *("https://x.test/REDACTED.png", "https://x.test/a.png?sig=REDACTED-3f2a91c0", "{}", "{ }"),
    *(
        "[a fox]",
        "[1024x1024]",
        '{"a": 1}',
        "<b>bold</b>",
        "a fox (masked)",
        "x" * 3,
        "-",
        "COMPLETED",
    ),
)


@pytest.mark.parametrize("content", FILTERED)
def test_a_filtered_value_is_a_mark(content: str) -> None:
    inside: Json = {"usage": [{"total": content}]}

    assert is_filtered(content)
    assert stands_for_an_image(content)
    assert holds_filtered(inside)


@pytest.mark.parametrize("content", [*WORDS, 7, None, {}])
def test_a_value_is_none(content: Json) -> None:
    assert not is_filtered(content)
    assert not holds_filtered([content])
