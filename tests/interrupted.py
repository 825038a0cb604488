"""Where Python takes the signals that arrive while something runs."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

OFTEN_S = 0.001


@contextmanager
def signalled_often() -> Iterator[set[str]]:
    """Signal this process every millisecond of its work; yield the functions that were met.

    What runs for long and is not written in Python is met in none: a signal waits for its end.
    """
    met: set[str] = set()

    def meet(_number: int, frame: FrameType | None) -> None:
        if frame is not None:
            met.add(frame.f_code.co_name)

    before = signal.signal(signal.SIGVTALRM, meet)
    signal.setitimer(signal.ITIMER_VIRTUAL, OFTEN_S, OFTEN_S)
    try:
        yield met
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
