"""The requests that every recorder is given, and what went over the wire for each of them."""

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from PIL import Image

PORTS = {"sub2api": 18101, "nanobanana": 18102, "buble": 18103}
"""Where `recorders/front.mjs` listens: fixed, so that addresses are the same in every file."""

KEY = "key-of-nobody"
BOUNDARY = "b7f1a6c2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A request; `{name}` in its address stands for what an earlier reply held (`take`)."""

    column: str
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None
    take: dict[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return the step as JSON, its body in base64."""
        body = None if self.body is None else base64.b64encode(self.body).decode()
        return {**asdict(self), "body": body}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A round trip as it went over the wire; `content` is still packed, where it was."""

    column: str
    method: str
    url: str
    sent: dict[str, str]
    body: bytes
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    content: bytes


def steps() -> list[Step]:
    """Return the requests of all columns, in the order in which every recorder makes them."""
    buble, nanobanana = _base("buble"), _base("nanobanana")
    return [
        _json("plain", f"{buble}/api/v1/generations", _words("plain"), take={"id": "data.id"}),
        _get(
            "plain", f"{buble}/api/v1/generations/{{id}}", take={"job": "data.result.images.0.url"}
        ),
        _get("plain", "{job}", key=False),
        _images("base64"),
        _json(
            "URL",
            f"{nanobanana}/v1/images/generate",
            {"model": "gpt-image-2", "prompt": _prompt("URL")},
            take={"image": "data.url"},
        ),
        _get("URL", "{image}", key=False),
        _images("SSE", stream=True, partial_images=1),
        _edit(),
        _images("error", size="1000x1000"),
        _images("gzip", packing="gzip"),
        _images("br", packing="br"),
    ]


def make(asked: list[Step]) -> list[Made]:
    """Make the requests with a plain client, and return what went over the wire."""
    known: dict[str, str] = {}
    made = []
    with httpx.Client(headers={"User-Agent": "recorders"}) as client:
        for step in asked:
            url = filled(step.url, known)
            with client.stream(step.method, url, headers=step.headers, content=step.body) as reply:
                content = b"".join(reply.iter_raw())
            known |= taken(step, content)
            made.append(
                Made(
                    column=step.column,
                    method=step.method,
                    url=url,
                    sent=step.headers,
                    body=step.body or b"",
                    status=reply.status_code,
                    reason=reply.reason_phrase,
                    headers=tuple(
                        (name.decode().title(), value.decode()) for name, value in reply.headers.raw
                    ),
                    content=content,
                )
            )
    return made


def filled(url: str, known: Mapping[str, str]) -> str:
    """Return an address with what earlier replies held."""
    return re.sub(r"\{(\w+)\}", lambda match: known[match[1]], url)


def taken(step: Step, content: bytes) -> dict[str, str]:
    """Return what later steps need of a reply."""
    document = json.loads(content) if step.take else None
    return {name: _value_at(document, place) for name, place in step.take.items()}


def _value_at(document: object, place: str) -> str:
    for key in place.split("."):
        match document:
            case list():
                document = document[int(key)]
            case dict():
                document = document[key]
            case _:
                raise KeyError(place)
    return str(document)


def columns() -> list[str]:
    """Return the names of the columns, in order."""
    return list(dict.fromkeys(step.column for step in steps()))


def _base(provider: str) -> str:
    return f"http://127.0.0.1:{PORTS[provider]}"


def _prompt(column: str) -> str:
    return f"a red square, column {column}"


def _words(column: str) -> dict[str, object]:
    return {"model": "openai/gpt-image-2", "mode": "text_to_image", "prompt": _prompt(column)}


def _headers(**more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}", "Accept-Encoding": "identity"} | more


def _json(
    column: str,
    url: str,
    body: Mapping[str, object],
    *,
    take: Mapping[str, str] | None = None,
    packing: str = "identity",
) -> Step:
    headers = {"Content-Type": "application/json", "Accept-Encoding": packing}
    return Step(
        column=column,
        method="POST",
        url=url,
        headers=_headers(**headers),
        body=json.dumps(body).encode(),
        take=dict(take or {}),
    )


def _get(column: str, url: str, *, take: dict[str, str] | None = None, key: bool = True) -> Step:
    headers = _headers() if key else {"Accept-Encoding": "identity"}
    return Step(column=column, method="GET", url=url, headers=headers, take=take or {})


def _images(
    column: str, *, size: str = "1024x1024", packing: str = "identity", **more: object
) -> Step:
    body = {"model": "gpt-image-2", "prompt": _prompt(column), "size": size, **more}
    url = f"{_base('sub2api')}/v1/images/generations"
    return _json(column, url, body, packing=packing)


def _edit() -> Step:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    words = {"model": "gpt-image-2", "prompt": _prompt("edit"), "size": "1024x1024"}
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in words.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="square.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = (
        "".join([*lines, head]).encode() + picture.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode()
    )
    return Step(
        column="edit",
        method="POST",
        url=f"{_base('sub2api')}/v1/images/edits",
        headers=_headers(**{"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}),
        body=body,
    )
