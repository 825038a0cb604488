"""What the checks say of a record, and what the report keeps of it."""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from harness.core.digests import digest64
from harness.core.record import Record

Status = Literal["pass", "fail", "skip", "inconclusive", "error"]
"""`fail` is a broken promise; `inconclusive` convicts nobody; `error` is a bug of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check's word on one record."""

    provider: str
    operation: str
    case: str
    constraint: str | None
    check: str
    status: Status
    why: str


MOST_NAMED = 1_000
"""How many cases of a finding are named; of more it is known how many there are, and which."""


class Cases(Sequence[str]):
    """Ids of cases, each once: the first ones by name, and how many more there are.

    `len` counts them all, and `in` knows them all; iterating yields those that are `named`.
    """

    def __init__(self, named: Iterable[str], more: Iterable[int]) -> None:
        self.named = tuple(dict.fromkeys(named))
        self._names = frozenset(self.named)
        known = {digest64(each) for each in self.named}
        self._more = array("Q", sorted({*more} - known))

    @property
    def more(self) -> int:
        """How many there are beside those that are named."""
        return len(self._more)

    def __len__(self) -> int:
        """Return how many there are, named or not."""
        return len(self.named) + len(self._more)

    def __iter__(self) -> Iterator[str]:
        """Yield those that are named."""
        return iter(self.named)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        """Return one or some of those that are named."""
        return self.named[index]

    def __contains__(self, case: object) -> bool:
        """Tell whether a case is one of them; of those without a name by 64 bits of a digest."""
        if case in self._names:
            return True
        digest = digest64(str(case))
        at = bisect_left(self._more, digest)
        return at < len(self._more) and self._more[at] == digest


def more_cases(cases: Sequence[str]) -> int:
    """Return how many cases of a finding are not named."""
    return cases.more if isinstance(cases, Cases) else 0


Standing = Literal["confirmed", "flaky", "unconfirmed"]
"""`confirmed`: repeated, and broken again; `flaky`: repeated, and held; `unconfirmed`: it could not
be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken promise, once, with the smallest request that is known to show it.

    `constraint` is missing where the promise is about the reply as a whole or about a combination;
    `cases` are the ids of all cases that show it (of very many, see `Cases`). `combination` are the
    values that fail together and not each alone (`quality=high`, `output_format=jpeg`). `failed` of
    `tried` repetitions of the same question broke it; from that follows `standing`; `doubt` is why
    it is not confirmed.
    `not_reduced` says why the request was not made smaller; empty where it is the smallest one.
    Where it takes a comparison, `other_failed` of `others` requests without those values failed,
    too, and `chance` is how likely the difference is if they fail alike (Fisher's exact test).
    """

    provider: str
    operation: str
    constraint: str | None
    check: str
    expected: str
    observed: str
    record: Record
    cases: Sequence[str]
    combination: tuple[str, ...] = ()
    failed: int = 1
    tried: int = 1
    standing: Standing = "confirmed"
    doubt: str = ""
    not_reduced: str = ""
    other_failed: int = 0
    others: int = 0
    chance: float | None = None


class CasesShown(Container[tuple[str, str]]):
    """The cases that show findings, by provider and id, whether or not they are named."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._named: set[tuple[str, str]] = set()
        self._more: defaultdict[str, list[Sequence[str]]] = defaultdict(list)
        for finding in findings:
            self._named.update((finding.provider, case) for case in finding.cases)
            if more_cases(finding.cases):
                self._more[finding.provider].append(finding.cases)

    def __contains__(self, place: object) -> bool:
        """Tell whether a case shows one of the findings."""
        match place:
            case (str(provider), str(case)) if place not in self._named:
                return any(case in cases for cases in self._more.get(provider, ()))
            case _:
                return place in self._named


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its interval.

    `low` and `high` bound it at `confidence` and are missing where `n` cannot carry an interval;
    `method` cites how the interval was made.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    n: int
    unit: str
    method: str
