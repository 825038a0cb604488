"""Which image format bytes begin as: by their magic numbers, not by what anybody declares.

The process that scans large bodies loads this module, so it imports the standard library only.
"""

import re
from typing import NamedTuple

HEAD_BYTES = 1024
"""More of an image's bytes than are needed to see that it is one; an SVG may open with comments."""

PREFIX_BYTES = 18
"""As many as tell every format but an SVG, of which `may_begin_svg` tells that it is possible."""

_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
}
_ANY_PICTURE = (b"mif1", b"msf1", b"miaf", b"heif")
"""Brands of a file of pictures in a codec that its compatible brands name."""

_BITMAP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes of the header that follows a BMP's first 14 bytes: one for each version."""

_BOX_AT_MOST = 512

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
)

_JXL_BARE = b"\xff\x0a"
"""A JPEG XL without its container begins with two bytes, as any text of bytes may."""

_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,900}?-->\s*|<!DOCTYPE\s+svg[^>]{0,400}>\s*)*"
    rb"<(?:\w{1,20}:)?svg[\s/>]",
    re.DOTALL,
)
_TAG_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def image_format(head: bytes) -> str:
    """Return the format that a file begins as, in lower case; empty where it is no image.

    `head` is at least HEAD_BYTES long, or the whole file.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head.startswith(b"\xff\xd8\xff") and (head[3:4] or b"\xff") >= b"\xc0":
        return "jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "bmp"
    if head.startswith(_JXL_BARE):
        return "jxl"
    return "svg" if _SVG.match(head) else ""


def may_begin_image(prefix: bytes) -> bool:
    """Tell whether bytes that begin so may be an image: `image_format` of more of them decides."""
    return bool(image_format(prefix) or prefix[4:8] == b"ftyp" or _TAG_BEGINS.match(prefix))


def is_weak(head: bytes) -> bool:
    """Tell whether so few bytes mark the format that a short text may begin so by chance."""
    return head.startswith(_JXL_BARE)


def _by_brand(head: bytes) -> str:
    """Return the format of an ISO media file; empty for films and sounds."""
    major = head[8:12]
    if major in _BRANDS:
        return _BRANDS[major]
    if major not in _ANY_PICTURE:
        return ""
    end = min(int.from_bytes(head[:4], "big"), _BOX_AT_MOST)
    brands = (head[at : at + 4] for at in range(16, end, 4))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "heif")


class Size(NamedTuple):
    """Width and height in pixels."""

    width_px: int
    height_px: int


_EDGE_AT_MOST = 1 << 20
_LENGTH = rb"""\s%s\s*=\s*["']\s*(\d{1,7})(?:\.\d{1,9})?\s*(?:px)?\s*["']"""
_WIDTH, _HEIGHT = (re.compile(_LENGTH % name) for name in (b"width", b"height"))
_VIEW_BOX = re.compile(
    rb"""\sviewBox\s*=\s*["']\s*[-\d.]{1,12}[\s,]+[-\d.]{1,12}[\s,]+(\d{1,7})[.\d]{0,10}[\s,]+(\d{1,7})[.\d]{0,10}\s*["']"""
)


def declared_size(kind: str, head: bytes) -> Size | None:
    """Return the size that the head of a HEIC or an SVG states; None where it states none.

    A HEIC's is that of its largest `ispe` box: others are of thumbnails and of tiles. A turned one
    (`irot`) is given as a viewer shows it. An SVG's stands in the root element, in pixels.
    """
    if kind in ("heic", "heif", "avif"):
        return _largest_extent(head)
    return _svg_size(head) if kind == "svg" else None


def _largest_extent(head: bytes) -> Size | None:
    found = [
        Size(int.from_bytes(box[4:8], "big"), int.from_bytes(box[8:12], "big"))
        for box in (head[at : at + 12] for at in _places(head, b"ispe"))
    ]
    sizes = [size for size in found if all(0 < edge <= _EDGE_AT_MOST for edge in size)]
    if not sizes:
        return None
    largest = max(sizes, key=lambda size: size.width_px * size.height_px)
    turns = [head[at] & 1 for at in _places(head, b"irot")]
    return Size(*reversed(largest)) if any(turns) else largest


def _places(head: bytes, name: bytes) -> list[int]:
    """Return where the contents of boxes of a name begin."""
    return [found.end() for found in re.finditer(re.escape(name), head) if found.end() < len(head)]


def _svg_size(head: bytes) -> Size | None:
    found = _SVG.match(head)
    if found is None:
        return None
    root = head[found.end() - 1 : head.find(b">", found.end() - 1) + 1 or len(head)]
    width, height = _WIDTH.search(root), _HEIGHT.search(root)
    if width and height:
        return Size(int(width[1]), int(height[1]))
    box = _VIEW_BOX.search(root)
    return Size(int(box[1]), int(box[2])) if box else None
