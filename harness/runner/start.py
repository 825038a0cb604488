"""When a run begins to send: at once, or at a moment that several runs share."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from harness.core.errors import UsageError
from harness.runner.shutdown import until_stopped

AHEAD_AT_MOST = timedelta(hours=24)
"""How far ahead a run may be told to begin: what is further is a slip of the pen."""

_LOOK_S = 30.0
"""How often the wall clock is looked at again while waiting, in seconds: it may be set."""


def refuse_far_start(moment: datetime | None) -> None:
    """Raise UsageError for a moment that is too far ahead."""
    if moment is not None and moment - datetime.now(UTC) > AHEAD_AT_MOST:
        raise UsageError(
            f"--start-at {moment.isoformat()} is more than 24 hours ahead",
            hint="start it on the day, or write the time with its offset to UTC",
        )


async def until_start(
    moment: datetime, *, stop: asyncio.Event, note: Callable[[str], None]
) -> None:
    """Wait until the wall clock shows this moment; StoppedError where the run is stopped first.

    A moment that has passed is noted, and waits for nothing.
    """
    late_s = time.time() - moment.timestamp()
    if late_s >= 0:
        note(f"--start-at {moment.isoformat()} has passed {late_s:.0f} s ago: the run begins now")
        return
    note(f"nothing is sent before {moment.isoformat()}, in {-late_s:.0f} s")
    while (left_s := moment.timestamp() - time.time()) > 0:
        await until_stopped(asyncio.sleep(min(left_s, _LOOK_S)), stop)
