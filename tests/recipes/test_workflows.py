"""The workflows for GitHub, their scripts run as a runner runs them, from an empty directory."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.recipes.ci import ROOT, SCRIPTS, Machine, filled, loaded

FOLDER = ROOT / "recipes" / "github"
FILES = sorted(FOLDER.glob("*.yml"))
WORKFLOWS = {path.stem: loaded(path) for path in FILES}
OURS = "ORG/image-provider-harness@REF"
ACTION = loaded(ROOT / "action.yml")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")

pytestmark = pytest.mark.xdist_group("recipes")


def steps_of(workflow: str) -> list[dict[str, Any]]:
    (job,) = WORKFLOWS[workflow]["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    return steps


def git(machine: Machine, *words: str) -> None:
    command = [shutil.which("git") or "git", *words]
    subprocess.run(
        command, cwd=machine.work, env=machine.environment({}), check=True, capture_output=True
    )


@pytest.mark.parametrize("path", [*FILES, ROOT / "action.yml"], ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if "uses:" in line]
    others = [line for line in lines if OURS not in line]

    assert lines
    assert all(PINNED.search(line) for line in others)
    assert all(re.search(r"# v\d+\.\d+\.\d+$", line) for line in others)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_a_workflow_gives_the_action_is_an_input_of_it(workflow: str) -> None:
    given = [step.get("with", {}) for step in steps_of(workflow) if step.get("uses") == OURS]

    assert len(given) == 1
    assert given[0].keys() <= ACTION["inputs"].keys()
    assert "permissions" in WORKFLOWS[workflow]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_key_is_in_the_environment_of_the_one_step_that_needs_it(workflow: str) -> None:
    text = (FOLDER / f"{workflow}.yml").read_text()
    with_keys = [step for step in steps_of(workflow) if "secrets." in str(step)]

    assert len(with_keys) == text.count("secrets.") == (workflow == "canary")
    assert all(step["run"].startswith("code=0\nharness watch") for step in with_keys)
    assert "${{" not in "".join(step.get("run", "") for step in steps_of(workflow))


def test_a_replay_compares_with_what_is_committed(tmp_path: Path) -> None:
    (step,) = [step for step in steps_of("replay") if step.get("uses") == OURS]
    without = {name: filled(text, {}, tmp_path) for name, text in step["with"].items()}
    (tmp_path / "baseline.json").touch()
    (tmp_path / "known.toml").touch()
    committed = {name: filled(text, {}, tmp_path) for name, text in step["with"].items()}

    assert without == {"baseline": "", "known": ""}
    assert committed == {"baseline": "baseline.json", "known": "known.toml"}


@pytest.fixture
def provider() -> Iterator[str]:
    """The address of an emulated sub2api that plays a live one."""
    command = [str(SCRIPTS / "harness"), "emulate", "--json", "--time-scale", "0", "--until-eof"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        assert served.stdin is not None
        yield json.loads(served.stdout.readline())["providers"]["sub2api"]
        served.stdin.close()


def night(machine: Machine, provider: str) -> dict[str, int]:
    """Check out anew, run the canary's scripts, and return how each ended."""
    shutil.rmtree(machine.work)
    machine.work.mkdir()
    git(machine, "clone", "-q", str(machine.place / "origin.git"), ".")
    context = {"secrets.SUB2API_API_KEY": "sk-of-a-test", "vars.SUB2API_URL": provider}
    return {
        step["name"]: machine.step(step, context) for step in steps_of("canary") if "run" in step
    }


def test_a_canary_keeps_what_it_knows_on_a_branch_from_night_to_night(
    tmp_path: Path, provider: str
) -> None:
    machine = Machine(tmp_path / "machine", variables=dict(WORKFLOWS["canary"]["env"]))
    machine.variables["MAX_IMAGES"] = "93"  # few questions, and some on the first day of any month
    machine.install()
    origin = machine.place / "origin.git"
    git(machine, "init", "-q", "--bare", "-b", "main", str(origin))
    git(machine, "init", "-q", "-b", "main", ".")
    (machine.work / "README.md").write_text("a project\n")
    git(machine, "add", ".")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git(machine, *who, "commit", "-q", "-m", "Begin")
    git(machine, "push", "-q", str(origin), "main")
    first = night(machine, provider)
    first_said = machine.said
    kept = sorted(path.name for path in (machine.work / "canary").iterdir())
    second = night(machine, provider)
    shown = subprocess.run(
        [shutil.which("git") or "git", "ls-tree", "-r", "--name-only", "image-provider-canary"],
        cwd=origin,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()

    assert set(first.values()) == set(second.values()) == {0}, first_said + machine.said
    assert "README.md" not in kept
    assert {"baselines", "state.json"} <= set(kept)
    assert "nothing was sent" in machine.summary
    assert "state.json" in shown
    assert not [name for name in shown if name.startswith("runs/") or name == "README.md"]


def test_a_branch_that_cannot_be_read_ends_the_job_before_anything_is_sent(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", variables=dict(WORKFLOWS["canary"]["env"]))
    git(machine, "init", "-q", "-b", "main", ".")
    git(machine, "remote", "add", "origin", str(tmp_path / "gone.git"))
    (restore, *_) = [step for step in steps_of("canary") if "run" in step]
    code = machine.step(restore, {})

    assert code not in (0, 2)
    assert not (machine.work / "canary").exists()


@pytest.mark.skipif(find_spec("harness.conformance") is None, reason="it is not in this version")
def test_the_conformance_step_finds_a_test_for_each_promise(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine")
    machine.install()
    (step,) = [step for step in steps_of("conformance") if "run" in step]
    code = machine.run(step["run"], PROVIDER="sub2api", PYTEST_ADDOPTS="--collect-only -q")

    assert code == 0, machine.said
    assert "sub2api/generate/n.range" in machine.said
