"""Secrets as a careless or hostile server may spell them; written without a look at our redaction.

Each spelling takes a text and returns another one from which a reader could get the first back.
"""

import base64
import binascii
import gzip
import html
import io
import json
import random
import string
import struct
import zlib
from collections.abc import Callable
from urllib.parse import quote

from PIL import Image

Spell = Callable[[str], str]


def _each(form: Callable[[int], str]) -> Spell:
    return lambda text: "".join(form(ord(letter)) for letter in text)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _lines(text: str, width: int, end: str) -> str:
    return end.join(text[at : at + width] for at in range(0, len(text), width))


def _mixed(text: str) -> str:
    ways = (chr, "%{:02x}".format, "\\u{:04x}".format, "&#{};".format)
    return "".join(ways[at % 4](ord(letter)) for at, letter in enumerate(text))


SPELLINGS: dict[str, Spell] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "json": lambda text: json.dumps(text)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text))[1:-1],
    "json, every letter": _each("\\u{:04x}".format),
    "json, every letter, upper case": _each("\\u{:04X}".format),
    "json, every letter, twice": _each("\\\\u{:04x}".format),
    "javascript, braces": _each("\\u{{{:x}}}".format),
    "python, long": _each("\\U{:08x}".format),
    "c, hexadecimal": _each("\\x{:02x}".format),
    "c, octal": _each("\\{:03o}".format),
    "percent": lambda text: quote(text, safe=""),
    "percent, every letter": _each("%{:02x}".format),
    "percent, every letter, upper case": _each("%{:02X}".format),
    "percent, every letter, twice": _each("%25{:02X}".format),
    "percent, unicode": _each("%u{:04X}".format),
    "html": html.escape,
    "html, decimal": _each("&#{};".format),
    "html, decimal, padded": _each("&#{:07d};".format),
    "html, decimal, open": _each("&#{:07d}".format),
    "html, hexadecimal": _each("&#x{:x};".format),
    "html, hexadecimal, padded": _each("&#x{:06X};".format),
    "html, twice": _each("&amp;#{};".format),
    "quoted-printable, every letter": _each("={:02X}".format),
    "quoted-printable, broken": lambda text: _lines(text, 7, "=\r\n"),
    "mixed escapes": _mixed,
    "escapes in percent": lambda text: quote(_each("\\u{:04x}".format)(text), safe=""),
    "base64": lambda text: _b64(text.encode()),
    "base64 of more": lambda text: _b64(f"user:{text}\r\nmore".encode()),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(f"??>{text}".encode()).decode(),
    "base64, no padding": lambda text: _b64(f"k={text}".encode()).rstrip("="),
    "base64, twice": lambda text: _b64(_b64(f" {text}".encode()).encode()),
    "base64, three times": lambda text: _b64(_b64(_b64(text.encode()).encode()).encode()),
    "base64, in lines": lambda text: _lines(_b64(text.encode() + b" " * 40), 16, "\r\n"),
    "base64, in escaped lines": lambda text: _lines(_b64(text.encode() + b" " * 40), 16, "\\n"),
    "base64 of mime lines": lambda text: base64.encodebytes(b"- " * 25 + text.encode()).decode(),
    "base64 of gzip": lambda text: _b64(gzip.compress(text.encode(), mtime=0)),
    "base64 of utf-16": lambda text: _b64(text.encode("utf-16-le")),
    "base64 in percent": lambda text: quote(_each("%{:02x}".format)(_b64(text.encode()))),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper case": lambda text: text.encode().hex().upper(),
    "hexadecimal, colons": lambda text: text.encode().hex(":"),
    "hexadecimal, spaces": lambda text: text.encode().hex(" "),
    "hexadecimal, dashes": lambda text: text.encode().hex("-"),
    "hexadecimal, 0x": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "hexadecimal of base64": lambda text: _b64(text.encode()).encode().hex(),
    "decimal bytes": lambda text: ", ".join(str(byte) for byte in text.encode()),
    "reversed": lambda text: text[::-1],
    "spaced": " ".join,
    "in lines": lambda text: _lines(text, 9, "\n"),
    "in strings": lambda text: _lines(text, 9, '" + "'),
    "in a list": lambda text: _lines(text, 9, '", "'),
    "in event lines": lambda text: _lines(text, 9, "\n\ndata: "),
    "zero width": "\u200b".join,
    "full width": lambda text: "".join(
        chr(ord(letter) + 0xFEE0) if 0x21 <= ord(letter) <= 0x7E else letter for letter in text
    ),
    "utf-16 as text": lambda text: (text + " " * (len(text) % 2)).encode().decode("utf-16-le"),
    "utf-16 with nulls": lambda text: text.encode("utf-16-le").decode("latin-1"),
}

DATA_SPELLINGS = tuple(
    name
    for name in SPELLINGS
    if not name.startswith(
        ("in ", "reversed", "spaced", "utf-16", "base64 of utf", "upper", "lower")
    )
)
"""How personal data is spelled: what nobody knows must be recognised by its shape."""


def key(dice: random.Random) -> str:
    """A key that no reader could take for a word; the last letters are unlike the first."""
    return "sk-proj-" + "".join(dice.choices(string.ascii_letters + string.digits, k=32))


def _letters(dice: random.Random, count: int) -> str:
    return "".join(dice.choices(string.ascii_letters + string.digits, k=count - 2)) + "a7"


PERSONAL: dict[str, Callable[[random.Random], str]] = {
    "mail": lambda dice: f"{_letters(dice, 12).lower()}@{_letters(dice, 8).lower()}.io",
    "organisation": lambda dice: f"org-{_letters(dice, 24)}",
    "account": lambda dice: f"acct_{_letters(dice, 16)}",
    "user": lambda dice: f"user-{_letters(dice, 24)}",
    "project": lambda dice: f"proj_{_letters(dice, 24)}",
    "foreign key": lambda dice: f"sk-proj-{_letters(dice, 40)}",
    "aws key": lambda dice: "AKIA" + "".join(dice.choices(string.ascii_uppercase + "234567", k=16)),
    "github token": lambda dice: f"ghp_{_letters(dice, 36)}",
    "jwt": lambda dice: f"eyJhbGciOiJIUzI1NiJ9.eyJ{_letters(dice, 30)}.{_letters(dice, 43)}",
    "google key": lambda dice: f"AIza{_letters(dice, 35)}",
    "bearer": lambda dice: f"Bearer {_letters(dice, 40)}",
    "arn": lambda dice: f"arn:aws:iam::{dice.randrange(10**11, 10**12)}:user/{_letters(dice, 12)}",
}

SIGNED: dict[str, Callable[[random.Random], str]] = {
    "s3": lambda dice: (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA{_letters(dice, 16).upper()}%2Fus"
        "&X-Amz-Date=20261128"
        f"&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature={dice.randbytes(32).hex()}"
    ),
    "azure": lambda dice: (
        "se=2026-11-28T23%3A00%3A00Z&sp=r&sv=2026-01-01&sr=b&sig="
        + quote(_b64(dice.randbytes(32)), safe="")
    ),
    "cloudfront": lambda dice: (
        f"Expires=1795000000&Policy={_letters(dice, 60)}&Signature={_letters(dice, 80)}"
        f"&Key-Pair-Id=K{_letters(dice, 13).upper()}"
    ),
    "google": lambda dice: (
        f"GoogleAccessId={_letters(dice, 9).lower()}&Expires=1795000000"
        f"&Signature={_letters(dice, 60)}"
    ),
    "token": lambda dice: f"token={_letters(dice, 32)}",
    "access token": lambda dice: f"v=2&access_token={_letters(dice, 32)}&w=1024",
    "key": lambda dice: f"key={_letters(dice, 24)}",
    "auth": lambda dice: f"auth={_letters(dice, 24)}",
    "hash": lambda dice: f"hash={dice.randbytes(16).hex()}&e=1795000000",
    "any name": lambda dice: f"x={_letters(dice, 32)}",
}


SECRET_ENDS = ("signature", "sig", "credential", "token", "key", "auth", "policy", "hash", "x")


def secret_values(query: str) -> list[str]:
    """The values of a signed query that nobody may read."""
    return [
        content
        for name, _, content in (pair.partition("=") for pair in query.split("&"))
        if name.lower().endswith(SECRET_ENDS)
    ]


def png(dice: random.Random, *chunks: tuple[bytes, bytes], after: bytes = b"") -> bytes:
    """A whole image with pixels of its own, and these chunks before its pixels."""
    file = io.BytesIO()
    Image.new("RGB", (1024, 1024), tuple(dice.randbytes(3))).save(file, "PNG")
    raw = file.getvalue()
    head, rest = raw[:33], raw[33:]
    return head + b"".join(chunk(kind, content) for kind, content in chunks) + rest + after


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", binascii.crc32(checked))


def images(secret: str, dice: random.Random) -> dict[str, bytes]:
    """Images that hold a text, each at another place."""
    text = secret.encode()
    jpeg = io.BytesIO()
    Image.new("RGB", (1024, 1024), "red").save(jpeg, "JPEG", comment=text)
    exif = io.BytesIO()
    tags = Image.Exif()
    tags[0x010E] = f"made for {secret}"
    Image.new("RGB", (1024, 1024), "red").save(exif, "JPEG", exif=tags)
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><k>{secret}</k></x:xmpmeta>'.encode()
    webp, with_exif = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (1024, 1024), "red").save(webp, "WEBP", xmp=xmp)
    Image.new("RGB", (1024, 1024), "red").save(with_exif, "WEBP", exif=tags)
    packed, escaped = zlib.compress(text), _each("%{:02x}".format)(secret).encode()
    return {
        "png tEXt": png(dice, (b"tEXt", b"prompt\0a cat for " + text)),
        "png zTXt": png(dice, (b"zTXt", b"prompt\0\0" + packed)),
        "png iTXt": png(dice, (b"iTXt", b"prompt\0\0\0\0\0" + text)),
        "png iTXt, packed": png(dice, (b"iTXt", b"prompt\0\1\0\0\0" + packed)),
        "png eXIf": png(dice, (b"eXIf", b"II*\0\x08\0\0\0\0\0" + text)),
        "png private chunk": png(dice, (b"prVt", text)),
        "png C2PA": png(dice, (b"caBX", b"\0\0\0\x20jumb" + text)),
        "png base64 in tEXt": png(dice, (b"tEXt", b"k\0" + base64.b64encode(text))),
        "png escapes in tEXt": png(dice, (b"tEXt", b"k\0" + escaped)),
        "png after its end": png(dice, after=b"\n" + text),
        "jpeg comment": jpeg.getvalue(),
        "jpeg exif": exif.getvalue(),
        "jpeg after its end": jpeg.getvalue().replace(text, b"x" * len(text)) + text,
        "webp xmp": webp.getvalue(),
        "webp exif": with_exif.getvalue(),
    }
