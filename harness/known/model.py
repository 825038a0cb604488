"""A known deviation, and what a run says of it."""

import re
from dataclasses import dataclass
from typing import Literal

Place = tuple[str, str, frozenset[str], str]
"""Provider, operation, the parts of a promise's name, and check: what one entry speaks of."""

_JOINTS = re.compile(r" with | and |\+")
_CONSTRAINT = re.compile(r"([a-z0-9_]+\.[a-z0-9_]+): ")


def place_of(provider: str, operation: str, promise: str, check: str) -> Place:
    """Return what is spoken of, whatever the order in which a combination's values are named.

    A promise about a reply as a whole has no parts: its name is left out, or that of its check.
    """
    if promise in ("", check):
        return (provider, operation, frozenset(), check)
    named = _CONSTRAINT.match(promise)
    values = promise[named.end() :] if named else promise
    parts = _JOINTS.split(values) if is_combination(promise) else [values]
    about = [f"{named[1]}: "] if named else []
    return (provider, operation, frozenset((*about, *(part.strip() for part in parts))), check)


def is_combination(promise: str) -> bool:
    """Tell whether a promise's name holds values and is no constraint's id."""
    return any(mark in promise for mark in ("=", " ", "+"))


def about_of(promise: str) -> tuple[str, tuple[str, ...]]:
    """Return the constraint that a combination's name begins with, if any, and its values."""
    named = _CONSTRAINT.match(promise)
    values = promise[named.end() :] if named else promise
    return (named[1] if named else ""), tuple(part.strip() for part in _JOINTS.split(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDeviation:
    """A promise of which a user knows that a provider breaks it.

    `promise` is the name under which a finding stands: a constraint's id, a combination
    (`quality=high with output_format=jpeg`, or joined by `+`, in any order; behind
    `output_format.one_of: ` where findings about several constraints have that name), or empty
    where the `check` is about a reply as a whole.
    `expires` is the last day, as ISO 8601 writes it, on which it is expected; `link` is where it is
    followed up, and may be empty. `line` is its place in the file, counted from 1.
    """

    provider: str
    operation: str
    promise: str
    check: str
    reason: str
    expires: str
    link: str = ""
    since: str = ""
    line: int = 0

    @property
    def place(self) -> Place:
        """What it speaks of: no two entries of a file have the same."""
        return place_of(self.provider, self.operation, self.promise, self.check)

    @property
    def named(self) -> str:
        """What it is about, in a line: `buble generate n.range (refuses_what_it_forbids)`."""
        about = f" {self.promise}" if self.promise else ""
        return f"{self.provider} {self.operation}{about} ({self.check})"


KnownState = Literal["expected", "stale", "expired", "not tried", "unclear"]
"""`expected`: it still fails, and that breaks no build. `stale`: it holds again, and the entry is
to be removed; `expired`: its day is over; both fail a build. `not tried`: the run did not ask;
`unclear`: it asked, and nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownShown:
    """What a run says of a known deviation, in a word and a sentence."""

    known: KnownDeviation
    state: KnownState
    sentence: str

    @property
    def fails(self) -> bool:
        """Whether it is to fail a build."""
        return self.state in ("stale", "expired")
