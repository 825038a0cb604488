"""The action's steps, run as a runner of GitHub Actions runs them, from an empty directory."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.recipes.acting import ACTION, END, INSTALL, RUN, SMALL, UPLOAD, acted, inputs
from tests.recipes.ci import QUICK, ROOT, Machine, readme_installation

pytestmark = pytest.mark.xdist_group("recipes")


def test_it_installs_by_the_steps_of_the_readme_and_puts_the_harness_on_the_path(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path / "machine")
    machine.command("python", QUICK)
    context = {**inputs(only_install="true"), "github.action_path": "/action"}
    code = machine.step(INSTALL, context)
    installed = (machine.place / "github_path").read_text().strip()
    asked = (machine.place / "home" / "pip.log").read_text().replace(" -q", "")
    _, *wanted = [line.partition(" -m ")[2] for line in readme_installation()]

    assert code == 0, machine.said
    assert installed == context["steps.install.outputs.bin"]
    assert (Path(installed) / "harness").exists()
    assert asked.replace("/action/", "").replace(" /action", " -e .").splitlines() == [
        f"-m {line}" for line in wanted
    ]


def test_a_broken_promise_ends_with_1_after_all_is_written(
    machine: Machine, first: dict[str, str]
) -> None:
    summary = machine.summary

    assert first["exit-code"] == first["code"] == "1"
    assert "breaks 1 promise" in first["verdict"]
    assert (machine.work / first["report"] / "index.html").is_file()
    assert (machine.work / first["sarif"]).is_file()
    assert (machine.work / "baseline.json").is_file()
    assert "output_format.one_of" in summary


def test_with_a_baseline_what_changed_decides(machine: Machine, first: dict[str, str]) -> None:
    outputs = acted(
        machine,
        provider="sub2api",
        against="emulator",
        max_images="2",
        args=f"{SMALL}\n--fault\nsub2api:wrong_format",
        baseline="baseline.json",
        fail_on="broken",
        out="second",
    )

    assert first["report"] == "harness-report"
    assert outputs["exit-code"] == outputs["code"] == "0", machine.said
    assert outputs["verdict"] == first["verdict"]
    assert (machine.work / "second" / "diff" / "diff.md").is_file()
    assert (machine.work / "second" / "diff" / "diff.md").read_text() in machine.summary


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": '"; touch pwned; "\n$(touch pwned)\n`touch pwned`'}, "touch pwned"),
        ({"fail_on": "broken"}, "fail-on needs a baseline"),
    ],
)
def test_wrong_usage_ends_with_2_and_runs_nothing_of_what_it_was_given(
    tmp_path: Path, given: dict[str, str], said: str
) -> None:
    machine = Machine(tmp_path / "machine")
    (machine.place / "path" / "python").symlink_to(machine.place / "bin" / "python")
    context = {**inputs(**given), "steps.install.outputs.bin": str(machine.place / "path")}
    code = machine.step(RUN, context)

    assert code == 0, machine.said
    assert said in machine.said
    assert context["steps.run.outputs.exit-code"] == "2"
    assert "steps.run.outputs.report" not in context
    assert not [path.name for path in machine.work.iterdir()]


def test_every_input_and_output_is_used_and_told() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    steps = yaml.safe_dump(ACTION["runs"])

    assert all(about["description"] for about in ACTION["inputs"].values())
    assert [name for name in ACTION["inputs"] if f"inputs.{name}" not in steps] == []
    assert text.count("steps.run.outputs.exit-code") == 2


def test_what_uploads_and_ends_waits_for_what_runs() -> None:
    order: list[dict[str, Any]] = ACTION["runs"]["steps"]

    assert order.index(RUN) < order.index(UPLOAD) < order.index(END)
    assert UPLOAD["if"].startswith("always()")
