"""`--on` by its name; without it nothing of an engine is imported."""

import importlib.util
import re
from pathlib import Path

import pytest

from harness.cli.main import cli
from harness.core.errors import UsageError
from harness.engines import launch
from harness.engines.launch import open_engine, run_slices
from harness.planning.options import Distribution, Options, Output, Target

HARNESS = Path(launch.__file__).parents[1]
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
    with pytest.raises(UsageError, match=r"pip install 'image-provider-harness\[ray\]'"):
        run_slices(options)

    assert not (tmp_path / "run").exists()


def test_a_replay_is_not_for_an_engine() -> None:
    with pytest.raises(UsageError, match="a replay sends nothing"):
        run_slices(Options(distribution=Distribution(on="ray", slices=2)))


def test_nothing_of_an_engine_is_imported_without_on() -> None:
    own = {*(HARNESS / "engines").rglob("*.py"), HARNESS / "cli" / "on_engine.py"}
    eager = re.compile(r"(?m)^(?:from|import) (?:ray|harness\.engines|harness\.cli\.on_engine)\b")
    files = [file for file in HARNESS.rglob("*.py") if file not in own]

    assert len(files) > 100
    assert [file for file in files if eager.search(file.read_text("utf-8"))] == []


def test_how_many_slices_is_no_question_without_an_engine() -> None:
    with pytest.raises(UsageError, match="--slices and --vantages are an engine's"):
        cli.main(["run", "--slices", "2"], standalone_mode=False)
