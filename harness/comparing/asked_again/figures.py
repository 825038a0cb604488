"""Whether a figure moved again in fresh requests, and whether what stood beside it did not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

from harness.comparing.figures.decide import may_be_ours
from harness.comparing.model import Change, Comparison, Standing, Thresholds
from harness.core.case import PlannedRequest

LEVEL = 0.02
"""How unlikely the fresh figure is where nothing changed."""

ALIKE = 0.2
"""Controls that are as unlikely as this where nothing changed may have moved, too."""

_SURE = 1.645
_INTERVAL = 2 * 1.96
"""One-sided 95 %, and the width of a 95 % interval, in standard errors (normal distribution)."""

_RATIOS = ("slower", "dearer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """The figures of what was asked again beside those of BASE, and which sizes count."""

    comparisons: Sequence[Comparison]
    thresholds: Thresholds

    def least(self, kind: str) -> float:
        """Return the smallest effect that counts: a logarithm, or percentage points."""
        if kind in _RATIOS:
            return log(1 + (self.thresholds.slower if kind == "slower" else self.thresholds.dearer))
        return self.thresholds.failing


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How much worse a figure is, as a logarithm or in percentage points, with its error."""

    size: float
    error: float | None
    p: float | None
    n: int


def figure_standing(
    change: Change, fresh: Fresh, controls: Sequence[PlannedRequest]
) -> tuple[Standing, str]:
    """Return whether a figure is worse again, by fresh requests alone, and what says so.

    It is where it is worse than BASE's by what counts, as is unlikely by chance, and the controls
    are not: or so much less that the difference is no chance either.
    """
    mine = _of_change(change, fresh)
    now = None if mine is None else effect_of(mine)
    if mine is None or now is None:
        return "suspected", "the fresh requests cannot be compared with BASE's; it is suspected"
    told = _told(mine, now.size)
    if now.size < fresh.least(change.kind):
        return "refuted", f"{told}, so it did not come again"
    if now.p is not None and now.p > LEVEL:
        return "suspected", f"{told}, too few to decide (p {now.p:.2g}); it is suspected"
    if may_be_ours(mine):
        return "suspected", (
            f"{told}, which may be our own process: it woke up {mine.own_s:.2g} s late; it is "
            "suspected"
        )
    beside = _beside(change, fresh, controls)
    if beside is None:
        return "confirmed", f"{told}; nothing unchanged stood beside it"
    words = f"what stood beside it {_told(mine, beside.size, n=beside.n)}"
    if not _moved(beside, now) or _differ(now, beside):
        return "confirmed", f"{told}; {words}"
    return "suspected", (
        f"{told}, and {words}: that may be our network, our machine or an outage; it is suspected"
    )


def moved_as_well(
    change: Change, comparisons: Sequence[Comparison]
) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the two runs in which the same figure may have moved as a change says.

    In fresh requests they would move again, and excuse it: they are no controls.
    """
    now = None if change.comparison is None else effect_of(change.comparison)
    for each in comparisons:
        apart = _key(each) != _key_of_change(change) and (each.operation or each.workload)
        if each.kind == change.kind and apart and now is not None:
            effect = effect_of(each)
            if effect is None or _moved(effect, now):
                yield each.provider, each.operation, each.workload


def _of_change(change: Change, fresh: Fresh) -> Comparison | None:
    """Return the fresh comparison of a change; that of a whole provider may be of its only row."""
    same = [each for each in fresh.comparisons if _key(each) == _key_of_change(change)]
    if not same and not (change.operation or change.workload):
        theirs = (change.kind, change.provider)
        rows = [each for each in fresh.comparisons if (each.kind, each.provider) == theirs]
        same = rows if len(rows) == 1 and change.kind != "authenticity" else []
    return same[0] if same else None


def _key(comparison: Comparison) -> tuple[str, ...]:
    each = comparison
    return each.kind, each.provider, each.operation, each.workload, each.promise


def _key_of_change(change: Change) -> tuple[str, ...]:
    if change.comparison is not None:
        return _key(change.comparison)
    return change.kind, change.provider, change.operation, change.workload, change.promise


def effect_of(comparison: Comparison) -> Effect | None:
    """Return how much worse a figure is; None where that is not known."""
    value, low, high = (getattr(comparison.change, name) for name in ("value", "low", "high"))
    if comparison.kind in _RATIOS:
        value, low, high = (
            log(each) if each is not None and each > 0 else None for each in (value, low, high)
        )
    if comparison.kind == "authenticity":
        value, low, high = (None if each is None else -each for each in (value, high, low))
    if value is None:
        return None
    error = None if low is None or high is None else (high - low) / _INTERVAL
    return Effect(size=value, error=error, p=comparison.p, n=comparison.head.n)


def _beside(change: Change, fresh: Fresh, controls: Sequence[PlannedRequest]) -> Effect | None:
    """Return how much worse the controls are, all together; None where there are none."""
    places = {
        (each.case.provider, each.slot.workload if each.slot else each.case.operation)
        for each in controls
    }
    effects = [
        effect
        for each in fresh.comparisons
        if each.kind == change.kind
        and each is not _of_change(change, fresh)
        and {(each.provider, each.workload), (each.provider, each.operation)} & places
        and (effect := effect_of(each)) is not None
    ]
    number = sum(each.n for each in effects)
    if not number:
        return None
    errors = [(each.n * each.error) ** 2 for each in effects if each.error is not None]
    return Effect(
        size=sum(each.n * each.size for each in effects) / number,
        error=sum(errors) ** 0.5 / number if len(errors) == len(effects) else None,
        p=min((each.p for each in effects if each.p is not None), default=None),
        n=number,
    )


def _moved(beside: Effect, now: Effect) -> bool:
    """Tell whether controls may be worse, too: as little likely by chance, or by half as much."""
    return (beside.p is not None and beside.p <= ALIKE) or beside.size >= now.size / 2


def _differ(now: Effect, beside: Effect) -> bool:
    """Tell whether a figure is worse than the controls by more than chance."""
    if now.error is None or beside.error is None:
        return False
    error = (now.error**2 + beside.error**2) ** 0.5
    return bool(now.size - beside.size > _SURE * error)


def _told(comparison: Comparison, size: float, *, n: int | None = None) -> str:
    number = comparison.head.n if n is None else n
    if comparison.kind in _RATIOS:
        return f"{exp(size):.2f} times BASE's in {number} requests"
    return f"{size:+.1f} percentage points against BASE in {number} requests"
