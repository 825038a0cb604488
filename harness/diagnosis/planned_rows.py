"""Whether the requests of a plan show by themselves which values fail: many rows, many values.

A hypothesis is a value, or two or three together. The rows of the plan that hold it are compared
with those that do not, by the upper tail p of the hypergeometric distribution (Fisher's exact test,
one-sided). The hypothesis was picked among all that the rows hold, so p is multiplied by the number
of hypotheses of its size that were tested: those that at least `LEAST_ROWS` rows hold, whatever
these rows came to; two that the very same rows hold are one test. For k failed of n rows with the
values and f of m without, under "a row fails at random", that product bounds the chance that any
hypothesis of that size stands out as much.

An example: all of 8 webp rows fail, and none of 26 others: p = 1 / C(34, 8) = 5.5e-8; some 40
values are tested, which makes 2e-6. A pair that only 3 rows hold never suffices: 1 / C(34, 3) is
1.7e-4, times some 200 pairs. A value that fails in 5 of 9 rows, while none of 25 others does, has
p = C(9, 5) / C(34, 5) = 4.5e-4, times 40: not enough; two more failures in four repetitions make
C(13, 7) / C(38, 7) = 1.4e-4, times 40, still not. What is repeated is drawn anew, so it needs no
correction of its own.

Outages come in bursts. So failures with nothing served between count as one. Where the values
separate what failed from what was served without an exception, every request counts, and p is at
least 1 / C(N - 1, B - 1): that is how likely an outage which begins and ends at random moments, so
that N requests come to B blocks of alike replies, puts all its borders where those of the values
are.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

from harness.core.case import FIRST_STAGES
from harness.diagnosis.combinations import AssignedRecord, FailureGroup
from harness.stats.exact import chance_of_more

LEAST_ROWS = 3
"""Values that fewer rows hold are not tested by the rows."""

_SIZES = (1, 2, 3)
_AMBIGUOUS = 20.0
"""Another hypothesis that stands out nearly as much, within this factor, leaves it open which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Valid requests of an operation that were served or failed, in the order in which they ended.

    `fails` says which failed; `planned` which were sent whatever had failed before.
    """

    requests: tuple[AssignedRecord, ...]
    fails: tuple[bool, ...]
    planned: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEvidence:
    """How often requests with some values failed, beside those without.

    `family` is the number of hypotheses that were tested; `again` counts the failures among
    requests that were sent after the plan; `mixed` says that one and the same request was served
    and failed; `blocks` is B where the values separate without an exception; `example` is the
    smallest request that failed.
    """

    values: frozenset[tuple[str, str]]
    failed: int
    tried: int
    other_failed: int
    others: int
    family: int
    again: int
    mixed: bool
    blocks: int
    example: AssignedRecord

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments, in the order of the operation."""
        chosen = {name for name, _ in self.values}
        return tuple(name for name in self.example.items if name in chosen)

    @property
    def chance(self) -> float:
        """How likely it is that any hypothesis of this size stands out as much by chance."""
        tail = chance_of_more(self.failed, self.tried, self.other_failed, self.others)
        if self.blocks:
            tail = max(tail, 1 / comb(self.tried + self.others - 1, self.blocks - 1))
        return min(1.0, tail * self.family)

    def holds(self, request: AssignedRecord) -> bool:
        """Tell whether a request has these values."""
        return all(request.items.get(name, "") == text for name, text in self.values)


def row_evidence(group: FailureGroup, outcomes: Outcomes, sure: float) -> tuple[RowEvidence, ...]:
    """Return the hypotheses that stand out by chance as rarely as `sure`, the surest first.

    Each explains what those before it leave: their requests are left out. None where another one
    stands out nearly as much. A simpler one that failed each time is preferred to what contains it.
    """
    proven: list[RowEvidence] = []
    while (best := _best(group, outcomes, sure)) is not None:
        proven.append(best)
        kept = [number for number, each in enumerate(outcomes.requests) if not best.holds(each)]
        outcomes = Outcomes(
            requests=tuple(outcomes.requests[number] for number in kept),
            fails=tuple(outcomes.fails[number] for number in kept),
            planned=tuple(outcomes.planned[number] for number in kept),
        )
    return tuple(proven)


def _best(group: FailureGroup, outcomes: Outcomes, sure: float) -> RowEvidence | None:
    tested = sorted(
        _tested(group, outcomes), key=lambda each: (each.chance, len(each.values), each.names)
    )
    for best in tested:
        if best.chance > sure:
            return None
        simpler = any(
            each.values < best.values and each.failed == each.tried and each.chance <= sure
            for each in tested
        )
        if simpler:
            continue
        rivals = (each for each in tested if each is not best and not _adds(group, each, best))
        clear = all(each.chance >= min(1.0, _AMBIGUOUS * best.chance) for each in rivals)
        return best if clear else None
    return None


def _adds(group: FailureGroup, other: RowEvidence, best: RowEvidence) -> bool:
    """Tell whether a hypothesis only adds needless values to another one that failed each time.

    They are needless where the plain request has them, or where requests without them failed.
    """
    if not other.values > best.values or best.failed < best.tried:
        return False
    base = group.base
    is_plain = all(base.get(name, "") == text for name, text in other.values - best.values)
    return is_plain or other.failed < best.failed


def _tested(group: FailureGroup, outcomes: Outcomes) -> Iterator[RowEvidence]:
    """Yield the hypotheses that enough rows hold and that failed twice at least."""
    for size in _SIZES:
        held = _held(group, outcomes, size)
        family = len(set(held.values()))
        for values, rows in held.items():
            if sum(outcomes.fails[number] for number in _bits(rows)) > 1:
                yield _evidence(frozenset(values), outcomes, family)


def _held(
    group: FailureGroup, outcomes: Outcomes, size: int
) -> dict[tuple[tuple[str, str], ...], int]:
    """Return which planned rows hold each hypothesis of this size, by their bits.

    What is left out is no value, and a prompt like the plain one is none that is tried.
    """
    plain = ("prompt", group.base.get("prompt", ""))
    held: defaultdict[tuple[tuple[str, str], ...], int] = defaultdict(int)
    for number, request in enumerate(outcomes.requests):
        if request.record.shot.case.stage in FIRST_STAGES:
            given = [each for each in sorted(request.items.items()) if each[1] and each != plain]
            for values in combinations(given, size):
                held[values] |= 1 << number
    return {values: rows for values, rows in held.items() if rows.bit_count() >= LEAST_ROWS}


def _bits(rows: int) -> Iterator[int]:
    return (number for number in range(rows.bit_length()) if rows >> number & 1)


def _evidence(values: frozenset[tuple[str, str]], outcomes: Outcomes, family: int) -> RowEvidence:
    counted = [
        (request, fails, within)
        for request, fails, planned in zip(
            outcomes.requests, outcomes.fails, outcomes.planned, strict=True
        )
        if (within := values <= request.items.items()) or planned
    ]
    exact = all(fails is within for _, fails, within in counted)
    failing = [request for request, fails, within in counted if within and fails]
    apart = failing if exact else [*_apart(counted)]
    served = [request for request, fails, within in counted if within and not fails]
    others = [fails for _, fails, within in counted if not within]
    passed = {each.record.shot.case.follows or each.id for each in served}
    return RowEvidence(
        values=values,
        failed=len(apart),
        tried=len(apart) + len(served),
        other_failed=sum(others),
        others=len(others),
        family=family,
        again=sum(each.record.shot.case.stage not in FIRST_STAGES for each in apart),
        mixed=any(each.id in passed for each in failing),
        blocks=1 + sum(one[1] != two[1] for one, two in pairwise(counted)) if exact else 0,
        example=_smallest(failing),
    )


def _apart(counted: Sequence[tuple[AssignedRecord, bool, bool]]) -> Iterator[AssignedRecord]:
    """Yield the failures of requests with the values that others were served between."""
    served = True
    for request, fails, within in counted:
        if within and fails and served:
            yield request
        served = not fails or (served and not within)


def _smallest(failing: Sequence[AssignedRecord]) -> AssignedRecord:
    first = [each for each in failing if each.record.shot.case.stage != "confirm"] or failing
    return min(first, key=lambda each: (len(each.record.shot.case.arguments), each.id))
