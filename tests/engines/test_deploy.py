"""The commands of the manifests in `deploy/`, taken out of them and run by a shell."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli.main import status
from harness.store.reader import read_run
from tests.loopback import HUNG_S
from tests.runner.processes import KNOWN, emulator, environment

DEPLOY = Path(__file__).parents[2] / "deploy"


def _loaded(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return loaded


def _container(name: str) -> tuple[list[str], dict[str, str]]:
    """Return what a Job's container runs, and its environment."""
    (one,) = _loaded(name)["spec"]["template"]["spec"]["containers"]
    return [*one["command"], *one["args"]], {each["name"]: each["value"] for each in one["env"]}


def _shell(
    command: list[str], tmp_path: Path, env: dict[str, str], *, ends: int = 0
) -> tuple[int, list[str]]:
    """Run it where `harness` ends so; return its exit code, and what it calls `harness` with."""
    bin_path, words = tmp_path / "bin", tmp_path / "words"
    bin_path.mkdir(exist_ok=True)
    harness = bin_path / "harness"
    harness.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {words}\nexit {ends}\n")
    harness.chmod(0o755)
    found = environment(**env, PATH=f"{bin_path}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(command, env=found, cwd=tmp_path, timeout=HUNG_S, check=False)
    return done.returncode, words.read_text().splitlines()


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, env = _container("slices.yaml")
    merging, _ = _container("merge.yaml")
    monkeypatch.setenv("NANOBANANA_API_KEY", environment()["NANOBANANA_API_KEY"])
    with emulator("--time-scale", "0.001", *KNOWN) as shop:
        env |= {"RUNS": str(tmp_path), "SLICES": "1", "JOB_COMPLETION_INDEX": "0"}
        env |= {"PROVIDER": "nanobanana", "BASE_URL": shop.urls["nanobanana"], "MAX_IMAGES": "1"}
        sent = status(_shell(command, tmp_path, env)[1])
        merged = status(_shell(merging, tmp_path, env)[1])

    assert (sent, merged) == (0, 0)
    (part,) = read_run(tmp_path / env["RUN"] / "whole").header.parts
    assert (str(part.slice), part.vantage) == ("1/1", "here")
    folder = str(tmp_path / env["RUN"] / "1-of-1")
    assert _shell(command, tmp_path, env) == (0, ["run", "--resume", folder])


@pytest.mark.parametrize(("ends", "code"), [(0, 0), (1, 0), (4, 0), (2, 2), (3, 3), (130, 130)])
def test_a_pod_fails_where_its_slice_was_not_sent_whole(
    tmp_path: Path, ends: int, code: int
) -> None:
    command, env = _container("slices.yaml")
    env |= {"RUNS": str(tmp_path), "JOB_COMPLETION_INDEX": "1"}

    found, words = _shell(command, tmp_path, env, ends=ends)

    assert found == code
    assert words[words.index("--slice") + 1] == "2/4"


def test_a_job_of_the_matrix_sends_what_a_pod_does() -> None:
    pod, _ = _container("slices.yaml")
    job = _step("slice", "run")["run"]

    assert _flags(pod[-1]) - {"--resume", "--vantage"} == _flags(job)
    assert "case $code in 0|1|4) exit 0 ;; esac" in pod[-1]
    assert "case $code in 0|1|4) exit 0 ;; esac" in job
    assert 'harness merge slices/*-of-"$SLICES" --out whole' in _step("merge", "merge")["run"]


def _flags(script: str) -> set[str]:
    return {word for word in script.split() if word.startswith("--")}
