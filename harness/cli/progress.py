"""What a user who waits sees on a terminal, and nothing on anything else: never on stdout."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from harness.cli.conclude import note
from harness.cli.interruption import INTERRUPTION
from harness.cli.printing import shown
from harness.cli.terminal import terminal
from harness.runner.execution.provider_run import ProgressListener, ProviderRun
from harness.runner.shutdown import GRACE_S
from harness.runner.traffic.judging import WatchFile

EVERY_S = 10.0
PASSES = 2
"""How often a recording is read: its keys are to be known before anything of it is kept."""


@contextmanager
def watching() -> Iterator[ProgressListener]:
    """Return what a run reports its progress to."""
    console = terminal(stderr=True)
    with Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[paid]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        yield _watch(bars)


@contextmanager
def reading(clock: Callable[[], float] = monotonic) -> Iterator[WatchFile]:
    """Return what tells how far the files have been read.

    A terminal has one line that is written anew; elsewhere there is a line every ten seconds.
    """
    console = terminal(stderr=True)
    if not console.is_terminal:
        yield _lines(clock)
        return
    with Progress(
        TextColumn("reading {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[entries]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bars:
        tasks: dict[Path, TaskID] = {}

        def watch(file: Path, size: int, entries: int) -> None:
            if file not in tasks:
                total = PASSES * file.stat().st_size
                tasks[file] = bars.add_task(shown(file.name), total=total, entries="")
            bars.update(tasks[file], completed=size, entries=f"{entries:,} interactions")

        yield watch


def _lines(clock: Callable[[], float]) -> WatchFile:
    last_s = clock()

    def watch(file: Path, size: int, entries: int) -> None:
        nonlocal last_s
        now_s = clock()
        if now_s - last_s >= EVERY_S:
            last_s = now_s
            share = size / (PASSES * max(file.stat().st_size, 1))
            note(f"reading {file.name}: {share:.0%}, {entries:,} interactions (each read twice)")

    return watch


def _watch(bars: Progress) -> ProgressListener:
    tasks: dict[str, TaskID] = {}
    planning = bars.add_task("planning", total=None, paid="")

    def started(parts: Sequence[ProviderRun]) -> None:
        bars.remove_task(planning)
        for part in parts:
            title, total = shown(part.provider.title), part.total
            tasks[part.provider.name] = bars.add_task(title, total=total, paid="")

    def progress(part: ProviderRun) -> None:
        spent, unit = part.budget.spent, part.provider.prices.unit
        paid = f"{part.budget.spent_images} images, {spent:g} {unit}"
        name, total = part.provider.name, part.total  # what follows findings adds to it
        bars.update(tasks[name], total=total, completed=len(part.records), paid=paid)

    def interrupted(under_way: int) -> None:
        note(
            f"harness: interrupted: waiting at most {GRACE_S:.0f} s for {under_way} requests under "
            "way (they may be paid for); press Ctrl-C again to stop at once"
        )

    return ProgressListener(
        started=started,
        progress=progress,
        opened=INTERRUPTION.opened,
        signalled=INTERRUPTION.signalled,
        interrupted=interrupted,
        noted=note,
    )
