"""The lines of a journal put together: records in a spool, and what is still under way in memory.

What is held of a finished record is a digest of its key, two places, and whether it may be paid
for: some 130 bytes.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from harness.core.case import PlannedRequest
from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Outcome
from harness.core.record import Record
from harness.store.line import Ended, Exchanged, JournalLine, Sent, Skipped
from harness.store.spool import Picked, Spool

_DIGEST_BYTES = 15
"""Of a key: two of a million agree with a probability of 1 in 10^24."""

_GONE = 2**64 - 1
"""The place of a record that a later attempt has taken the place of."""


@dataclass(slots=True)
class Unfinished:
    """A request that was sent and of which no outcome was written."""

    line: Sent
    exchanges: list[Exchange] = field(default_factory=list)
    in_doubt: tuple[PlannedRequest, ...] = ()
    """Earlier attempts of which no reply came either."""

    def record(self, outcome: Outcome | None, *, skipped: str | None = None) -> Record:
        """Return the record of this request with its outcome, or with why it has none."""
        return Record(
            shot=self.line.shot,
            evidence=self.line.evidence,
            outcome=outcome,
            exchanges=tuple(self.exchanges),
            skipped=skipped,
            in_doubt=self.in_doubt,
        )


class Finished:
    """The last record of each request, in the order in which they ended; the values are on disk."""

    def __init__(self) -> None:
        self._all: Spool[Record] = Spool()
        self._order: dict[int, int] = {}
        """By the digest of a key, its place in `_places`."""
        self._places = array("Q")
        """In order, the place of each record in `_all`."""
        self._in_doubt = bytearray()
        """Of each, whether any asking of it may be paid for in doubt."""
        self._moved = False

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Tell whether a request has a record."""
        return _digest(key) in self._order

    def put(self, key: tuple[str, str], record: Record) -> None:
        """Keep a record; it takes the place of one that is there, and else the last one."""
        digest, place = _digest(key), len(self._all)
        self._all.append(record)
        order = self._order.get(digest)
        if order is None:
            self._order[digest] = len(self._places)
            self._places.append(place)
            self._in_doubt.append(_may_be_paid(record))
        else:
            self._moved = True
            self._places[order] = place
            self._in_doubt[order] = _may_be_paid(record)

    def pop(self, key: tuple[str, str]) -> Record:
        """Take a record out; KeyError where there is none."""
        order = self._order.pop(_digest(key))
        place = self._places[order]
        self._forget(order)
        return self._all[place]

    def discard(self, key: tuple[str, str]) -> None:
        """Take a record out, where there is one."""
        order = self._order.pop(_digest(key), None)
        if order is not None:
            self._forget(order)

    def doubtful(self, key: tuple[str, str]) -> tuple[PlannedRequest, ...]:
        """Return the askings of a record that may be paid for, and nobody knows."""
        order = self._order.get(_digest(key))
        if order is None or not self._in_doubt[order]:  # nearly always: nothing is read
            return ()
        record = self._all[self._places[order]]
        outcome = record.outcome
        may_be_paid = isinstance(outcome, Fault) and outcome.may_be_paid
        return (*record.in_doubt, record.shot) if may_be_paid else record.in_doubt

    def records(self) -> Sequence[Record]:
        """Return the records that are there."""
        if not self._moved:
            return self._all
        return Picked(self._all, (place for place in self._places if place != _GONE))

    def _forget(self, order: int) -> None:
        self._moved = True
        self._places[order] = _GONE


def _may_be_paid(record: Record) -> bool:
    outcome = record.outcome
    return bool(record.in_doubt) or (isinstance(outcome, Fault) and outcome.may_be_paid)


def _digest(key: tuple[str, str]) -> int:
    provider, case = (part.encode("utf-8", "surrogatepass") for part in key)
    joined = b"%d:%b%b" % (len(provider), provider, case)
    return int.from_bytes(blake2b(joined, digest_size=_DIGEST_BYTES).digest())


class Book:
    """The journal's lines, gathered; a later attempt of a request replaces an earlier one."""

    def __init__(self) -> None:
        self.under_way: dict[tuple[str, str], Unfinished] = {}
        self.finished = Finished()

    def enter(self, line: JournalLine) -> None:
        """Take the next line; UsageError for an end without a beginning."""
        key = (line.provider, line.case)
        match line:
            case Sent():
                in_doubt = self._in_doubt(key)
                self.finished.discard(key)  # what counts is how this attempt ends
                self.under_way[key] = Unfinished(line, in_doubt=in_doubt)
            case Exchanged(exchange=exchange):
                begun = self.under_way.get(key)
                if begun is None and key in self.finished:
                    begun = self.under_way[key] = _reopened(line, self.finished.pop(key))
                if begun is not None:
                    begun.exchanges.append(exchange)
            case Ended():
                self.finished.put(key, self._ended(line, key))
            case Skipped():
                self._skipped(line, key)

    def _skipped(self, line: Skipped, key: tuple[str, str]) -> None:
        begun = self.under_way.get(key)
        if begun is not None and line.withdrawn and not begun.in_doubt:
            del self.under_way[key]  # an asking that may be paid is not forgotten with this one
        if key not in self.under_way:  # else it left earlier, and may be paid
            record = Record(shot=line.shot, evidence=line.evidence, outcome=None, skipped=line.why)
            self.finished.put(key, record)

    def _in_doubt(self, key: tuple[str, str]) -> tuple[PlannedRequest, ...]:
        """Return the attempts before a new one of which nobody knows whether they were paid."""
        begun = self.under_way.get(key)
        if begun is not None:
            return (*begun.in_doubt, begun.line.shot)
        return self.finished.doubtful(key)

    def _ended(self, line: Ended, key: tuple[str, str]) -> Record:
        begun = self.under_way.pop(key, None)
        if begun is None:
            raise UsageError(f"journal: the outcome of {line.case} has no beginning")
        return begun.record(line.outcome)


def _reopened(line: Exchanged, record: Record) -> Unfinished:
    """Go on with a request whose job was given up waiting for, and is picked up again."""
    again = Sent(provider=line.provider, case=line.case, shot=record.shot, evidence=record.evidence)
    return Unfinished(again, [*record.exchanges], record.in_doubt)
