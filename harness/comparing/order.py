"""Changes by weight: what fails the build first, then what is worse, suspected, other, better."""

from harness.comparing.model import FAIL_ON, Change, Diff

_DIRECTIONS = ("worse", "other", "better")
_KINDS = (*FAIL_ON, "tried")


def by_weight(diff: Diff) -> tuple[Change, ...]:
    """Return a diff's changes, the heaviest first."""

    def weight(change: Change) -> tuple[bool, bool, int, int]:
        return (
            not diff.fails(change),
            change.standing == "refuted",
            _DIRECTIONS.index(change.direction),
            _KINDS.index(change.kind),
        )

    return tuple(sorted(diff.changes, key=weight))
