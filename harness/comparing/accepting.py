"""Newly broken promises as known deviations: what `harness diff --accept` writes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.comparing.known import with_known
from harness.comparing.model import Diff
from harness.comparing.order import by_weight
from harness.known.model import KnownDeviation, KnownShown

REASON = "TODO: say why this is expected"
"""What stands for a reason until a person writes one."""


def acceptable(diff: Diff, *, since: str, expires: str) -> Iterator[KnownDeviation]:
    """Yield each promise that HEAD newly breaks, as a known deviation of these days (ISO 8601)."""
    for change in diff.changes:
        new = change.kind == "broken" and change.direction == "worse" and change.known is None
        if new and change.standing in ("certain", "confirmed") and change.check:
            yield KnownDeviation(
                provider=change.provider,
                operation=change.operation,
                promise="" if change.promise == change.check else change.promise,
                check=change.check,
                reason=REASON,
                since=since,
                expires=expires,
            )


def with_accepted(diff: Diff, accepted: Sequence[KnownDeviation]) -> Diff:
    """Return a diff as it is beside a file that holds these, too."""
    shown = tuple(
        KnownShown(
            known=each,
            state="expected",
            sentence=f"{each.named} is accepted until {each.expires}: {each.reason}",
        )
        for each in accepted
    )
    changes = tuple(with_known(diff.changes, (*diff.known, *shown)))
    whole = replace(diff, changes=changes, known=(*diff.known, *shown))
    return replace(whole, changes=by_weight(whole))
