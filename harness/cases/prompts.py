"""Harmless texts of exact lengths: what is asked must never be what is refused.

Lengths are counted in Unicode characters (code points). The non-ASCII texts stay inside the Basic
Multilingual Plane, where a character is one code point and one UTF-16 unit, so that a provider
that counts UTF-16 units comes to the same number; texts beyond it are only observed.
"""

PLAIN = "A watercolour painting of a small red lighthouse on a calm northern coast at noon"

PIECES = (
    "a small red lighthouse",
    "on a calm northern coast",
    "a bowl of ripe pears",
    "in soft morning light",
    "a paper boat on a pond",
    "watercolour on rough paper",
    "flat vector illustration",
    'a shop sign that reads "OPEN"',
    "un café tranquille à midi",
    "ein grüner Garten im Frühling",
    "静かな湖と山",
    "тихая гавань летом",
    "حديقة هادئة",
    "100% wool; 50/50 split",
    "line one\nline two",
    "a cat\tand a kite",
    "naïve style, 3:2 & framed",
    "{plain} [brackets] <angle>",
)

_FILLER = " Soft light, gentle shadows, clean lines, quiet colours, plain background."
_WIDE = "静かな湖と山、柔らかな光、穏やかな色。Ein grüner Garten, тихая гавань. "
_ASTRAL = "🌊 quiet sea 🏔 quiet hills 🌲 "


def plain(length: int) -> str:
    """Return an ASCII prompt of exactly `length` characters."""
    return _filled(PLAIN + ".", _FILLER, length)


def wide(length: int) -> str:
    """Return a prompt of exactly `length` characters, most of them outside ASCII."""
    return _filled("", _WIDE, length)


def astral(length: int) -> str:
    """Return a prompt of exactly `length` code points, more UTF-16 units than that."""
    return _filled("", _ASTRAL, length)


def _filled(start: str, filler: str, length: int) -> str:
    text = (start + filler * (length // len(filler) + 1))[:length]
    return text if not text.endswith((" ", "\n")) else text[:-1] + "."
