"""Ctrl-C and SIGTERM at the command line: it ends with 130, and in time, whatever it is at.

    planning, importing, judging     the signal raises KeyboardInterrupt where the command is, and
                                     again every `AGAIN_S` until it ends: libraries lose some
    a run that waits for replies     has handlers of its own (`harness.runner.shutdown`)
    what ends in neither way         is ended from outside after `LATEST_S`

Imports nothing that takes time: it is in place before all else.
"""

import _thread
import atexit
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

INTERRUPTED = 130

LATEST_S = 9.2
"""When a command has ended for certain, in seconds after the first signal: service managers and
people kill what does not end in 10 s, and what is killed says nothing."""

LOST_S = 0.01
"""After which time an interruption is raised again that Python says it lost."""

AGAIN_S = 2.0
"""After which time it is raised again without being asked: a library that is being imported may
catch everything. What the command tidies up as it ends takes a small part of it."""


@dataclass(slots=True)
class Interruption:
    """What the signals that this process was sent have begun; `folder` is what goes on later."""

    folder: Path | None = None
    signals: int = 0
    _watched: bool = False
    _raises_again: bool = True

    def catch(self) -> None:
        """Take SIGINT and SIGTERM from now on; only the main thread can."""
        self._take(self._raise)
        if threading.current_thread() is threading.main_thread():
            if sys.platform != "win32":
                signal.signal(signal.SIGALRM, self._raise_again)
            sys.unraisablehook = self._unraisable

    def opened(self, folder: Path) -> None:
        """Take note of a run folder: `harness run --resume` can go on with it."""
        self.folder = folder

    def signalled(self) -> None:
        """End the process in time. Called in a signal's handler: no lock, nothing that waits."""
        if not self._watched:
            self._watched = True
            _thread.start_new_thread(self._watch, ())

    def leave(self, code: int) -> int:
        """Return the exit code of a command that has ended; after a signal, end the process.

        A thread that still looks up a name, or reads a body, would keep the process alive, and
        Python takes seconds to give back what a large run holds. A first signal in those seconds
        changes nothing any more: Python ends by it unless it is ignored.
        """
        self._raises_again = False
        atexit.register(self._take, signal.SIG_IGN)
        self._take(lambda _number, _frame: self._end(code))
        if code == INTERRUPTED:
            self._say(self._hint())
        if self._watched:
            self._end(code)
        return code

    def _take(self, handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, handler)

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        self.signalled()
        self.signals += 1
        if self.signals > 1:
            self._end(INTERRUPTED)
        _raise_after(AGAIN_S)
        raise KeyboardInterrupt

    def _raise_again(self, _number: int, frame: FrameType | None) -> None:
        """Interrupt what did not end: by the handler of a run that has begun meanwhile, if any."""
        if not self._raises_again:
            return
        handler = signal.getsignal(signal.SIGTERM)
        if callable(handler) and handler != self._raise:
            _raise_after(0)
            handler(signal.SIGTERM, frame)
            return
        raise KeyboardInterrupt

    def _unraisable(self, ignored: "sys.UnraisableHookArgs") -> None:
        """Raise an interruption anew that met a callback of the garbage collector: it was lost.

        What an interruption left half made (an event loop) may fail as it is taken away: that is
        nothing to tell.
        """
        if not self.signals:
            sys.__unraisablehook__(ignored)
        elif issubclass(ignored.exc_type, KeyboardInterrupt):
            _raise_after(LOST_S)

    def _watch(self) -> None:
        time.sleep(LATEST_S)
        self._say(f"harness: interrupted: not ended within {LATEST_S:g} s, so cut off")
        self._say(self._hint())
        os._exit(INTERRUPTED)

    def _hint(self) -> str:
        folder = self.folder
        return (
            "" if folder is None else f"go on with: harness run --resume {shlex.quote(str(folder))}"
        )

    def _say(self, line: str) -> None:
        if line:
            os.write(2, f"{line}\n".encode("utf-8", "surrogateescape"))

    def _end(self, code: int) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, RuntimeError):  # closed, or being written to just now
                continue
        os._exit(code)


def _raise_after(seconds: float) -> None:
    """Raise the interruption after that time, and then every `AGAIN_S`; 0 ends that.

    Windows has no such timer: there a lost interruption is lost, until `LATEST_S` is over.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)


INTERRUPTION = Interruption()
"""That of this process: signals are the process's, too."""
