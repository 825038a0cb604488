"""What a test of the plugin is about: one promise of one operation, whatever cases look into it.

Their ids can be read, selected and kept in other files:

    apiframe/generate/n.range/refuses-11-0       what has to be refused, with the values in words
    apiframe/generate/output_format.one_of/serves  what has to be served
    apiframe/generate/reply/images_decode        what no single parameter promises, by its check

Imports nothing of the harness: every process of pytest-xdist reads these values from a file.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Side = Literal["refuses", "serves", "observes", "reply", "known"]
"""Which half of a promise: what it forbids, what it allows, or what the documents leave open; what
every reply has to be like; a known deviation that is none any more."""

Ending = Literal["passed", "failed", "xfailed", "skipped", "error"]
"""`error` is a failure of ours, which says nothing about the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTest:
    """One promise of one operation, before anything is sent.

    `promise` is a constraint's id, or the name of the check where `side` is `reply`. `cases` are
    the ids of the cases that look into it; `images` and `price` (with its unit) are what they cost
    where the provider keeps its documents: a request that several tests look at counts in each.
    """

    id: str
    provider: str
    operation: str
    promise: str
    side: Side
    cases: tuple[str, ...]
    images: int
    price: str

    @property
    def paid(self) -> bool:
        """Whether it costs something even where the provider keeps its documents."""
        return self.images > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """How a test ends: `message` says why, `properties` go into JUnit's (evidence, price, images).

    A failure's message holds what was expected, what was observed, the request, and the command
    that sends it again. `xfailed` is a known deviation, or a finding that is flaky or unconfirmed.
    """

    __test__ = False

    ending: Ending
    message: str
    properties: tuple[tuple[str, str], ...] = ()


_UNFIT = re.compile(r"[^\w.+:-]+")
_COLONS = re.compile(r"::+")
_NEGATIVE = re.compile(r"^-(?=[\d.])")
_LONGEST = 40
_MOST_VALUES = 3
_DIGEST = 6


def spelled(text: str, longest: int = _LONGEST) -> str:
    """Return any text as a part of an id: letters, digits and `_.+:-`, never empty, not endless.

    Those are the characters that `-k` takes, but for `::`, `[` and `]`, which mean more in an id.
    """
    plain = _UNFIT.sub("-", unicodedata.normalize("NFKC", text))
    if plain != text:
        plain = plain.strip("-")
    plain = _COLONS.sub(":", plain)
    if len(plain) > longest:
        plain = f"{plain[: longest - _DIGEST - 1]}-{_digest(text)}"
    return plain or f"text-{_digest(text)}"


def values_spelled(values: Iterable[str]) -> str:
    """Return values as the end of an id, each with its dash: `-11-0`, `-gif-bmp-tiff-and-2-more`.

    A negative number is `-minus-1`. Empty where there is no value.
    """
    texts = [_NEGATIVE.sub("minus-", spelled(value)) for value in values]
    more = len(texts) - _MOST_VALUES
    shown = texts[:_MOST_VALUES]
    return "".join(f"-{text}" for text in shown) + (f"-and-{more}-more" if more > 0 else "")


def spelled_id(
    provider: str, operation: str, promise: str, side: Side, values: Iterable[str] = ()
) -> str:
    """Return the id of a test; the same for the same promise, in every run."""
    where = f"{spelled(provider)}/{spelled(operation)}"
    named = spelled(promise, 2 * _LONGEST)
    match side:
        case "reply":
            return f"{where}/reply/{named}"
        case "known":
            about, _, check = promise.rpartition(" ")
            return f"{where}/{spelled(about or 'reply')}/known-{spelled(check, 2 * _LONGEST)}"
        case _:
            return f"{where}/{named}/{side}{values_spelled(values)}"


def meant(text: str, ids: Iterable[str]) -> str:
    """Return the id that a text names by one of its values, or by none: `n.range/refuses-11`.

    The text itself where it is an id, or names none.
    """
    known = {*ids}
    head, _, last = text.rpartition("/")
    side, _, value = last.partition("-")
    begins = f"{head}/{side}"
    found = [
        each
        for each in known
        if each.startswith(f"{begins}-")
        and f"-{value}-".replace("--", "-") in f"{each}-"[len(begins) :]
    ]
    return text if text in known or len(found) != 1 else found[0]


def told_apart(text: str, key: Iterable[str]) -> str:
    """Return an id that another test has, with a mark of what it is really about."""
    return f"{text}-{_digest(chr(0).join(key))}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
