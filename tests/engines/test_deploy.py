"""The commands of the manifests in `deploy/`, taken out of them and run as plain processes."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.main import status
from harness.store.reader import read_run
from tests.loopback import HUNG_S
from tests.runner.processes import KEYS, Emulator, environment

DEPLOY = Path(__file__).parents[2] / "deploy"


def _loaded(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return loaded


def _container(name: str) -> tuple[list[str], dict[str, str]]:
    """Return what a Job's container runs, and its environment."""
    (one,) = _loaded(name)["spec"]["template"]["spec"]["containers"]
    return [*one["command"], *one["args"]], {each["name"]: each["value"] for each in one["env"]}


def _run(command: list[str], tmp_path: Path, env: dict[str, str]) -> int:
    """Run a container's shell as a process; the harness that it calls runs in this one."""
    bin_path, called = tmp_path / "bin", tmp_path / "called"
    bin_path.mkdir(exist_ok=True)
    harness = bin_path / "harness"
    harness.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >{shlex.quote(str(called))}\n")
    harness.chmod(0o755)
    found = environment(**env, PATH=f"{bin_path}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(command, env=found, cwd=tmp_path, timeout=HUNG_S, check=False)
    return done.returncode or status(called.read_text().split("\0")[:-1])


def test_a_pod_is_never_started_again() -> None:
    for name in ("slices.yaml", "merge.yaml"):
        spec = _loaded(name)["spec"]

        assert spec["backoffLimit"] == 0
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
    spec = _loaded("slices.yaml")["spec"]
    _, env = _container("slices.yaml")

    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == int(env["SLICES"])


def test_no_manifest_holds_a_key() -> None:
    (one,) = _loaded("slices.yaml")["spec"]["template"]["spec"]["containers"]
    step = _step("slice", "run")

    assert one["envFrom"] == [{"secretRef": {"name": "harness-keys"}}]
    assert not [each for each in one["env"] if each["name"].endswith("KEY")]
    assert step["env"]["APIFRAME_API_KEY"] == "${{ secrets.APIFRAME_API_KEY }}"


def _step(job: str, name: str) -> dict[str, Any]:
    steps = _loaded("github-matrix.yml")["jobs"][job]["steps"]
    (step,) = [each for each in steps if each.get("name") == name]
    return dict(step)


def test_a_pod_runs_its_slice_and_another_joins_them(
    shop: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    command, env = _container("slices.yaml")
    merging, _ = _container("merge.yaml")
    env |= {"RUNS": str(tmp_path), "SLICES": "1", "JOB_COMPLETION_INDEX": "0"}
    env |= {"PROVIDER": "nanobanana", "BASE_URL": shop.urls["nanobanana"], "MAX_IMAGES": "1"}
    code = _run(command, tmp_path, env)
    merged = _run(merging, tmp_path, env)

    assert (code, merged) == (0, 0)
    (part,) = read_run(tmp_path / env["RUN"] / "whole").header.parts
    assert (str(part.slice), part.vantage) == ("1/1", "here")


def test_a_job_of_the_matrix_sends_what_a_pod_does() -> None:
    pod, _ = _container("slices.yaml")
    job = _step("slice", "run")["run"]

    assert _flags(pod[-1]) - {"--resume", "--vantage"} == _flags(job)
    assert "case $code in 0|1|4) exit 0 ;; esac" in pod[-1]
    assert "case $code in 0|1|4) exit 0 ;; esac" in job
    assert 'harness merge slices/*-of-"$SLICES" --out whole' in _step("merge", "merge")["run"]


def _flags(script: str) -> set[str]:
    return {word for word in script.split() if word.startswith("--")}
