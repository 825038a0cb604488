"""A process killed in the middle: `--resume` alone comes to the verdicts of the undisturbed run."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.core.outcome import Images
from harness.runner.execution.failures import CUT_OFF
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL, Sent
from harness.store.reader import read_run
from tests.loopback import HUNG_S
from tests.runner.crashes import paid_twice
from tests.runner.processes import KNOWN, Emulator, Ended, emulator, harness, started
from tests.runner.test_resume import LOOK_S, kill, wait_for_lines

LIMITS = ("--max-images", "40", "--concurrency", "6")
ROOM = ("--max-images", "200")
"""With room for what is in doubt, which counts against a limit of the user's; kept in the folder
from the first resumed run on."""

FAULTS = {
    "buble": ("ignore:aspect_ratio.one_of",),
    "sub2api": ("ignore:n.range", "wrong_dimensions"),
    "apiframe": ("ignore:quality.one_of",),
}


@pytest.fixture(scope="module")
def slow() -> Iterator[Emulator]:
    with emulator("--time-scale", "0.01", *KNOWN) as found:
        yield found


@pytest.fixture
def hung() -> Iterator[Emulator]:
    """An emulator whose images take longer than any test does."""
    with emulator("--time-scale", "1", "--seconds-per-image", str(2 * HUNG_S), *KNOWN) as found:
        yield found


def begin(shop: Emulator) -> None:
    shop.reset()
    for name, faults in FAULTS.items():
        shop.switch(name, *faults)


def arguments(shop: Emulator, folder: Path, *names: str) -> Sequence[str | Path]:
    only = () if names == ("buble",) else ("--operation", "generate")
    return ("run", "--against", "live", *shop.at(*names), *LIMITS, *only, "--out", folder)


def resumed(shop: Emulator, folder: Path, *names: str, more: Sequence[str] = ()) -> Ended:
    """Go on: the address is typed, the limits are the folder's."""
    return harness("run", "--resume", folder, *_addresses(shop, *names), *more)


def _addresses(shop: Emulator, *names: str) -> list[str]:
    return [part for part in shop.at(*names) if part not in ("--provider", *names)]


def kill_under_way(process: "subprocess.Popen[str]", folder: Path) -> list[Sent]:
    """Kill a run while requests are under way; return what was sent of those without a reply.

    The run is halted for each look: what is seen to be under way then still is when it is killed.
    """
    while process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        if (folder / JOURNAL).exists() and (folder / "run.json").exists():
            unfinished = read_run(folder).unfinished
            if left := [one.line for one in unfinished if not one.exchanges]:
                kill(process)
                return left
        process.send_signal(signal.SIGCONT)
        time.sleep(LOOK_S)
    raise AssertionError(f"it ended before: {process.communicate()}")


def verdicts(folder: Path) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    summary = json.loads((folder / "summary.json").read_text())
    found = [
        (one["provider"], one["operation"], one["constraint"], tuple(one["combination"]))
        for one in summary["findings"]
    ]
    return sorted(found, key=str), {
        name: provider["promises"] for name, provider in summary["providers"].items()
    }


@pytest.mark.parametrize(
    ("names", "kills"),
    [
        pytest.param(("buble",), (3, 40, 90), marks=pytest.mark.slow),
        (("sub2api",), (9, 30)),
        pytest.param(("apiframe",), (12, 60), marks=pytest.mark.slow),
        pytest.param(("sub2api", "buble"), (20, 60, 100), marks=pytest.mark.slow),
    ],
)
def test_kills_change_no_verdict_and_nothing_is_paid_twice(
    slow: Emulator, tmp_path: Path, names: tuple[str, ...], kills: tuple[int, ...]
) -> None:
    begin(slow)
    harness(*arguments(slow, tmp_path / "whole", *names))
    whole = resumed(slow, tmp_path / "whole", *names, more=ROOM)
    assert whole.code == 1, whole.err
    begin(slow)
    folder = tmp_path / "killed"

    process = started(*arguments(slow, folder, *names))
    for number, lines in enumerate(kills):
        wait_for_lines(process, folder, lines)
        kill(process)
        more = ROOM if number == 0 else ()
        process = started("run", "--resume", folder, *_addresses(slow, *names), *more)
    _, err = process.communicate(timeout=HUNG_S)

    assert process.returncode == 1, err
    assert verdicts(folder) == verdicts(tmp_path / "whole")
    left = [record for record in read_run(folder).records if record.outcome == CUT_OFF]
    # a rule that was broken twice is asked about no more, be it in doubt
    assert {record.shot.case.breaks for record in left} <= {"n.range", "aspect_ratio.one_of"}
    assert [paid_twice(slow, name) for name in names] == [[] for _ in names]


def test_what_the_user_wants_sent_again_is_sent_again_as_it_was(
    slow: Emulator, tmp_path: Path
) -> None:
    begin(slow)
    folder = tmp_path / "run"
    process = started(*arguments(slow, folder, "sub2api"))
    wait_for_lines(process, folder, 20)
    cut_off = kill_under_way(process, folder)

    done = resumed(slow, folder, "sub2api", more=["--retry-unknown"])

    assert "Traceback" not in done.err
    records = {record.shot.case.id: record for record in read_run(folder).records}
    for line in cut_off:
        assert records[line.case].shot == line.shot
        assert records[line.case].in_doubt == (line.shot,)


def test_what_is_in_doubt_for_want_of_money_is_told_and_not_held(
    hung: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = started(
        *("run", "--against", "live", *hung.at("sub2api"), "--max-images", "6"),
        *("--operation", "generate", "--out", folder),
    )
    (left,) = kill_under_way(process, folder)
    assert left.case == "generate/base"

    done = resumed(hung, folder, "sub2api", more=["--max-images", "1"])

    assert done.code != 0
    assert "in doubt: 1 case" in done.out
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["providers"]["sub2api"]["in_doubt"]["cases"] == ["generate/base"]
    assert not any(isinstance(record.outcome, Images) for record in read_run(folder).records)
    RunFolder.reopen(folder).close()


def test_asking_for_repetitions_needs_a_run_that_goes_on() -> None:
    done = harness("run", "--retry-unknown")

    assert done.code == 2
    assert "--retry-unknown is for a run that goes on" in done.err
