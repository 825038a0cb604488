"""A request as it goes over the wire, in plain values that any HTTP client takes."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.core.errors import UsageError
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import Json, with_texts
from harness.core.placeholders import ASSETS, BASE64
from harness.core.recipe import parse_recipe
from harness.core.reference import references
from harness.reference_images import reference_bytes
from harness.spec.provider import Operation, Provider
from harness.spec.request import build_request
from harness.wire.upload import upload_request

_KEPT_BELOW = 1_000_000
"""Bytes of a padded file from which on it is made anew each time."""

FormFile = tuple[str, tuple[str, bytes, str]]
"""A form's file as HTTP clients take it: the field, then file name, bytes and media type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """A request as a provider's documents want it, without a key and without the base URL.

    `path` begins with a slash and holds the query. `body` is the JSON body, None where there is
    none or a form; in it, an image that travels inside the JSON stands as `base64-of:NAME`, so that
    a failing example can be read (`json` holds the bytes). `fields` are the texts of a multipart
    form, None where it is none, and `attached` its files, each the name of a field and of an image
    (`form` and `files` hold them as HTTP clients take them). `uploads` are the requests that send
    files first, where the documents want that: the address `https://assets.invalid/NAME` in the
    body stands for the one that the reply to the upload of NAME gives.

        httpx.request(sent.method, base_url + sent.path, **sent.keywords(headers=my_key))
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Json = None
    fields: tuple[tuple[str, str], ...] | None = None
    attached: tuple[tuple[str, str], ...] = ()
    uploads: "tuple[WireRequest, ...]" = ()

    @property
    def json(self) -> Json:
        """The JSON body with every image's bytes in it; None where there is none."""
        return with_texts(self.body, _with_bytes)

    @property
    def form(self) -> dict[str, str | list[str]] | None:
        """The texts of the form, several of one name in a list; None where it is none."""
        if self.fields is None:
            return None
        held: dict[str, list[str]] = {}
        for name, text in self.fields:
            held.setdefault(name, []).append(text)
        return {name: texts[0] if len(texts) == 1 else texts for name, texts in held.items()}

    @property
    def files(self) -> list[FormFile]:
        """The files of the form with their bytes, in order; none where it has none."""
        return [(name, (file, image_bytes(file), _type(file))) for name, file in self.attached]

    def keywords(self, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the keyword arguments of `httpx.request` and `requests.request`, but for the URL.

        `headers` go beside the request's own: that is where a key belongs. A form is multipart also
        where it holds no file.
        """
        sent = {**self.headers, **(headers or {})}
        if self.fields is None:
            return {"headers": sent} if self.body is None else {"headers": sent, "json": self.json}
        texts = [(name, (None, text)) for name, text in self.fields]
        return {"headers": sent, "files": [*texts, *self.files]}


def image_bytes(name: str) -> bytes:
    """Return the bytes of a reference image: of its name, its address, or what holds its name.

        image_bytes("png-rgb-256x256-1.png")

    The same name gives the same bytes, with one version of Pillow. Raises UsageError for a name
    that is of no such image.
    """
    plain = name.removeprefix(ASSETS).removeprefix(BASE64)
    recipe = parse_recipe(plain)
    if recipe is None:
        raise UsageError(
            f"{name[:80]!r} names no reference image", hint="a name is like png-rgb-256x256-1.png"
        )
    return _made_once(plain) if (recipe.size_bytes or 0) < _KEPT_BELOW else reference_bytes(plain)


_made_once = lru_cache(maxsize=512)(reference_bytes)


def _type(name: str) -> str:
    return f"image/{name.rpartition('.')[2]}"


def _with_bytes(text: str) -> str:
    head, found, name = text.rpartition(BASE64)
    known = found and parse_recipe(name) is not None
    return head + b64encode(image_bytes(name)).decode("ascii") if known else text


def wire_request(
    provider: Provider, operation: Operation, arguments: Mapping[str, Json]
) -> WireRequest:
    """Return what goes over the wire for canonical arguments, allowed or not."""
    sent = build_request(provider, operation, arguments)
    upload = operation.upload
    if upload is None:
        return _plain(sent)
    images = {image.filename: image for image in references(arguments.get(upload.argument))}
    first = (
        upload_request(provider, upload, image, arguments, timeout_s=sent.timeout_s)
        for name, image in images.items()
        if name is not None
    )
    return _plain(sent, uploads=tuple(map(_plain, first)))


def _plain(sent: Request, *, uploads: tuple[WireRequest, ...] = ()) -> WireRequest:
    form = sent.form
    return WireRequest(
        method=sent.method,
        path=sent.target,
        headers=dict(sent.headers),
        body=sent.body,
        fields=None if form is None else _texts(form),
        attached=tuple((p.name, p.filename) for p in form or () if p.filename is not None),
        uploads=uploads,
    )


def _texts(form: tuple[Part, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((part.name, part.value) for part in form if part.value is not None)
