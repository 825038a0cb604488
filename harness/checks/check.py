"""What a check is given, what it says, and how it is registered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.checks.assertion import Assertion
from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.core.registry import Registry
from harness.core.verdict import Status
from harness.spec.provider import Operation, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInput:
    """A finished record with its provider.

    `base` is what the plain base request came to, where one was sent: if that is not served, a
    refusal of something else proves nothing. `plain` are its arguments.
    """

    provider: Provider
    operation: Operation
    record: Record
    outcome: Outcome
    base: Outcome | None = None
    plain: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A check's word; `constraint` is the promise it is about, where it is about a parameter."""

    status: Status
    why: str
    constraint: str | None = None


Check = Callable[[CheckInput], tuple[CheckResult, ...]]
"""Named as a claim; returns nothing where it does not apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCheck:
    """A check with what is declared beside it.

    `assertion` is how a generated test holds its promise; there is no such test without one.
    `slug` names its findings' folders. Images that fail a `usability` check are of no use to who
    asked for them; a wrong price or a wrong word beside them is a finding, and they can be used.
    """

    function: Check
    assertion: Assertion | None
    slug: str
    usability: bool


CHECKS: Registry[RegisteredCheck] = Registry("check", package=__name__.rpartition(".")[0])
"""Every check by its name, in the order in which reports show them."""


def check(
    *, rank: int, assertion: Assertion | None = None, slug: str = "", usability: bool = False
) -> Callable[[Check], Check]:
    """Register a function as a check under its own name; `rank` is its place in reports."""

    def register(function: Check) -> Check:
        name = function.__name__
        entry = RegisteredCheck(
            function=function, assertion=assertion, slug=slug or name, usability=usability
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
    """Say that nothing can be said."""
    return (CheckResult(status="inconclusive", why=why, constraint=constraint),)


def skipped(why: str, constraint: str | None = None) -> tuple[CheckResult, ...]:
    """Say that there was nothing to judge."""
    return (CheckResult(status="skip", why=why, constraint=constraint),)
