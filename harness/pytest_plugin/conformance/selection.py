"""Which requests the selected tests need, and which tests one process sends as a run of its own.

Pure functions: the same selection gives the same requests in every process of a session.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from harness.core.case import Plan, PlannedRequest
from harness.planning.flags import given
from harness.planning.options import Options
from harness.planning.ready import only
from harness.pytest_plugin.promises.promise_tests import PromiseTest

Failed = Mapping[str, Collection[str]]
"""Of tests that failed in the last session: the cases that showed it, by the test's id."""


def selected_plan(
    plan: Plan, tests: Sequence[PromiseTest], selected: Collection[str], failed: Failed
) -> Plan:
    """Return the part of a plan that answers the selected tests (of `tests`, by their ids).

    All of it where all are selected. What has to be refused, and what every reply has to be like,
    needs each of a test's cases. What has to be served needs the fewest, cheapest rows that hold
    all values. A test that `failed` needs only the cases that showed it.
    """
    ours = [test for test in tests if test.provider == plan.provider]
    chosen = [test for test in ours if test.id in selected]
    if len(chosen) == len(ours) and not failed:
        return plan
    by_id = {shot.case.id: shot for shot in plan.shots}
    cases: set[str] = set()
    values: set[tuple[str, str]] = set()
    rows: dict[str, PlannedRequest] = {}
    for test in chosen:
        again = [name for name in failed.get(test.id, ()) if name in by_id]
        theirs = {name: by_id[name] for name in test.cases if name in by_id}
        wanted = {value for shot in theirs.values() for value in _values(shot, test.promise)}
        if again:
            cases |= {*again}
        elif test.side == "serves" and wanted:
            values |= wanted
            rows |= theirs
        else:
            cases |= {*theirs}
    part = only(plan, cases)
    ordered = [shot for shot in plan.shots if shot.case.id in rows]
    left = values - _covered(part.shots)
    return only(plan, {*cases, *_fewest(ordered, left)})


def _values(shot: PlannedRequest, promise: str = "") -> set[tuple[str, str]]:
    """Return what a request holds of a promise (of all, by default): its values, or itself."""
    case = shot.case
    return {
        (case.operation, covered)
        for covered in case.covers
        if not promise or covered == promise or covered.startswith(f"{promise}=")
    }


def _covered(shots: Iterable[PlannedRequest]) -> set[tuple[str, str]]:
    served = (shot for shot in shots if shot.case.expect == "accept")
    return {value for shot in served for value in _values(shot)}


def _fewest(rows: Sequence[PlannedRequest], values: set[tuple[str, str]]) -> list[str]:
    """Return the ids of rows that hold all the values: greedily, the most of them for the money."""
    left = set(values)
    taken: list[PlannedRequest] = []
    while left:
        best = max(rows, key=lambda shot: len(_values(shot) & left) / _cost(shot))
        gain = _values(best) & left
        if not gain:
            break
        taken.append(best)
        left -= gain
    for shot in sorted(taken, key=_cost, reverse=True):  # what later ones made superfluous
        others = [each for each in taken if each is not shot]
        if values <= {value for each in others for value in _values(each)}:
            taken = others
    return [shot.case.id for shot in taken]


def _cost(shot: PlannedRequest) -> Decimal:
    """Return what weighs in the choice of rows: money, and a trifle for each request."""
    return shot.at_risk.amount + shot.at_risk.images + Decimal("0.01")


WHOLE = ""
"""The name of what all tests are where they cannot be shared out."""


def parts(
    tests: Sequence[PromiseTest], selected: Collection[str], options: Options, processes: int
) -> Mapping[str, int]:
    """Return for each selected test in which of at most so many runs it is, counted from 1.

    What has to be sent together is in one run. The largest is placed first, each where the least
    is, so that the runs take about as long as each other.
    """
    together: dict[str, list[PromiseTest]] = {}
    for test in tests:
        if test.id in selected:
            together.setdefault(_together(test, options), []).append(test)
    sizes = {name: _size(several) for name, several in together.items()}
    loads = [0] * processes
    placed: dict[str, int] = {}
    for name in sorted(together, key=lambda each: (-sizes[each], each)):
        least = min(range(processes), key=loads.__getitem__)
        loads[least] += sizes[name]
        placed |= {test.id: least + 1 for test in together[name]}
    return placed


def _size(tests: Sequence[PromiseTest]) -> int:
    """Return about how much there is to do: requests, and as much again for an image."""
    requests = {name for test in tests for name in test.cases}
    return len(requests) + max((test.images for test in tests), default=0)


def _together(test: PromiseTest, options: Options) -> str:
    """Return the name of what has to be sent in one run with a test.

    By default its operation, which has an allowance of its own. Its provider where limits are
    given, so that several processes spend no more than one; where recordings are read or written,
    which lie in one folder; and where more is drawn or measured than the plan holds. All tests
    where there is one of something: a folder that goes on, a port, a file of certificates.
    """
    target, planning, limits = options.target, options.planning, options.limits
    output, emulator = options.output, options.emulator
    single = (output.resume, target.receive_port, emulator.port, emulator.signed)
    if any(each is not None for each in single):
        return WHOLE
    in_one_place = target.against == "cassettes" or output.record
    more = planning.quick or planning.discover or planning.explore
    if in_one_place or more or given(limits):
        return test.provider
    return f"{test.provider}/{test.operation}"
