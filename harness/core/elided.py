"""What recorders and those who clean recordings put in place of what they leave out.

The one home of such marks: for images, for values of a request or a reply, for whole bodies.
"""

import base64
import binascii
import re

from harness.core.jsonvalue import Json, texts

SHORT = 120
"""Characters of a text that may be a word in place of something."""

_DATA_URL = re.compile(r"data:[^,]{0,80},", re.IGNORECASE)

_TAKEN_OUT = (
    r"(?:redact(?:ed)?|filtered|masked|removed|scrubbed|omitted|hidden|saniti[sz]ed|placeholder"
    r"|elided|stripped|truncated|anonymi[sz]ed)"
)
_PLAIN = r"(?:redacted|scrubbed|omitted|saniti[sz]ed|placeholder|elided|truncated|anonymi[sz]ed)"
"""Those of the words that stand for nothing else: a job may be `filtered`, a ground `removed`."""

_INSIDE = r"[^\[\](){}<>\"]*"
_FILTERED = re.compile(
    r"<+[^<>{}\"]+>+"
    rf"|[\[(]+(?:[A-Z][A-Z0-9 _-]*|(?i:{_INSIDE}{_TAKEN_OUT}{_INSIDE}))[\])]+"
    r"|\[?(?:\.{2,}|…+)\]?|\*{3,}|[xX]{4,}|#{4,}"
    r"|\$?\{+\s*[\w.-][\w .-]*\}+|\$[A-Z_]{3,}|%[\w ]+%"
    rf"|[\W_]*(?:[A-Z0-9]+[ _:-])*{_TAKEN_OUT.upper()}(?:[ _:-][A-Za-z0-9]+)*[\W_]*"
    rf"|(?i:[\W_]*(?:\w+[_:-])?{_PLAIN}(?:[_:-]\w+)*[\W_]*)"
)
"""A whole value in brackets, of dots, stars or crosses, or by name: `<SIZE>`, `***`, `{{model}}`,
`REDACTED`, `REDACTED-3f2a91c0`."""

_IMAGE = re.compile(
    r"<+[^<>]+>+|\[[^\[\]\"]*[^\W\d][^\[\]\"]*\]|image/[\w.+-]+"
    r"|\([^()]*(binary|bytes|image|data)[^()]*\)|(sha\d+|md5)[:=_-]?[0-9a-fA-F]{6,}",
    re.DOTALL,
)
"""What else stands for an image: `[base64 of 3 kB]`, `image/png`, a digest. Markup is none."""

_SAID = re.compile(
    r"redact|omit|truncat|placeholder|\bfiltered|elided|scrubbed|removed|stripped|snipp|saniti[sz]"
    r"|anonymi|\bmasked",
    re.IGNORECASE,
)
"""Words by which a text in place of an image says that something was left out."""

_NAMED = re.compile(
    r"base_?-?64|b64|(image|img|png|binary)[_-]?(data|bytes|content|here|blob)?|fake|dummy|mock|stub"
    r"|sample|example|your[_-]",
    re.IGNORECASE,
)
"""Names that stand for an image, where the text is one name without spaces."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

_WORDS = re.compile(r"[\w\s.,:;()'+-]+")
"""A text of words: an address whose query was redacted is none."""

_A_WORD = re.compile(r"(hello|image|img|test|data|bytes|png|abc|foo|bar)\b[\w .!-]*", re.IGNORECASE)
"""What the base64 of a word says in recordings made for tests."""

_STARTS = r"(?:iVBOR|/9j/|UklGR|R0lGOD|AAAA|PHN2Z|Qk)"
_CUT = re.compile(
    rf"{_STARTS}[A-Za-z0-9+/=_\s-]*"
    r"(?:\.{2,}|…|[\[(<{][^\])>}]*(?:truncat|omit|redact|elide|more|bytes|chars|snip|\.\.|…)[^\])>}]*"
    r"[\])>}])[\s\S]{0,300}",
    re.IGNORECASE,
)
"""The start of an image's base64, and then dots or a note: `iVBORw0KGgo...`."""

_OURS = re.compile(r"\.\.\. \([\d,]+ bytes more\)$")
"""How the harness itself ends a text that it keeps only the start of."""


def stands_for_an_image(text: str) -> bool:
    """Tell whether a recorded text stands where an image was: a mark, a name, or a base64 cut."""
    said = _DATA_URL.sub("", text.strip(), count=1)
    if _OURS.search(said):
        return False
    if is_filtered(said) or _IMAGE.fullmatch(said) or _CUT.fullmatch(said):
        return True
    if len(said) > SHORT:
        return False
    return _is_word(said) or _is_word(_unpacked(said), packed=True)


def _is_word(text: str, *, packed: bool = False) -> bool:
    if not text or "{" in text:
        return False
    named = (packed or _NAME.fullmatch(text) is not None) and _NAMED.search(text) is not None
    said = _WORDS.fullmatch(text) is not None and _SAID.search(text) is not None
    return named or said or (packed and _A_WORD.fullmatch(text) is not None)


def _unpacked(text: str) -> str:
    """Return what a short base64 says in words; empty where it says nothing.

    Bytes that are all the same say nothing on purpose: `data` stands for them.
    """
    try:
        raw = base64.b64decode(text, validate=True)
        said = raw.decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    if raw and len({*raw}) == 1:
        return "data"
    return said if _WORDS.fullmatch(said) else ""


def is_filtered(content: Json) -> bool:
    """Tell whether a recorded value is nothing but what stands for another: `<TOKEN>`, `***`."""
    if not isinstance(content, str) or len(content) > SHORT:
        return False
    return _FILTERED.fullmatch(content.strip()) is not None


def holds_filtered(content: Json) -> bool:
    """Tell whether a value, or anything in it, is what stands for another."""
    return any(map(is_filtered, texts(content)))
