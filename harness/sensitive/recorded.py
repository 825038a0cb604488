"""Keys that nobody gave us but that stand in somebody's recording, in its headers and addresses.

What is found there by its name is cut out everywhere else in that recording, echoes included.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from harness.sensitive.addresses import is_secret_parameter
from harness.sensitive.personal import is_personal_field, is_placeholder

SHORTEST = 12
"""A shorter value of a cookie or a field may be an ordinary word of the traffic."""

LONG = 24
"""A value as long as this is no ordinary word, even of letters alone."""

_HEADER = re.compile(
    r"(?:proxy-)?authorization|cookie|set-cookie2?|.*(?:api-?key|token|secret|session|signature|passw)"
    r".*|.*(?:organi[sz]ation|account|project)(?:-id)?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]{1,200}", re.ASCII)
_SCHEME = re.compile(r"(?:bearer|basic|token|key|apikey)[ \t]+(?=\S)", re.IGNORECASE)
_FIELD = re.compile(r'\\*"([A-Za-z][A-Za-z0-9_-]{2,40})\\*"\s{0,9}:\s{0,9}\\*"([^"\\]{4,4096})\\*"')
_PAIR = re.compile(
    r"(?:^|[?&#;])([A-Za-z][A-Za-z0-9_.-]{0,60})=([^&#;\s\"'<>]{4,4096})", re.MULTILINE
)
_USERINFO = re.compile(r"://([^\s/?#@]{1,200}):([^\s/?#@]{1,200})@")
_COOKIE = re.compile(r"([^=;\s]{1,100})=([^;\s]{1,4096})")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}\s*")
_MATCHED = ("value", "equalTo", "exactMatch")
BASE64_AT_MOST = 4 * 1024 * 1024


def keys_in(recording: object) -> dict[str, str]:
    """Return the keys and tokens that a recording holds under names that say so, each once."""
    keys: dict[str, str] = {}
    for name, text in dict.fromkeys(_named(recording)):
        if text not in keys.values() and _is_key(text):
            place = len(keys)
            keys[f"{name} {place}" if name in keys else name] = text
    return keys


def _is_key(text: str) -> bool:
    if is_placeholder(text) or len(text) < SHORTEST or " " in text:
        return False
    letters = any(letter.isalpha() for letter in text)
    digits = any(letter.isdigit() for letter in text)
    return (letters and digits) or len(text) >= LONG


def _named(content: object) -> Iterator[tuple[str, str]]:
    """Yield every secret of a recording's value, whatever its format calls it."""
    waiting = [content]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, Mapping):
            yield from _of_pair(entry.get("name"), entry.get("value"))
            for name, inside in entry.items():
                yield from _of_pair(name, inside)
                waiting.append(inside)
        elif isinstance(entry, list):
            for name, inside in zip(entry[::2], entry[1::2], strict=False):
                yield from _of_pair(_token_or_none(name), inside)  # headers of nock and mitmproxy
            waiting += entry
        elif isinstance(entry, str | bytes):
            yield from _of_text(_text(entry))


def _text(entry: str | bytes) -> str:
    return entry if isinstance(entry, str) else entry.decode("utf-8", "replace")


def _token_or_none(entry: object) -> str | None:
    """Return what may be a header's name (RFC 9110, 5.6.2): no address names another."""
    name = _text(entry) if isinstance(entry, str | bytes) else ""
    return name if _TOKEN.fullmatch(name) else None


def _of_pair(name: object, content: object) -> Iterator[tuple[str, str]]:
    """Yield what a header, a cookie, a parameter or a field holds, if its name says so."""
    if not isinstance(name, str):
        return
    values = content if isinstance(content, list) else [content]
    matched = [each for each in values if isinstance(each, Mapping)]  # stubs: what has to equal it
    values = [*values, *(each.get(key) for each in matched for key in _MATCHED)]
    for each in values:
        if not isinstance(each, str | bytes):
            continue
        if _HEADER.fullmatch(name) or is_personal_field(name) or is_secret_parameter(name):
            yield from _of_secret(name.lower(), _text(each).strip())


def _of_secret(name: str, text: str) -> Iterator[tuple[str, str]]:
    if "cookie" in name:
        yield from ((name, match[2]) for match in _COOKIE.finditer(text))
        return
    bare = _SCHEME.sub("", text, count=1)
    yield name, bare
    if text[:6].lower() == "basic ":
        try:
            pair = base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return
        yield from ((name, each) for each in (pair, pair.partition(":")[2]))


def _of_text(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands in an address or a body under a name that says so."""
    yield from _of_query(text)
    for name, content in _FIELD.findall(text) if '"' in text else ():
        if is_personal_field(name):
            yield name.lower(), content
    for user, password in _USERINFO.findall(text) if "://" in text else ():
        yield from (("userinfo", each) for each in (password, f"{user}:{password}"))
    inside = _unpacked(text)
    if inside:
        yield from _of_text(inside)


def _of_query(text: str) -> Iterator[tuple[str, str]]:
    for name, content in _PAIR.findall(text) if "=" in text else ():
        if is_secret_parameter(name) or is_personal_field(name):
            yield from ((name.lower(), each) for each in (content, unquote(content)))


def _unpacked(text: str) -> str:
    """Return the body that a text is in base64, if it holds fields; else nothing."""
    if len(text) > BASE64_AT_MOST or not _BASE64.fullmatch(text):
        return ""
    try:
        inside = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return ""
    holds_fields = inside.startswith((b"{", b"[")) or b"=" in inside[:64]
    return inside.decode("utf-8", "replace") if holds_fields else ""
