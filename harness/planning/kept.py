"""The choices that a run folder keeps, so that a run goes on as it began: limits above all."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json, mistake
from harness.planning.flags import FLAG, Flag, flagged
from harness.planning.options import KeepImages, Options

_Count = Annotated[int, Field(ge=0)]
_Measure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChoices:
    """What a run that goes on has again, unless the command line says otherwise.

    Addresses of providers and keys are not among them: a folder may be a stranger's. What its
    plans and its benchmark's design say stands there. What `OWNERS` names is taken over only where
    this user is known to have chosen it.
    """

    operations: tuple[str, ...] = ()
    quick: bool = False
    discover: bool = False
    budgets: dict[str, Decimal] = field(default_factory=dict)
    max_images: _Count | None = None
    max_requests: _Count | None = None
    max_minutes: _Measure | None = None
    max_shrink: _Count | None = None
    concurrency: Annotated[int, Field(ge=1)] | None = None
    time_scale: _Measure | None = None
    faults: tuple[str, ...] = ()
    assets_url: str | None = None
    webhook_url: str | None = None
    receive_port: int | None = None
    allow_private: bool = False
    trust_anchors: tuple[Path, ...] = ()
    keep_images: KeepImages = "all"


_KEPT = TypeAdapter(KeptChoices)
_GROUPS = ("target", "planning", "limits", "emulator", "output")


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
    lists = options.output.trust_anchors
    chosen["trust_anchors"] = tuple(file.absolute() for file in lists)  # it may go on elsewhere
    kept: dict[str, Json] = _KEPT.dump_python(
        KeptChoices(**chosen), mode="json", exclude_defaults=True
    )
    return kept


LIMITS = (
    "concurrency",
    "quick",
    "budgets",
    "max_images",
    "max_requests",
    "max_minutes",
    "max_shrink",
)
PLACES = ("assets_url", "webhook_url", "receive_port", "allow_private")
OWNERS = (*LIMITS, *PLACES, "trust_anchors", "keep_images")
"""What only who pays may choose: the costs, what of this machine is reached, who is trusted,
which paid images are removed."""


def keeps_limits(kept: Mapping[str, Json]) -> bool:
    """Tell whether a folder has kept any limit."""
    return not kept.keys().isdisjoint(LIMITS)


def owners_flags(kept: Mapping[str, Json]) -> tuple[str, ...]:
    """Return what a folder has kept of an owner's choices, as it is typed at a shell.

    Nothing of what is no such choice: `with_kept` refuses that.
    """
    try:
        past = _KEPT.validate_python(kept)
    except ValidationError:
        return ()
    plain = KeptChoices()
    flags: list[str] = []
    for _, each in flagged(Options):
        value = getattr(past, each.name, None) if each.name in OWNERS else None
        if value is None or value == getattr(plain, each.name):
            continue
        flag: Flag = each.metadata[FLAG]
        texts = _texts(value)
        flags += (
            [flag.spelling]
            if value is True
            else [f"{flag.spelling} {shlex.quote(text)}" for text in texts]
        )
    return tuple(flags)


def _texts(value: object) -> list[str]:
    """Return what is typed for a choice, once for each of several."""
    match value:
        case dict():
            return [f"{name}={amount:f}" for name, amount in value.items()]
        case tuple():
            return [str(each) for each in value]
        case _:
            return [str(value)]


def with_kept(options: Options, kept: dict[str, Json], *, owned: bool = True) -> Options:
    """Return the options with what a folder has kept, where they leave it to its default.

    Where it is not `owned` by this user, all but what is an owner's to choose. Raises UsageError
    for what is no such choice. Of budgets, each provider's is a choice.
    """
    try:
        past = _KEPT.validate_python(kept)
    except ValidationError as error:
        raise UsageError(f"run.json: choices: {mistake(error)}") from None
    if not owned:
        plain_choices = KeptChoices()
        past = replace(past, **{name: getattr(plain_choices, name) for name in OWNERS})
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
