"""`--on` by its name; without it nothing of an engine is imported."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

import harness
from harness.cli.main import cli, status
from harness.core.errors import UsageError
from harness.engines.launch import open_engine, run_slices
from harness.planning.options import Distribution, Options, Output, Target

HARNESS = Path(harness.__file__).parent
ENGINE = re.compile(
    r"^(from|import) (ray|harness\.engines|harness\.cli\.on_engine)\b", re.MULTILINE
)
RAY_IS_THERE = importlib.util.find_spec("ray") is not None


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError, match="--on spark: no such engine"):
        open_engine(Options(distribution=Distribution(on="spark")))


@pytest.mark.skipif(RAY_IS_THERE, reason="Ray is installed here")
def test_ray_is_asked_for_where_it_is_not_installed(tmp_path: Path) -> None:
    options = Options(
        target=Target(against="emulator", providers=("nanobanana",)),
        output=Output(out=tmp_path / "run"),
        distribution=Distribution(on="ray", slices=2),
    )
    with pytest.raises(UsageError, match=r"image-provider-harness\[ray\]"):
        run_slices(options)

    assert not (tmp_path / "run").exists()


def test_a_replay_is_not_for_an_engine() -> None:
    with pytest.raises(UsageError, match="a replay sends nothing"):
        run_slices(Options(distribution=Distribution(on="ray", slices=2)))


def test_nothing_of_an_engine_is_imported_without_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ray", "harness.engines", "harness.engines.launch", "harness.cli.on_engine"):
        monkeypatch.setitem(sys.modules, name, None)  # so that it cannot be imported

    assert status(["run", "--provider", "nobody"]) == 2
    assert "unknown provider 'nobody'" in capsys.readouterr().err


def test_only_a_door_that_is_opened_late_leads_to_an_engine() -> None:
    """Whatever is imported as a module begins names none of them."""
    for file in HARNESS.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if ENGINE.search(text) and file.name != "on_engine.py":
            assert file.parent.name == "engines", file


def test_how_many_slices_is_no_question_without_an_engine() -> None:
    with pytest.raises(UsageError, match="--slices and --vantages are an engine's"):
        cli.main(["run", "--slices", "2"], standalone_mode=False)
