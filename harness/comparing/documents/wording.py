"""Values of TOMLs as sentences name them: on one line, not endless, two of them told apart."""

import json
import re
import unicodedata

from harness.core.jsonvalue import Json, canonical

LONGEST = 160
"""Characters of a value that a sentence shows."""

_BREAKS = dict.fromkeys(map(ord, "\n\r\t\v\f\x85\u2028\u2029"), " ")

_CONTEXT = 20
"""Characters that are shown before the place where two long values begin to differ."""


def one_line(text: str) -> str:
    """Return foreign text on one line, with what is hidden in it spelled as a number.

    Spaces stay as many as they are: two texts that differ in them alone are told apart.
    """
    flat = text.translate(_BREAKS)
    return "".join(f"\\u{ord(char):04x}" if _hidden(char) else char for char in flat)


def _hidden(char: str) -> bool:
    return not char.isprintable() or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl")


def said(value: Json) -> str:
    """Return a value in words: whole numbers by thousands, a text in quotes."""
    match value:
        case bool():
            text = str(value).lower()
        case int():
            text = f"{value:,}"
        case str():
            text = json.dumps(value, ensure_ascii=False)
        case float():
            text = f"{value:,.0f}" if value.is_integer() else repr(value)
        case _:
            text = canonical(value)
    return _short(one_line(text))


def both_said(was: Json, now: Json) -> tuple[str, str]:
    """Return two values in words; of long ones, from where they begin to differ."""
    first, second = (one_line(_whole(each)) for each in (was, now))
    if max(len(first), len(second)) <= LONGEST:
        both = said(was), said(now)
        return both if both[0] != both[1] else (first, second)
    alike = (at for at, pair in enumerate(zip(first, second, strict=False)) if len({*pair}) > 1)
    start = next(alike, min(len(first), len(second))) - _CONTEXT
    return _from(first, start), _from(second, start)


def _whole(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else canonical(value)


def _from(text: str, start: int) -> str:
    return _short(f"…{text[start:]}" if start > 0 else text)


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text):,} characters)"


def names(sentence: str, value: Json) -> bool:
    """Tell whether a sentence names a value, and not only a part of another one."""
    shown = {said(value), value if isinstance(value, str) else canonical(value)}
    return any(
        re.search(rf"(?<![\w.,]){re.escape(each)}(?![\w]|[.,]\d)", sentence)
        for each in shown
        if each
    )
