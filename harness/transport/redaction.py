"""Keys never leave: wherever one occurs in what is recorded, its name replaces it."""

import base64
import re
from dataclasses import dataclass
from html.entities import codepoint2name

from harness.core.errors import UsageError

SHORTEST = 6
"""A shorter key is no secret (`x` for the emulator), and replacing it would spoil the text."""

SHORTEST_PIECE = 8
"""A shorter piece of a key in base64 occurs in innocent texts, too."""


def sendable(env: str, key: str) -> str:
    """Return the key; UsageError where no HTTP header can carry it (RFC 9110, section 5.5)."""
    for place, character in enumerate(key, 1):
        if not (character.isascii() and character.isprintable()):
            raise UsageError(
                f"{env}: character {place} of the key cannot be sent in an HTTP header",
                hint="only printable ASCII can; was it pasted whole, and nothing else?",
            )
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secret:
    """A key's pattern; a text that holds none of the `hints` in lower case is free of the key."""

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]


class Redactor:
    """Replaces known key values, in every spelling that a reply may echo, and key-like texts."""

    def __init__(self, keys: dict[str, str], shapes: tuple[str, ...] = ()) -> None:
        longest_first = sorted(keys.items(), key=lambda pair: -len(pair[1]))
        self._secrets = tuple(
            _secret(f"<{name}>", key) for name, key in longest_first if len(key) >= SHORTEST
        )
        self._shapes = tuple(re.compile(rf"(?<![A-Za-z0-9+/_=-]){shape}") for shape in shapes)

    def known(self, text: str) -> str:
        """Return the text without known keys, whatever their case (header names lose theirs)."""
        low = text.lower()
        for secret in self._secrets:
            if any(hint in low for hint in secret.hints):
                text = secret.pattern.sub(secret.name, text)
        return text

    def text(self, text: str) -> str:
        """Return the text without keys; only for short texts, for images are random."""
        text = self.known(text)
        for shape in self._shapes:
            text = shape.sub("<key>", text)
        return text

    def redacted(self, address: str) -> bool:
        """Tell whether an address has a key's name in it, and so leads nowhere."""
        return any(secret.name in address for secret in self._secrets)


def _secret(name: str, key: str) -> _Secret:
    raw = key.encode("utf-8", "surrogatepass")
    packed = [raw.hex(), *_packed(raw)]
    plain = max(re.split(r"[^A-Za-z0-9]", key), key=len)
    return _Secret(
        name=name,
        pattern=re.compile(
            "|".join([key_spellings(key), *map(re.escape, sorted(set(packed), key=len)[::-1])]),
            re.IGNORECASE,
        ),
        hints=(plain.lower(), *(piece.lower() for piece in packed)),
    )


def key_spellings(text: str) -> str:
    """Return the pattern of a text as JSON, HTML, URLs and programs quote it, once or repeatedly.

    Letters and digits are never quoted by any of them (JSON's numbered ones are read before).
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


def _packed(raw: bytes) -> list[str]:
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
