"""Whether a provider counts all images of a reply, as its other replies show."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from harness.spec.drawn.drawn import Drawn

ALL = "other replies of this run count all their images"


def counts_all(drawn: Iterable[Drawn]) -> bool:
    """Tell whether replies of one operation count all their images, and none fewer.

    Only replies of several images show it, whose count can be read in one way.
    """
    return all_counted({one.counting for one in drawn})


def all_counted(told: Collection[str | None]) -> bool:
    """Tell the same by what the replies of an operation show: `all`, `some` or nothing."""
    return "all" in told and "some" not in told


def settled(one: Drawn, *, all_counted: bool) -> Drawn:
    """Return a reading that is not in doubt any more where all images are known to be counted."""
    if not all_counted or one.if_all is None:
        return one
    return replace(one.if_all, sentence=f"{one.if_all.sentence} ({ALL})")
