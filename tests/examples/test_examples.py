"""Each example runs from an empty directory, by the commands of its README."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.forking import commands as commands_of_ours
from tests.loopback import HUNG_S

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
ENDINGS = {
    "acceptance": r"passed, \d+ skipped, 1 xfailed",
    "gateway_properties": "18 passed",
    "own_client": "6 passed",
}


def commands(readme: str) -> list[list[str]]:
    """Return what stands in the fenced `sh` blocks, a command a line."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    assert command[:3] == ["python", "-m", "pytest"]
    kept = {name: text for name, text in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run(
        [commands_of_ours() / "pytest", *command[3:]],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        timeout=HUNG_S,
        env={**kept, "HOME": str(folder), "PYTEST_ADDOPTS": "-p no:cov -p no:cacheprovider"},
    )


def test_there_is_an_ending_for_each_example() -> None:
    assert sorted(ENDINGS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_of_an_example_run_from_an_empty_directory(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    readme = (folder / "README.md").read_text("utf-8")
    ended = [run(command, folder) for command in commands(readme)]

    assert ended
    assert [each.returncode for each in ended] == [0] * len(ended), [each.stdout for each in ended]
    assert re.search(ENDINGS[name], ended[0].stdout)
    assert len(readme.splitlines()) <= 16
    assert all(len(line) <= 110 for line in readme.splitlines())
