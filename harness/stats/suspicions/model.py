"""The value of a report's section on suspicions."""

from dataclasses import dataclass

from harness.core.verdict import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A weak sign on some of a provider's images: a reason to look, never a verdict.

    `method` says in words what was looked at; `count` of `of` images (or pairs) show it. On native
    images the method itself is wrong in `false_positives` (an interval, with its n). `cases` and
    `images` are those that show it. A method wrong in more than 1 % is not `shown` by default.
    """

    provider: str
    kind: str
    method: str
    sentence: str
    count: int
    of: int
    false_positives: Estimate
    shown: bool
    cases: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
