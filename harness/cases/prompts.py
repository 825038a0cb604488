"""Harmless texts of exact lengths: what is asked must never be what is refused.

Lengths are counted in Unicode characters (code points). The non-ASCII texts stay inside the Basic
Multilingual Plane, where a character is one code point and one UTF-16 unit, so that a provider
that counts UTF-16 units comes to the same number; texts beyond it are only observed.
"""

import random

from harness.core.longtext import filled

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

A_LINE = 400
"""How long a prompt may be before its length is what it is about."""

OTHERS = (
    "A pencil drawing of an old stone bridge over a slow green river in autumn",
    "A gouache of three yellow tulips in a white jug beside an open window",
    "A linocut of a sleeping cat on a striped cushion in the afternoon sun",
    "A pastel of a wooden rowing boat on a quiet lake below round hills",
)
_OTHERS_WIDE = (
    "静かな港の朝、白い帆と青い空。Ein stiller Hafen am Morgen",
    "古い石の橋と緑の川。Eine alte Brücke über dem Fluss",
)
_OTHERS_ASTRAL = ("⛵🌅 a quiet harbour", "🌉🍂 an old bridge")


def other_prompts(text: str) -> tuple[str, ...]:
    """Return texts that ask for something else in the same kind of letters, all harmless.

    A text longer than a line is about its length, so the others are as long.
    """
    starts: tuple[str, ...]
    if text.isascii():
        starts, filler = OTHERS, "ascii-1"
    elif max(text) > "\uffff":
        starts, filler = _OTHERS_ASTRAL, "astral-1"
    else:
        starts, filler = _OTHERS_WIDE, "wide-1"
    if len(text) <= A_LINE:
        return tuple(start for start in starts if start != text)
    return tuple(other for start in starts if (other := filled(start, filler, len(text))) != text)


def harmless_prompt(number: int) -> str:
    """Return the plain prompt of that number, from 1 on: no two of the first 306 are alike."""
    first, beside = number % len(PIECES), number // len(PIECES) + 1
    return f"{PIECES[first]}, {PIECES[(first + beside) % len(PIECES)]}"


def plain_prompt(length: int) -> str:
    """Return an ASCII prompt of exactly `length` characters."""
    return filled(PLAIN + ".", "ascii-1", length)


def wide_prompt(length: int) -> str:
    """Return a prompt of exactly `length` characters, most of them outside ASCII."""
    return filled("", "wide-1", length)


def astral_prompt(length: int) -> str:
    """Return a prompt of exactly `length` code points, more UTF-16 units than that."""
    return filled("", "astral-1", length)


_AIRS = (
    *("calm", "tiny", "big", "neat", "soft", "plain", "quiet", "small", "warm", "cool", "pale"),
    *("dark", "light", "bold", "slim", "round", "tall", "wide", "low", "clean", "fresh", "dusty"),
    *("shiny", "matte"),
)
_COLOURS = (
    *("red", "blue", "green", "gold", "pink", "grey", "white", "black", "brown", "teal"),
    *("lilac", "cream", "coral", "amber", "olive", "beige"),
)
_THINGS = (
    *("boat", "kite", "vase", "lamp", "chair", "house", "tree", "bridge", "teapot", "bowl"),
    *("clock", "door", "fence", "garden", "hat", "jug", "ladder", "mill", "pear", "quilt"),
    *("rug", "shell", "spoon", "stool", "tower", "tulip", "wagon", "barn", "bench", "book"),
)
_PLACES = (
    *("by a calm lake", "on a wooden table", "in a sunny room", "at the end of a lane"),
    *("under a clear sky", "beside an old wall", "on a green hill", "near a wide river"),
    *("in an open field", "on a stone step", "behind a low hedge", "at the edge of a wood"),
)
_OPENING = 20
"""The longest opening that is made of three of these words."""

_WITH_PLACE = _OPENING + 1 + max(map(len, _PLACES)) + 1
"""The longest opening with a place behind it, and the comma that ends it."""

_FEW = len(_AIRS) * len(_COLOURS) * len(_THINGS)


def distinct_prompts(length: int) -> int:
    """Return how many prompts of a length `distinct` knows, no two alike; 0 below 20 characters."""
    if length < _OPENING:
        return 0
    return _FEW * len(_PLACES) if length >= _WITH_PLACE else _FEW


def distinct_prompt(number: int, length: int, *, seed: int) -> str:
    """Return the prompt of that number, from 0 on, of exactly `length` ASCII characters, harmless.

    The same seed gives the same prompts in any process, each number another one; ValueError
    beyond `distinct_prompts(length)`. Each begins with what it shows, and neighbours differ there:
    prompts with a long part in common might share a provider's cache.
    """
    if not 0 <= number < distinct_prompts(length):
        raise ValueError(f"no prompt {number} of {length} characters")
    place, opening_number = divmod(number, _FEW)
    # Odd words for numbers in a row: 7,919 is a prime that divides no list's length.
    shift = random.Random(f"prompts {seed}").randrange(_FEW)
    pair, thing = divmod((opening_number * 7_919 + shift) % _FEW, len(_THINGS))
    air, colour = divmod(pair, len(_COLOURS))
    opening = f"A {_AIRS[air]} {_COLOURS[colour]} {_THINGS[thing]}"
    if length >= _WITH_PLACE:
        opening += f" {_PLACES[(place + number) % len(_PLACES)]}"
    return filled(f"{opening},", "quiet-1", length)


def numbered_prompt(text: str, number: int) -> str:
    """Return a harmless prompt as long as `text`, in the same kind of letters, by its number.

    Equal numbers give equal prompts; of many numbers few share one, where the length leaves room
    for that.
    """
    length = len(text)
    if not text.isascii():
        filler = "astral-1" if max(text) > "\uffff" else "wide-1"
        kind = "\U0001f30a " if filler == "astral-1" else "\u9759\u304b\u306a\u6e2f"
        return filled(f"{kind}{_few_words(number)}", filler, length)
    if (many := distinct_prompts(length)) > 0:
        return distinct_prompt(number % many, length, seed=0)
    return filled(_few_words(number), "quiet-1", length)


def _few_words(number: int) -> str:
    """Return a thing with its colour and its air: what differs most comes first."""
    number, thing = divmod(number, len(_THINGS))
    number, colour = divmod(number, len(_COLOURS))
    return f"{_THINGS[thing]} {_COLOURS[colour]} {_AIRS[number % len(_AIRS)]}"
