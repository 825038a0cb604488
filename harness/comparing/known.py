"""Known deviations beside a run, and the changes that they expect."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.comparing.model import Baseline, Change, PromiseShown
from harness.known.model import KnownDeviation, KnownShown, KnownState, place_of


def with_known(changes: Sequence[Change], known: Sequence[KnownShown]) -> Iterator[Change]:
    """Yield the changes, each with the known deviation that expects it; one never hides another."""
    expected = {each.known.place: each for each in known if each.state == "expected"}
    for change in changes:
        place = place_of(change.provider, change.operation, change.promise, change.check)
        shown = expected.get(place) if change.kind == "broken" else None
        yield change if shown is None else replace(change, known=shown.known)


def known_by_baseline(head: Baseline, known: Sequence[KnownDeviation]) -> tuple[KnownShown, ...]:
    """Return what a run says of each known deviation, as far as its baseline tells.

    One has expired from the day after `expires` on, by the day on which the run began.
    """
    return tuple(_shown(head, each) for each in known)


def _shown(head: Baseline, known: KnownDeviation) -> KnownShown:
    state, said = _state(head, known)
    if known.provider in head.evidence and known.expires < head.created[:10]:
        now = "; it is broken" if state == "expected" else ""
        state, said = "expired", f"expected until {known.expires} and no longer{now}"
    elif state == "expected":
        said = f"broken, as expected until {known.expires}"
    return KnownShown(known=known, state=state, sentence=f"{known.named}: {said}")


def _state(head: Baseline, known: KnownDeviation) -> tuple[KnownState, str]:
    found = [
        each
        for each in head.promises
        if place_of(each.provider, each.operation, each.promise, known.check) == known.place
    ]
    states = {_of(each, known.check) for each in found}
    for state, said in _SAID.items():
        if state in states:
            return state, said
    return "not tried", _SAID["not tried"]


_SAID: dict[KnownState, str] = {
    "expected": "broken",
    "unclear": "not told: nothing tells whether it is still broken",
    "stale": "holds again; take it out of the file",
    "not tried": "not tried: no request of this run asks for it",
}


def _of(shown: PromiseShown, check: str) -> KnownState:
    """Return what one promise says of a deviation that this check sees."""
    if any(each.check == check for each in shown.deviations):
        return "expected"
    match shown.state:
        case "held":
            return "stale"
        case "broken" | "flaky" | "unconfirmed" if check in shown.checks:
            return "expected"
        case "not tried" | "absent":
            return "not tried"
        case _:
            return "unclear"
