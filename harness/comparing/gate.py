"""The choices of `harness diff` as values: which changes fail a build, and from which size on."""

from dataclasses import dataclass

from harness.comparing.model import DEFAULT_FAIL_ON, FAIL_ON, ChangeKind, Thresholds
from harness.core.errors import UsageError
from harness.planning.diff_options import DiffLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a comparison fails a build on."""

    fail_on: tuple[ChangeKind, ...] = DEFAULT_FAIL_ON
    thresholds: Thresholds


def gate_of(limits: DiffLimits) -> Gate:
    """Return the gate of these choices; what is None has its default.

    UsageError where a certain change need be less sure than a suspected one.
    """
    plain = Thresholds()
    thresholds = Thresholds(
        slower=_chosen(limits.slower, plain.slower),
        dearer=_chosen(limits.dearer, plain.dearer),
        failing=_chosen(limits.failing, plain.failing),
        alarm=_chosen(limits.alarm, plain.alarm),
        suspicion=_chosen(limits.suspicion, max(plain.suspicion, limits.alarm or 0)),
    )
    if thresholds.alarm > thresholds.suspicion:
        raise UsageError(
            f"--alarm {thresholds.alarm:g} is above --suspicion {thresholds.suspicion:g}",
            hint="what is certain is surer than what is suspected",
        )
    if limits.fail_on is None:
        return Gate(thresholds=thresholds)
    kinds = tuple(kind for kind in FAIL_ON if kind in limits.fail_on)
    return Gate(fail_on=kinds, thresholds=thresholds)


def _chosen(choice: float | None, default: float) -> float:
    return default if choice is None else float(choice)
