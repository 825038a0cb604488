"""The choices of a watch: whom it asks, what a month may cost, whom it tells."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from harness.planning.flags import option, topic
from harness.planning.option_values import read_budgets
from harness.planning.options import EmulatorOptions, Target

WEBHOOK_URL = "HARNESS_WEBHOOK_URL"
"""The environment variable that holds the address of the hook: it may be a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What a calendar month may cost at each provider, which day it is, and who is told."""

    month_budgets: dict[str, Decimal] = option(
        "--budget",
        "The most to spend at a provider in a month, in its own unit (repeatable).",
        default={},
        metavar="NAME=AMOUNT",
        repeatable=True,
        read=read_budgets,
    )
    month_images: int | None = option(
        "--max-images",
        "The most images to pay for in a month, per provider [240 without a budget; a live watch "
        "has one of the two].",
        default=None,
        least=0,
    )
    known: Path | None = option(
        "--known",
        "Known deviations: what is expected there is no alert, and what holds again is told.",
        default=None,
        metavar="FILE",
    )
    webhook: str | None = option(
        "--webhook",
        f"Where alerts are posted as JSON, over https [{WEBHOOK_URL}, which keeps it out of lists "
        "of processes].",
        default=None,
        metavar="URL",
    )
    today: str | None = option(
        "--today",
        "Take it for this day, as to catch up or to try a month out [today, in UTC].",
        default=None,
        metavar="YYYY-MM-DD",
    )
    dry_run: bool = option(
        "--dry-run",
        "Print what today and the month cost at most, and what is asked; send nothing.",
        default=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """All choices of a watch."""

    target: Target = topic(Target, "Providers")
    watch: Watching = topic(Watching, "Month and alerts")
    emulator: EmulatorOptions = topic(EmulatorOptions, "Emulator (--against emulator)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchChoices:
    """The choices that a watch alone has: those of the others stand in the tables of a run."""

    watch: Watching = topic(Watching, "Month and alerts")
