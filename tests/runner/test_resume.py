import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.core.outcome import Images
from harness.runner.execution.failures import CUT_OFF
from harness.runner.shutdown import GRACE_S, Deadline
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun, read_run
from tests.loopback import HUNG_S
from tests.runner.processes import HARNESS, KNOWN, Emulator, emulator, harness, started

PLANNED = ("--max-images", "30", "--concurrency", "24")
FAST = ("--max-images", "90", "--concurrency", "24")
"""With room for what is in doubt, and counted as paid."""

ONE = ("--operation", "generate")
SLOW = ("--time-scale", "0.02")
LOOK_S = 0.01


@pytest.fixture(scope="module")
def _served() -> Iterator[Emulator]:
    with emulator(*SLOW, *KNOWN) as found:
        yield found


@pytest.fixture
def provider(_served: Emulator) -> Emulator:
    """A slow emulator with empty books."""
    _served.reset()
    return _served


PATIENCE = f"import sys, {Deadline.__module__}; sys.modules['{Deadline.__module__}'].GRACE_S = 1e6"
PATIENT = (*HARNESS[:-1], f"{PATIENCE}; {HARNESS[-1]}")
"""The command, which waits for days for what is under way when it is interrupted."""


def run(
    found: Emulator, out: Path, *names: str, command: Sequence[str] = HARNESS
) -> "subprocess.Popen[str]":
    live = ("--against", "live", *found.at(*names))
    return started("run", *live, *ONE, *PLANNED, "--out", out, command=command)


def wait_for_lines(process: "subprocess.Popen[str]", folder: Path, count: int) -> None:
    """Wait until the journal has so many lines; the process must still be running then."""
    journal = folder / JOURNAL
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= count:
            return
        time.sleep(LOOK_S)  # without, looking takes a core of the two that it needs
    raise AssertionError(f"it ended before: {process.communicate()}")


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def jobs(past: StoredRun) -> set[str]:
    """The ids of all jobs whose submission was answered."""
    documents = [
        exchange.answer.document
        for item in past.unfinished
        for exchange in item.exchanges
        if hasattr(exchange.answer, "document")
    ]
    return {
        str(inner["id"])
        for document in documents
        if isinstance(document, dict)
        and isinstance(inner := document.get("data"), dict)
        and "id" in inner
    }


@pytest.mark.parametrize("lines", [pytest.param(2, marks=pytest.mark.slow), 40])
def test_a_killed_run_goes_on_without_sending_anything_twice(
    provider: Emulator, tmp_path: Path, lines: int
) -> None:
    folder = tmp_path / "run"
    process = run(provider, folder, "sub2api", "buble")
    wait_for_lines(process, folder, lines)
    kill(process)
    before = read_run(folder)
    under_way = jobs(before)

    done = harness("run", "--resume", folder, *FAST)

    assert "Traceback" not in done.err
    assert done.code in (0, 4), done.err
    past = read_run(folder)
    assert past.unfinished == ()
    for name in ("sub2api", "buble"):
        posted = Counter(provider.posts(name))
        assert max(posted.values()) == 1, name
        plan = json.loads((folder / f"plan-{name}.json").read_text())
        finished = {r.shot.case.id for r in past.records if r.shot.case.provider == name}
        assert finished == {case["id"] for case in plan["cases"]}
    assert [record for record in past.records if record.outcome == CUT_OFF] == []
    asked_again = [record for record in past.records if record.in_doubt]
    assert len(asked_again) == len([item for item in before.unfinished if not item.exchanges])
    served = {record.outcome.job for record in past.records if isinstance(record.outcome, Images)}
    assert under_way <= served
    polled = {one["job"] for one in provider.ledger("buble") if one["outcome"] == "poll"}
    assert under_way <= polled
    assert [record for record in past.records if record.skipped] == []


def test_a_run_that_is_killed_again_and_again_still_sends_everything_once(
    provider: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = run(provider, folder, "buble")
    for lines in (5, 60):
        wait_for_lines(process, folder, lines)
        kill(process)
        process = started("run", "--resume", folder, *FAST)
    process.communicate(timeout=HUNG_S)

    assert process.returncode in (0, 4)
    assert max(Counter(provider.posts("buble")).values()) == 1
    assert read_run(folder).unfinished == ()


def test_a_resumed_run_goes_to_where_it_began_and_nowhere_else(
    provider: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = run(provider, folder, "buble")
    wait_for_lines(process, folder, 3)
    kill(process)

    other = harness("run", "--resume", folder, *FAST, "--base-url", "buble=http://127.0.0.1:1")

    assert other.code == 2
    assert f"this run began at {provider.urls['buble']}" in other.err


def test_two_runs_never_write_to_one_folder(provider: Emulator, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = run(provider, folder, "sub2api")
    wait_for_lines(process, folder, 3)
    kill(process)
    sent = len(provider.posts("sub2api"))
    writer = RunFolder.reopen(folder)

    other = harness("run", "--resume", folder, *FAST)
    writer.close()

    assert other.code == 2
    assert other.err.startswith(f"harness: {folder} is being written to by another run")
    assert len(provider.posts("sub2api")) == sent


def test_an_altered_journal_ends_a_resume_before_anything_is_sent(
    provider: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = run(provider, folder, "sub2api")
    wait_for_lines(process, folder, 5)
    kill(process)
    sent = len(provider.posts("sub2api"))
    lines = (folder / JOURNAL).read_bytes().split(b"\n")
    (folder / JOURNAL).write_bytes(b"\n".join([lines[0], lines[1][:-9], *lines[2:]]))

    for verb in (("run", *FAST, "--resume"), ("report",)):
        done = harness(*verb, folder)

        assert done.code == 2
        assert done.err.startswith(f"harness: {folder / JOURNAL}, line 2: ")
        assert len(done.err.splitlines()) == 1
    assert len(provider.posts("sub2api")) == sent


def interrupt(
    found: Emulator, folder: Path, number: signal.Signals, *, times: int
) -> tuple[int, str]:
    process = run(found, folder, "sub2api", "buble")
    wait_for_lines(process, folder, 20)
    for _ in range(times):
        process.send_signal(number)
        assert process.stderr is not None
        if times > 1:
            process.stderr.readline()  # the first signal has been heard
    _, err = process.communicate(timeout=HUNG_S)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_waits_for_what_is_under_way(
    provider: Emulator, tmp_path: Path, number: signal.Signals
) -> None:
    code, err = interrupt(provider, tmp_path / "run", number, times=1)

    assert code == 130
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("harness: ")]
    assert len(lines) == 1
    assert lines[0].startswith(f"harness: interrupted: waiting at most {GRACE_S:.0f} s for ")
    past = read_run(tmp_path / "run")
    assert past.header.interrupted
    assert (tmp_path / "run" / "index.html").exists()
    jobs_left = {item.line.case for item in past.unfinished}
    assert {item.line.provider for item in past.unfinished} <= {"buble"}
    assert len(jobs(past)) == len(jobs_left)  # each with its id
    answered = {
        (record.shot.case.provider, record.shot.case.id)
        for record in past.records
        if record.exchanges
    }
    posts = provider.posts("sub2api") + provider.posts("buble")
    assert len(answered) + len(jobs_left) == len(posts)


def test_a_second_ctrl_c_stops_at_once_and_loses_nothing(tmp_path: Path) -> None:
    with emulator("--time-scale", "500") as slow:  # nothing is served within the test's patience
        process = run(slow, tmp_path / "run", "sub2api", command=PATIENT)
        while (
            not slow.posts("sub2api") and process.poll() is None
        ):  # it has left, and is waited for
            time.sleep(LOOK_S)
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline().startswith("harness: interrupted: waiting")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=HUNG_S)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert (tmp_path / "run" / "index.html").exists()
    assert read_run(tmp_path / "run").header.interrupted
    RunFolder.reopen(tmp_path / "run").close()


def test_an_interrupted_run_goes_on_to_its_end(provider: Emulator, tmp_path: Path) -> None:
    interrupt(provider, tmp_path / "run", signal.SIGINT, times=1)

    done = harness("run", "--resume", tmp_path / "run", *FAST)

    assert done.code in (0, 4)
    past = read_run(tmp_path / "run")
    assert not past.header.interrupted
    assert [record for record in past.records if record.skipped] == []
    for name in ("sub2api", "buble"):
        assert max(Counter(provider.posts(name)).values()) == 1
