"""Planted faults: what a lying or broken provider would have answered, in files otherwise honest.

Only what the provider's documents promise against is planted, and only what its file can show:
a stream without its completed event is none, because a file cut between two events looks the same.
"""

import base64
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image

from tests.benchmarks.mutations_honest import painted
from tests.benchmarks.mutations_tape import Tape, Taped, put_at, texts_of

IMAGES_API = ("sub2api", "openai")
JOBS = ("buble", "apiframe")
ALL = ("sub2api", "openai", "nanobanana", "aimlapi", "buble", "apiframe")

Change = Callable[[Tape, int, Random], bool]
"""Changes what the provider answered to a call; False where the fault does not fit the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, and when it counts as found: on the record of the very request that got it.

    Found is a failed verdict of one of the `checks` (or the same as observed, where the documents
    promise nothing on the request), or, where `told` is a pattern, any verdict whose sentence
    matches it: a deviation that breaks no promise is told, and convicts nobody.
    `needs_length` says that only the declared length shows the fault.
    """

    name: str
    providers: tuple[str, ...]
    change: Change
    checks: tuple[str, ...]
    told: str = ""
    needs_length: bool = False


FAULTS: dict[str, Fault] = {}


def fault(
    *checks: str,
    providers: tuple[str, ...] = IMAGES_API,
    told: str = "",
    needs_length: bool = False,
) -> Callable[[Change], Change]:
    """Register a fault under its function's name."""

    def register(change: Change) -> Change:
        name = getattr(change, "__name__", "")
        FAULTS[name] = Fault(
            name=name,
            providers=providers,
            change=change,
            checks=checks,
            told=told,
            needs_length=needs_length,
        )
        return change

    return register


# ------------------------------------------------------------------------- what a call holds
def _final(tape: Tape, call: int) -> Taped | None:
    """Return the reply that brings the images of a served call: the last one of the provider."""
    own = [each for each in tape.of_call(call) if each.role in ("submit", "poll")]
    served = bool(own) and all(each.status < 300 for each in own)
    return own[-1] if served else None


def _json_final(tape: Tape, call: int) -> Taped | None:
    final = _final(tape, call)
    return final if final is not None and isinstance(final.document, dict) else None


def _asked(tape: Tape, call: int) -> dict[str, Any]:
    """Return what a call asked for: a JSON body, or a form's values."""
    first = _first(tape, call)
    if isinstance(first.question, dict):
        return dict(first.question)
    pairs = re.findall(rb'name="([^"]+)"\r\n\r\n([^\r]*)\r\n', first.asked)
    return {name.decode(): value.decode() for name, value in pairs}


def _first(tape: Tape, call: int) -> Taped:
    return next(each for each in tape.of_call(call) if each.role == "submit")


def _is_responses(tape: Tape, call: int) -> bool:
    return _first(tape, call).url.endswith("/responses")


def _is_image_text(text: str) -> bool:
    return len(text) > 200 and re.fullmatch(r"[A-Za-z0-9+/=]+", text) is not None


def _images(tape: Tape, call: int, change: Callable[[bytes], bytes]) -> bool:
    """Change each final image of a served call, wherever it is; declared lengths fit."""
    final = _final(tape, call)
    if final is None:
        return False
    done = False
    if final.is_stream:
        done = _in_stream(final, lambda document: _in_document(document, change))
    elif isinstance(document := final.document, dict) and _in_document(document, change):
        final.answer(document)
        done = True
    for each in tape.of_call(call):
        if each.role == "download":
            each.replace(change(each.body))
            done = True
    return done


def _in_stream(final: Taped, change: Callable[[dict[str, Any]], bool]) -> bool:
    """Change the document of each completed event of a stream."""
    events = [(name, json.loads(data)) for name, data in final.events()]
    done = [change(document) for name, document in events if name.endswith("completed")]
    final.stream([(name, json.dumps(document)) for name, document in events])
    return any(done)


def _in_document(document: object, change: Callable[[bytes], bytes]) -> bool:
    found = [(at, text) for at, text in texts_of(document) if _is_image_text(text)]
    for at, text in found:
        put_at(document, at, base64.b64encode(change(base64.b64decode(text))).decode())
    return bool(found)


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


# ------------------------------------------------------------------------------- the images
DIMENSIONS = ("images_have_the_asked_dimensions", "images_match_their_declaration")
FORMATS = ("images_have_the_asked_format", "images_match_their_declaration")


@fault(*DIMENSIONS, providers=("sub2api", "openai", "nanobanana"))
def images_of_half_the_size(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver half the edges of the size that was asked for, or that the reply declares."""
    del rng
    if "x" not in str(_asked(tape, call).get("size")):
        return False
    return _images(tape, call, _halved)


@fault(*DIMENSIONS, providers=("sub2api", "openai", "nanobanana"))
def images_lying_on_their_side(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    asked = str(_asked(tape, call).get("size"))
    width, _, height = asked.partition("x")
    if not height or width == height:
        return False
    return _images(tape, call, lambda raw: _resized(raw, int(height), int(width)))


@fault(*FORMATS, providers=("sub2api", "openai", "aimlapi", "apiframe"))
def bytes_in_another_format(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver JPEG where PNG or WebP was asked for, PNG where JPEG was."""
    del rng
    asked = str(_asked(tape, call)).lower()
    if not any(f"output_format': '{kind}" in asked for kind in ("png", "jpeg", "webp")):
        return False
    return _images(tape, call, lambda raw: _as(raw, "PNG" if _kind(raw) == "JPEG" else "JPEG"))


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
    ratio = _asked(tape, call).get("aspect_ratio")
    if ratio is None:
        return False
    size = (1024, 1024) if ratio != "1:1" else (1344, 768)
    return _images(tape, call, lambda raw: _resized(raw, *size))


def _damaged(raw: bytes) -> bytes:
    """Return an image file whose data end half-way; PNG and WebP keep their last chunk's shape."""
    if raw.startswith(b"\x89PNG"):
        return raw[: len(raw) // 2]
    return raw[: len(raw) // 2]


@fault("images_decode", providers=ALL, needs_length=True)
def images_that_end_half_way(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver half an image, whole by its declared length, and by the JSON around it."""
    del rng
    if _is_responses(tape, call):
        return False
    return _images(tape, call, _damaged)


@fault("images_decode", providers=ALL)
def images_with_broken_data(tape: Tape, call: int, rng: Random) -> bool:
    """Spoil the middle of PNG data and keep its end."""
    at = rng.randrange(200, 300)
    final = _final(tape, call)
    if final is None or _is_responses(tape, call):
        return False

    def spoilt(raw: bytes) -> bytes:
        assert raw.startswith(b"\x89PNG")
        return raw[:at] + b"\x00" * 64 + raw[at + 64 :]

    try:
        return _images(tape, call, spoilt)
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
    if _is_responses(tape, call):
        return False
    return _images(tape, call, lambda _raw: text)


@fault("images_have_the_asked_background", "images_match_their_declaration", providers=("openai",))
def opaque_where_transparent_was_asked(tape: Tape, call: int, rng: Random) -> bool:
    if _asked(tape, call).get("background") != "transparent":
        return False
    return _images(tape, call, lambda _raw: painted(1024, 1024, "png", rng))


@fault("images_have_the_asked_background", "images_match_their_declaration")
def transparent_where_opaque_was_declared(tape: Tape, call: int, rng: Random) -> bool:
    """Deliver clear pixels where the reply declares `background: opaque`."""
    final = _json_final(tape, call)
    if final is None or final.document.get("background") != "opaque":
        return False
    if final.document.get("output_format") != "png":
        return False

    def cleared(raw: bytes) -> bytes:
        with Image.open(io.BytesIO(raw)) as image:
            return painted(image.width, image.height, "png", rng, clear=True)

    return _images(tape, call, cleared)


# ------------------------------------------------------------------------------ their number
COUNTS = ("serves_as_many_images_as_asked",)
COUNTED = ("sub2api", "openai", "aimlapi", "apiframe")


def _many(tape: Tape, call: int) -> tuple[Taped, list[Any]] | None:
    final = _json_final(tape, call)
    if final is None:
        return None
    document = final.document
    found = document.get("data") if "data" in document else (document.get("result") or {})
    entries = found.get("images") if isinstance(found, dict) else found
    return (final, entries) if isinstance(entries, list) and entries else None


def _recounted(tape: Tape, call: int, entries: list[Any]) -> bool:
    final = _json_final(tape, call)
    assert final is not None
    document = final.document
    if "data" in document:
        document["data"] = entries
    else:
        document["result"]["images"] = entries
    final.answer(document)
    return True


@fault(*COUNTS, providers=COUNTED)
def fewer_images(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    many = _many(tape, call)
    return many is not None and len(many[1]) > 1 and _recounted(tape, call, many[1][:-1])


@fault(*COUNTS, providers=COUNTED)
def more_images(tape: Tape, call: int, rng: Random) -> bool:
    """Serve one image more than was asked for."""
    many = _many(tape, call)
    asked = str(_asked(tape, call))
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
    return _recounted(tape, call, [*many[1], extra])


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
    many = _many(tape, call)
    if many is None or len(many[1]) < 2:
        return False
    downloads = [each for each in tape.of_call(call) if each.role == "download"]
    for each in downloads[1:]:
        each.replace(downloads[0].body)
    if downloads:
        return True
    same = [{**entry, "b64_json": many[1][0]["b64_json"]} for entry in many[1]]
    return _recounted(tape, call, same)


# ---------------------------------------------------------------------------- declarations
DECLARED = ("declares_what_was_asked", "images_match_their_declaration")


def _declares(tape: Tape, call: int, key: str, values: tuple[str, ...], rng: Random) -> bool:
    """Let the final reply, or a stream's completed event, declare another value."""
    final = _final(tape, call)
    if final is None or _is_responses(tape, call):
        return False

    def change(document: dict[str, Any]) -> bool:
        if key not in document:
            return False
        document[key] = rng.choice([value for value in values if value != document[key]])
        return True

    if final.is_stream:
        return _in_stream(final, change)
    document = final.document
    if not isinstance(document, dict) or not change(document):
        return False
    final.answer(document)
    return True


@fault(*DECLARED)
def declares_another_size(tape: Tape, call: int, rng: Random) -> bool:
    return _declares(tape, call, "size", ("1024x1024", "1536x1024", "1024x1536"), rng)


@fault(*DECLARED)
def declares_another_format(tape: Tape, call: int, rng: Random) -> bool:
    return _declares(tape, call, "output_format", ("png", "jpeg", "webp"), rng)


@fault(*DECLARED)
def declares_another_quality(tape: Tape, call: int, rng: Random) -> bool:
    if _asked(tape, call).get("quality") not in ("low", "medium", "high"):
        return False
    return _declares(tape, call, "quality", ("low", "medium", "high"), rng)


@fault("usage_adds_up")
def usage_that_does_not_add_up(tape: Tape, call: int, rng: Random) -> bool:
    final = _final(tape, call)
    if final is None:
        return False
    off = rng.choice((1, 7, 100))
    if final.is_stream:
        return _in_stream(final, lambda document: _off(document, off))
    document = final.document
    if not isinstance(document, dict) or not _off(document, off):
        return False
    final.answer(document)
    return True


def _off(document: dict[str, Any], off: int) -> bool:
    usage = document.get("usage") or (document.get("response") or {}).get("usage")
    if not isinstance(usage, dict) or "total_tokens" not in usage:
        return False
    usage["total_tokens"] += off
    return True


# ---------------------------------------------------------------------------------- fields
FIELDS = ("reply_has_the_documented_fields",)


def _field_gone(tape: Tape, call: int, rng: Random, keys: tuple[str, ...]) -> bool:
    final = _json_final(tape, call)
    if final is None or _is_responses(tape, call):
        return False
    document, key = final.document, rng.choice(keys)
    if key not in document:
        return False
    del document[key]
    final.answer(document)
    return True


@fault(*FIELDS, providers=("sub2api",))
def a_documented_field_is_missing(tape: Tape, call: int, rng: Random) -> bool:
    return _field_gone(tape, call, rng, ("size", "quality", "output_format", "usage"))


@fault(*FIELDS, providers=("openai",))
def a_required_field_is_missing(tape: Tape, call: int, rng: Random) -> bool:
    return _field_gone(tape, call, rng, ("created", "usage"))


@fault(*FIELDS, providers=("sub2api",))
def a_field_of_another_type(tape: Tape, call: int, rng: Random) -> bool:
    final = _json_final(tape, call)
    if final is None or _is_responses(tape, call):
        return False
    document = final.document
    key, value = rng.choice((("size", 1024), ("quality", None), ("usage", "205 tokens")))
    document[key] = value
    final.answer(document)
    return True


@fault(*FIELDS, *COUNTS)
def images_under_another_name(tape: Tape, call: int, rng: Random) -> bool:
    """Put the images where no document says: their field is missing, whatever else is there."""
    del rng
    many = _many(tape, call)
    if many is None or not many[1][0].get("b64_json"):
        return False
    return _recounted(tape, call, [{"image": entry["b64_json"]} for entry in many[1]])


@fault(*FIELDS, *COUNTS, providers=("sub2api", "openai", "aimlapi", "nanobanana"))
def a_success_without_images(tape: Tape, call: int, rng: Random) -> bool:
    """Answer 200 with everything but images, and count them as made."""
    del rng
    final = _json_final(tape, call)
    if final is None or _is_responses(tape, call):
        return False
    document = final.document
    document["data"] = {} if tape.provider == "nanobanana" else []
    final.answer(document)
    gone = [each for each in tape.of_call(call) if each.role == "download"]
    tape.exchanges = [each for each in tape.exchanges if not any(each is one for one in gone)]
    return True


ENCODINGS = ("images_decode", "images_are_plain_base64", "reply_has_the_documented_fields")


def _respelt(tape: Tape, call: int, change: Callable[[str], str]) -> bool:
    final = _json_final(tape, call)
    if final is None or _is_responses(tape, call):
        return False
    document = final.document
    found = [(at, text) for at, text in texts_of(document) if _is_image_text(text)]
    for at, text in found:
        put_at(document, at, change(text))
    if found:
        final.answer(document)
    return bool(found)


@fault(*ENCODINGS, told=r"data URL|data: ?URL|data:")
def base64_as_a_data_url(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    return _respelt(tape, call, lambda text: f"data:image/png;base64,{text}")


@fault(*ENCODINGS, told=r"line break")
def base64_in_lines(tape: Tape, call: int, rng: Random) -> bool:
    ends = rng.choice(("\n", "\r\n"))
    return _respelt(tape, call, lambda text: ends.join(re.findall(".{1,76}", text)))


@fault(*ENCODINGS, told=r"URL-safe")
def base64_of_the_url_safe_alphabet(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    return _respelt(tape, call, lambda text: text.replace("+", "-").replace("/", "_"))


# ---------------------------------------------------------------------- served and refused
@fault("accepts_what_it_documents", providers=ALL)
def a_valid_value_is_refused(tape: Tape, call: int, rng: Random) -> bool:
    """Refuse a documented value in the documented shape of a validation error that names it."""
    final, asked = _final(tape, call), _asked(tape, call)
    if final is None or _is_responses(tape, call):
        return False
    asked |= asked.get("gptImage2Params") or {}
    keys = ("size", "quality", "output_format", "resolution", "aspect_ratio", "background")
    given = [key for key in keys if key in asked]
    if not given or (tape.provider == "aimlapi" and not {"output_format"} & {*given}):
        return False
    key = "output_format" if tape.provider == "aimlapi" else rng.choice(given)
    first = _first(tape, call)
    if not first.asked.startswith(b"{"):
        return False  # what is in a file of somebody's is not known
    first.status, first.reason = 400, "Bad Request"
    first.put("content-type", "application/json")
    first.answer(_refusal(tape.provider, key, str(asked[key])))
    tape.exchanges = [
        each for each in tape.exchanges if each.call != call or each.role in ("submit", "upload")
    ]
    return True


def _refusal(provider: str, key: str, value: str) -> object:
    message = f"Invalid value: '{value}' is not supported for {key}."
    match provider:
        case "sub2api" | "openai":
            kind = "invalid_request_error"
            error = {"message": message, "type": kind, "param": key, "code": "invalid_value"}
            return {"error": error}
        case "buble":
            return {"error": {"code": "invalid_request_body", "message": message}}
        case "apiframe":
            return {"error": "Validation failed", "details": {f"gptImage2Params.{key}": [message]}}
        case "nanobanana":
            return {"code": -1, "message": message}
        case _:
            return {
                "message": f"Body validation error. {key}: Invalid enum value '{value}'",
                "path": "/v1/images/generations",
                "requestId": "b03bd30a",
                "statusCode": 400,
            }


@fault("refuses_what_it_forbids", providers=ALL)
def a_forbidden_value_is_served(tape: Tape, call: int, rng: Random) -> bool:
    """Answer a request that breaks one documented rule with what a plain one got."""
    final, first = _final(tape, call), _first(tape, call)
    if final is None or _is_responses(tape, call) or not isinstance(first.question, dict):
        return False
    question = first.question
    match tape.provider:
        case "sub2api" | "openai":
            wrong = [
                ("n", 11),
                ("size", "1000x1000"),
                ("quality", "ultra"),
                ("output_format", "bmp"),
            ]
            wrong += [("output_compression", 101)] if "output_compression" in question else []
        case "nanobanana":
            wrong = [("n", 2), ("size", "1000x1024"), ("quality", "ultra"), ("prompt", "long")]
        case "buble":
            wrong = [("resolution", "8K"), ("aspect_ratio", "5:1")]
        case "apiframe":
            wrong = [("number_of_images", 11), ("quality", "ultra"), ("output_format", "bmp")]
        case _:
            wrong = [("output_compression", 101)] if "output_compression" in question else []
    if not wrong:
        return False
    key, value = rng.choice(wrong)
    if value == "long":
        value = question["prompt"] + " and more" * 300
    place = question.setdefault("gptImage2Params", {}) if tape.provider == "apiframe" else question
    place[key] = value
    first.asked = json.dumps(question).encode()
    return True


# -------------------------------------------------------------------------------- refusals
SHAPES = ("refusal_has_the_documented_shape",)


def _refused(tape: Tape, call: int) -> Taped | None:
    first = _first(tape, call)
    return first if first.status == 400 else None


@fault(*SHAPES, providers=("sub2api", "openai", "buble", "apiframe"))
def a_refusal_of_another_shape(tape: Tape, call: int, rng: Random) -> bool:
    """Refuse in JSON of a shape that no document shows."""
    each = _refused(tape, call)
    if each is None:
        return False
    each.answer(rng.choice(({"detail": [{"msg": "bad"}]}, {"ok": False, "reason": 17}, ["no"], {})))
    return True


@fault(*SHAPES, providers=("sub2api", "apiframe"), needs_length=True)
def a_refusal_in_plain_words(tape: Tape, call: int, rng: Random) -> bool:
    each = _refused(tape, call)
    if each is None:
        return False
    each.put("content-type", "text/plain")
    each.replace(rng.choice((b"Bad Request: invalid parameter", b"the request is not valid")))
    return True


@fault("refusal_names_the_parameter", providers=("sub2api", "openai", "apiframe"))
def a_refusal_that_names_nothing(tape: Tape, call: int, rng: Random) -> bool:
    """Refuse in the documented shape, without a word of what is wrong."""
    del rng
    each = _refused(tape, call)
    if each is None:
        return False
    if tape.provider == "apiframe":
        return False  # an error without `details` is of another class there
    error = {"message": "Invalid request.", "type": "invalid_request_error", "param": None}
    each.answer({"error": {**error, "code": "invalid_value"}})
    return True


@fault("refusal_is_a_client_error", providers=("sub2api", "openai", "buble", "apiframe"))
def a_refusal_with_a_status_of_success(tape: Tape, call: int, rng: Random) -> bool:
    each = _refused(tape, call)
    if each is None:
        return False
    each.status, each.reason = rng.choice(((200, "OK"), (500, "Internal Server Error")))
    return True


# ------------------------------------------------------------------------------------ jobs
def _states(tape: Tape, call: int) -> list[Taped]:
    return [each for each in tape.of_call(call) if each.role == "poll"]


def _job(document: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a poll that tells of the job."""
    job: dict[str, Any] = document.get("data", document)
    return job


def _put_state(each: Taped, word: str) -> None:
    document = each.document
    _job(document)["status"] = word
    each.answer(document)


@fault("jobs_are_in_documented_states", providers=JOBS, told=r"state that no document names")
def an_unknown_state_on_the_way(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if len(polls) < 2:
        return False
    _put_state(rng.choice(polls[:-1]), rng.choice(("RUNNING", "working", "in_queue", "STARTED")))
    return True


@fault(
    "jobs_are_in_documented_states",
    *FIELDS,
    *COUNTS,
    providers=JOBS,
    told=r"state that no document names|finished|succeeded|DONE",
)
def an_unknown_state_at_the_end(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if not polls:
        return False
    _put_state(polls[-1], rng.choice(("finished", "succeeded", "DONE")))
    return True


@fault("job_states_only_move_forward", providers=JOBS)
def a_state_that_goes_back(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    polls = _states(tape, call)
    if len(polls) < 3:
        return False
    first, second = (
        ("processing", "pending") if tape.provider == "buble" else ("PROCESSING", "QUEUED")
    )
    _put_state(polls[0], first)
    _put_state(polls[1], second)
    return True


@fault(*FIELDS, *COUNTS, providers=JOBS)
def a_job_that_completes_without_images(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if not polls:
        return False
    document = polls[-1].document
    place = _job(document)
    place["result"] = rng.choice((None, {"images": []}, {}))
    polls[-1].answer(document)
    tape.exchanges = [
        each for each in tape.exchanges if each.call != call or each.role != "download"
    ]
    return True


@fault("polls_tell_of_their_own_job", providers=JOBS)
def a_poll_of_another_job(tape: Tape, call: int, rng: Random) -> bool:
    polls = _states(tape, call)
    if not polls:
        return False
    each = rng.choice(polls)
    document = each.document
    place = _job(document)
    word = str(place["id"])
    place["id"] = word[:-6] + ("abcdef" if not word.endswith("abcdef") else "fedcba")
    each.answer(document)
    return True


@fault("job_is_taken_with_the_documented_status", providers=("apiframe",))
def a_job_taken_with_another_status(tape: Tape, call: int, rng: Random) -> bool:
    first = _first(tape, call)
    if first.status != 202:
        return False
    first.status, first.reason = rng.choice(((200, "OK"), (201, "Created")))
    return True


@fault("failed_jobs_cost_nothing", providers=("apiframe",))
def a_failed_job_is_charged(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    polls = _states(tape, call)
    if not polls:
        return False
    document = polls[-1].document
    document |= {"status": "FAILED", "result": None, "error": "Generation failed"}
    polls[-1].answer(document)
    tape.exchanges = [
        each for each in tape.exchanges if each.call != call or each.role != "download"
    ]
    return True


@fault("charges_the_list_price", providers=("buble", "nanobanana"))
def another_price_than_listed(tape: Tape, call: int, rng: Random) -> bool:
    final = _json_final(tape, call)
    if final is None:
        return False
    document, more = final.document, rng.choice((1, 2, 10))
    data = document.get("data") or {}
    key = next((one for one in ("cost_credits", "costCredits") if one in data), None)
    if key is None:
        return False
    data[key] += more
    final.answer(document)
    return True


# ----------------------------------------------------------------------------- the streams
@fault("sends_no_more_partials_than_asked")
def more_partials_than_asked(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    final = _final(tape, call)
    asked = _asked(tape, call)
    if final is None or not final.is_stream or _is_responses(tape, call):
        return False
    if "partial_images" not in asked:
        return False
    events = [(name, json.loads(data)) for name, data in final.events()]
    partials = [at for at, (name, _) in enumerate(events) if name.endswith("partial_image")]
    if not partials:
        return False
    name, last = events[partials[-1]]
    for number in (1, 2):
        extra = {**last, "partial_image_index": last["partial_image_index"] + number}
        events.insert(partials[-1] + number, (name, extra))
    final.stream([(name, json.dumps(one)) for name, one in events])
    return True


@fault("partials_are_numbered_in_order", providers=("openai",))
def partials_numbered_wrongly(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    final = _final(tape, call)
    if final is None or not final.is_stream or _is_responses(tape, call):
        return False
    events = [(name, json.loads(data)) for name, data in final.events()]
    partials = [one for name, one in events if name.endswith("partial_image")]
    for one in partials:
        one["partial_image_index"] += 5
    final.stream([(name, json.dumps(one)) for name, one in events])
    return bool(partials)


@fault("partials_decode")
def partials_that_end_half_way(tape: Tape, call: int, rng: Random) -> bool:
    del rng
    final = _final(tape, call)
    if final is None or not final.is_stream or _is_responses(tape, call):
        return False
    events = [(name, json.loads(data)) for name, data in final.events()]
    partials = [one for name, one in events if name.endswith("partial_image")]
    for one in partials:
        raw = base64.b64decode(one["b64_json"])
        one["b64_json"] = base64.b64encode(raw[: len(raw) // 2]).decode()
    final.stream([(name, json.dumps(one)) for name, one in events])
    return bool(partials)


@fault("streams_where_asked")
def a_stream_answered_with_one_reply(tape: Tape, call: int, rng: Random) -> bool:
    """Answer a request for a stream with one JSON reply that holds the image."""
    del rng
    final = _final(tape, call)
    if final is None or not final.is_stream or _is_responses(tape, call):
        return False
    last = json.loads(final.events()[-1][1])
    entry = {"b64_json": last.pop("b64_json")}
    last.pop("type", None)
    final.put("content-type", "application/json")
    final.answer({"created": last.pop("created_at", 1), "data": [entry], **last})
    return True


@fault("images_are_finished", providers=IMAGES_API, told=r"generating")
def a_result_that_is_still_generating(tape: Tape, call: int, rng: Random) -> bool:
    """Give a call of the tool the status `generating` beside its finished image."""
    del rng
    final = _json_final(tape, call)
    if final is None or not _is_responses(tape, call):
        return False
    document = final.document
    calls = [one for one in document["output"] if one.get("type") == "image_generation_call"]
    for one in calls:
        one["status"] = "generating"
    final.answer(document)
    return bool(calls)


def fitting(tapes: list[Tape]) -> Iterator[tuple[Fault, Tape, int]]:
    """Yield each fault with each tape and call that it fits."""
    for one in FAULTS.values():
        for tape in tapes:
            for call in sorted({each.call for each in tape.exchanges}):
                if tape.provider in one.providers:
                    yield one, tape, call
