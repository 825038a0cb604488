"""Trouble of the account or the line: it says nothing of a promise, and what it keeps back."""

from dataclasses import dataclass

from harness.core.outcome import ErrorClass, Fault, Refused
from harness.core.record import Record

CUT_OFF = Fault(
    error_class="unknown",
    why="the run was cut off while this was under way; it may have been paid, so it was not sent "
    "again",
    may_be_paid=True,
)
"""How a shot ends that an earlier run may have paid for, and of which nothing was received."""

ACCOUNT: frozenset[ErrorClass] = frozenset(("auth", "quota"))
"""Classes that the next request would meet as well: somebody has to act first."""

LINE: frozenset[ErrorClass] = frozenset(("rate_limit", "server", "network", "timeout"))
"""Classes that pass, or do not: only trying again tells."""

SET_UP: frozenset[ErrorClass] = ACCOUNT | {"rate_limit", "moderation"}
"""Classes of refusals that are about the account or the words, not about the request's rules."""

IN_A_ROW = 6
"""After so many faults of the line and no other answer, one request is tried alone: a provider that
fails 3 of 10 requests by chance meets this about once in 1,400 requests."""


def blocking_reason(record: Record) -> str | None:
    """Return why cases that depend on this one can tell nothing; None where they can.

    That a run of ours was cut off is no trouble of the provider's: what depends on it may leave.
    """
    case, outcome = record.shot.case, record.outcome
    if record.skipped is not None:
        # what kept this one back keeps the others back
        explained = record.skipped.startswith("because ")
        return record.skipped if explained else f"because {case.id} was not sent: {record.skipped}"
    if isinstance(outcome, Fault) and outcome.why != CUT_OFF.why:
        return _met(case.id, outcome.error_class, outcome.why)
    if isinstance(outcome, Refused) and outcome.error.error_class in SET_UP:
        return _met(case.id, outcome.error.error_class, outcome.error.message)
    return None


def account_failure(record: Record) -> str | None:
    """Return why no request can be served any more: the key or the balance; None where it may.

    A download that was turned away is about an address that has expired, or is fetched wrongly.
    """
    steps = [exchange.step for exchange in record.exchanges if exchange.step != "deliveries"]
    outcome = record.outcome
    error_class = _class(record)
    if error_class not in ACCOUNT or (steps and steps[-1] == "download"):
        return None
    why = outcome.why if isinstance(outcome, Fault) else ""
    why = outcome.error.message if isinstance(outcome, Refused) else why
    return _met(record.shot.case.id, error_class, why)


def connection_failure(record: Record) -> bool:
    """Tell whether a request met an outage, or was turned away for being one of too many."""
    return isinstance(record.outcome, Fault) and record.outcome.error_class in LINE


def costs_nothing(record: Record) -> bool:
    """Tell whether what met trouble may be asked again: nothing of it can have been paid."""
    outcome = record.outcome
    return isinstance(outcome, Fault) and not outcome.may_be_paid and outcome.job is None


def may_recover(record: Record) -> bool:
    """Tell whether trying again at once may help, and costs nothing."""
    return costs_nothing(record) and _class(record) not in ACCOUNT


@dataclass(slots=True)
class CircuitBreaker:
    """Counts faults of the line with no other answer between."""

    length: int = 0

    def seen(self, record: Record) -> None:
        """Take note of how a request ended; one that was skipped tells nothing."""
        if record.outcome is not None:
            self.length = self.length + 1 if connection_failure(record) else 0

    @property
    def is_long(self) -> bool:
        """Tell whether it is time to try one request alone."""
        return self.length >= IN_A_ROW


def _class(record: Record) -> ErrorClass | None:
    match record.outcome:
        case Fault(error_class=error_class):
            return error_class
        case Refused(error=error):
            return error.error_class
        case _:
            return None


def _met(case: str, error_class: ErrorClass, why: str) -> str:
    return f"because {case} met {error_class}: {' '.join(why.split()) or 'no message'}"
