"""The choices that a run folder keeps, so that a run goes on as it began: limits above all."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json, mistake
from harness.planning.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChoices:
    """What a run that goes on has again, unless the command line says otherwise.

    Addresses and keys are not among them: a folder may be a stranger's. What its plans and its
    benchmark's design say stands there.
    """

    operations: tuple[str, ...] = ()
    quick: bool = False
    discover: bool = False
    budgets: dict[str, Decimal] = field(default_factory=dict)
    max_images: int | None = None
    max_requests: int | None = None
    max_minutes: float | None = None
    max_shrink: int | None = None
    concurrency: int | None = None
    time_scale: float | None = None
    faults: tuple[str, ...] = ()


_KEPT = TypeAdapter(KeptChoices)
_GROUPS = ("target", "planning", "limits", "emulator")


def kept_choices(options: Options, *, measured: bool) -> dict[str, Json]:
    """Return what a run folder keeps of a run's options, as JSON; what has its default is left out.

    A benchmark keeps its concurrency in its design.
    """
    chosen: dict[str, Any] = {}
    for each in fields(KeptChoices):
        for group in _GROUPS:
            if hasattr(choices := getattr(options, group), each.name):
                chosen[each.name] = getattr(choices, each.name)
    if measured:
        chosen["concurrency"] = None
    kept: dict[str, Json] = _KEPT.dump_python(
        KeptChoices(**chosen), mode="json", exclude_defaults=True
    )
    return kept


_LIMITS: dict[str, Any] = {
    each.name: each.default if each.default_factory is MISSING else each.default_factory()
    for each in fields(KeptChoices)
    if each.name == "quick" or each.name.startswith(("max_", "budget"))
}
"""What of it bounds a run's price, as it is where nothing was chosen."""


def keeps_limits(kept: Mapping[str, Json]) -> bool:
    """Tell whether a folder has kept any limit."""
    return bool(_LIMITS.keys() & kept.keys())


def with_kept(options: Options, kept: dict[str, Json], *, limits: bool = True) -> Options:
    """Return the options with what a folder has kept, where they leave it to its default.

    Without `limits`, all but those: they are another's. Raises UsageError for what is no such
    choice. Of budgets, each provider's is a choice.
    """
    try:
        past = _KEPT.validate_python(kept)
    except ValidationError as error:
        raise UsageError(f"run.json: choices: {mistake(error)}") from None
    if not limits:
        past = replace(past, **_LIMITS)
    changed = options
    for group in _GROUPS:
        choices = getattr(options, group)
        plain = type(choices)()
        taken = {
            each.name: getattr(past, each.name)
            for each in fields(past)
            if hasattr(choices, each.name)
            and getattr(choices, each.name) == getattr(plain, each.name)
        }
        changed = replace(changed, **{group: replace(choices, **taken)})
    budgets = {**past.budgets, **options.limits.budgets}
    return replace(changed, limits=replace(changed.limits, budgets=budgets))
