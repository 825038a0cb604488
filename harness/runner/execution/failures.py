"""Failures of the account or the connection: they judge no promise, and hold requests back."""

from dataclasses import dataclass

from harness.core.outcome import CUT_OFF_WHY, ErrorClass, Fault, error_of
from harness.core.record import Record

CUT_OFF = Fault(
    error_class="unknown",
    why=CUT_OFF_WHY,
    may_be_paid=True,
)
"""How a request ends that an earlier run may have paid for, and of which nothing was received."""

ACCOUNT: frozenset[ErrorClass] = frozenset(("auth", "quota"))
"""Classes that the next request would meet as well, until somebody acts."""

LINE: frozenset[ErrorClass] = frozenset(("rate_limit", "server", "network", "timeout"))
"""Classes that may pass: only a retry shows."""

SET_UP: frozenset[ErrorClass] = ACCOUNT | {"rate_limit", "moderation"}
"""Classes of refusals that are about the account or the words, not about the request's rules."""

WRONG_TWICE = "was wrongly accepted twice already"
"""How the reason ends why a planned refusal is not sent: it would show nothing new of its rule."""

IN_A_ROW = 6
"""After so many faults of the line and no other answer, one request is tried alone: a provider that
fails 3 of 10 requests by chance meets this about once in 1,400 requests."""


def blocking_reason(record: Record) -> str | None:
    """Return why cases that depend on this one would show nothing; None where they may be sent.

    A request that we cut off ourselves holds none of them back, nor does one that lacks the user's
    key: it says nothing about the account.
    """
    if record.shot.case.credential != "own":
        return None
    name, error = record.shot.case.id, error_of(record.outcome)
    if record.skipped is not None:  # what kept this one back keeps the others back
        explained = record.skipped.startswith("because ")
        return record.skipped if explained else f"because {name} was not sent: {record.skipped}"
    fault = isinstance(record.outcome, Fault)
    if error is None or (fault and error[1] == CUT_OFF.why):
        return None
    return _met(name, *error) if fault or error[0] in SET_UP else None


def account_failure(record: Record) -> str | None:
    """Return why no request can be served any more: the key or the balance; None where it may.

    A download that was turned away is about an address that has expired, or is fetched wrongly, and
    a request that lacks the user's key is not about that key.
    """
    if record.shot.case.credential != "own":
        return None
    steps = [exchange.step for exchange in record.exchanges if exchange.step != "deliveries"]
    error = error_of(record.outcome)
    if error is None or error[0] not in ACCOUNT or (steps and steps[-1] in _RESULTS):
        return None
    return _met(record.shot.case.id, *error)


def connection_failure(record: Record) -> bool:
    """Tell whether a request met an outage, or was turned away for being one of too many."""
    return isinstance(record.outcome, Fault) and record.outcome.error_class in LINE


def costs_nothing(record: Record) -> bool:
    """Tell whether a failed request may be repeated: nothing of it can have been paid."""
    outcome = record.outcome
    return isinstance(outcome, Fault) and not outcome.may_be_paid and outcome.job is None


def may_recover(record: Record) -> bool:
    """Tell whether a retry at once may help, and costs nothing."""
    error = error_of(record.outcome)
    return costs_nothing(record) and error is not None and error[0] not in ACCOUNT


_RESULTS = ("download", "result")


@dataclass(slots=True)
class CircuitBreaker:
    """Counts faults of the connection with no other answer between."""

    length: int = 0

    def on_record(self, record: Record) -> None:
        """Count how a request ended; one that was skipped, or lacked the key, counts nothing."""
        if record.outcome is not None and record.shot.case.credential == "own":
            self.length = self.length + 1 if connection_failure(record) else 0

    @property
    def is_long(self) -> bool:
        """Tell whether it is time to try one request alone."""
        return self.length >= IN_A_ROW


def _met(case: str, error_class: ErrorClass, why: str) -> str:
    return f"because {case} met {error_class}: {' '.join(why.split()) or 'no message'}"
