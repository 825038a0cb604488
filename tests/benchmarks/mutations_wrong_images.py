"""Faults of images: their size, format, ground, data and number."""

import base64
import io
import re
from random import Random
from typing import Any

from PIL import Image

from tests.benchmarks.mutations_honest import painted
from tests.benchmarks.mutations_planted import (
    ALL,
    COUNTS,
    asked_of,
    change_images,
    fault,
    final_reply,
    is_responses,
    json_reply,
    recounted,
    several_of,
)
from tests.benchmarks.mutations_tape import Tape


def _resized(raw: bytes, width: int, height: int) -> bytes:
    with Image.open(io.BytesIO(raw)) as image:
        kind = image.format or "PNG"
        small = image.resize((width, height), Image.Resampling.NEAREST)
    out = io.BytesIO()
    small.save(out, kind)
    return out.getvalue()


def _halved(raw: bytes) -> bytes:
    with Image.open(io.BytesIO(raw)) as image:
        width, height = image.width // 2, image.height // 2
    return _resized(raw, width, height)


def _as(raw: bytes, kind: str) -> bytes:
    with Image.open(io.BytesIO(raw)) as image:
        image.load()
        out = io.BytesIO()
        (image.convert("RGB") if kind == "JPEG" else image).save(out, kind)
    return out.getvalue()


def _kind(raw: bytes) -> str:
    with Image.open(io.BytesIO(raw)) as image:
        return image.format or ""


DIMENSIONS = ("images_have_the_asked_dimensions", "images_match_their_declaration")
FORMATS = ("images_have_the_asked_format", "images_match_their_declaration")


@fault(*DIMENSIONS, providers=("sub2api", "openai", "nanobanana"))
def images_of_half_the_size(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver half the edges of the size that was asked for, or that the reply declares."""
    del rng
    if "x" not in str(asked_of(tape, call).get("size")):
        return False
    return change_images(tape, call, _halved)


@fault(*DIMENSIONS, providers=("sub2api", "openai", "nanobanana"))
def images_lying_on_their_side(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    asked = str(asked_of(tape, call).get("size"))
    width, _, height = asked.partition("x")
    if not height or width == height:
        return False
    return change_images(tape, call, lambda raw: _resized(raw, int(height), int(width)))


@fault(*FORMATS, providers=("sub2api", "openai", "aimlapi", "apiframe"))
def bytes_in_another_format(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver JPEG where PNG or WebP was asked for, PNG where JPEG was."""
    del rng
    asked = str(asked_of(tape, call)).lower()
    if not any(f"output_format': '{kind}" in asked for kind in ("png", "jpeg", "webp")):
        return False
    return change_images(
        tape, call, lambda raw: _as(raw, "PNG" if _kind(raw) == "JPEG" else "JPEG")
    )


@fault(
    *FORMATS,
    providers=("buble", "nanobanana", "aimlapi"),
    told=r"image/png.*jpeg|jpeg.*image/png",
)
def jpeg_declared_as_png(tape: Tape, call: int, rng: Random) -> bool:
    """Serve JPEG bytes under `Content-Type: image/png`."""
    del rng
    found = [each for each in tape.of_call(call) if each.role == "download"]
    found = [each for each in found if each.media_type == "image/png"]
    for each in found:
        each.replace(_as(each.body, "JPEG"))
    return bool(found)


@fault("images_have_the_asked_aspect_ratio", providers=("buble",))
def images_of_another_ratio(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    ratio = asked_of(tape, call).get("aspect_ratio")
    if ratio is None:
        return False
    size = (1024, 1024) if ratio != "1:1" else (1344, 768)
    return change_images(tape, call, lambda raw: _resized(raw, *size))


def _damaged(raw: bytes) -> bytes:
    """Return an image file whose data end half-way; PNG and WebP keep their last chunk's shape."""
    if raw.startswith(b"\x89PNG"):
        return raw[: len(raw) // 2]
    return raw[: len(raw) // 2]


@fault("images_decode", providers=ALL, needs_length=True)
def images_that_end_half_way(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver half an image, whole by its declared length, and by the JSON around it."""
    del rng
    if is_responses(tape, call):
        return False
    return change_images(tape, call, _damaged)


@fault("images_decode", providers=ALL)
def images_with_broken_data(tape: Tape, call: int, rng: Random) -> bool:
    """Spoil the middle of PNG data and keep its end."""
    at = rng.randrange(200, 300)
    final = final_reply(tape, call)
    if final is None or is_responses(tape, call):
        return False

    def spoilt(raw: bytes) -> bytes:
        assert raw.startswith(b"\x89PNG")
        return raw[:at] + b"\x00" * 64 + raw[at + 64 :]

    try:
        return change_images(tape, call, spoilt)
    except AssertionError:
        return False


@fault("images_decode")
def pages_in_place_of_images(tape: Tape, call: int, rng: Random) -> bool:
    """Answer for an image with a long text of no image format, whole by its length."""
    text = (
        b"<html><body><h1>Not an image</h1>"
        + rng.randbytes(3000).hex().encode()
        + b"</body></html>"
    )
    if is_responses(tape, call):
        return False
    return change_images(tape, call, lambda _raw: text)


@fault("images_have_the_asked_background", "images_match_their_declaration", providers=("openai",))
def opaque_where_transparent_was_asked(tape: Tape, call: int, rng: Random) -> bool:
    if asked_of(tape, call).get("background") != "transparent":
        return False
    return change_images(tape, call, lambda _raw: painted(1024, 1024, "png", rng))


@fault("images_have_the_asked_background", "images_match_their_declaration")
def transparent_where_opaque_was_declared(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver clear pixels where the reply declares `background: opaque`."""
    final = json_reply(tape, call)
    if final is None or final.document.get("background") != "opaque":
        return False
    if final.document.get("output_format") != "png":
        return False

    def cleared(raw: bytes) -> bytes:
        with Image.open(io.BytesIO(raw)) as image:
            return painted(image.width, image.height, "png", rng, clear=True)

    return change_images(tape, call, cleared)


# ------------------------------------------------------------------------------ their number
COUNTED = ("sub2api", "openai", "aimlapi", "apiframe")


@fault(*COUNTS, providers=COUNTED)
def fewer_images(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    many = several_of(tape, call)
    return many is not None and len(many[1]) > 1 and recounted(tape, call, many[1][:-1])


@fault(*COUNTS, providers=COUNTED)
def more_images(tape: Tape, call: int, rng: Random) -> bool:
    """Serve one image more than was asked for."""
    many = several_of(tape, call)
    asked = str(asked_of(tape, call))
    if many is None or not re.search(r"'(n|number_of_images)': '?[2-9]", asked):
        return False
    extra = many[1][-1]
    if isinstance(extra, dict) and extra.get("b64_json"):
        raw = base64.b64decode(extra["b64_json"])
        extra = {"b64_json": base64.b64encode(_again(raw, rng)).decode()}
    else:
        extra = _new_download(tape, call, rng, extra)
        if extra is None:
            return False
    return recounted(tape, call, [*many[1], extra])


def _again(raw: bytes, rng: Random) -> bytes:
    with Image.open(io.BytesIO(raw)) as image:
        return painted(image.width, image.height, (image.format or "").lower(), rng)


def _new_download(tape: Tape, call: int, rng: Random, entry: Any) -> Any:  # noqa: ANN401 - JSON
    last = [each for each in tape.of_call(call) if each.role == "download"]
    if not last:
        return None
    double = Tape(provider="", name="", exchanges=[last[-1]]).copy().exchanges[0]
    double.url = (
        double.url.replace("/", "/", 1).rpartition("/")[0] + f"/{rng.getrandbits(64):x}.img"
    )
    double.replace(_again(double.body, rng))
    tape.exchanges.insert(tape.exchanges.index(last[-1]) + 1, double)
    return {**entry, "url": double.url} if isinstance(entry, dict) else double.url


@fault(
    *COUNTS,
    "images_differ",
    "images_are_different",
    providers=COUNTED,
    told=r"identical|the same image|same bytes|alike",
)
def identical_images(tape: Tape, call: int, rng: Random) -> bool:
    """Serve one image several times where several were asked for and paid."""
    del rng
    many = several_of(tape, call)
    if many is None or len(many[1]) < 2:
        return False
    downloads = [each for each in tape.of_call(call) if each.role == "download"]
    for each in downloads[1:]:
        each.replace(downloads[0].body)
    if downloads:
        return True
    same = [{**entry, "b64_json": many[1][0]["b64_json"]} for entry in many[1]]
    return recounted(tape, call, same)
