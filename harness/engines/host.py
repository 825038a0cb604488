"""One slice as it runs in a place: in a thread, on a folder of that machine, watched from afar."""

import os
import shutil
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from threading import Lock, Thread
from typing import TypeVar

from harness.adaptive.stopping_rule import ended_of
from harness.api.sending import send
from harness.core.benchmark import Design
from harness.core.errors import HarnessError
from harness.core.record import Record
from harness.core.version import harness_version
from harness.engines.carried import with_carried
from harness.engines.model import WAIT_S, Order, PartProgress, Pulled, SliceEnd
from harness.planning.options import Options
from harness.runner.execution.provider_run import ProgressListener, ProviderRun
from harness.spec.provider import Provider
from harness.stats.benchmark.model import Ended
from harness.store.disk import LocalDisk
from harness.store.replica import ReplicatedDisk

LONGEST_ERROR = 2_000
"""Characters that are told of a failure of ours over there."""

T = TypeVar("T")


class SliceHost:
    """Runs one slice; every method may be called from another thread, `start` first and once."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or Path(tempfile.mkdtemp(prefix="harness-slice-"))
        self._lock = Lock()
        self._disk: ReplicatedDisk | None = None
        self._end: SliceEnd | None = None
        self._interrupt: Callable[[], None] | None = None
        self._stops = 0
        self._parts: Sequence[ProviderRun] = ()
        self._notes: deque[str] = deque()
        self._attempts: deque[Ended] = deque()
        self._over: Mapping[str, str] = {}

    @staticmethod
    def version() -> str:
        """Return the version of the harness here."""
        return harness_version()

    def start(self, order: Order) -> None:
        """Begin the slice in a thread of its own, or go on with it."""
        folder = self._root / f"{order.slice.index}-of-{order.slice.of}"
        disk = LocalDisk.create(folder)
        for name, content in (order.folder or {}).items():
            if "/" in name:
                disk.make_folder(name.partition("/")[0])
            disk.put(name, content)
        self._disk = replicated = ReplicatedDisk(disk)
        options = with_carried(order.options, order.files, self._root / "files")
        options = _of_slice(options, order, folder)
        run = Thread(target=self._run, args=(options, replicated), name="slice", daemon=True)
        run.start()

    def pull(self, have: int, over: Mapping[str, str]) -> Pulled:
        """Return what is new, as soon as there is anything; see `Place.pull`."""
        disk = self._disk
        if disk is None:
            raise RuntimeError("nothing was started here")
        self._over = over
        batch = disk.pull(have, WAIT_S, woken=lambda: self._end is not None)
        return Pulled(
            batch=batch,
            progress=tuple(map(_progress, self._parts)),
            notes=_drained(self._notes),
            attempts=_drained(self._attempts),
            end=self._end if batch.empty and disk.settled else None,
        )

    def stop(self) -> None:
        """Interrupt the slice, as a signal does."""
        with self._lock:
            self._stops += 1
            interrupt = self._interrupt
        if interrupt is not None:
            interrupt()

    def close(self) -> None:
        """Let nothing more be journaled, and remove what lies here."""
        if self._disk is not None:
            self._disk.give_up()
        shutil.rmtree(self._root, ignore_errors=True)

    def _stoppable(self, interrupt: Callable[[], None]) -> None:
        with self._lock:
            self._interrupt = interrupt
            stops = self._stops
        for _ in range(stops):  # it was to end before it could
            interrupt()

    def _started(self, parts: Sequence[ProviderRun]) -> None:
        self._parts = parts

    def _criterion(self, design: Design, providers: Mapping[str, Provider]) -> "_Forwarding":
        return _Forwarding(design, providers, told=self._attempts.append, over=lambda: self._over)

    def _run(self, options: Options, disk: ReplicatedDisk) -> None:
        watch = ProgressListener(
            started=self._started, noted=self._notes.append, stoppable=self._stoppable
        )
        try:
            sent = send(
                options,
                watch=watch,
                environment=os.environ,
                criterion=self._criterion,
                disk=lambda _path: disk,
            )
            end = SliceEnd(how="interrupted" if sent.run.header.interrupted else "finished")
        except HarnessError as error:
            end = SliceEnd(how="failed", message=str(error), exit_code=error.exit_code)
        except BaseException as error:  # noqa: BLE001 - another process is told of it
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{PurePath(where.filename).name}:{where.lineno}"
            said = f"internal error: {type(error).__name__}: {error} ({place})"
            end = SliceEnd(how="failed", message=said[:LONGEST_ERROR], exit_code=3)
        self._end = end
        disk.wake()


class _Forwarding:
    """A stopping criterion that leaves the decision to whoever sees all slices."""

    def __init__(
        self,
        design: Design,
        providers: Mapping[str, Provider],
        *,
        told: Callable[[Ended], None],
        over: Callable[[], Mapping[str, str]],
    ) -> None:
        self._asks = design.until_decided
        self._providers = providers
        self._told = told
        self._decided = over

    def on_record(self, record: Record) -> None:
        """Tell of a record that ended, or was skipped."""
        if not self._asks:
            return
        attempt = ended_of(record, self._providers[record.shot.case.provider])
        if attempt is not None:
            self._told(attempt)

    def over(self) -> Mapping[str, str]:
        """Return what is decided as far as was heard."""
        return self._decided()


def _of_slice(options: Options, order: Order, folder: Path) -> Options:
    distribution = replace(
        options.distribution,
        slice=order.slice,
        vantage=order.vantage,
        on="",
        slices=None,
        vantages=(),
    )
    goes_on = order.folder is not None
    output = replace(
        options.output,
        out=None if goes_on else folder,
        resume=folder if goes_on else None,
    )
    return replace(options, distribution=distribution, output=output)


def _progress(part: ProviderRun) -> PartProgress:
    return PartProgress(
        provider=part.provider.name,
        done=len(part.records),
        total=part.total,
        images=part.budget.spent_images,
    )


def _drained(queue: deque[T]) -> tuple[T, ...]:
    return tuple(queue.popleft() for _ in range(len(queue)))
