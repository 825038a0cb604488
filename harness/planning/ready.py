"""Plans that are made before a run begins, and the part of a plan that a few cases take."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from harness.core.benchmark import Benchmark
from harness.core.case import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPlans:
    """What an ordinary run sends instead of a plan of its own, by provider.

    Where the requests of a benchmark are in it, `benchmark` says how they are measured. `notes` say
    in the run's header what it is. With `follows_up`, what looks broken is asked again and made
    smaller, within what each operation may take; without, only the plans' own questions are asked,
    which say how much that is.
    """

    plans: Mapping[str, Plan]
    benchmark: Benchmark | None = None
    notes: tuple[str, ...] = ()
    follows_up: bool = True


def only(plan: Plan, cases: Collection[str]) -> Plan:
    """Return the plan of these cases and of all that they depend on, in the order of the whole.

    A plan that was recorded holds what looked into a case, too: it stays with the case. Ids that
    the plan does not hold are left out. What the whole covers is not said of a part.
    """
    by_id = {shot.case.id: shot.case for shot in plan.shots}
    followers: dict[str, list[str]] = {}
    for case in by_id.values():
        if case.follows is not None:
            followers.setdefault(case.follows, []).append(case.id)
    needed: set[str] = set()
    waiting = [name for name in cases if name in by_id]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [other for other in by_id[name].depends_on if other in by_id]
            waiting += followers.get(name, ())
    if len(needed) == len(by_id):
        return plan
    shots = tuple(shot for shot in plan.shots if shot.case.id in needed)
    return replace(plan, shots=shots, coverage=())
