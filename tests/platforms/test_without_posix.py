"""Without what Windows does not have, every module imports, and a run and its reports work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.platforms.without_posix import is_no_name
from tests.tracked import tracked

SCRIPT = Path(__file__).with_name("without_posix.py")
COMMANDS = {
    "imports": 0,
    "plan --provider nanobanana --no-cases": 0,
    "run --provider apiframe --against emulator --max-images 4"
    " --max-requests 60 --fault apiframe:wrong_format_of_webp --record --cassettes recorded"
    " --frames --out run": 1,
    "report run --baseline baseline.json": 1,
    "diff baseline.json run": 0,
    "run --resume run": 1,
}
"""What is done without, and the exit code of each."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("here")


@pytest.fixture(scope="module")
def done(here: Path) -> "subprocess.CompletedProcess[str]":
    words = " + ".join(COMMANDS).split()
    environment = {"PATH": os.environ["PATH"], "HOME": str(here), "TERM": "dumb"}
    return subprocess.run(
        [sys.executable, SCRIPT, *words],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_imports_and_the_verbs_end_as_everywhere(
    done: "subprocess.CompletedProcess[str]",
) -> None:
    codes = json.loads(done.stdout[done.stdout.rindex("[") :])

    assert dict(zip(COMMANDS, codes, strict=True)) == COMMANDS, done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_written_has_names_that_windows_takes(
    done: "subprocess.CompletedProcess[str]", here: Path
) -> None:
    names = [path.relative_to(here).as_posix() for path in here.rglob("*")]
    refused = [name for name in names if any(is_no_name(part) for part in name.split("/"))]

    assert done.returncode == 0, done.stderr
    assert any(name.startswith("run/findings/") for name in names)
    assert any(name.startswith("recorded/apiframe/images/") for name in names)
    assert not refused


def test_this_project_can_be_checked_out_on_windows() -> None:
    names = tracked()
    refused = [name for name in names if any(is_no_name(part) for part in name.split("/"))]

    assert not refused
    assert len({name.lower() for name in names}) == len(names)
    assert max(map(len, names)) < 200


@pytest.mark.parametrize(
    "name", ["a:b", "con", "NUL.toml", "com1.json", "a.", "a ", 'say"', "x" * 256, "what?", "a\tb"]
)
def test_names_that_windows_refuses_are_told(name: str) -> None:
    refused = is_no_name(name)

    assert refused


@pytest.mark.parametrize("name", [".tmp-0a", "n.range", "console", "com10.json", "a-b_c.png"])
def test_names_that_windows_takes_are_not(name: str) -> None:
    refused = is_no_name(name)

    assert not refused
