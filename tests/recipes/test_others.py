"""The recipes for GitLab, Jenkins, pre-commit and systemd, run from an empty directory."""

import configparser
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.recipes.ci import OTHERS, QUICK, ROOT, Machine, loaded, readme_installation

RECIPES = ROOT / "recipes"
GITLAB = loaded(RECIPES / "gitlab" / ".gitlab-ci.yml")
JENKINS = (RECIPES / "jenkins" / "Jenkinsfile").read_text(encoding="utf-8")
CLONE = """#!/bin/bash
test "$1" = clone
mkdir -p "${@: -1}"
"""

pytestmark = pytest.mark.xdist_group("recipes")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of few recordings of one provider."""
    machine = Machine(tmp_path_factory.mktemp("recorded") / "machine")
    machine.install()
    few = "--provider sub2api --max-images 1 --max-requests 5"
    code = machine.run(f"harness run --against emulator --record {few}", OTHERS)
    assert code == 0, machine.said
    return machine.work / "cassettes"


def machine_of(place: Path, recorded: Path, variables: dict[str, str]) -> Machine:
    """Return a machine whose git clones nothing and whose pip notes what it is asked for."""
    machine = Machine(place / "machine", variables=variables)
    shutil.copytree(recorded, machine.work / "cassettes")
    for name in ("python", "python3"):
        machine.command(name, QUICK)
    machine.command("git", CLONE)
    return machine


def same(line: str) -> str:
    """Return an installing line without what differs by place."""
    line = re.sub(r' -q\b|"|\$CI_PROJECT_DIR/|\.harness/', "", line)
    line = line.replace("$bin/python", ".venv/bin/python")
    return re.sub(r"-e \.harness$", "-e .", line)


def harness_line(lines: list[str]) -> str:
    """Return the one line that runs the harness, by its name alone."""
    (line,) = [line for line in lines if "bin/harness " in line]
    return line


def gitlab(machine: Machine, job: str, **more: str) -> int:
    """Run a job's scripts as GitLab's runner does: one after the other, in one shell."""
    lines: list[str] = [*GITLAB[".harness"]["before_script"], *GITLAB[job]["script"]]
    machine.variables |= {
        **GITLAB["variables"],
        "CI_PROJECT_DIR": str(machine.work),
        "CI_PIPELINE_SOURCE": "merge_request_event",
        **more,
    }
    return machine.run("\n".join(lines), OTHERS)


def test_gitlab_and_jenkins_install_by_the_steps_of_the_readme() -> None:
    of_gitlab = [same(line) for line in GITLAB[".harness"]["before_script"]]
    of_jenkins = [same(line) for line in re.findall(r"sh '(.*)'", JENKINS)]

    assert [line for line in of_gitlab if "python" in line] == [*readme_installation()]
    assert [line for line in of_jenkins if "python" in line] == [*readme_installation()]


def test_gitlab_replays_recordings_and_reads_the_report(tmp_path: Path, recorded: Path) -> None:
    machine = machine_of(tmp_path, recorded, {})
    code = gitlab(machine, "replay")
    artifacts: dict[str, Any] = GITLAB["replay"]["artifacts"]
    installed = (machine.place / "home" / "pip.log").read_text()

    assert code == 0, machine.said
    assert (machine.work / artifacts["reports"]["junit"]).is_file()
    assert (machine.work / artifacts["paths"][0] / "index.html").is_file()
    assert installed.count("pip install") == 2


def test_gitlabs_canary_is_within_a_budget_and_keeps_what_it_knows() -> None:
    canary = GITLAB["canary"]
    (line,) = canary["script"]

    assert "--against live" in line
    assert '--max-images "$MAX_IMAGES"' in line
    assert {Path(path).name for path in canary["cache"]["paths"]} == {"state.json", "baselines"}
    assert canary["cache"]["when"] == canary["artifacts"]["when"] == "always"
    assert canary["resource_group"]


def test_jenkins_replays_recordings_and_reads_the_report(tmp_path: Path, recorded: Path) -> None:
    variables = {"HARNESS_REF": "REF", "HARNESS_REPOSITORY": "elsewhere"}
    machine = machine_of(tmp_path, recorded, variables)
    codes = [machine.run(line, OTHERS) for line in re.findall(r"sh '(.*)'", JENKINS)]
    (junit,) = re.findall(r"testResults: '(.*?)'", JENKINS)

    assert set(codes) == {0}, machine.said
    assert (machine.work / junit).is_file()


def test_the_watch_of_a_recipe_is_one_that_is_understood(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign] # systemd's names have capitals
    unit.read(RECIPES / "systemd" / "harness-canary.service")
    service = unit["Service"]["ExecStart"].replace("/opt/harness/.venv/bin/", "")
    machine = Machine(tmp_path / "machine")
    machine.install()
    machine.variables |= {
        **GITLAB["variables"],
        "PROVIDER_URL": "http://127.0.0.1:9",
        "SUB2API_URL": "http://127.0.0.1:9",
        "SUB2API_API_KEY": "sk-of-a-test",
    }
    lines = [service, harness_line(GITLAB["canary"]["script"]).replace("$bin/", "")]
    codes = [machine.run(f"{line} --dry-run", OTHERS) for line in lines]

    assert codes == [0, 0], machine.said
    assert shlex.split(service)[0] == "harness"


def test_a_repository_of_ours_has_the_hook_that_pre_commit_is_told() -> None:
    (repo,) = loaded(RECIPES / "pre-commit" / ".pre-commit-config.yaml")["repos"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    assert [hook["id"] for hook in repo["hooks"]] == [hook["id"] for hook in hooks]


def test_every_recipe_is_told_of() -> None:
    text = (RECIPES / "README.md").read_text(encoding="utf-8")
    files = [
        path.relative_to(RECIPES).as_posix()
        for path in RECIPES.rglob("*")
        if path.is_file() and path.name != "README.md"
    ]

    assert [name for name in files if f"`{name}`" not in text] == []
