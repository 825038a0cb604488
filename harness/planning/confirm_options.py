"""The choices of `harness diff --confirm`: where it is asked again, and for how much."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from harness.core.errors import UsageError
from harness.planning.flags import given, option
from harness.planning.option_values import read_base_urls, read_budgets
from harness.planning.options import EmulatorOptions, Options, Output, RunLimits, Target
from harness.spec.catalogue import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOptions:
    """Whether what would fail the build is asked again first, of whom, and within which limits.

    What is not said is as HEAD was: the emulator with its faults, or the real endpoints.
    """

    confirm: bool = option(
        "--confirm",
        "Ask again for what would fail, in other words and beside controls; what does not come "
        "again fails nothing.",
        default=False,
    )
    against: Literal["emulator", "live"] | None = option(
        "--against", "Where HEAD was made, to be sure [as HEAD].", default=None
    )
    urls: dict[str, str] = option(
        "--base-url",
        "Address of a provider (live; repeatable).",
        default={},
        metavar="NAME=URL",
        repeatable=True,
        read=read_base_urls,
    )
    budgets: dict[str, Decimal] = option(
        "--budget",
        "The most to spend at a provider, in its own unit (repeatable).",
        default={},
        metavar="NAME=AMOUNT",
        repeatable=True,
        read=read_budgets,
    )
    max_images: int | None = option(
        "--max-images", "The most images to pay for, per provider.", default=None, least=0
    )
    max_requests: int | None = option(
        "--max-requests", "The most submissions, per provider.", default=None, least=0
    )
    faults: tuple[str, ...] = option(
        "--fault",
        "The emulator's faults (repeatable); none for none [as HEAD].",
        default=(),
        metavar="[PROVIDER:]NAME",
    )
    resume: Path | None = option(
        "--resume",
        "Go on with an interrupted recheck, in its run folder; repeat no paid request.",
        default=None,
        folder=True,
    )

    def of_run(self, *, specs: Sequence[Spec], out: Path | None) -> Options | None:
        """Return the options of the run that asks again; None where nothing is to be asked.

        Raises UsageError for what goes with `--confirm`, without it.
        """
        if not self.confirm:
            if flags := given(replace(self, confirm=False)):
                raise UsageError(f"{', '.join(flags)}: for --confirm only", hint="add --confirm")
            return None
        return Options(
            target=Target(
                specs=tuple(specs), against=self.against or "cassettes", base_urls=self.urls
            ),
            limits=RunLimits(
                budgets=self.budgets, max_images=self.max_images, max_requests=self.max_requests
            ),
            emulator=EmulatorOptions(faults=self.faults),
            output=Output(out=None if self.resume else out, resume=self.resume),
        )
