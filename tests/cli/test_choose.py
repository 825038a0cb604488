import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.choosing.choose import choose
from harness.cli.chosen import as_json_text, show
from harness.cli.main import status
from harness.core.benchmark import Purchase
from harness.report.summary_schema import SCHEMA_FILE
from tests.choosing.runs import MINUTE, SQUARE, attempts, run
from tests.shipped import NAMES, shipped_provider

WORK = """
[[workload]]
name = "square"
operation = "generate"
size = "1024x1024"
quality = "low"
"""
RATE = ("--exchange-rate", "nanobanana=0.04")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text("[purchase]\nusd_per_image = 0.05\n" + WORK, encoding="utf-8")
    return path


def test_the_answer_is_a_sentence_and_every_provider_has_its_reason(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["choose", "--workload", str(mine), *RATE])
    lines = capsys.readouterr().out.splitlines()

    assert code == 0
    assert lines[0].startswith("Only nanobanana qualifies: 0.04 usd a usable image.")
    assert all(any(line.startswith(f"{name}: ") for line in lines) for name in NAMES)
    assert max(map(len, lines)) <= 80


def test_the_exit_code_says_whether_anybody_can(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["choose", "--workload", str(mine), "--provider", "nanobanana"]

    assert status([*only, *RATE]) == 0
    assert status([*only, "--exchange-rate", "nanobanana=0.06"]) == 1
    assert status(only) == 4
    assert "--exchange-rate nanobanana=USD would decide" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--workload", "nothing.toml"], "nothing.toml"),
        (["--workload", "default", "--run", "nowhere"], "nowhere"),
        (["--workload", "default", "--provider", "nobody"], "nobody"),
        (["--workload", "default", "--exchange-rate", "nobody=1"], "nobody"),
        ([], "--workload"),
    ],
)
def test_wrong_usage_ends_with_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["choose", *words]) == 2
    assert says in capsys.readouterr().err


def test_json_is_the_choice_of_summary_json_and_its_exit_code(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["choose", "--workload", str(mine), *RATE, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)

    assert found.pop("exit_code") == code == 0
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    kind = {"$ref": "#/$defs/Choice", "$defs": schema["$defs"]}
    Draft202012Validator(kind).validate(found)
    assert {each["provider"] for each in found["candidates"]} == set(NAMES)


def test_who_did_it_in_which_run_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {"nanobanana": attempts("nanobanana", [90.0 + each / 7 for each in range(40)])}
    choice = choose(
        [SQUARE],
        [shipped_provider("nanobanana")],
        purchase=Purchase(slo=MINUTE, images_per_month=123_456_789),
        runs=[run(rows, name="a run \x1b[31m" + "x" * 200)],
    )
    show(choice, ["my work.toml"])
    text = capsys.readouterr().out

    assert "(2026-12-01, live), load c4" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert json.loads(as_json_text(choice))["exit_code"] == 1


def test_a_benchmark_takes_the_same_file(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = ["plan", "--only", "benchmark", "--workload", str(mine), "--provider", "nanobanana"]

    code = status([*plan, "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["design"]["purchase"]["usd_per_image"] == 0.05


def test_the_folder_of_a_benchmark_is_judged_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, one = tmp_path / "measured", ["--provider", "nanobanana"]
    measured = status(["run", "--only", "benchmark", *one, "--no-calibrate", "--out", str(out)])
    capsys.readouterr()
    code = status(["choose", "--workload", "square-draft", *one, "--run", str(out), *RATE])
    text = capsys.readouterr().out

    assert (measured, code) == (0, 0)
    assert "square-draft in measured (" in text
    assert "emulator, recorded" in text
    assert [*out.glob("choice*")] == []
