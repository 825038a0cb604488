"""`--format` at each verb: what is written, where it is said, and what is refused before a run."""

from pathlib import Path

import pytest

from harness.cli.main import status

SAMPLE = str(Path(__file__).parents[2] / "reports" / "sample")


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


def test_judged_traffic_without_a_folder_has_no_place_for_a_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = status(["judge", "no-such.har", "--format", "github"])

    assert code == 2
    assert "there is no folder to write it into (name one with --out DIR)" in (
        capsys.readouterr().err
    )
