"""The records of a large run that its diagnosis rests on: some of each kind, never all of them.

Of a provider with `WHOLE` records or fewer all are looked at. Of more, these are:

* the plain requests, what was sent to look into a failure, and what that looked into;
* of records that ask for the same values and came to the same, the first ones: what a request
  clears or shows is the same for all of them;
* of valid requests that failed or were served, a random sample of either for each operation, drawn
  by a digest of their ids. Whether a request fails for its values is decided on those. Failures
  may be drawn oftener than what was served: Fisher's exact test is of the odds, which that leaves
  as they are (a case-control study).

What is left out is counted where a record of its kind is found to break a promise. How often a
request failed when it was repeated is counted over all records, where a benchmark repeats it, and
over the first `REPETITIONS` otherwise.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappush, heappushpop
from itertools import chain

from harness.checks.verdicts import beside
from harness.core.case import FIRST_STAGES
from harness.core.digests import digest64
from harness.core.record import Record
from harness.core.verdict import MOST_NAMED, Verdict
from harness.diagnosis.combinations import assignment
from harness.diagnosis.history import (
    ACCEPTANCE,
    FAILS,
    CaseHistory,
    Claim,
    ClaimStatus,
    Question,
    question_of,
    suspected,
)
from harness.spec.provider import Provider

WHOLE = 1_000
"""Of a provider with so many records, or fewer, none is left out."""

REPETITIONS = 64
"""So many of the requests that look into one failure are looked at."""

_OF_A_KIND = 4
_FAILING = 96
_PASSING = 768
_LOOKED_INTO = 512
_MOST_LOOKS = 4_096
_SAMPLED = {"fail": 128, "pass": 384}
_MOST_KINDS = 20_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What a request asks for, as far as a diagnosis tells requests apart."""

    operation: str
    expect: str
    breaks: str | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is looked at of a record before it is kept or left out."""

    provider: str
    kind: Kind
    stage: str
    follows: str | None
    own: bool
    question: Question | None


@dataclass(slots=True)
class Left:
    """Failing cases that were left out: the first by name, all by digest."""

    named: list[str] = field(default_factory=list)
    digests: "array[int]" = field(default_factory=lambda: array("Q"))


@dataclass(slots=True, kw_only=True)
class Telling:
    """What a diagnosis looks at of one provider.

    `left` are failing cases that are not looked at, by kind (None where no record of it is) and by
    check and constraint.
    """

    history: CaseHistory
    verdicts: Sequence[Verdict]
    left: Mapping[tuple[Kind | None, str, Claim], Left] = field(default_factory=dict)


def telling(
    records: Sequence[Record], verdicts: Sequence[Verdict], providers: Mapping[str, Provider]
) -> Iterator[Telling]:
    """Yield what a diagnosis looks at of each provider, in the order of the verdicts."""
    choices = _choices(records, verdicts, providers) if len(records) > WHOLE else {}
    kept: dict[str, list[Record]] = {}
    for record in records:
        name = record.shot.case.provider
        choice = choices.get(name)
        if choice is None or choice.keeps(record.shot.case.id):
            held = record if choice is None or choice.is_shown(record) else _slim(record)
            kept.setdefault(name, []).append(held)
    said: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        mine = said.setdefault(verdict.provider, [])
        choice = choices.get(verdict.provider)
        if choice is None or choice.keeps(verdict.case):
            mine.append(verdict)
    for name, mine in said.items():
        choice = choices.get(name)
        its = kept.get(name, [])
        if choice is None or choice.is_whole:
            yield Telling(history=CaseHistory(providers[name], its, mine), verdicts=mine)
            continue
        arrival = [each.shot.case.id for each in its if choice.decides(each.shot.case.id)]
        history = CaseHistory(providers[name], its, mine, arrival=arrival, repeated=choice.repeated)
        yield Telling(history=history, verdicts=mine, left=choice.left)


def _slim(record: Record) -> Record:
    """Return a record without its round trips: what it came to is all that is looked at."""
    return replace(record, exchanges=())


def _choices(
    records: Sequence[Record], verdicts: Sequence[Verdict], providers: Mapping[str, Provider]
) -> dict[str, "_Choice"]:
    choices = {name: _Choice(name) for name in providers}
    kinds: dict[_Seen, _Seen] = {}

    def told(record: Record) -> _Seen:
        seen = _seen(record, providers[record.shot.case.provider])
        return kinds.setdefault(seen, seen) if len(kinds) < _MOST_KINDS else seen

    for seen, spoken in beside(records, verdicts, told):
        if seen is not None:
            choices[seen.provider].look(spoken[0].case, seen, [*suspected(spoken)])
    return choices


def kind_of(record: Record, provider: Provider) -> Kind:
    """Return what a record asks for."""
    case = record.shot.case
    items = assignment(provider.operation(case.operation), case.arguments)
    return Kind(case.operation, case.expect, case.breaks, tuple(items.values()))


def _seen(record: Record, provider: Provider) -> _Seen:
    case = record.shot.case
    return _Seen(
        provider=case.provider,
        kind=kind_of(record, provider),
        stage=case.stage,
        follows=case.follows,
        own=case.credential == "own",
        question=question_of(record) if record.shot.slot is not None else None,
    )


class _Sample:
    """A random sample of cases, by the least digests of their ids."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[int, str, bool]] = []

    def add(self, case: str, *, fails: bool) -> None:
        """Take a case, which may break a promise, or not."""
        entry = (-digest64(case), case, fails)
        if len(self._heap) < self._size:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    def __iter__(self) -> Iterator[tuple[str, bool]]:
        return ((case, fails) for _, case, fails in self._heap)


class _Choice:
    """Which records of one provider are looked at."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.is_whole = True
        self.left: defaultdict[tuple[Kind | None, str, Claim], Left] = defaultdict(Left)
        self.repeated: Counter[tuple[Question, str, Claim, ClaimStatus]] = Counter()
        self._all: dict[str, None] = {}
        self._kept: dict[str, None] = {}
        self._decides: dict[str, None] = {}
        self._looks: Counter[str] = Counter()
        self._looked = 0
        self._classes: Counter[object] = Counter()
        self._quotas: Counter[object] = Counter()
        self._samples: dict[tuple[str, str], _Sample] = {}
        self._failing: dict[str, None] = {}
        self._shown: set[Kind] = set()
        self._names: Counter[tuple[str, str, Claim]] = Counter()

    def keeps(self, case: str) -> bool:
        """Tell whether a case is looked at."""
        return case in self._chosen

    @property
    def _chosen(self) -> Mapping[str, None]:
        if self.is_whole:
            return self._all
        if self._samples:  # at the end, once
            for case, fails in chain.from_iterable(self._samples.values()):
                self._decides[case] = None
                if fails:
                    self._failing[case] = None
            self._kept.update(self._decides)
            self._samples.clear()
            self._all.clear()
        return self._kept

    def decides(self, case: str) -> bool:
        """Tell whether it is among those by which faults are put down to values."""
        return case in self._decides

    def is_shown(self, record: Record) -> bool:
        """Tell whether a record may be shown as the one that breaks a promise."""
        case = record.shot.case.id
        return self.is_whole or case in self._failing or case in self._looks

    def look(self, case: str, seen: _Seen, spoken: Sequence[Verdict]) -> None:
        """Look at a record and the verdicts on it; in the order of the records."""
        if self.is_whole:
            self._all[case] = None
            self.is_whole = len(self._all) <= WHOLE
        statuses = _statuses(spoken)
        if seen.question is not None:
            for (check, claim), status in statuses.items():
                self.repeated[seen.question, check, claim, status] += 1
        failing = [claim for claim, status in statuses.items() if status == "fail"]
        self._sample(case, seen, statuses.get((FAILS, None)), fails=bool(failing))
        if self._is_plain(case, seen) or self._looks_into(seen):
            self._kept[case] = self._decides[case] = None
        elif not self._is_first(seen, statuses, failing):
            self._leave(case, seen, failing)
            return
        self._kept[case] = None
        if failing:
            self._failing[case] = None
            self._shown.add(seen.kind)

    def _is_plain(self, case: str, seen: _Seen) -> bool:
        return case == f"{seen.kind.operation}/base"

    def _looks_into(self, seen: _Seen) -> bool:
        """Tell whether it was sent to look into an earlier record, which is kept, too."""
        target = seen.follows
        if target is None or seen.stage in FIRST_STAGES:
            return False
        if target not in self._looks and len(self._looks) >= _LOOKED_INTO:
            return False
        self._looks[target] += 1
        self._looked += 1
        self._kept[target] = self._decides[target] = None
        most = REPETITIONS if self._looked <= _MOST_LOOKS else _OF_A_KIND
        return self._looks[target] <= most

    def _is_first(
        self,
        seen: _Seen,
        statuses: Mapping[tuple[str, Claim], ClaimStatus],
        failing: Sequence[tuple[str, Claim]],
    ) -> bool:
        """Tell whether it is among the first of its kind that came to the same."""
        alike = (seen.kind, seen.own, tuple(statuses.items()))
        self._classes[alike] += 1 if len(self._classes) < _MOST_KINDS else 0
        if self._classes[alike] > (_OF_A_KIND if failing else 1) or not self._classes[alike]:
            return False
        where = (seen.kind.operation, seen.kind.breaks)
        claims = failing or [("", None)]
        most = _FAILING if failing else _PASSING
        room = any(self._quotas[*where, *claim] < most for claim in claims)
        self._quotas.update((*where, *claim) for claim in claims if room)
        return room

    def _sample(self, case: str, seen: _Seen, status: ClaimStatus | None, *, fails: bool) -> None:
        if status in _SAMPLED:
            place = (seen.kind.operation, status)
            self._samples.setdefault(place, _Sample(_SAMPLED[status])).add(case, fails=fails)

    def _leave(self, case: str, seen: _Seen, failing: Iterable[tuple[str, Claim]]) -> None:
        for check, claim in failing:
            known = seen.kind if seen.kind in self._shown else None
            left = self.left[known, check, claim]
            left.digests.append(digest64(case))
            place = (seen.kind.operation, check, claim)
            if self._names[place] < MOST_NAMED:
                self._names[place] += 1
                left.named.append(case)


def _statuses(spoken: Sequence[Verdict]) -> dict[tuple[str, Claim], ClaimStatus]:
    """Return what a record shows of each claim, as `CaseHistory.status` has it."""
    ranks: dict[tuple[str, Claim], int] = {}
    for verdict in spoken:
        claim = None if verdict.check in ACCEPTANCE else verdict.constraint
        rank = _RANKS.get(verdict.status, 0)
        place = (verdict.check, claim)
        ranks[place] = max(ranks.get(place, 0), rank)
    return {place: _WORDS[rank] for place, rank in ranks.items()}


_RANKS = {"pass": 1, "inconclusive": 2, "error": 2, "fail": 3}
_WORDS: tuple[ClaimStatus, ...] = ("silent", "pass", "unclear", "fail")
