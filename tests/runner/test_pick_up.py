"""A job that was given up waiting for is paid: a later run picks it up by its id."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.runner.conformance.session import Session
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Journal
from harness.runner.execution.provider_run import ProviderRun
from harness.store.folder import RunFolder
from harness.store.line import IMAGES, JOURNAL
from harness.store.reader import StoredRun, read_run
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.plans import accepted
from tests.runner.journals import header, part
from tests.runner.processes import KNOWN, Emulator, Ended, emulator, harness, started
from tests.runner.slowshop import JOB, Shop, open_shop
from tests.shipped import shipped_provider

BASE = "generate/base"
LIMITS = ("--max-images", "1", "--operation", "generate")
CASES = 3


# ------------------------------------------------------------------------ one session after another
def session(shop: Shop, path: Path, *, images: int | None = None) -> ProviderRun:
    """Run a session to its end: in a new folder, or going on with what is there."""

    past = read_run(path) if path.exists() else None

    async def go() -> ProviderRun:
        folder = RunFolder.reopen(path) if past else RunFolder.create(path)
        if past is None:
            folder.write_header(header("buble"))
        journal, begun_s = Journal(folder), time.monotonic()

        def transport() -> Live:
            return Live(
                LiveEndpoint(
                    base_url=shop.url, auth=shipped_provider("buble").auth, key="a-test-key"
                ),
                pictures=ImageCollector(folder.keep_image),
                redactor=Redactor({}),
                now_s=lambda: time.monotonic() - begun_s,
                time_scale=0.0001,
            )

        made = part(
            accepted("buble", CASES), transport, journal, budget=Budget(images=images), past=past
        )
        async with asyncio.timeout(HUNG_S):
            await Session(part=made, concurrency=2).run()
        journal.close()
        return made

    return asyncio.run(go())


def outcome(made: ProviderRun) -> object:
    return next(one.outcome for one in made.records if one.shot.case.id == BASE)


def kept(path: Path) -> Record:
    """What the journal holds of the base case."""
    return next(one for one in read_run(path).records if one.shot.case.id == BASE)


def test_a_stuck_job_ends_as_a_fault_with_its_id_and_is_picked_up_by_it(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with open_shop("processing") as shop:
        given_up = outcome(session(shop, path, images=1))
        assert isinstance(given_up, Fault)
        assert (given_up.error_class, given_up.job) == ("timeout", JOB)
        assert given_up.can_be_picked_up
        polled = shop.polls
        shop.state = "success"

        picked_up = outcome(session(shop, path, images=1))

    assert isinstance(picked_up, Images)
    assert picked_up.job == JOB
    assert len(shop.posts) == 1
    assert shop.polls > polled
    assert shop.downloads == 1
    record = kept(path)
    assert isinstance(record.outcome, Images)
    steps = [one.step for one in record.exchanges]
    assert (steps.count("submit"), steps.count("download")) == (1, 1)
    assert steps.count("poll") == polled + 1
    assert read_run(path).unfinished == ()
    assert len([*(path / IMAGES).iterdir()]) == 1


def test_a_job_that_stays_stuck_can_be_picked_up_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        for _ in range(3):
            given_up = outcome(session(shop, path, images=1))
            assert isinstance(given_up, Fault)
            assert given_up.job == JOB
        shop.state = "success"
        picked_up = outcome(session(shop, path, images=1))

    assert isinstance(picked_up, Images)
    assert len(shop.posts) == 1


def test_a_job_that_fails_after_all_is_left_alone_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        session(shop, path, images=1)
        shop.state = "failed"
        failed = outcome(session(shop, path, images=1))
        polled = shop.polls
        session(shop, path, images=1)

    assert isinstance(failed, Fault)
    assert failed.error_class == "job_failed"
    assert shop.polls == polled
    assert len(shop.posts) == 1


@pytest.mark.parametrize("state", ["lost", "success"])
def test_a_job_given_up_by_an_earlier_run_is_paid_so_nothing_new_gets_its_money(
    tmp_path: Path, state: str
) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        session(shop, path, images=1)
        shop.state = state

        again = session(shop, path, images=1)

    assert len(shop.posts) == 1
    assert again.budget.spent_images == 1
    assert sum(one.skipped is not None for one in again.records) == CASES - 1


def test_money_that_is_left_beside_a_job_to_pick_up_is_spent_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        session(shop, path, images=1)
        shop.state = "success"

        again = session(shop, path, images=CASES)

    assert len(shop.posts) == CASES
    assert all(isinstance(one.outcome, Images) for one in again.records)
    assert again.budget.spent_images == CASES


# ------------------------------------------------------------------------------- whole commands
def run(shop: Shop, path: Path) -> Ended:
    at = ("--provider", "buble", "--base-url", f"buble={shop.url}")
    return harness("run", "--against", "live", *at, *LIMITS, "--out", path)


def resume(path: Path) -> Ended:
    return harness("run", "--resume", path, *LIMITS)


def kill_while_polling(shop: Shop, path: Path, polls: int) -> None:
    """Go on with a run and kill it once it has polled so often; what it wrote stays."""
    process, before = started("run", "--resume", path, *LIMITS), shop.polls
    deadline = time.monotonic() + HUNG_S
    while shop.polls < before + polls and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()


def times(exchanges: tuple[Exchange, ...] | list[Exchange]) -> list[float]:
    return [second for one in exchanges for second in (one.times.sent_s, one.times.end_s)]


def test_kills_between_and_during_pick_ups_lose_nothing_and_pay_nothing_twice(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        assert run(shop, path).code == 4
        shop.state = "processing"
        for polls in (0, 1, 2):
            kill_while_polling(shop, path, polls)
        shop.state = "success"
        done = resume(path)

    assert "Traceback" not in done.err
    assert len(shop.posts) == 1
    record = kept(path)
    assert isinstance(record.outcome, Images)
    assert record.outcome.job == JOB
    assert len([*(path / IMAGES).iterdir()]) == 1
    assert read_run(path).unfinished == ()
    assert times(record.exchanges) == sorted(times(record.exchanges))


@pytest.mark.slow
def test_the_clock_of_a_run_that_goes_on_counts_the_time_between_also_after_a_kill(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        run(shop, path)
        first = times(kept(path).exchanges)
        with (path / JOURNAL).open("ab") as journal:
            journal.write(b'{"provider":"buble","case":"generate/ba')  # what a crash leaves
        then = time.time() - 1000
        os.utime(path / JOURNAL, (then, then))
        shop.state = "success"
        resume(path)

    later = times(kept(path).exchanges)[len(first) :]
    assert later
    assert min(later) > max(first) + 999


@pytest.mark.slow
def test_a_clock_of_the_machine_that_was_set_back_does_not_set_the_runs_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    with open_shop("lost") as shop:
        run(shop, path)
        then = time.time() + 1000
        os.utime(path / JOURNAL, (then, then))
        shop.state = "success"
        resume(path)

    found = times(kept(path).exchanges)
    assert found == sorted(found)


# --------------------------------------------------------------------------------- the emulator
def wait_for_a_job(found: Emulator) -> None:
    deadline = time.monotonic() + HUNG_S
    while not any(one["outcome"] == "accepted" for one in found.ledger("buble")):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def charged(found: Emulator) -> float:
    return float(sum(one["cost"]["amount"] for one in found.ledger("buble")))


def test_a_job_lost_in_an_outage_of_the_emulator_is_picked_up_when_that_is_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    with emulator("--time-scale", "1", *KNOWN) as found:  # it goes on between the two runs
        first = started("run", "--against", "live", *found.at("buble"), *LIMITS, "--out", path)
        wait_for_a_job(found)
        found.switch("buble", "outage")
        first.communicate(timeout=HUNG_S)
        given_up = kept(path).outcome
        found.switch("buble")
        done = resume(path)
        posted, paid = found.posts("buble"), charged(found)

    assert isinstance(given_up, Fault)
    assert given_up.job is not None
    past: StoredRun = read_run(path)
    picked_up = kept(path).outcome
    assert isinstance(picked_up, Images), done.err
    assert picked_up.job == given_up.job
    assert picked_up.pictures[0].state == "decoded"
    assert (path / IMAGES / f"{picked_up.pictures[0].digest}.png").is_file()
    assert (len(posted), paid) == (1, 1)
    assert past.unfinished == ()
