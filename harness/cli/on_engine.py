"""`harness run --on ENGINE`: all slices in one terminal, a line for each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from harness.cli.conclude import note
from harness.cli.interruption import INTERRUPTION
from harness.cli.terminal import terminal
from harness.core.slicing import Slice
from harness.engines.driver import EngineListener
from harness.engines.launch import run_slices
from harness.engines.model import PartProgress
from harness.planning.options import Options
from harness.report.text import count, visible
from harness.run_result import RunResult
from harness.runner.shutdown import GRACE_S

EVERY_S = 10.0
"""How often a slice has a line where no terminal is."""


def run_on(options: Options) -> RunResult:
    """Run all slices on the engine that the options name, and show how far each has come."""
    note(f"harness: starting {options.distribution.on}")
    with _watching() as listener:
        return run_slices(options, listener=listener)


@contextmanager
def _watching(clock: Callable[[], float] = monotonic) -> Iterator[EngineListener]:
    console = terminal(stderr=True)
    if not console.is_terminal:
        yield _listener(note, _lines(clock))
        return
    with Progress(
        TextColumn("{task.description:<14}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[paid]}", markup=False),
        console=console,
    ) as bars:

        def above(sentence: str) -> None:
            bars.console.print(visible(sentence), markup=False, highlight=False, soft_wrap=True)

        yield _listener(above, _bars(bars))


ShowProgress = Callable[[Slice, str, tuple[PartProgress, ...]], None]


def _bars(bars: Progress) -> ShowProgress:
    tasks: dict[Slice, TaskID] = {}
    lock = Lock()

    def progress(part: Slice, vantage: str, parts: tuple[PartProgress, ...]) -> None:
        done, total, paid = _sums(parts)
        with lock:
            if part not in tasks:
                tasks[part] = bars.add_task(f"{part} {vantage}", total=None, paid="")
            if total:
                bars.update(tasks[part], completed=done, total=total, paid=paid)

    return progress


def _lines(clock: Callable[[], float]) -> ShowProgress:
    """Return what tells of a slice in a line: now and then, and when all of it has ended."""
    told: dict[Slice, tuple[float, int]] = {}
    lock = Lock()

    def progress(part: Slice, vantage: str, parts: tuple[PartProgress, ...]) -> None:
        done, total, paid = _sums(parts)
        with lock:
            now_s = clock()
            at_s, before = told.setdefault(part, (now_s, 0))
            due = now_s - at_s >= EVERY_S or done == total
            if not due or done == before:
                return
            told[part] = (now_s, done)
        at = f" at {vantage}" if vantage else ""
        note(f"slice {part}{at}: {done:,} of {total:,} requests, {paid}")

    return progress


def _sums(parts: tuple[PartProgress, ...]) -> tuple[int, int, str]:
    paid = count(sum(each.images for each in parts), "image")
    return sum(each.done for each in parts), sum(each.total for each in parts), paid


def _listener(tell: Callable[[str], None], progress: ShowProgress) -> EngineListener:
    def interrupted(slices: int) -> None:
        tell(
            f"harness: interrupted: waiting at most {GRACE_S:.0f} s for what {slices} slices have "
            "under way (it may be paid for); press Ctrl-C again to stop at once"
        )

    return EngineListener(
        progress=progress,
        opened=INTERRUPTION.opened,
        noted=tell,
        signalled=INTERRUPTION.signalled,
        interrupted=interrupted,
    )
