"""The README's offline commands, run as typed, in the order in which they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVES = ("harness emulate", "harness emulate --list-faults")
"""Commands that the README names in a line of text; the first never ends by itself."""

LIVE = {"live", "try"}
"""Words of a command that sends something to an address."""

ENDS_WITH = {"explain": {1}, "run": {0, 1}, "inspect": {1}, "report": {1}}
"""Exit codes other than 0: the request that is explained is refused, the fault is found (and found
again by the report), the image was drawn in another quality."""


def _blocks() -> list[str]:
    """Return the README's indented blocks, without their indent."""
    found = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", README, re.MULTILINE)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE).strip("\n") for block in found]


def _commands() -> list[str]:
    joined = "\n".join(_blocks()).replace("\\\n", " ")
    lines = [line.partition("#")[0].strip() for line in joined.splitlines()]
    ours = [line for line in lines if line.startswith("harness ")]
    return [line for line in ours if LIVE.isdisjoint(line.split())]


def _workload() -> str:
    (block,) = [block for block in _blocks() if block.startswith("[[workload]]")]
    return block


def test_the_readme_shows_something_offline_before_anything_live() -> None:
    first_live = README.index("--against live")

    assert README.index("harness run --against emulator") < first_live
    assert README.index("harness explain") < first_live
    assert len(_commands()) >= 8


def test_the_offline_commands_of_the_readme_run_as_typed(tmp_path: Path) -> None:
    (tmp_path / "cassettes").symlink_to(ROOT / "cassettes")
    (tmp_path / "work.toml").write_text(_workload(), encoding="utf-8")
    Image.new("RGB", (1024, 1024), "navy").save(tmp_path / "shop.png")
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}

    for command in _commands():
        done = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        wanted = ENDS_WITH.get(command.split()[1], {0})
        assert done.returncode in wanted, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        if command.startswith("harness inspect"):
            assert done.stdout.splitlines()[0] in README
        if "--fault" in command:
            assert done.returncode == 1
            assert "broken: sub2api generate output_format.one_of" in " ".join(done.stdout.split())


@pytest.mark.parametrize("block", [b for b in _blocks() if "from harness import" in b])
def test_the_python_of_the_readme_runs_as_typed(block: str, tmp_path: Path) -> None:
    (tmp_path / "cassettes").symlink_to(ROOT / "cassettes")

    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
