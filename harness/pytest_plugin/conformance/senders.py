"""Processes that send parts of a session's plan, while pytest-xdist's workers run other tests.

They are copies of the first process, which has imported the harness by then: a worker that had to
do that itself would cost more than the part it sends. They hear one order and live on while their
connection does: where it breaks (Ctrl-C, or the session is no more), they end their run as an
interrupted one, and the second time at once.
"""

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from types import FrameType

from harness.core.errors import HarnessError
from harness.pytest_plugin.conformance.engine import Sent, Work, send, unsent
from harness.pytest_plugin.conformance.handed import Answer, answer_file, hand_over, taken_over
from harness.pytest_plugin.conformance.selection import Failed
from harness.report.text import visible
from harness.runner.execution.provider_run import ProgressListener
from harness.stats.scipy_stats import stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one process is to send: a part of the work, counted from 1, into a folder of its own.

    `folder` is where processes leave word for each other.
    """

    work: Work
    selected: Collection[str]
    failed: Failed
    part: int
    out: Path
    folder: Path


@dataclass(kw_only=True)
class Senders:
    """Processes of the session that can send."""

    processes: list[BaseProcess] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    watching: dict[int, Thread] = field(default_factory=dict)

    @classmethod
    def started(cls, number: int) -> "Senders":
        """Start so many processes; each waits for its order."""
        _ = stats.norm  # SciPy's statistics take most of a second: once, and not in each copy
        ways = multiprocessing.get_all_start_methods()
        copies = multiprocessing.get_context("fork" if "fork" in ways else None)
        senders = cls()
        for _ in range(number):
            theirs, ours = copies.Pipe(duplex=False)
            senders.connections.append(ours)
            inherited = [*senders.connections] if copies.get_start_method() == "fork" else []
            process: BaseProcess = copies.Process(target=_serve, args=(theirs, inherited))
            with warnings.catch_warnings():
                # The other threads are those of numeric libraries, which know of copies.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            senders.processes.append(process)
        return senders

    def order(self, order: Order) -> None:
        """Have a part sent. Its answer is handed over, even where the process does not live."""
        with suppress(OSError):  # a process that is no more is told of below
            self.connections[order.part - 1].send(order)
        watching = Thread(target=self._watch, args=(order,), daemon=True)
        self.watching[order.part] = watching
        watching.start()

    def _watch(self, order: Order) -> None:
        process = self.processes[order.part - 1]
        process.join()
        if not answer_file(order.folder, order.part).exists():
            code = process.exitcode
            why = f"the process that sent for it has ended (exit code {code})"
            with suppress(OSError):
                _answer(order, unsent(HarnessError(why), _opened(order)))

    def end(self) -> None:
        """Wait for all processes: each ends, and its run as an interrupted one if it is under way.

        A KeyboardInterrupt ends those at once.
        """
        for connection in self.connections:
            connection.close()
        for number, process in enumerate(self.processes, start=1):
            ended = self.watching[number].join if number in self.watching else process.join
            try:
                ended()
            except KeyboardInterrupt:
                for each in self.processes:
                    each.terminate()
                ended()

    def sent(self, folder: Path) -> list[Sent]:
        """Return what each part came to that has come to an end."""
        files = (folder / f"sent-{part}" for part in sorted(self.watching))
        return [taken_over(file) for file in files if file.exists()]


def _answer(order: Order, sent: Sent) -> None:
    hand_over(order.folder / f"sent-{order.part}", sent)
    answer = Answer(outcomes=sent.outcomes, why=visible(sent.why))
    hand_over(answer_file(order.folder, order.part), answer)


def opened_file(folder: Path, part: int) -> Path:
    """Return the file that names the run folder of a part."""
    return folder / f"opened-{part}"


def _opened(order: Order) -> list[Path]:
    file = opened_file(order.folder, order.part)
    return [Path(taken_over(file))] if file.exists() else []


def _serve(orders: Connection, inherited: Collection[Connection]) -> None:
    """Wait for an order and fulfil it; the main function of such a process."""
    for each in inherited:
        each.close()  # or it would not break when the first process ends
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the first process, which ends this one in its time
    else:
        signal.signal(signal.SIGINT, _nothing)
    signal.signal(signal.SIGTERM, _nothing)  # a run has its own way; what it came to is written
    try:
        order: Order = orders.recv()
    except EOFError:
        return
    Thread(target=_stop_with, args=(orders,), daemon=True).start()
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to its end

    def begun(folder: Path) -> None:
        hand_over(opened_file(order.folder, order.part), str(folder))

    try:
        sent = send(
            order.work,
            order.selected,
            failed=order.failed,
            watch=ProgressListener(opened=begun),
            out=order.out,
        )
    except HarnessError as error:
        sent = unsent(error, _opened(order))
    except Exception as error:  # noqa: BLE001 - the first process tells it
        why = f"internal error: {type(error).__name__}: {error}"
        sent = unsent(HarnessError(why), _opened(order))
    with suppress(OSError):
        _answer(order, sent)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Let a signal pass, and not those that programs inherit which are started from here."""


def _stop_with(orders: Connection) -> None:
    """Interrupt the run of this process as soon as the first one is no more, or ends it."""
    with suppress(EOFError, OSError):
        orders.recv()
    os.kill(os.getpid(), signal.SIGTERM)
