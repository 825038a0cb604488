"""The recipes for GitLab, Jenkins, pre-commit and systemd, run from an empty directory."""

import configparser
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.main import cli
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
def recorded(machine: Machine, first: dict[str, str]) -> Path:
    """The folder of what the action recorded: few requests, and a broken promise."""
    assert first["exit-code"] == "1"
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

    assert code == 1, machine.said
    assert (machine.work / artifacts["reports"]["junit"]).is_file()
    assert (machine.work / artifacts["paths"][0] / "index.html").is_file()
    assert installed.count(" install ") == 2


def test_gitlabs_canary_is_within_a_budget_and_keeps_what_it_knows() -> None:
    canary = GITLAB["canary"]
    (line,) = canary["script"]

    assert "--against live" in line
    assert '--max-images "$MAX_IMAGES"' in line
    assert {Path(path).name for path in canary["cache"]["paths"]} == {"state.json", "baselines"}
    assert canary["cache"]["when"] == canary["artifacts"]["when"] == "always"
    assert canary["resource_group"]


def test_jenkins_replays_as_gitlab_does_and_reads_the_report(tmp_path: Path) -> None:
    lines = re.findall(r"sh '(.*)'", JENKINS)
    (junit,) = re.findall(r"testResults: '(.*?)'", JENKINS)
    replay = harness_line(lines)
    machine = Machine(tmp_path / "machine", variables={"HARNESS_REF": "REF"})
    machine.command("python3", QUICK)
    machine.command("git", CLONE)
    codes = [machine.run(line, OTHERS) for line in lines if line != replay]

    assert set(codes) == {0}, machine.said
    assert (machine.work / replay.split()[0]).exists()
    assert replay.split()[1:] == harness_line(GITLAB["replay"]["script"]).split()[1:]
    assert junit == GITLAB["replay"]["artifacts"]["reports"]["junit"]


def test_a_canary_is_a_command_that_is_understood() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign] # systemd's names have capitals
    unit.read(RECIPES / "systemd" / "harness-canary.service")
    told = (RECIPES / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    (from_cron,) = re.findall(r"(harness watch .*?)` \(mail", told)
    variables = {"$PROVIDER_URL": "https://a.example", "$PROVIDER": "sub2api", "$MAX_IMAGES": "9"}
    of_gitlab = harness_line(GITLAB["canary"]["script"])
    for name, text in variables.items():
        of_gitlab = of_gitlab.replace(name, text)
    for line in (of_gitlab, unit["Service"]["ExecStart"], from_cron):
        _, verb, *words = shlex.split(line)
        context = cli.commands[verb].make_context(verb, words)

        assert verb == "watch"
        assert context.params["folder"]


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
