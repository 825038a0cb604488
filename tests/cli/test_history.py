import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.history.runs import FIRST, dearer, summary_of, write, write_runs


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_runs(tmp_path_factory.mktemp("runs"), 12, dearer(8))


def test_the_sentence_the_changes_and_a_table_fit_a_terminal(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["history", str(runs)])
    told = capsys.readouterr()
    lines = told.out.splitlines()

    assert code == 0
    assert " ".join(lines[:2]).startswith("1 change in 12 runs of 1 provider from 2026-01-05 to ")
    assert "▲ buble (emulator): price of an image 1.83 -> 3.66 credits (2.00 times)" in told.out
    assert max(map(len, lines)) <= 80
    assert told.err == f"page: {runs / 'history.html'}\n"
    assert "2.00 times" in (runs / "history.html").read_text(encoding="utf-8")


def test_json_has_a_row_for_each_run_and_figure_and_writes_no_page(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs / "history.html").unlink(missing_ok=True)
    code = status(["history", str(runs), "--json", "--provider", "buble", "--since", "2026-01-10"])
    told = json.loads(capsys.readouterr().out)
    prices = [row for row in told["rows"] if row["figure"] == "price"]

    assert code == told["exit_code"] == 0
    assert [run["run"] for run in told["runs"]] == [f"night-{at:04d}" for at in range(5, 12)]
    assert [row["run"] for row in prices] == [run["run"] for run in told["runs"]]
    assert {(row["provider"], row["base"], row["unit"], row["n"]) for row in prices} == (
        {("buble", "emulator", "credit", 35)}
    )
    assert [change["run"] for change in told["changes"]] == ["night-0008"]
    assert not (runs / "history.html").exists()
    assert status(["history", str(runs), "--json", "--out", str(tmp_path / "a.html")]) == 0
    assert (tmp_path / "a.html").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["{none}"], 2, "is not there (name a folder with run folders in it)"),
        (["{empty}"], 2, "has no run that can be read"),
        (["{runs}", "--provider", "nobody"], 2, "'nobody'"),
        (["{runs}", "--since", "2031-01-01"], 2, "has no run since 2031-01-01"),
        (["{runs}", "--since", "soon"], 2, "'soon' does not match"),
        (["{runs}", "--out", "{empty}/no/page.html"], 3, "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line_and_an_exit_code(  # noqa: PLR0913, PLR0917 - what varies
    words: list[str],
    code: int,
    says: str,
    runs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"none": tmp_path / "none", "empty": tmp_path, "runs": runs}

    assert status(["history", *(word.format(**places) for word in words)]) == code
    assert says in (told := capsys.readouterr().err)
    assert len(told.splitlines()) == 1


def test_strangers_words_move_nothing_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = summary_of(FIRST, run="\x1b[2Jrun\r\n\u202e")
    made["providers"]["\x1b]0;title\x07<script>"] = made["providers"].pop("buble")
    write(tmp_path / "\x1b[31mred", made)
    write(tmp_path / "torn\x1b[0m", "{")
    status(["history", str(tmp_path)])
    told = capsys.readouterr()
    page = (tmp_path / "history.html").read_text(encoding="utf-8")

    assert not set("\x1b\x07\r\u202e") & set(told.out + told.err + page)
    assert "<script>" not in page


def test_what_only_asks_for_help_imports_no_database() -> None:
    asked = (
        "import sys; from harness.cli.main import status; status(['--help']);"
        "status(['history', '--help']); sys.exit('duckdb' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_runs_of_one_day_have_a_page(tmp_path: Path) -> None:
    write_runs(tmp_path, 2, every=timedelta(0))

    assert status(["history", str(tmp_path)]) == 0
