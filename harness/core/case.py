"""What to send, and what the documents promise in reply."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from harness.core.exchange import Credential, Request
from harness.core.jsonvalue import Amount, Json, Seconds

FitKind = Literal["exact", "nearest", "unsupported"]
"""Whether the documents allow it as it is, or only something like it, or neither. Only exact ones
share a ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A request's place in a benchmark.

    Requests of one `stage`, `workload` and `block` are sent to all providers in the same minutes
    with the same prompt, and compared as pairs. `warm_up` ones count in no figure but cost.
    """

    workload: str
    fit: FitKind
    stage: str
    block: int
    warm_up: bool = False


Expect = Literal["accept", "refuse", "observe"]
"""What the documents promise: acceptance, refusal, or nothing (then we only look)."""


FollowUp = Literal["poll_again", "unknown_job", "same_key"]
"""What is sent once a job has ended, free if the provider keeps its word: a poll of it, a poll of a
job that never was, and the same submission under the same idempotency key."""


Stage = Literal["plan", "confirm", "isolate", "shrink", "discover", "measure", "explore"]
"""Why a case is sent: planned to judge or to measure, drawn after the plan (`explore`), or an
earlier record called for it."""

FIRST_STAGES: frozenset[Stage] = frozenset(("plan", "explore"))
"""Stages of cases that test a promise for the first time; the others look into earlier records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to a provider.

    `id` is made of what the case is about, never of its place in a list. `about` is the constraint
    that the case was made for; `breaks` is the one constraint a `refuse` case violates (or the
    open one an `observe` case probes). `covers` lists what the request exercises and keeps:
    constraint ids, with `=value` for a boundary or a member of a list (`n.range=10`). `follow_ups`
    are sent after it was served: they are about its job and need no image. `depends_on` are ids of
    cases without whose answer this one tells nothing. `follows` is the id of the case that a
    `stage` after the plan looks into: `confirm` repeats it with another prompt. `credential` is the
    key that the request carries; only the user's own one can be served. `drawn` says that
    Hypothesis drew the request; the others are written down, for a person to find in every run.
    `choices` are those of Hypothesis that drew an explored case, hexadecimal: its shrinker starts
    from them.
    """

    id: str
    provider: str
    operation: str
    expect: Expect
    about: str | None
    breaks: str | None
    covers: tuple[str, ...]
    why: str = ""
    arguments: dict[str, Json]
    follow_ups: tuple[FollowUp, ...] = ()
    depends_on: tuple[str, ...] = ()
    stage: Stage = "plan"
    follows: str | None = None
    credential: Credential = "own"
    drawn: bool = False
    choices: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a request costs in the provider's own unit, and how many images that buys.

    `at_most` says that it may cost less, which only the reply tells; where it is False, JSON has no
    such key.
    """

    amount: Amount
    unit: str
    images: int
    at_most: Annotated[bool, Field(exclude_if=lambda at_most: not at_most)] = False

    @property
    def halved(self) -> "Price":
        """Half of it, of an even number of images."""
        return replace(self, amount=self.amount / 2, images=self.images // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """A case with its request, its departure and its price.

    `price` is what it costs when the provider keeps its documents (a rightly refused request is
    free); `at_risk` is the most it may cost, reserved before sending. `due_s` is the planned
    departure in seconds from the start of the run; 0 is as soon as a worker is free. `slot` is its
    place in a benchmark, missing in a run for conformance.
    """

    case: Case
    request: Request
    price: Price
    at_risk: Price
    due_s: Seconds = 0.0
    slot: Slot | None = None

    @property
    def at_risk_once(self) -> Price:
        """The most that one submission may cost: half, where a second one repeats the first."""
        return self.at_risk.halved if "same_key" in self.case.follow_ups else self.at_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A documented value that no planned request tries, and the least that trying it would cost.

    `value` is in words: a text without quotes, a file by its name, a long text by its length.
    """

    argument: str
    value: str
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the paid requests of an operation try, of what valid requests can hold.

    `values` and `combinations` are (tried, all); a combination is one of `strength` values. A rule
    of `refusals` is (tried, all) of those that something is known to break alone.
    """

    operation: str
    strength: int
    values: tuple[int, int]
    combinations: tuple[int, int]
    refusals: tuple[int, int] = (0, 0)
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """How many `requests` a run may draw after its plan, and which of them failed before.

    `retried` are sent first. They stand in the plan, so that a run that is resumed sends the same,
    whatever the database of examples holds by then.
    """

    requests: int
    retried: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One question that is asked again, because a run seemed to show something new.

    `check` and `constraint` say what failed: by a reply that fails them again, it came again. The
    `cases` put the question in other words, each the next where the one before did not fail, until
    so many as `enough` have failed. The `controls` are plain valid requests, whose promise is not
    in doubt: the first one is sent before, another one after what came again. The plan holds the
    first of both; they stand in it whole, so that a run that is resumed sends the same.
    """

    check: str
    constraint: str | None
    cases: tuple[Case, ...]
    controls: tuple[Case, ...]
    enough: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The requests for one provider, in the order they leave; nothing has been sent yet.

    `shots` are a tuple where they are few; many are read from the disk, block by block, each time
    that they are passed over.
    """

    provider: str
    seed: int
    shots: Sequence[PlannedRequest]
    spec_digest: str
    coverage: tuple[Coverage, ...] = ()
    exploration: Exploration | None = None
    askings: tuple[Asking, ...] = ()
