"""A part of a run that goes to one process or place, and what parts a merged run is made of."""

import re
from dataclasses import dataclass

from harness.core.errors import UsageError

MOST_SLICES = 1_000
_SLICE = re.compile(r"([0-9]{1,4})/([0-9]{1,4})", re.ASCII)
_VANTAGE = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The `index`th of `of` parts of a run, counted from 1: disjoint, and together the whole."""

    index: int
    of: int

    def __str__(self) -> str:
        """Return it as it is typed: `2/4`."""
        return f"{self.index}/{self.of}"


WHOLE = Slice(index=1, of=1)
"""A run that is not cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One run folder that a merged run was made of.

    `moved_s` is by how much its clock's times were moved to stand on the merged run's clock, in
    seconds. `requests` are its records, `images` those that were paid for, at worst.
    """

    run: str
    slice: Slice
    vantage: str
    created: str
    finished: str | None
    interrupted: bool
    moved_s: float
    requests: int
    images: int


def read_slice(text: str) -> Slice:
    """Read `I/N`; UsageError for what is none, naming what is."""
    match = _SLICE.fullmatch(text.strip())
    index, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= index <= of <= MOST_SLICES:
        raise UsageError(
            f"--slice {text}: not a slice",
            hint=f"like 2/4, the second of four; at most {MOST_SLICES} slices",
        )
    return Slice(index=index, of=of)


def read_vantage(text: str, flag: str = "--vantage") -> str:
    """Read the name of a vantage point; UsageError where it has other letters."""
    name = text.strip()
    if not _VANTAGE.fullmatch(name):
        raise UsageError(
            f"{flag} {text}: a name has small letters, digits, dots and dashes, at most 40",
            hint="like eu-west-1",
        )
    return name
