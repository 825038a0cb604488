r"""Images in texts: base64 as it comes, in lines, with another alphabet, behind `data:`.

One rule for a text in memory and for one that is read in pieces from a file: `Unpacking` takes
both. Whether the bytes are an image, their first ones decide (`formats`), so that a prompt or an id
that happens to be base64 is none. What differs from plain base64 is told and spoils nothing:

    data URL                    `data:image/png;base64,` before it, in any spelling
    line breaks, spaces         between the letters
    escaped line breaks         a backslash and an n between the letters; so are `escaped slashes`
    URL-safe alphabet           `-` and `_` for `+` and `/`
    percent-encoding            `%2B`, as in an address
    no padding, ...             fewer or more `=` than belong at the end, or some before it
    an odd letter at the end    which stands for no byte

The process that scans large bodies loads this module, so it imports the standard library only.
"""

import binascii
import hashlib
import re
from time import thread_time
from typing import NamedTuple

from harness.transport.bodies.formats import (
    HEAD_BYTES,
    PREFIX_BYTES,
    image_format,
    is_weak,
    may_begin_image,
)

BEGINNING = 128
"""Characters of a text that say whether it may be an image."""

HEAD_AT_MOST = 64 * 1024
"""Characters before the comma of a `data:` URL."""

LEAST_BYTES = 12
"""No image is smaller; what is, is a word that happens to be base64."""

WEAK_BYTES = 512
"""An image whose format is marked by few bytes only is none where it is shorter, unless a data URL
says so."""

PADS_AT_MOST = 4096
"""Padding signs in one text: some encode by lines, and pad each of them."""

_QUAD = 4
"""Letters of base64 that stand for three bytes."""

_MAY_BEGIN = re.compile(
    r"(?:\\[nrt]|\s)*(?:(?i:data:|image/|base64,)|iVBO|UklG|R0lG|AAAA|SUk[qr]|TU0A|Qk"
    r"|(?:\\?/|_|%2[Ff])(?:9j|wo|0)|P[A-P]|77u|Cgo|CiA|Cjx|DQo|ICA|IDx)"
)
"""What the base64 of an image may begin with, so that most texts are settled at a glance; of an SVG
a byte-order mark, blanks or `<` is all that is sure."""

_DATA = re.compile(r"\s*(?:data:|image/|base64,)", re.IGNORECASE)
_BLANK_START = re.compile(r"^(?:\\[nrt]|\s)+")
_HEAD = re.compile(r"\s*(?:data:)?\s*([^,;]*)((?:;[^,]*)?),", re.IGNORECASE | re.DOTALL)
_BLANKS = b" \t\r\n\f\v"
_ESCAPED_BREAK = re.compile(rb"\\[nrt]")
_UNFINISHED = re.compile(rb"(?:\\|%[0-9A-Fa-f]?)\Z")
_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_MISSING_PADS = {0: 0, 1: 0, 2: 2, 3: 1}
"""How many `=` belong behind so many letters beyond the last four."""


OFTEN = (
    b"iVBO", b"/9j", b"_9j", b"UklG", b"R0lG", b"AAAA", b"SUkq", b"TU0A", b"PHN2", b"PD94",
    b'"Qk', b"data:", b"DATA:", b"\\",
)  # fmt: skip
"""What stands in a JSON text that has an image; a backslash may hide the start of one. Only for
guessing: a body without any may hold an image nevertheless."""


class TextImage(NamedTuple):
    """An image out of a text: its bytes, what differs from plain base64, and what was declared."""

    raw: bytes
    encoding: str
    media_type: str


def begins_as_image(text: str) -> bool:
    """Tell whether a text may be an image: only its first characters are looked at."""
    beginning = text[:BEGINNING]
    if not _MAY_BEGIN.match(beginning):
        return False
    if _DATA.match(beginning):
        return True
    beginning = _BLANK_START.sub("", beginning)
    try:
        reader = _Base64()
        prefix = reader.add(beginning[: BEGINNING // 2].encode("ascii")) + reader.held()
    except ValueError:
        return False
    return may_begin_image(prefix[:PREFIX_BYTES])


def image_in(text: str) -> TextImage | None:
    """Return the image that a text is; None for any other text."""
    if not begins_as_image(text):
        return None
    unpacking = Unpacking(hashed=False)
    try:
        raw = unpacking.add(text) + unpacking.rest()
    except ValueError:
        return None
    return TextImage(raw, unpacking.encoding, unpacking.media_type)


class Unpacking:
    """A text on its way from base64 to bytes; every method raises ValueError where it is none.

    `digest` and `name` are those of a `hashed` one.
    """

    def __init__(self, *, hashed: bool = True) -> None:
        self.cpu_s = 0.0
        self._hashed = hashed
        self.media_type = ""
        self._hash, self._text = hashlib.sha256(), hashlib.sha256()
        self._reader: _Base64 | _Percent = _Base64()
        self._before: str | None = ""
        self._is_url = False
        self._start = b""
        self._size = 0

    def add(self, piece: str) -> bytes:
        """Take more of the text; return the bytes that it makes."""
        before = thread_time()
        if self._before is not None:
            piece = self._past_head(self._before + piece)
        elif self._hashed:
            self._text.update(piece.encode("utf-8", "surrogatepass"))
        return self._counted(self._read(piece), before)

    def rest(self) -> bytes:
        """End the text; return the last bytes."""
        before = thread_time()
        raw = b""
        if self._before is not None:
            if _DATA.match(self._before):
                raise ValueError("no comma came")
            raw = self._counted(self._read(self._begun(self._before)), before)
        raw += self._counted(self._reader.rest(), before)
        if not self._is_image():
            raise ValueError("no image")
        return raw

    @property
    def digest(self) -> str:
        """Return the digest of all bytes."""
        return self._hash.hexdigest()

    @property
    def name(self) -> str:
        """Return what tells this text from any other."""
        return self._text.hexdigest()

    @property
    def encoding(self) -> str:
        """Return what differs from plain base64, in words joined by commas."""
        return ", ".join((*(("data URL",) if self._is_url else ()), *self._reader.told))

    def _is_image(self) -> bool:
        if not self._size:
            return False
        if self._is_url and self.media_type.startswith("image/"):
            return True
        least = WEAK_BYTES if is_weak(self._start) else LEAST_BYTES
        return self._size >= least and bool(image_format(self._start))

    def _past_head(self, text: str) -> str:
        """Hold the text's start until the letters begin, which in a `data:` URL may be late."""
        self._before = text
        if len(text.lstrip()) < len("base64,"):
            return ""
        if not _DATA.match(text):
            return self._begun(text)
        comma = text.find(",")
        if comma > HEAD_AT_MOST or (comma < 0 and len(text) > HEAD_AT_MOST):
            raise ValueError("no comma in so long a head")
        if comma < 0:
            return ""
        self._is_url = True
        found = _HEAD.match(text)
        declared, parameters = found.groups() if found else ("", "")
        if declared.lower() != "base64":
            self.media_type = declared.strip().lower()
        if "base64" not in parameters.lower() and "svg" in self.media_type:
            self._reader = _Percent()
        return self._begun(text).partition(",")[2]

    def _begun(self, text: str) -> str:
        """Return the text whose start was held; pairs of escapes may have come in two pieces."""
        self._before = None
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if self._hashed:
            self._text.update(text.encode("utf-8", "surrogatepass"))
        return text

    def _read(self, text: str) -> bytes:
        if isinstance(self._reader, _Percent):
            return self._reader.add(text.encode("utf-8", "surrogatepass"))
        return self._reader.add(text.encode("ascii"))

    def _counted(self, raw: bytes, before: float) -> bytes:
        if len(self._start) < HEAD_BYTES:
            self._start = (self._start + raw[:HEAD_BYTES])[:HEAD_BYTES]
        self._size += len(raw)
        if self._hashed:
            self._hash.update(raw)
        self.cpu_s += thread_time() - before
        return raw


class _Percent:
    """The text of a data URL that is no base64, as bytes."""

    told = ("no base64",)

    def __init__(self) -> None:
        self._ending = b""

    def add(self, letters: bytes) -> bytes:
        letters = self._ending + letters
        unfinished = _UNFINISHED.search(letters[-2:])
        self._ending = unfinished[0] if unfinished else b""
        return _PERCENT.sub(_of_hex, letters[: len(letters) - len(self._ending)])

    def rest(self) -> bytes:
        return self._ending


def _of_hex(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[0][1:], 16),))


class _Base64:
    """Unpacks base64 piece by piece."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._ending = b""
        self._tail = b""
        self._pads = self._all_pads = 0

    @property
    def told(self) -> list[str]:
        """What differed from plain base64 so far, in an order of its own."""
        return sorted(self._told)

    def add(self, letters: bytes) -> bytes:
        """Return the bytes that are certain by now. Raises ValueError on a foreign letter."""
        letters = self._ending + letters
        unfinished = _UNFINISHED.search(letters[-2:])
        self._ending = unfinished[0] if unfinished else b""
        letters = self._plain(letters[: len(letters) - len(self._ending)])
        self._all_pads += letters.count(b"=")
        if self._all_pads > PADS_AT_MOST:
            raise ValueError("more padding than text")
        first, *others = letters.split(b"=")
        raw = self._group(first)
        for group in others:  # a padding sign stood before each
            self._pads += 1
            raw += self._group(group)
        return raw

    def held(self) -> bytes:
        """Return the bytes that the last letters make if nothing follows."""
        whole = self._tail if len(self._tail) > 1 else b""
        return binascii.a2b_base64(whole + b"=" * _MISSING_PADS[len(whole)])

    def rest(self) -> bytes:
        """Return the last bytes. Raises ValueError where the text ends within an escape."""
        if self._ending:
            raise ValueError("the text ends within an escape")
        return self._ended()

    def _group(self, letters: bytes) -> bytes:
        """Take letters without padding among them."""
        if not letters:
            return b""
        raw = b""
        if self._pads:
            self._tell("padding before the end")
            raw = self._ended()
        letters = self._tail + letters
        whole = len(letters) // _QUAD * _QUAD
        self._tail = letters[whole:]
        return raw + binascii.a2b_base64(letters[:whole], strict_mode=True)

    def _ended(self) -> bytes:
        """Return the bytes of the letters that are left over, and tell how they were padded."""
        due = _MISSING_PADS[len(self._tail)]
        if len(self._tail) == 1:
            self._tell("an odd letter at the end")
        elif self._pads < due:
            self._tell("too little padding" if self._pads else "no padding")
        if self._pads > due:
            self._tell("too much padding")
        if self._tail.translate(None, _ALPHABET):
            raise ValueError("a foreign letter")
        raw = self.held()
        self._tail, self._pads = b"", 0
        return raw

    def _plain(self, letters: bytes) -> bytes:
        """Return letters of the standard alphabet and padding; what else there is stays."""
        odd = letters.translate(None, _PLAIN)
        if not odd:
            return letters
        if b"%" in odd:
            letters = _PERCENT.sub(_of_hex, letters)
            self._tell("percent-encoding")
        if b"\\" in odd:
            letters = self._without_escapes(letters)
        blanks = odd.translate(None, _NO_BLANKS)
        if b"\n" in blanks or b"\r" in blanks:
            self._tell("line breaks")
        if blanks.translate(None, b"\r\n"):
            self._tell("spaces")
        letters = letters.translate(None, _BLANKS)
        if b"-" in odd or b"_" in odd:
            self._tell("URL-safe alphabet")
            letters = letters.translate(_STANDARD)
        return letters

    def _without_escapes(self, letters: bytes) -> bytes:
        if b"\\/" in letters:
            self._tell("escaped slashes")
        slashes = letters.replace(b"\\/", b"/")
        letters = _ESCAPED_BREAK.sub(b"", slashes)
        if letters != slashes:
            self._tell("escaped line breaks")
        return letters

    def _tell(self, words: str) -> None:
        self._told.add(words)


_STANDARD = bytes.maketrans(b"-_", b"+/")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PLAIN = _ALPHABET + b"="
_NO_BLANKS = bytes(set(range(256)) - set(_BLANKS))
