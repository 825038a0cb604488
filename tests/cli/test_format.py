"""`--format` at each verb: what is written, where it is said, and what is refused before a run."""

from pathlib import Path

import pytest

from harness.cli.main import status
from tests.report.formats.schemas import ctrf_report, junit_mistakes, sarif_log

HAR = str(Path(__file__).parents[1] / "runner" / "recordings" / "buble.har")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--against", "emulator", "--out", "run"],
        ["judge", "no-such.har", "--out", "run"],
        ["report", "no-such-run"],
    ],
    ids=lambda words: words[0],
)
def test_an_unknown_format_is_refused_before_anything_is_read_or_sent(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code = status([*words, "--format", "githb"])

    assert code == 2
    assert "--format githb: no such format (did you mean github? " in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_judged_traffic_is_written_in_each_format_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, step = tmp_path / "run", tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    named = [word for name in ("sarif", "ctrf", "github") for word in ("--format", name)]

    code = status(["judge", HAR, "--provider", "buble", "--out", str(out), *named])
    said = capsys.readouterr().err.splitlines()
    (run,) = sarif_log((out / "harness.sarif").read_text("utf-8"))["runs"]
    counted = ctrf_report((out / "ctrf.json").read_text("utf-8"))["results"]["summary"]

    assert code == 0
    assert run["results"] == []
    assert run["automationDetails"]["id"].startswith("image-provider-harness/recordings/buble/")
    assert (counted["failed"], counted["passed"]) == (0, 13)
    assert junit_mistakes((out / "junit.xml").read_text("utf-8")) == []
    assert step.read_text("utf-8") == (out / "step-summary.md").read_text("utf-8")
    assert said[-4:] == [
        f"sarif: {out / 'harness.sarif'}",
        f"ctrf: {out / 'ctrf.json'}",
        f"github: {out / 'step-summary.md'}",
        f"appended to GITHUB_STEP_SUMMARY ({step})",
    ]


def test_a_configured_format_does_not_refuse_a_judgement_without_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "harness.toml").write_text('[output]\nformats = ["sarif"]\n', "utf-8")

    without = status(["judge", HAR, "--provider", "buble"])
    within = status(["judge", HAR, "--provider", "buble", "--out", "run"])

    assert (without, within) == (0, 0)
    assert (tmp_path / "run" / "harness.sarif").is_file()


def test_judged_traffic_without_a_folder_has_no_place_for_a_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = status(["judge", "no-such.har", "--format", "github"])

    assert code == 2
    assert "there is no folder to write it into (name one with --out DIR)" in (
        capsys.readouterr().err
    )
