"""Manifests taken apart and put together: the boxes of JUMBF (ISO 19566-5) in a PNG's `caBX`."""

import struct
import zlib
from collections.abc import Callable, Iterator

Edit = Callable[[str, bytes], bytes]
"""Takes the label of a box with content and that content, and returns what is to stand there."""

LABEL_AT = 17
"""A description begins with 16 bytes of type and one of toggles."""


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def superbox(kind: bytes, label: bytes, content: bytes) -> bytes:
    """Return a box of boxes, as C2PA makes them: `kind` is the first part of its UUID."""
    uuid = kind + bytes.fromhex("00110010800000aa00389b71")
    return box(b"jumb", box(b"jumd", uuid + b"\x03" + label + b"\0") + content)


def store(content: bytes) -> bytes:
    return superbox(b"c2pa", b"c2pa", content)


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        yield content[at + 4 : at + 8], content[at + 8 : at + size]
        at += size


def edited(content: bytes, edit: Edit, label: str = "") -> bytes:
    """Return boxes with other contents; all sizes fit, no hash does."""
    parts = []
    for kind, inner in boxes(content):
        if kind == b"jumd":
            label = inner[LABEL_AT:].partition(b"\0")[0].decode()
        new = edited(inner, edit, label) if kind == b"jumb" else inner
        parts.append(box(kind, edit(label, new) if kind not in (b"jumb", b"jumd") else new))
    return b"".join(parts)


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    crc = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + crc


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size


def with_manifest(png: bytes, manifest: bytes) -> bytes:
    """Return a PNG with this manifest store, in place of another one."""
    (name, head), *rest = ((name, each) for name, each in chunks(png) if name != b"caBX")
    return b"".join(
        (png[:8], chunk(name, head), chunk(b"caBX", manifest), *(chunk(*each) for each in rest))
    )


def manifest_of(png: bytes) -> bytes:
    """Return the manifest store of a PNG."""
    (manifest,) = (content for name, content in chunks(png) if name == b"caBX")
    return manifest
