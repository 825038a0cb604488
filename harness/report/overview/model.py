"""What the first screen says, as values; each format draws them its own way."""

from dataclasses import dataclass
from typing import Literal

from harness.core.verdict import Estimate
from harness.known.model import KnownShown
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
class Figures:
    """A provider's figures for what `about` names: an operation, or a workload under a load.

    `time_s` is the median time to pixels, `failed_share` the share of valid requests that failed;
    each is missing where nothing was timed or asked. `nearest` figures are of requests that are
    like the workload and no more.
    """

    about: str
    time: Fact
    failed: Fact
    price: Fact
    time_s: Estimate | None = None
    failed_share: Estimate | None = None
    nearest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLine:
    """One provider in a row; a figure that this run cannot know says so in words.

    `figures` has one entry in a conformance run, and one for each workload and load of a benchmark;
    `more` counts those for which a row has no room. `emulated` where nothing in it is about the
    provider itself.
    """

    provider: str
    title: str
    standing: Standing
    emulated: bool
    promises: Fact
    figures: tuple[Figures, ...]
    drawn: Fact
    evidence: Fact
    more: int = 0

    @property
    def time(self) -> Fact:
        """The median time to pixels; several workloads in one line."""
        return _joined([(each.about, each.time) for each in self.figures])

    @property
    def failed(self) -> Fact:
        """The share of valid requests that failed; several workloads in one line."""
        return _joined([(each.about, each.failed) for each in self.figures])

    @property
    def price(self) -> Fact:
        """What a usable image cost; several workloads in one line."""
        return _joined([(each.about, each.price) for each in self.figures])


def _joined(facts: list[tuple[str, Fact]]) -> Fact:
    if len(facts) == 1:
        return facts[0][1]
    text = "; ".join(f"{about}: {fact.text}" for about, fact in facts)
    return Fact(text=text or "-", anchor=facts[0][1].anchor if facts else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One step of a ranking: who stands on it together; `place` counts from 1."""

    place: int
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a benchmark decided at one workload, and what it did not.

    `places` hold only what the pair tests separate; without any, nothing was decided. `sentence`
    says it in words, `undecided` names the pairs that nobody may order, `unranked` who has no place
    and why. `decided` says that the first place is.
    """

    workload: str
    places: tuple[Place, ...]
    sentence: str
    undecided: tuple[str, ...] = ()
    unranked: tuple[str, ...] = ()
    decided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A finding in a few lines: what was promised, what was sent, what came.

    `anchor` is the id of the whole finding, `cell` that of its cell's detail, where the page has
    one. `quoted` are the document's own words, `place` is where they stand. `thumbnail` is a small
    copy of the first image that came, as a `data:` address; both may be empty.
    """

    shown: Shown
    anchor: str
    cell: str
    quoted: str
    place: str
    request: str
    reply: str
    thumbnail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first screen.

    `sentence` is the verdict, `certainty` how sure it is and what it rests on; `tag` is what must
    never be overlooked of the latter. `worst` is the finding that a reader is to see first, and
    `glance` the same in a few lines. `no_ranks` says why a run ranks nobody; empty where it is a
    benchmark. `objective` says whether the ceiling that the run was given was met; None where it
    was given none. `exit` is the exit code and why; None where nobody concluded one. `coverage` are
    the notes on what was planned, `notes` all others. `known` are the known deviations, those first
    that fail a build; `known_sentence` says what they come to, and is empty without any.
    """

    sentence: str
    certainty: str
    tone: Tone
    lines: tuple[ProviderLine, ...]
    tag: str = ""
    worst: Shown | None = None
    glance: Glance | None = None
    decisions: tuple[Decision, ...] = ()
    no_ranks: str = ""
    objective: Fact | None = None
    exit: Fact | None = None
    coverage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    known: tuple[KnownShown, ...] = ()
    known_sentence: str = ""
