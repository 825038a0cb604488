"""What a watch knows and says: days, changes that are suspected, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from harness.comparing.model import Baseline, ChangeKind
from harness.core.jsonvalue import Amount

Key = tuple[str, ChangeKind, str, str]
"""What a change is known by: provider, kind, operation, promise; of figures the first two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One canary: the name of its run (`2026-12-01`, a second one `2026-12-01.2`), what it showed.

    `again` are what was asked again on that day to confirm, in up to two rounds.
    """

    run: str
    shown: Baseline
    again: tuple[Baseline, ...] = ()

    @property
    def date(self) -> str:
        """The day, ISO 8601."""
        return self.run[:10]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A change of a day against the days before, that is to be asked again before it is told.

    `p` is how likely it is where nothing changed, None where that is left to no chance. `certain`
    needs no second asking: a document is what it is. `cases` are ids of cases that showed it.
    """

    key: Key
    sentence: str
    p: float | None = None
    certain: bool = False
    cases: tuple[str, ...] = ()
    check: str = ""

    @property
    def provider(self) -> str:
        """Whose change it is."""
        return self.key[0]

    @property
    def kind(self) -> ChangeKind:
        """What it is about."""
        return self.key[1]


SPARED_DAYS = 4
"""On one day in so many a case is asked that is served against the documents and costs much."""


def asks_dear(day: str) -> bool:
    """Tell whether dear cases are asked on a day."""
    return date.fromisoformat(day).toordinal() % SPARED_DAYS == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """A change that was alerted: since which day, and until when, None while it stays.

    `event` is over with its day (a document, a price: what it became is the usual from then on).
    `held` counts the canaries in a row that did not show it any more; `wavering` says that it was
    kept in between, so that it takes more of them. `cases` are those that showed it, and are asked
    each day; where that is `dear`, once in `SPARED_DAYS`.
    """

    provider: str
    kind: ChangeKind
    operation: str
    promise: str
    sentence: str
    since: str
    until: str | None = None
    event: bool = False
    held: int = 0
    wavering: bool = False
    cases: tuple[str, ...] = ()
    dear: bool = False

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.provider, self.kind, self.operation, self.promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told once: an alert, or that something is back.

    `told` is False until a call ended with it, `sent` until a hook took it. `id` is the same each
    time it is delivered: who receives it twice can tell.
    """

    id: str
    day: str
    kind: Literal["alert", "back"]
    sentences: tuple[str, ...]
    changes: tuple[Alerted, ...] = ()
    told: bool = False
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What runs may have cost, in the provider's unit; what is unsettled counts as spent."""

    images: int = 0
    amount: Amount = Decimal(0)

    def plus(self, other: "Spent") -> "Spent":
        """Return both together."""
        return Spent(images=self.images + other.images, amount=self.amount + other.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a watch keeps between two calls.

    `decided` are the runs that were compared, in order. `messages` are those that were told, and
    those that a hook still has to take. `spent` is by run and provider.
    """

    alerted: tuple[Alerted, ...] = ()
    decided: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    spent: Mapping[str, Mapping[str, Spent]] = field(default_factory=dict)

    @property
    def open(self) -> tuple[Alerted, ...]:
        """The changes that were alerted and stay."""
        return tuple(each for each in self.alerted if each.until is None and not each.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResult:
    """What a call of a watch came to.

    `exit_code` is 0 where nothing is new (also where what was alerted stays, and where the month's
    budget is used up), 1 where a change is confirmed and alerted now, 4 where nobody was reached or
    nothing was clear, 130 for interrupted; `why` says so in a sentence, `notes` what else is to be
    known. `messages` are told now. `run` and `again` are the folders of the canary and of what was
    asked again; None where nothing was sent. `spent` is what the month may have cost so far.
    """

    exit_code: int
    why: str
    day: str
    messages: tuple[Message, ...] = ()
    notes: tuple[str, ...] = ()
    run: Path | None = None
    again: Path | None = None
    spent: Mapping[str, Spent] = field(default_factory=dict)
