"""Known deviations beside a canary: what is expected to be broken, and what no longer is."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from harness.comparing.known import known_by_baseline
from harness.comparing.model import Baseline
from harness.known.model import KnownDeviation, Place, place_of
from harness.watching.model import Day, Suspicion


def places_expected(known: Sequence[KnownDeviation], today: Day) -> frozenset[Place]:
    """Return what is expected to be broken on a day: what has expired is not."""
    return frozenset(each.place for each in known if each.expires >= today.date)


def is_expected(suspicion: Suspicion, shown: Baseline, expected: AbstractSet[Place]) -> bool:
    """Tell whether each check that finds a promise broken is known to; one never hides another."""
    if suspicion.kind != "broken" or not expected:
        return False
    for promise in shown.promises:
        place = promise.provider, promise.operation, promise.promise
        if (place[0], "broken", *place[1:]) == suspicion.key:
            checks = {*promise.checks, *(each.check for each in promise.deviations)}
            return bool(checks) and all(place_of(*place, check) in expected for check in checks)
    return False


def overdue_sentences(today: Day, known: Sequence[KnownDeviation]) -> list[str]:
    """Say which known deviations hold again today, whatever was asked again, or have expired."""
    said = []
    rounds = [known_by_baseline(each, known) for each in (today.shown, *today.again)]
    for first, *others in zip(*rounds, strict=True):
        if first.known.expires < today.date and first.known.provider in today.shown.evidence:
            said.append(f"{first.known.named}: expected until {first.known.expires}, no longer")
        elif first.state == "stale" and not any(each.state == "expected" for each in others):
            said.append(f"stale: {first.sentence}")
    return said
