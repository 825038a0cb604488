"""`harness history DIR --sql`: an answer as CSV or JSON, and no file read or written by a query."""

import json
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.report import builders as b
from tests.report.folders import HEADER, written


@pytest.fixture
def runs(tmp_path: Path) -> str:
    said = b.refused("=1+1", status=422)
    record = b.record(b.case(), said, evidence=b.EMULATOR)
    written(tmp_path / "runs" / "one", HEADER, [record])
    return str(tmp_path / "runs")


def test_an_answer_is_csv_without_formulas_or_json(
    runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = "select provider, error_message, charged_amount, 'nan'::double as odd from attempts"

    codes = [status(["history", runs, "--sql", asked, *more]) for more in ([], ["--json"])]

    csv, _, found = capsys.readouterr().out.partition("[")
    assert codes == [0, 0]
    assert csv == "provider,error_message,charged_amount,odd\nsub2api,'=1+1,,\n"
    assert json.loads(f"[{found}") == [
        {"provider": "sub2api", "error_message": "=1+1", "charged_amount": None, "odd": None}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "selec",
        "from nowhere",
        "from read_text('/etc/hostname')",
        "copy runs to 'out.csv'",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
    ],
)
def test_a_query_that_is_wrong_or_reaches_for_files_is_refused_in_a_line(
    query: str,
    runs: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code = status(["history", runs, "--sql", query])

    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("harness: --sql: ")
    assert [each.name for each in tmp_path.iterdir()] == ["runs"]


def test_what_a_query_says_itself_is_no_option_beside_it(
    runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["history", runs, "--sql", "from runs", "--provider", "sub2api"])

    assert code == 2
    assert "--sql goes with --json alone" in capsys.readouterr().err
