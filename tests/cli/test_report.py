import json
import shutil
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.store.journals import resealed, set_header

CASSETTES = Path(__file__).parents[2] / "cassettes"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Replay two providers once each."""
    folder = tmp_path_factory.mktemp("runs")
    made = {name: folder / name for name in ("aimlapi", "buble")}
    for name, out in made.items():
        where = ["--cassettes", str(CASSETTES), "--out", str(out), "--json"]
        assert status(["run", "--provider", name, *where]) == 0
    return made


def test_a_run_is_reported_again_as_it_was(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    was = json.loads((runs["buble"] / "summary.json").read_text())

    code = status(["report", str(runs["buble"]), "--out", str(tmp_path), "--json"])
    now = json.loads(capsys.readouterr().out)

    assert code == 0
    assert now["verdicts"] == was["verdicts"]
    assert now["providers"] == was["providers"]
    assert (tmp_path / "index.html").exists()


def test_two_runs_stand_side_by_side(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    both = [str(folder) for folder in runs.values()]

    code = status(["report", *both, "--out", str(tmp_path), "--json"])

    assert code == 0
    assert set(json.loads(capsys.readouterr().out)["providers"]) == set(runs)


def test_one_provider_twice_is_refused(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = status(["report", str(runs["buble"]), str(runs["buble"]), "--out", str(tmp_path / "x")])

    assert code == 2
    assert "buble is in more than one of these runs" in capsys.readouterr().err


def _cut(source: Path, target: Path, *, lines: int, torn: bytes = b"") -> Path:
    """Copy a run as a crash leaves it: a journal without its end, a header that says nothing."""
    shutil.copytree(source, target)
    journal = (source / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (target / "journal.jsonl").write_bytes(b"".join(journal[:lines]) + torn)
    set_header(target, finished=None)
    return target


def test_a_run_that_was_killed_is_reported_as_far_as_it_came(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cut = _cut(runs["buble"], tmp_path / "cut", lines=41, torn=b'{"provider":"bub')

    code = status(["report", str(cut), "--json"])
    told = capsys.readouterr()
    summary = json.loads(told.out)

    assert code == 130
    assert "interrupted" in told.err
    assert "--resume" in told.err
    assert summary["verdicts"]
    assert any("cut off" in note for note in summary["run"]["notes"])


def test_a_shot_that_was_under_way_is_named_and_not_judged(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cut = _cut(runs["aimlapi"], tmp_path / "cut", lines=2)

    status(["report", str(cut), "--json"])
    words = json.loads(capsys.readouterr().out)["verdicts"]

    assert {word["status"] for word in words} == {"skip"}
    assert all("may have been paid for" in word["why"] for word in words)


def test_a_replay_that_asked_for_what_is_not_on_tape_stays_our_failure(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    torn = tmp_path / "torn"
    shutil.copytree(runs["aimlapi"], torn)
    lines = (torn / "journal.jsonl").read_bytes().splitlines(keepends=True)
    place, line = next((i, json.loads(x)) for i, x in enumerate(lines) if b'"exchange"' in x)
    line["exchange"]["answer"] = {"kind": "not_on_tape", "why": "POST is not there", "sent": False}
    lines[place] = resealed(json.dumps(line, separators=(",", ":")).encode())
    (torn / "journal.jsonl").write_bytes(b"".join(lines))

    code = status(["report", str(torn)])

    assert code == 3
    assert "not on the tape: POST is not there" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["missing", "empty", "file"])
def test_what_is_no_run_folder_is_one_line(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = tmp_path / kind
    if kind == "empty":
        place.mkdir()
    if kind == "file":
        place.write_text("x")

    code = status(["report", str(place)])
    told = capsys.readouterr().err

    assert code == 2
    assert "is no run folder" in told
    assert told.count("\n") == 1


def test_an_altered_journal_is_named_with_its_line(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(runs["aimlapi"], odd)
    lines = (odd / "journal.jsonl").read_text().splitlines()
    lines[3] = '{"provider": 1}'
    (odd / "journal.jsonl").write_text("\n".join(lines) + "\n")

    code = status(["report", str(odd)])
    told = capsys.readouterr().err

    assert code == 2
    assert "journal.jsonl, line 4" in told
    assert told.count("\n") == 1


def test_a_benchmark_is_held_against_a_ceiling_whenever_one_likes(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ["--provider", "buble", "--cassettes", str(CASSETTES), "--out", str(tmp_path / "run")]
    assert status(["run", "--only", "benchmark", *where, "--slo", "p50<9min", "--json"]) == 0
    as_recorded = json.loads(capsys.readouterr().out)["benchmark"]
    assert {row["slo"] for row in as_recorded["reliability"]} == {"met"}

    assert status(["report", str(tmp_path / "run"), "--slo", "p50<1s", "--json"]) == 1
    told = capsys.readouterr()

    rows = json.loads(told.out)["benchmark"]["reliability"]
    assert {row["slo"] for row in rows} == {"missed"}
    assert "buble missed the ceiling at square-draft (c4)" in told.err
    assert status(["report", str(runs["buble"]), "--slo", "p50<1s", "--out", str(tmp_path)]) == 2
    assert "is no benchmark" in capsys.readouterr().err
