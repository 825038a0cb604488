"""A conversation whose run is stopped: what it leaves, and what a run that goes on does with it."""

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.case import PlannedRequest
from harness.core.exchange import Exchange, Failure, Request, Times
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.runner.execution.conversation import Journal
from harness.runner.execution.earlier import ResumeState
from harness.runner.execution.provider_run import ProviderRun
from harness.store.disk import LocalDisk
from harness.store.folder import BALLAST_BYTES, RunFolder
from harness.store.reader import StoredRun, read_run
from harness.transport.base import STOPPED
from harness.wire.retry import Answer
from tests.loopback import HUNG_S
from tests.plans import accepted
from tests.runner.execution.test_drive import EDIT, Scripted
from tests.runner.journals import header, part
from tests.wire.by_hand import IMAGE, shot
from tests.wire.replies import BUSY, done, pending, submitted, uploaded

UNSENT = Failure(kind="network", why=f"{STOPPED} (nothing had arrived)", sent=False)
SENT = Failure(kind="network", why=f"{STOPPED} (nothing had arrived)", sent=True)
JOB = shot("buble")


class Stopping(Scripted):
    """A provider; the user stops the run while an answer is on its way, after which `left` come."""

    def __init__(self, answers: Sequence[Answer], *, left: int = 0) -> None:
        super().__init__(answers)
        self.left = left
        self.stop = asyncio.Event()

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        exchange = await super().send(request, due_s=due_s)
        if len(self.answers) == self.left:
            self.stop.set()
        return exchange


def stopped(
    path: Path, transport: Stopping, planned: PlannedRequest = JOB
) -> tuple[StoredRun, Record, ProviderRun]:
    """Send one request; return what is on the disk, its record, and the provider's part."""
    plan = replace(accepted("buble", 1), shots=(planned,))

    async def sent() -> tuple[Record, ProviderRun]:
        journal = Journal(RunFolder.create(path))
        journal.folder.write_header(header("buble"))
        mine = part(plan, lambda: transport, journal)
        transport.stop = mine.setup.context.stop
        (entry,) = mine.begin()
        mine.budget.reserve(entry.reservation)
        record = await mine.send(entry, transport, due_s=None)
        journal.close()
        return record, mine

    record, mine = asyncio.run(sent())
    return read_run(path), record, mine


@pytest.mark.parametrize("answers", [[BUSY], [UNSENT], [BUSY, BUSY]])
def test_what_cost_nothing_is_as_if_it_had_not_left(
    tmp_path: Path, answers: Sequence[Answer]
) -> None:
    past, record, _ = stopped(tmp_path / "run", Stopping(answers))

    assert past.unfinished == ()
    assert [each.skipped for each in past.records] == ["interrupted"]
    assert record.outcome is None
    assert record.skipped == "interrupted: go on with --resume"


def test_an_edit_whose_files_are_up_is_new_later(tmp_path: Path) -> None:
    transport = Stopping([uploaded()])
    past, _, _ = stopped(tmp_path / "run", transport, EDIT)

    assert [request.method for request in transport.asked] == ["POST"]
    assert past.unfinished == ()


@pytest.mark.parametrize("answers", [[submitted("buble")], [submitted("buble"), pending("buble")]])
def test_a_job_is_left_with_its_id(tmp_path: Path, answers: Sequence[Answer]) -> None:
    past, record, mine = stopped(tmp_path / "run", Stopping(answers))

    (left,) = past.unfinished
    assert len(left.exchanges) == len(answers)
    assert past.records == ()
    assert record.skipped is not None
    assert mine.budget.spent > 0  # it is paid


def test_a_submission_that_had_left_is_in_doubt(tmp_path: Path) -> None:
    past, record, mine = stopped(tmp_path / "run", Stopping([SENT]))

    assert past.unfinished == ()
    assert record.outcome is not None
    assert mine.budget.spent > 0


def test_an_image_that_is_ready_is_still_fetched(tmp_path: Path) -> None:
    transport = Stopping([submitted("buble"), done("buble"), IMAGE], left=1)
    past, record, _ = stopped(tmp_path / "run", transport)

    assert isinstance(record.outcome, Images)
    assert past.unfinished == ()
    assert transport.answers == []


class Full(LocalDisk):
    """A disk that has room for what every run holds back, and for no more."""

    def reserve(self, name: str, size: int) -> None:
        if size > BALLAST_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().reserve(name, size)


@pytest.mark.parametrize("given_back", [True, False])
def test_what_waits_for_room_on_the_disk_does_not_leave_after_a_stop(
    tmp_path: Path, *, given_back: bool
) -> None:
    transport = Stopping([])
    path = tmp_path / "run"
    plan = replace(accepted("buble", 1), shots=(JOB,))

    async def waited() -> tuple[Record, ProviderRun]:
        journal = Journal(RunFolder.create(path, disk=Full.create(path)))
        journal.folder.write_header(header("buble"))
        mine = part(plan, lambda: transport, journal)
        (entry,) = mine.begin()
        mine.budget.reserve(entry.reservation)
        stop = mine.setup.context.stop
        await journal.reserve(BALLAST_BYTES, stop)
        sending = asyncio.ensure_future(mine.send(entry, transport, due_s=None))
        await asyncio.sleep(0.05)  # it may wait by now; where it does not yet, it is to wait later
        stop.set()
        if given_back:
            journal.release(BALLAST_BYTES)
        record = await asyncio.wait_for(sending, HUNG_S)
        assert journal.folder.reserve(BALLAST_BYTES if given_back else 0)  # nothing is still held
        journal.close()
        return record, mine

    record, mine = asyncio.run(waited())

    assert transport.asked == []
    assert record.skipped == "interrupted: go on with --resume"
    assert mine.budget.spent == 0
    assert read_run(path).records == ()
    assert read_run(path).unfinished == ()


@pytest.mark.parametrize("left", [True, False])
def test_a_repeated_submission_that_fails_tells_nothing_of_the_first_one(
    tmp_path: Path, *, left: bool
) -> None:
    planned = shot("apiframe", follow_ups=("same_key",))
    case, times = planned.case.id, Times(due_s=0, sent_s=0, end_s=1)
    broken_off = Exchange(request=planned.request, answer=UNSENT, times=times, step="submit")
    repeated = ResumeState(
        exchanges={case: [] if left else [broken_off]}, resent=frozenset((case,))
    )
    refused = Scripted([Failure(kind="network", why="connection refused", sent=False)] * 9)
    plan = replace(accepted("apiframe", 1), shots=(planned,))

    async def sent() -> Record:
        journal = Journal(RunFolder.create(tmp_path / "run"))
        mine = part(plan, lambda: refused, journal)
        mine.setup = replace(mine.setup, earlier=repeated)
        (entry,) = mine.begin()
        record = await mine.send(entry, refused, due_s=None)
        journal.close()
        return record

    outcome = asyncio.run(sent()).outcome
    assert isinstance(outcome, Fault)
    assert outcome.may_be_paid == left
