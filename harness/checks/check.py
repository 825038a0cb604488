"""What a check receives and returns, how it is registered, and what a generated test asserts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Outcome
from harness.core.record import Record
from harness.core.registry import Registry
from harness.core.verdict import Finding, Status
from harness.spec.expressions import Paths, first_match
from harness.spec.jsonpath import keys
from harness.spec.provider import Operation, Provider

Position = Literal["refusal", "reply", "job", "images", "alone"]
"""Where the lines stand: once the request was refused (`refusal`); once it was served (`reply`),
its job is known (`job`), its images are there (`images`); or instead of the request (`alone`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """A finding whose request a test sends again.

    `send` is the Python expression that sends it. Lines may use `reply`, its `content`, the ids in
    `job`, the bytes in `images`, and the functions of the test: `found(content, places)` above all.
    """

    finding: Finding
    provider: Provider
    operation: Operation
    send: str

    @property
    def arguments(self) -> Mapping[str, Json]:
        """The canonical arguments of the request."""
        return self.finding.record.shot.case.arguments

    @property
    def streamed(self) -> bool:
        """Whether `content` is the data of a stream's last events, not the body of a reply."""
        return self.arguments.get("stream") is True

    def places(self, paths: Paths) -> list[str]:
        """Return where `content` holds what these expressions read, as keys joined by dots.

        ValueError where it was read in another reply than the one that `content` is: a job's last
        poll may say what the reply with its images does not.
        """
        outcome, job = self.finding.record.outcome, self.operation.job
        document = outcome.document if isinstance(outcome, Images) else None
        if job and job.has_result and first_match(paths, document) in (None, ""):
            raise ValueError("another reply says it")
        return [f"*.{place}" if self.streamed else place for place in keys(paths)]


Lines = Callable[[Reproduced], tuple[str, ...]]
"""Returns no line where it takes more than a few; ValueError where places are more than keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """The promise of a check in a line or two.

    Without `lines`, what every test of this `position` asserts is the promise. An answer of 500 or
    above proves nothing unless it is what the check is about (`server_errors`).
    """

    position: Position = "images"
    lines: Lines | None = None
    server_errors: bool = False


def quoted(text: str) -> str:
    """Return a text as Python source, between double quotes where that needs no escapes."""
    return f'"{repr(text)[1:-1]}"' if '"' not in text and "'" not in text else repr(text)


def python_source(plain: object) -> str:
    """Return a value as Python source, its texts between double quotes."""
    match plain:
        case str():
            return quoted(plain)
        case list() | tuple():
            return f"[{', '.join(map(python_source, plain))}]"
        case _:
            return repr(plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInput:
    """A finished record with its provider.

    `base` is what the plain base request came to, where one was sent: if that is not served, a
    refusal of something else proves nothing. `outage` says which faults of the line came right
    before the record; empty where none did. `usage_moves` is False where another record has the
    same count for pixels of which no quality takes it. `counts_all` says that other replies count
    all images of several. `sent_to_others` are the digests of images
    that another request was served with, too, of those in a reply that holds one twice.
    """

    provider: Provider
    operation: Operation
    record: Record
    outcome: Outcome
    base: Outcome | None = None
    outage: str = ""
    usage_moves: bool = True
    counts_all: bool = False
    sent_to_others: frozenset[str] = frozenset()

    @property
    def case(self) -> Case:
        """The case that was sent."""
        return self.record.shot.case

    @property
    def arguments(self) -> dict[str, Json]:
        """What was asked for: an argument whose `null` leaves it out was not."""
        return self.operation.given(self.case.arguments)

    @property
    def served(self) -> Images | None:
        """The served outcome of a request that the documents do not forbid."""
        allowed = self.case.expect != "refuse"
        return self.outcome if isinstance(self.outcome, Images) and allowed else None

    def about(self, parameter: str, *rules: str) -> str | None:
        """Return the id of the first of these rules that the operation has for a parameter."""
        ids = (f"{parameter}.{rule}" for rule in rules)
        return next((id_ for id_ in ids if self.operation.constraint(id_) is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check concludes; `constraint` is its promise, where it is about a parameter."""

    status: Status
    why: str
    constraint: str | None = None


Check = Callable[[CheckInput], tuple[CheckResult, ...]]
"""Named as a claim; returns nothing where it does not apply."""


Part = Literal[
    "operation", "errors", "prices", "failed_free", "job", "idempotency", "stream", "webhook"
]
"""The part of a provider's documents that makes the promise of a check of replies as a whole;
`failed_free` is what they say of the price of failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCheck:
    """A check with what is declared beside it.

    `assertion` is how a generated test holds its promise; there is no such test without one.
    `slug` names its findings' folders. Images that fail a `usability` check are of no use to who
    asked for them; a wrong price or a wrong word beside them is a finding, and they can be used.
    `promised_in` is where the documents promise it, where no constraint does. Of a check
    `of_parameters`, every verdict names a constraint: none is about a reply as a whole.
    """

    function: Check
    assertion: Assertion | None
    slug: str
    usability: bool
    promised_in: Part
    of_parameters: bool


CHECKS: Registry[RegisteredCheck] = Registry("check", package=__name__.rpartition(".")[0])
"""Every check by its name, in the order in which reports show them."""


def check(  # noqa: PLR0913 - what a check says of itself
    *,
    rank: int,
    assertion: Assertion | None = None,
    slug: str = "",
    usability: bool = False,
    promised_in: Part = "operation",
    of_parameters: bool = False,
) -> Callable[[Check], Check]:
    """Register a function as a check under its own name; `rank` is its place in reports."""

    def register(function: Check) -> Check:
        name = function.__name__
        entry = RegisteredCheck(
            function=function,
            assertion=assertion,
            slug=slug or name,
            usability=usability,
            promised_in=promised_in,
            of_parameters=of_parameters,
        )
        CHECKS.add(name, entry, rank=rank)
        return function

    return register


def passed(why: str, constraint: str | None = None) -> tuple[CheckResult, ...]:
    """Say that a promise was kept."""
    return (CheckResult(status="pass", why=why, constraint=constraint),)


def failed(why: str, constraint: str | None = None) -> tuple[CheckResult, ...]:
    """Say that a promise was broken."""
    return (CheckResult(status="fail", why=why, constraint=constraint),)


def unclear(why: str, constraint: str | None = None) -> tuple[CheckResult, ...]:
    """Say that the record does not decide."""
    return (CheckResult(status="inconclusive", why=why, constraint=constraint),)


def skipped(why: str, constraint: str | None = None) -> tuple[CheckResult, ...]:
    """Say that there was nothing to judge."""
    return (CheckResult(status="skip", why=why, constraint=constraint),)
