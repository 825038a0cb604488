"""One image file's signed manifest, read with c2pa-python: only in the inspecting process.

Nothing is fetched: not by the settings, and not because a file would have it, for while the reader
works this process can open nothing more, neither a file nor a connection. Windows has no such
limit: there the settings alone keep it from fetching.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import c2pa

from harness.core.inspection import Manifest, ManifestState
from harness.transport.inspection.told import LETTERS_AT_MOST, manifest_told

if sys.platform != "win32":
    import resource

MIME = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "heic": "image/heic",
    "heif": "image/heif",
    "tiff": "image/tiff",
    "jxl": "image/jxl",
    "svg": "image/svg+xml",
}
"""The formats that the reader knows, by our words for them."""

PURPOSES = (
    "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing
    "1.3.6.1.5.5.7.3.36",  # document signing
    "1.3.6.1.4.1.311.76.59.1.9",  # Microsoft's C2PA signing
)
"""Extended key usages of signers beside those that the reader accepts (e-mail protection): without
them it calls a certificate of the public trust list invalid."""

UNPACKED_AT_MOST_MB = 32
"""Of a compressed manifest; a real one has some kilobytes."""


class Found(NamedTuple):
    """What a file's manifest is; `why` says what could not be read."""

    state: ManifestState
    manifest: Manifest | None = None
    why: str = ""


class Manifests:
    """Reads manifests against one trust list, which may be empty."""

    def __init__(self, anchors: str) -> None:
        self._checked = bool(anchors)
        self._context = c2pa.Context(c2pa.Settings.from_dict(_settings(anchors)))

    def read(self, kind: str, image: BinaryIO) -> Found:
        """Read the manifest of an image in a format; never raises on what the bytes are."""
        if kind not in MIME:
            return Found(
                "not_read", why=f"no manifest can be read of {kind or 'an unknown format'}"
            )
        try:
            with _nothing_more_opened(image):
                document = self._document(kind, image)
        except c2pa.C2paError.ManifestNotFound:
            return Found("none")
        except c2pa.C2paError as error:
            return Found("not_read", why=_reason(error))
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            return Found("not_read", why=f"its manifest cannot be read: {_shortened(error)}")
        manifest = manifest_told(document, checked=self._checked)
        if manifest is None:
            return Found("not_read", why="it holds manifests, and says of none that it is its own")
        return Found("read", manifest)

    def _document(self, kind: str, image: BinaryIO) -> dict[str, Any]:
        with c2pa.Reader(MIME[kind], image, context=self._context) as reader:
            document: dict[str, Any] = json.loads(reader.json())
            return document


def _settings(anchors: str) -> dict[str, Any]:
    lists = [{"trust_anchors": anchors, "trust_kind": kind} for kind in ("manifest", "tsa")]
    return {
        "version": 1,
        "core": {
            "allowed_network_hosts": [],
            "decode_identity_assertions": False,
            "max_decompressed_manifest_size_in_mb": UNPACKED_AT_MOST_MB,
        },
        "verify": {
            "verify_after_reading": True,
            "verify_trust": bool(anchors),
            "verify_timestamp_trust": bool(anchors),
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "trust": {
            "trust_config": "\n".join(PURPOSES),
            **({"anchors": lists} if anchors else {}),
        },
    }


@contextmanager
def _nothing_more_opened(image: BinaryIO) -> Iterator[None]:
    """Keep this process from opening anything: the image has the last number there is."""
    if sys.platform == "win32":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (image.fileno() + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _reason(error: c2pa.C2paError) -> str:
    said = _shortened(error)
    if said.startswith(("Remote", "must fetch")):  # its address is a stranger's: it is not repeated
        return "its manifest is said to lie at an address, which is not fetched"
    return f"its manifest cannot be read: {said}"


def _shortened(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:LETTERS_AT_MOST]
