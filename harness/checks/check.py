"""What a check is given, and what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.core.record import Record
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
