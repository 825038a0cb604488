"""What a check is given, and what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.core.jsontype import Json
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.core.verdict import Status
from harness.spec.provider import Operation, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
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
class Word:
    """A check's word; `constraint` is the promise it is about, where it is about a parameter."""

    status: Status
    why: str
    constraint: str | None = None


Check = Callable[[Subject], tuple[Word, ...]]
"""Named as a claim; returns nothing where it does not apply."""


def passed(why: str, constraint: str | None = None) -> tuple[Word, ...]:
    """Say that a promise was kept."""
    return (Word(status="pass", why=why, constraint=constraint),)


def failed(why: str, constraint: str | None = None) -> tuple[Word, ...]:
    """Say that a promise was broken."""
    return (Word(status="fail", why=why, constraint=constraint),)


def unclear(why: str, constraint: str | None = None) -> tuple[Word, ...]:
    """Say that nothing can be said."""
    return (Word(status="inconclusive", why=why, constraint=constraint),)


def skipped(why: str, constraint: str | None = None) -> tuple[Word, ...]:
    """Say that there was nothing to judge."""
    return (Word(status="skip", why=why, constraint=constraint),)
