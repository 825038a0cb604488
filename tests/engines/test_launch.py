"""`--on` by its name; without it nothing of an engine is imported."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import cli
from harness.core.errors import UsageError
from harness.engines.launch import open_engine, run_slices
from harness.planning.options import Distribution, Options, Output, Target
from tests.loopback import HUNG_S

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
    program = (
        "import sys; from harness.cli.main import status;"
        "status(['run', '--provider', 'nobody']);"
        "print([n for n in sys.modules if n.startswith('harness.engines') or n == 'ray'],"
        " file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HUNG_S, check=False
    )

    assert done.stderr.splitlines()[-1] == "[]"


def test_how_many_slices_is_no_question_without_an_engine() -> None:
    with pytest.raises(UsageError, match="--slices and --vantages are an engine's"):
        cli.main(["run", "--slices", "2"], standalone_mode=False)
