"""What ARCHITECTURE.md and README.md say, held against the code."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli.main import cli
from harness.core import errors
from tests.shipped import FOLDER, NAMES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_import_contract_holds() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]

    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    contracts = len(PYPROJECT["tool"]["importlinter"]["contracts"])
    assert done.returncode == 0, done.stdout
    assert f"Contracts: {contracts} kept, 0 broken." in done.stdout


def _layers_of(container: str) -> dict[str, Any]:
    contracts: list[dict[str, Any]] = PYPROJECT["tool"]["importlinter"]["contracts"]
    (held,) = [one for one in contracts if one.get("containers") == [container]]
    return held


def _layers(lines: list[str]) -> list[set[str]]:
    return [set(re.split(r"\s*\|\s*", line.strip())) for line in lines]


def test_the_layers_of_architecture_are_those_of_the_contract() -> None:
    section = ARCHITECTURE.split("## Layers")[1].split("\n## ")[0]
    written = [line for line in section.splitlines() if line.startswith("    ")]
    held = _layers_of("harness")

    assert _layers(written) == _layers(held["layers"])
    assert held["exhaustive"] is True


def test_every_module_of_the_package_has_its_place_in_the_layers() -> None:
    held = _layers_of("harness")
    modules = {path.stem for path in (ROOT / "harness").glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in (ROOT / "harness").glob("*/__init__.py")}

    assert set().union(*_layers(held["layers"])) == modules | packages


def test_every_package_with_sub_packages_has_a_contract_of_its_own() -> None:
    packages = {path.parent for path in (ROOT / "harness").glob("*/*/__init__.py")}
    nested = {path.parent.name for path in packages} - {"harness"}

    assert nested == {
        "adaptive",
        "cli",
        "comparing",
        "emulator",
        "pytest_plugin",
        "report",
        "runner",
        "spec",
        "stats",
        "transport",
    }
    for name in nested:
        assert _layers_of(f"harness.{name}")["exhaustive"] is True


def test_architecture_fits_its_page() -> None:
    assert len(ARCHITECTURE.splitlines()) <= 100


def _commands() -> list[list[str]]:
    """Return every `harness ...` line of the README: in code blocks, and in a line of text."""
    joined = README.replace("\\\n", " ")
    blocks = re.findall(r"^ {4}(?:\S*bin/)?(harness [^\n#]*)", joined, re.MULTILINE)
    spans = re.findall(r"`(harness [^`]*)`", joined)
    return [shlex.split(line)[1:] for line in dict.fromkeys((*blocks, *spans))]


def test_the_readme_shows_commands() -> None:
    verbs = {words[0] for words in _commands()}

    assert verbs >= {"run", "plan", "judge", "report", "emulate", "providers"}


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_every_command_of_the_readme_is_known(words: list[str]) -> None:
    if not_there_yet(words):
        return
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        assert rest[0] in command.commands, f"no verb {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    if command.name == "emulate":
        known |= {"--list-faults", "--json", "--port", "--fault", "--variant", "--time-scale"}

    assert {word for word in rest if word.startswith("--")} <= known


def not_there_yet(words: list[str]) -> bool:
    """Tell whether the README itself says that a verb is still missing."""
    section = " ".join(README.split("## Not there yet")[1].split("\n## ")[0].split())
    return f"`harness {words[0]}`" in section and "not exist" in section


def test_every_verb_stands_in_the_readme() -> None:
    assert set(cli.commands) == {words[0] for words in _commands()}


def test_the_readmes_exit_codes_are_those_of_the_errors() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert codes == {0, 1, 2, 3, 4, 130, 141}
    assert {errors.UsageError.exit_code, errors.StoreError.exit_code} <= codes


@pytest.mark.parametrize("name", NAMES)
def test_every_provider_has_its_promises_its_cassettes_and_its_key_in_the_readme(
    name: str,
) -> None:
    assert (FOLDER / f"{name}.toml").is_file()
    assert (ROOT / "cassettes" / name / "generate.yaml").is_file()
    assert (ROOT / "cassettes" / name / "plan.json").is_file()
    assert f"`{name.upper()}_API_KEY`" in README


def test_no_other_folder_lies_among_the_cassettes() -> None:
    assert {path.name for path in (ROOT / "cassettes").iterdir()} == set(NAMES)


def test_each_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z]+)\b(?= |`|\n|$)", README)) & {"demo", "test"}
    assert set(re.findall(r"(?:`| {4})make ([a-z]+)", README)) <= targets
