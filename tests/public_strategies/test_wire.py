"""What goes over the wire: taken by the emulator, which shares no code with us, where it is valid.

The emulator was written by hand from the providers' documents.
"""

import io
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from PIL import Image

from harness import strategies
from harness.core.errors import UsageError
from harness.strategies import WireRequest, image_bytes
from tests.public_strategies.drawing import EVERY, each_of, sent, smallest


@pytest.mark.parametrize(("name", "operation"), EVERY)
def test_the_emulator_serves_what_is_valid(
    name: str, operation: str, served: dict[str, httpx.Client]
) -> None:
    refused: list[tuple[WireRequest, str]] = []

    def look(wire: WireRequest) -> None:
        reply = sent(served[name], name, wire)
        if reply.status_code >= 300:
            refused.append((wire, reply.text))

    each_of(strategies.requests(name, operation, wire=True), 4, look)

    assert refused == []


def test_a_json_request_is_plain_values() -> None:
    found = smallest(strategies.requests("apiframe", wire=True), lambda _: True)

    assert (found.method, found.path) == ("POST", "/v2/images/generate")
    assert found.json == {"prompt": "a small red lighthouse", "model": "gpt-image-2"}
    assert found.headers == {"Content-Type": "application/json", "Accept": "application/json"}
    assert (found.form, found.files, found.uploads) == (None, [], ())


def test_a_form_holds_texts_and_files_with_their_bytes() -> None:
    wanted = strategies.requests("sub2api", "edit", wire=True)
    found = smallest(wanted, lambda each: (each.form or {}).get("n") == "2")
    ((field, (name, content, media_type)),) = found.files

    assert found.json is None
    assert found.form == {"model": "gpt-image-2", "prompt": "a small red lighthouse", "n": "2"}
    assert (field, name, media_type) == ("image[]", "png-rgb-256x256-1.png", "image/png")
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("PNG", (256, 256))


def test_an_image_inside_the_json_is_shown_by_its_name_and_sent_as_its_bytes() -> None:
    found = smallest(strategies.requests("openai", "edit_json", wire=True), lambda _: True)

    assert "data:image/png;base64,base64-of:png-rgb-256x256-1.png" in str(found)
    assert "base64-of:" not in str(found.json)
    assert len(str(found)) < 700


def test_uploads_come_before_the_request_that_names_them() -> None:
    found = smallest(
        strategies.requests("buble", "edit", wire=True), lambda each: len(each.uploads) > 1
    )

    assert isinstance(found.body, dict)
    assert found.body["image_urls"] == [
        f"https://assets.invalid/{name}" for upload in found.uploads for _, name in upload.attached
    ]
    assert {upload.path for upload in found.uploads} == {"/api/v1/files"}


def test_a_name_that_is_no_reference_image_is_refused_in_a_line() -> None:
    with pytest.raises(UsageError, match="names no reference image"):
        image_bytes("../../etc/passwd")
    assert image_bytes("https://assets.invalid/png-rgb-256x256-1.png")[:4] == b"\x89PNG"


def test_an_example_is_drawn_without_a_test() -> None:
    drawn: list[Any] = []
    each_of(st.just(None), 1, lambda _: None)
    with pytest.warns(match="interactive"):
        drawn.append(strategies.requests("buble").example())

    assert drawn[0]["model"] == "openai/gpt-image-2"
