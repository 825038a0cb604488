"""Known keys as one search: the patterns of what can be matched without decoding anything."""

import base64
import re
from dataclasses import dataclass
from html.entities import codepoint2name

from harness.sensitive.views import BREAKS, SPACES

SHORTEST = 6
"""A shorter key is no secret (`x` for the emulator), and replacing it would spoil the text."""

SHORTEST_PIECE = 8
"""A shorter piece of a key in base64 occurs in innocent texts, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A key's pattern; a text that holds none of the `hints` in lower case is free of the key.

    `bytes_of` is the key as bytes, in the spellings that a file is searched for as a whole.
    """

    name: str
    length: int
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    bytes_of: tuple[bytes, ...]


def secret_of(name: str, key: str) -> Secret:
    """Return the search for a key, whatever its case (header names lose theirs)."""
    raw = key.encode("utf-8", "surrogatepass")
    squeezed = [SPACES.sub("", key), BREAKS.sub("", key)]
    texts = {key[::-1], raw.decode("latin-1"), *squeezed} - {key}
    texts = {text for text in texts if len(text) >= SHORTEST}
    packed = [raw.hex(), *packed_pieces(raw), *_packed_32(raw)]
    plain = max(re.split(r"[^A-Za-z0-9]", key), key=len)
    literal = sorted({*packed, *texts}, key=len)[::-1]
    hints = (plain, *(max(re.split(r"[^A-Za-z0-9]", text), key=len) for text in texts), *packed)
    return Secret(
        name=name,
        length=len(key),
        pattern=re.compile("|".join([key_spellings(key), *map(re.escape, literal)]), re.IGNORECASE),
        hints=tuple(dict.fromkeys(hint.lower() for hint in hints)),
        bytes_of=(
            *dict.fromkeys(
                (raw, raw[::-1], raw.hex().encode(), *map(str.encode, packed_pieces(raw)))
            ),
            *(key.encode(coding, "surrogatepass") for coding in ("utf-16-le", "utf-16-be")),
        ),
    )


def key_spellings(text: str) -> str:
    """Return the pattern of a text as JSON, HTML, URLs and programs quote it, once or repeatedly.

    Letters and digits are never quoted by any of them; where they are, the text is decoded first.
    """
    return "".join(
        letter if letter.isascii() and letter.isalnum() else f"(?:{_quoted(letter)})"
        for letter in text
    )


def _quoted(letter: str) -> str:
    slashes = r"\\+" if letter == "\\" else rf"\\*{re.escape(letter)}"
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    numbers = [units[place : place + 4] for place in range(0, len(units), 4)]
    octets = letter.encode("utf-8", "surrogatepass")
    ways = [
        slashes,
        "".join(rf"\\+u{number}" for number in numbers),
        "".join(f"%(?:25)*{octet:02x}" for octet in octets),
        f"&(?:amp;)*#0*{ord(letter)};",
        f"&(?:amp;)*#x0*{ord(letter):x};",
    ]
    if entity := codepoint2name.get(ord(letter)):
        ways.append(f"&(?:amp;)*{entity};")
    if letter == " ":
        ways.append(r"\+")
    return "|".join(reversed(ways))  # what is longer first: a bare & begins an entity


def packed_pieces(raw: bytes) -> list[str]:
    """Return the key in base64, alone and as it looks within something longer.

    Three bytes make four characters, so what stands before the key shifts it by 0, 1 or 2 bytes;
    the characters that it shares with its neighbours are left out.
    """
    pieces = [base64.b64encode(raw).decode()]
    for shift in range(3):
        first, last = -(-8 * shift // 6), 8 * (shift + len(raw)) // 6
        pieces.append(base64.b64encode(bytes(shift) + raw).decode()[first:last])
    pieces = [piece for piece in pieces if len(piece) >= SHORTEST_PIECE]
    return [*pieces, *(piece.replace("+", "-").replace("/", "_") for piece in pieces)]


def _packed_32(raw: bytes) -> list[str]:
    """Return the key in base32, likewise: five bytes make eight characters."""
    pieces = [base64.b32encode(raw).decode(), base64.b32hexencode(raw).decode()]
    for shift in range(5):
        first, last = -(-8 * shift // 5), 8 * (shift + len(raw)) // 5
        pieces.append(base64.b32encode(bytes(shift) + raw).decode()[first:last])
    return [piece for piece in pieces if len(piece) >= SHORTEST_PIECE]
