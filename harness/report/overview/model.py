"""What the first screen says, as values; each format draws them its own way."""

from dataclasses import dataclass
from typing import Literal

from harness.core.verdict import Estimate
from harness.report.model import Shown, Standing

Tone = Literal["good", "bad", "open"]
"""How an answer is to be taken; `open`: not decided, not known, or not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One cell of the first screen: its text, a smaller one below, and where it leads.

    `anchor` is the id of a part of the page, without `#`; empty where there is nothing more.
    """

    text: str
    small: str = ""
    tone: Tone | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLine:
    """One provider in a row; a figure that this run cannot know says so in words.

    `time` is the median time to pixels, `failed` the share of valid requests that failed; both are
    also `Estimate`s, so that a format may draw their intervals.
    """

    provider: str
    title: str
    standing: Standing
    promises: Fact
    time: Fact
    failed: Fact
    price: Fact
    drawn: Fact
    evidence: Fact
    time_s: Estimate | None = None
    failed_share: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One step of a ranking: who stands on it together; `place` counts from 1."""

    place: int
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a benchmark decided at one workload, and what it did not.

    `places` hold only what the pair tests separate; without any, nothing was decided. `sentence`
    says it in words, `undecided` names the pairs that nobody may order.
    """

    workload: str
    places: tuple[Place, ...]
    sentence: str
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first screen.

    `sentence` is the verdict, `certainty` how sure it is and what it rests on. `worst` is the
    finding that a reader is to see first. `objective` says whether the ceiling that the run was
    given was met; None where it was given none.
    """

    sentence: str
    certainty: str
    tone: Tone
    lines: tuple[ProviderLine, ...]
    worst: Shown | None = None
    decisions: tuple[Decision, ...] = ()
    objective: Fact | None = None
