"""Images found in replies: decoded once, kept by digest, replaced by a mark."""

import base64
import binascii
import hashlib
import io
import warnings
from collections.abc import Callable
from threading import Lock

from PIL import Image, UnidentifiedImageError

from harness.core.exchange import Picture

Keep = Callable[[str, bytes], None]
"""Takes an image's file name (`<sha256>.<format>`) and its bytes, and keeps them."""

MARK = "image:sha256:"
"""Every image in a document is replaced by this and its digest."""

PIXELS_AT_MOST = 100_000_000
"""Over ten times the largest image that a provider promises: a claim above is not decoded."""

ORIENTATION, SIDEWAYS = 0x0112, range(5, 9)
"""The EXIF tag that turns an image, and its values that swap width and height."""

_BASE64_STARTS = ("iVBORw0KGgo", "/9j/", "UklGR", "R0lGOD", "data:image/")
_RAW_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")


class Pictures:
    """Takes images out of replies; equal bytes are decoded and kept once."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._seen: dict[str, Picture] = {}
        self._one_at_a_time = Lock()

    def from_bytes(self, raw: bytes) -> Picture:
        """Decode one image completely, keep it, and tell what it is; never raises on bytes."""
        digest = hashlib.sha256(raw).hexdigest()
        with self._one_at_a_time:  # bodies are taken apart on several threads
            known = self._seen.get(digest)
            if known is None:
                known = _decoded(raw, digest)
                self._keep(file_name(known), raw)
                self._seen[digest] = known
        return known

    def from_text(self, text: str) -> Picture | None:
        """Decode an image written as base64 or as a `data:` URL; None for any other text."""
        if not text.startswith(_BASE64_STARTS):
            return None
        encoded = text.partition(",")[2] if text.startswith("data:") else text
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
        meant = text.startswith("data:") or looks_like_image(raw)
        return self.from_bytes(raw) if raw and meant else None


def looks_like_image(raw: bytes) -> bool:
    """Tell whether a body starts as PNG, JPEG, WebP or GIF files do."""
    return raw.startswith(_RAW_STARTS)


def has_alpha(image: Image.Image) -> bool:
    """Tell whether an opened image has an alpha channel, or colours that are clear."""
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def mark(picture: Picture) -> str:
    """Return the text that stands for an image in a document."""
    return MARK + picture.digest


def file_name(picture: Picture) -> str:
    """Return the name under which an image's bytes are kept."""
    return f"{picture.digest}.{picture.format if picture.format != 'unknown' else 'bin'}"


def _decoded(raw: bytes, digest: str) -> Picture:
    kind, width, height = "unknown", None, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw)) as image:
                kind = (image.format or "unknown").lower()
                width, height = image.size
                if width * height > PIXELS_AT_MOST:
                    return _broken(raw, digest, kind, f"claims {width}x{height} pixels")
                image.load()
                if image.getexif().get(ORIENTATION) in SIDEWAYS:
                    width, height = height, width  # what a viewer shows
                alpha = has_alpha(image)
    except UnidentifiedImageError:
        return _broken(raw, digest, kind, "no known image format")
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return _broken(raw, digest, kind, f"{type(error).__name__}: {error}"[:200])
    return Picture(
        digest=digest,
        format=kind,
        size_bytes=len(raw),
        state="decoded",
        width_px=width,
        height_px=height,
        alpha=alpha,
    )


def _broken(raw: bytes, digest: str, kind: str, why: str) -> Picture:
    return Picture(digest=digest, format=kind, size_bytes=len(raw), state="undecodable", why=why)
