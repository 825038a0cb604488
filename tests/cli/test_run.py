import asyncio
import json
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.shipped import NAMES

ROOT = Path(__file__).parents[2]
PROGRAM = "from harness.cli.main import main; main()"


def test_the_committed_cassettes_hold_every_promise_in_80_columns_and_nobody_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_s: list[float] = []

    async def sleep(seconds: float) -> None:
        waited_s.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.chdir(ROOT)

    code = status(["run", "--json", "--out", str(tmp_path / "run")])

    done = capsys.readouterr()
    assert code == 0, done.err
    assert sum(waited_s) == 0
    printed = json.loads(done.out)
    assert printed["findings"] == []
    assert set(printed["providers"]) == set(NAMES)
    assert all(one["source"] == "emulator" for one in printed["providers"].values())
    assert not any(word["status"] in ("fail", "error") for word in printed["verdicts"])

    monkeypatch.setenv("COLUMNS", "80")
    code = status(["report", str(tmp_path / "run"), "--out", str(tmp_path / "again")])

    told = capsys.readouterr()
    assert code == 0
    assert max(map(len, told.out.splitlines())) <= 80
    assert all(name in told.out for name in NAMES)
    assert "says nothing about the real provider" in told.out
    assert f"report: {tmp_path / 'again' / 'index.html'}" in told.err


def test_a_folder_that_is_there_already_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    code = status(["run", "--out", str(tmp_path), "--cassettes", str(ROOT / "cassettes")])

    assert code == 2
    assert "is there already and not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_the_table_of_five_fits_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    where = ["--cassettes", str(ROOT / "cassettes"), "--out", str(tmp_path / "run")]

    code = status(["run", *where])
    told = capsys.readouterr()

    assert code == 0
    assert max(map(len, told.out.splitlines())) <= 80
    assert all(name in told.out for name in NAMES)
    assert "says nothing about the real provider" in told.out
    assert f"report: {tmp_path / 'run' / 'index.html'}" in told.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--provider", "nano"], "unknown provider 'nano'"),
        (["--seed", "3"], "--seed: cassettes are replayed"),
        (["--record"], "--record needs replies to record"),
        (["--fault", "wrong_format"], "--fault, --port, --natural and --signed are the emulator's"),
        (
            ["--only", "benchmark", "--blocks", "3"],
            "--blocks: a recorded benchmark keeps its design",
        ),
        (["--budget", "buble"], "write NAME=AMOUNT"),
        (["--budget", "buble=NaN"], "is not an amount"),
        (["--base-url", "buble=ftp://x"], "is not an http(s) address"),
        (["--cassettes", "no/such/folder"], "no/such/folder"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["run", *arguments, "--out", str(tmp_path / "run")])
    captured = capsys.readouterr()

    assert code == 2
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1


def test_a_live_run_without_a_budget_prints_its_price_and_sends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUBLE_API_KEY", "nobody")

    code = status(
        ["run", "--against", "live", "--provider", "buble", "--out", str(tmp_path / "run")]
    )
    told = capsys.readouterr().err

    assert code == 2
    assert "Buble: " in told
    assert "credits" in told
    assert "nothing was sent" in told
    assert not (tmp_path / "run").exists()
