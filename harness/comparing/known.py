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


def known_shown(
    head: Baseline, known: Sequence[KnownDeviation], today: str
) -> tuple[KnownShown, ...]:
    """Return what a run says of each known deviation; `today` is a day as ISO 8601 writes it."""
    return tuple(_shown(head, each, today) for each in known)


def _shown(head: Baseline, known: KnownDeviation, today: str) -> KnownShown:
    state, said = _state(head, known)
    if today > known.expires and state != "stale":
        return KnownShown(
            known=known,
            state="expired",
            sentence=f"{known.named} expired on {known.expires}: {said} ({known.reason})",
        )
    if state == "expected":
        said = f"{said}, as expected until {known.expires}"
    return KnownShown(known=known, state=state, sentence=f"{known.named}: {said} ({known.reason})")


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
    "unclear": "nothing tells whether it is still broken",
    "stale": "it holds again; take it out of the file",
    "not tried": "this run did not ask for it",
}


def _of(shown: PromiseShown, check: str) -> KnownState:
    """Return what one promise says of a deviation that this check sees."""
    match shown.state:
        case "held":
            return "stale"
        case "broken" | "flaky" | "unconfirmed" if check in shown.checks:
            return "expected"
        case "not tried" | "absent":
            return "not tried"
        case _:
            return "unclear"
