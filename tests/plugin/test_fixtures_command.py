"""`harness providers cassette`: the same recordings by the command line."""

from pathlib import Path

import pytest
from vcr.cassette import Cassette

from harness.cli.main import status


def test_a_recording_is_written_for_stock_vcrpy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "edit.yaml"
    words = ["--operation", "edit", "--conversations", "2", "--base-url", "https://gw.example/v9"]
    code = status(["providers", "cassette", "nanobanana", str(file), *words])
    cassette = Cassette.load(path=str(file))

    assert code == 0
    assert "4 round trips, 2 images, for https://gw.example/v9" in capsys.readouterr().out
    assert all(request.uri.startswith("https://gw.example/v9/") for request in cassette.requests)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["banana", "x.yaml"], "holds no recording of 'banana'"),
        (["../cassettes", "x.yaml"], "holds no recording of '../cassettes'"),
        (["buble", "x.yaml", "--operation", "paint"], "no recording of 'paint'"),
        (["buble", "x.yaml", "--base-url", "gw.example"], "gw.example"),
    ],
)
def test_what_cannot_be_written_is_a_line(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = status(["providers", "cassette", *words])

    assert code == 2
    assert told in capsys.readouterr().err
    assert not Path("x.yaml").exists()


def test_a_recording_without_an_image_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Path(__file__).parents[2] / "cassettes" / "nanobanana" / "generate.yaml"
    (tmp_path / "nanobanana").mkdir()
    (tmp_path / "nanobanana" / "generate.yaml").write_bytes(whole.read_bytes())
    words = ["--cassettes", str(tmp_path)]
    code = status(["providers", "cassette", "nanobanana", str(tmp_path / "x.yaml"), *words])

    assert code == 2
    assert "is missing" in capsys.readouterr().err
    assert not (tmp_path / "x.yaml").exists()
