"""Which operations of a document are about images, and how a user names them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from harness.core.errors import UsageError
from harness.spec.importing.document import Node
from harness.spec.importing.jobs import answer
from harness.spec.importing.names import canonical_name
from harness.spec.importing.notes import few
from harness.spec.importing.replies import images_of, spots
from harness.spec.importing.shapes import Reader

METHODS = ("post", "get", "put", "patch", "delete")
FORM = ("multipart/form-data", "application/x-www-form-urlencoded")
_OF_IMAGES = {"size", "aspect_ratio", "images", "mask", "output_format", "background"}
_OTHER = re.compile(r"video|audio|music|speech|3d|upscale|remove.?background|chat", re.IGNORECASE)
MOST_LOOKED_AT = 3
"""Of how many bodies the fields are looked at, to see what an operation is about."""

_IMAGE = re.compile(r"image|picture|photo|draw|paint|txt2img|text.?to.?image", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An operation as the document lists it."""

    method: str
    path: str
    node: Node
    shared: Node

    @property
    def id(self) -> str:
        """Its operationId, or an empty text."""
        return self.node.text("operationId")

    @property
    def name(self) -> str:
        """What `--operation` calls it."""
        return f"{self.method.upper()}:{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One way to send an operation: the schema of its body, as JSON or as a form.

    `parts` are the media types that a form's parts may have.
    """

    form: bool
    schema: Node
    parts: dict[str, Node]


def every(reader: Reader) -> list[Listed]:
    """Return all operations in the order of the document."""
    found = []
    for path, item in reader.document.root["paths"].members():
        shared = reader.document.follow(item)
        found += [
            Listed(method=method, path=path, node=shared[method], shared=shared)
            for method in METHODS
            if isinstance(shared[method].value, dict)
        ]
    return found


def chosen(reader: Reader, wanted: Sequence[str]) -> list[Listed]:
    """Return the operations that a user named, or else those that look like an image's.

    Raises UsageError with the near ones for a name that is none, and where nothing looks like one.
    """
    listed = every(reader)
    if not wanted:
        likely = [one for one in listed if is_likely(reader, one)]
        if not likely:
            posts = [one.name for one in listed if one.method == "post"]
            raise UsageError(
                f"{reader.document.file}: no operation looks like an image's",
                hint=f"name one with --operation: {few(posts) or 'it has no POST'}",
            )
        return likely
    return [_named(reader, listed, name) for name in dict.fromkeys(wanted)]


def _named(reader: Reader, listed: list[Listed], name: str) -> Listed:
    method, colon, path = name.partition(":")
    meant = f"{method.upper()}:{path}" if colon else name
    for one in listed:
        if meant in (one.name, one.id) or name == one.id:
            if one.method not in ("post", "get"):
                raise UsageError(f"--operation {name}: only POST and GET operations are imported")
            return one
    posts = [one for one in listed if one.method == "post" and one.path == name]
    if len(posts) == 1:
        return posts[0]
    names = [label for one in listed for label in (one.name, one.id) if label]
    near = get_close_matches(meant, names, n=3, cutoff=0.5) or names
    raise UsageError(
        f"{reader.document.file}: no operation {name[:80]!r}", hint=f"near ones: {few(near, 5)}"
    )


def is_likely(reader: Reader, one: Listed) -> bool:
    """Tell whether a POST takes a prompt and, by its path, fields or reply, makes images."""
    if one.method != "post":
        return False
    names = {name for way in ways(reader, one) for name in _asked(reader, way.schema)}
    if "prompt" not in names or _OTHER.search(one.path):
        return False
    if _IMAGE.search(one.path) or _IMAGE.search(one.id) or names & _OF_IMAGES:
        return True
    served = answer(reader.document, one.node)
    return served is not None and bool(images_of(spots(reader, reader.shape([served[1]]))))


def _asked(reader: Reader, schema: Node) -> set[str]:
    """Return the canonical names of what a body holds, also one level deeper."""
    shape = reader.shape([schema])
    shapes = [shape, *(reader.shape([node]) for node in shape.variants[:MOST_LOOKED_AT])]
    inner = [
        reader.shape(nodes)
        for one in shapes
        for name, nodes in one.properties.items()
        if not canonical_name(name)
    ]
    return {
        canonical
        for one in (*shapes, *inner)
        for name, nodes in one.properties.items()
        if (canonical := canonical_name(name))
        and (canonical != "prompt" or "string" in reader.shape(nodes).kinds)
    }


def ways(reader: Reader, one: Listed) -> Iterator[Encoded]:
    """Yield how an operation's body may be written: JSON, a form, or both."""
    body = reader.document.follow(one.node["requestBody"])
    for media_type, content in body["content"].members():
        plain = media_type.partition(";")[0].strip().lower()
        if "schema" not in content:
            reader.notes.leave(content.at, "has no schema")
        elif plain in FORM:
            parts = {
                name: part["contentType"]
                for name, part in content["encoding"].members()
                if part.text("contentType")
            }
            if plain == FORM[0]:
                yield Encoded(form=True, schema=content["schema"], parts=parts)
            else:
                reader.notes.leave(content.at, f"no request is sent as {plain}")
        elif plain in ("application/json", "*/*") or plain.endswith("+json"):
            yield Encoded(form=False, schema=content["schema"], parts={})
        else:
            reader.notes.leave(content.at, f"no request is sent as {plain[:60]}")
