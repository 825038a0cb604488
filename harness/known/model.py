"""A known deviation, and what a run says of it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDeviation:
    """A promise of which a user knows that a provider breaks it.

    `promise` is the name under which a finding stands: a constraint's id, a combination
    (`quality=high+output_format=jpeg`), or empty where the `check` is about a reply as a whole.
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
