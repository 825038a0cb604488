"""What a user who waits sees on a terminal, and nothing on anything else: never on stdout."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from harness.cli.conclude import note
from harness.cli.interruption import INTERRUPTION
from harness.cli.printing import shown
from harness.cli.terminal import terminal
from harness.cli.underway import Underway, left_text
from harness.report.text import visible
from harness.runner.execution.provider_run import ProgressListener, ProviderRun
from harness.runner.shutdown import GRACE_S
from harness.runner.traffic.judging import WatchFile

WIDE, NARROW = 100, 64
"""Columns from which a run's lines have room for a longer bar, limits and the time that has passed;
and below which there is none for a bar and for money. A figure that is cut reads as another one."""

ROOM = 21
"""How many characters what is spent may take where a terminal is not wide."""

EVERY_S = 10.0
PASSES = 2
"""How often a recording is read: its keys are to be known before anything of it is kept."""


@contextmanager
def watching() -> Iterator[ProgressListener]:
    """Return what a run reports its progress to."""
    console = terminal(stderr=True)
    wide, narrow = console.width >= WIDE, console.width < NARROW
    with Progress(
        TextColumn("{task.description:<10}", markup=False),
        *(() if narrow else (BarColumn(bar_width=20 if wide else 5),)),
        MofNCompleteColumn(),
        _Found(),
        *(() if narrow else (_Spent(room=None if wide else ROOM),)),
        _Left(),
        *((TimeElapsedColumn(),) if wide else ()),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        yield _watch(bars) if console.is_terminal else _listener()


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


class _Told(ProgressColumn):
    """A column that says something of a provider's part; nothing while the run is planned."""

    def render(self, task: Task) -> Text:
        """Return its words, on one line."""
        underway: Underway | None = task.fields.get("underway")
        return Text("" if underway is None else shown(self.words(underway)), no_wrap=True)

    def words(self, underway: Underway) -> str:
        """Return what it says."""
        raise NotImplementedError


class _Found(_Told):
    def words(self, underway: Underway) -> str:
        return underway.findings


class _Spent(_Told):
    def __init__(self, *, room: int | None) -> None:
        super().__init__()
        self._room = room

    def words(self, underway: Underway) -> str:
        return underway.spent_in(self._room)


class _Left(_Told):
    def words(self, underway: Underway) -> str:
        return f"left {left_text(underway.left_s)}"


def _name(title: str, most: int) -> str:
    """Return a provider's name cut to so many characters, so that it hides no figure."""
    name = shown(title)
    return name if len(name) <= most else f"{name[: most - 1]}\u2026"


def _watch(bars: Progress) -> ProgressListener:
    """Return what draws a line for each provider."""
    tasks: dict[str, TaskID] = {}
    parts_underway: dict[str, Underway] = {}
    planning = bars.add_task("planning", total=None)

    def started(parts: Sequence[ProviderRun]) -> None:
        bars.remove_task(planning)
        for part in parts:
            name = part.provider.name
            title = _name(part.provider.title, 30 if bars.console.width >= WIDE else 10)
            parts_underway[name] = Underway(part)
            tasks[name] = bars.add_task(title, total=part.total, underway=parts_underway[name])

    def progress(part: ProviderRun) -> None:
        name, total = part.provider.name, part.total  # what follows findings adds to it
        parts_underway[name].told()
        bars.update(tasks[name], total=total, completed=len(part.records))

    def above(sentence: str) -> None:
        """Print a line above the bars, which are drawn anew below it."""
        bars.console.print(visible(sentence), markup=False, highlight=False, soft_wrap=True)

    return replace(_listener(above), started=started, progress=progress)


def _listener(tell: Callable[[str], None] = note) -> ProgressListener:
    """Return what tells in lines what cannot wait, on a terminal and elsewhere."""

    def interrupted(under_way: int) -> None:
        tell(
            f"harness: interrupted: waiting at most {GRACE_S:.0f} s for {under_way} requests under "
            "way (they may be paid for); press Ctrl-C again to stop at once"
        )

    return ProgressListener(
        opened=INTERRUPTION.opened,
        signalled=INTERRUPTION.signalled,
        interrupted=interrupted,
        noted=tell,
    )
