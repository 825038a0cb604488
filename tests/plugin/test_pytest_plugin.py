import subprocess
import sys
from pathlib import Path

from harness.cli.main import status

RUN = ["run", "--against", "emulator", "--provider", "nanobanana", "--time-scale", "0.0002"]


def _pytest(folder: Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"]
    command += ["--harness-run", str(folder), str(cwd)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_a_kept_promise_is_a_passing_test(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert status([*RUN, "--out", str(run)]) == 0

    done = _pytest(run, tmp_path)

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_a_broken_promise_fails_in_the_check_s_own_words(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert status([*RUN, "--out", str(run), "--fault", "nanobanana:ignore:n.range"]) == 1

    done = _pytest(run, tmp_path)

    assert done.returncode == 1, done.stdout
    assert "refuses what it forbids: served with" in done.stdout
    assert "nanobanana/generate/n.range/refuse/0::refuses_what_it_forbids[n.range]" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_outage_skips_with_its_reason(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert status([*RUN, "--out", str(run), "--fault", "nanobanana:outage"]) == 4

    done = _pytest(run, tmp_path)

    assert done.returncode == 0, done.stdout
    assert "inconclusive: server" in done.stdout


def test_a_folder_that_is_no_run_is_one_line_of_usage(tmp_path: Path) -> None:
    done = _pytest(tmp_path, tmp_path)

    assert done.returncode == 4
    assert "is no run folder" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
