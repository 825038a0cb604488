"""A reader who wants a secret: undoes every encoding he knows of and looks whether it is there.

He shares nothing with the code that he checks.
"""

import base64
import html
import quopri
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

_NUMBERED = re.compile(
    r"\\+(?:u\{?|U000|U|x)([0-9a-fA-F]{2,6})\}?|%u([0-9a-fA-F]{4})|\\+([0-3][0-7]{2})"
)
_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_HEX = re.compile(r"(?:(?:0x)?[0-9a-fA-F]{2}[^0-9a-fA-F]{0,4}){8,}")
_COUNTED = re.compile(r"(?:\d{2,3}\D{1,3}){8,}\d{2,3}")


def core(secret: str) -> str:
    """What of a secret survives without its punctuation and case."""
    return re.sub(r"[^a-z0-9]", "", secret.lower())


def _undone(text: str) -> str:
    for _ in range(8):
        before = text

        def number(match: "re.Match[str]") -> str:
            if match[3]:
                return chr(int(match[3], 8))
            code = int(match[1] or match[2], 16)
            return chr(code) if code < 0x110000 else match[0]

        text = unquote(html.unescape(_NUMBERED.sub(number, text)), errors="replace")
        if text == before:
            break
    return text


def _decoded(text: str) -> Iterator[str]:
    """Yield what runs of base64, base32, hexadecimal and decimal numbers say."""
    for match in _RUN.finditer(text.replace("\\n", "").replace("\\r", "")):
        yield from _unpacked(match[0])
    for match in _RUN.finditer(re.sub(r"\s", "", text)) if len(text) < 200_000 else ():
        yield from _unpacked(match[0])
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|[^0-9a-fA-F]", "", match[0])
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")
    for match in _COUNTED.finditer(text):
        numbers = [int(digits) for digits in re.findall(r"\d+", match[0])]
        yield "".join(chr(number) for number in numbers)


def _unpacked(run: str) -> Iterator[str]:
    run = run.replace("-", "+").replace("_", "/")
    for shift in range(4):
        part = run[shift:]
        part = part[: len(part) // 4 * 4] if len(part) % 4 == 1 else part + "=" * (-len(part) % 4)
        raw = base64.b64decode(part)
        yield raw.decode("latin-1")
        if raw[:2] == b"\x1f\x8b":
            with suppress(zlib.error):
                yield zlib.decompressobj(47).decompress(raw, 1_000_000).decode("latin-1")
    if re.fullmatch(r"[A-Z2-7]+", run):
        with suppress(ValueError):
            yield base64.b32decode(run + "=" * (-len(run) % 8)).decode("latin-1")


def readings(raw: bytes, depth: int = 3) -> Iterator[str]:
    """Yield everything that bytes may say, as letters and digits in lower case."""
    texts = [raw.decode("utf-8", "replace"), raw.decode("latin-1")]
    texts += [quopri.decodestring(raw).decode("latin-1")] if b"=" in raw else []
    waiting = [(text, depth) for text in dict.fromkeys(texts)]
    while waiting:
        text, left = waiting.pop()
        plain = _undone(text)
        wide = unicodedata.normalize("NFKC", plain)
        pairs = "".join(re.findall(r"[\u2020-\u7e7e]+", text)).encode("utf-16-le")
        for each in dict.fromkeys((text, plain, wide, pairs.decode("latin-1"))):
            yield core(each.replace("data:", ""))
            yield core(each[::-1])
        if left:
            once = dict.fromkeys(_decoded(plain))
            yield from map(core, once)
            joined = "\n".join(each for each in once if re.search(r"[ -~]{12}", each))
            if joined:
                waiting.append((joined, left - 1))


def leaks(contents: Mapping[str, bytes], secrets: Iterable[str]) -> list[str]:
    """Name every place that still says a secret; empty where none does."""
    cores = {core(secret): secret for secret in secrets}
    found: list[str] = []
    for name, raw in contents.items():
        for reading in readings(raw):
            found += [f"{secret!r} in {name}" for low, secret in cores.items() if low in reading]
    return sorted(set(found))


def written(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder: its bytes by name, and the names."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    contents = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    return {**contents, "(names)": "\n".join(contents).encode()}
