"""Decoded bodies of every operation, for what judges them without a socket."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from PIL import Image

from harness.emulator.received import File, Form
from tests.emulator.conftest import APIFRAME_INNER, MINIMAL

ADDRESS = "https://example.test/source.png"
FORMS = {("sub2api", "edit"), ("aimlapi", "edit"), ("openai", "edit")}


@cache
def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (9, 9, 9, 0)).save(out, "PNG")
    return out.getvalue()


def body(
    provider: str,
    operation: str,
    *,
    images: int | None = None,
    mask: bool = False,
    **changes: object,
) -> dict[str, Any]:
    """A valid body with changes, None for what is left out; `images` is how many references."""
    count = images if images is not None else int(operation.startswith("edit"))
    if operation == "respond":
        text = {"model": "gpt-5.4", "input": changes.pop("prompt", "a cat")}
        outer = {key: changes.pop(key) for key in ("stream",) if key in changes}
        return {**text, **outer, "tools": [{"type": "image_generation", **changes}]}
    values = {
        key: value for key, value in (MINIMAL[provider] | changes).items() if value is not None
    }
    if (provider, operation) in FORMS:
        return _form(values, count, masked=mask)
    if provider == "apiframe":
        return _apiframe(values, count)
    if operation == "edit_json":
        values["images"] = [{"image_url": ADDRESS}] * count
        values |= {"mask": {"image_url": ADDRESS}} if mask else {}
    if operation == "edit":
        key = {"buble": "image_urls", "nanobanana": "image"}[provider]
        values |= {"mode": "image_to_image"} if provider == "buble" else {}
        values[key] = [ADDRESS] * count
    return values


def _apiframe(values: dict[str, Any], count: int) -> dict[str, Any]:
    values = {"number_of_images" if key == "n" else key: one for key, one in values.items()}
    inner = {key: values.pop(key) for key in list(values) if key in APIFRAME_INNER}
    if count:
        inner["input_images"] = [ADDRESS] * count
    return values | {"gptImage2Params": inner}


def _form(values: dict[str, Any], count: int, *, masked: bool) -> Form:
    form = Form()
    for key, value in values.items():
        form[key] = [str(value).lower() if isinstance(value, bool) else str(value)]
    file = File(name="", filename="a.png", media_type="image/png", data=picture())
    form["image"] = [file] * count
    if masked:
        form["mask"] = [file]
    return form
