"""The verbs as Python functions: what they return and raise, and that they never print."""

import asyncio
import json
import pydoc
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

import harness
from harness import (
    EmulatorOptions,
    Options,
    Output,
    ProgressListener,
    RunLimits,
    Target,
    UsageError,
    api,
    load_provider,
)
from harness.cli.main import status
from harness.core.jsonvalue import Json
from harness.planning.plan import plan_to_json
from tests.shipped import FOLDER, NAMES

ROOT = Path(__file__).parents[1]
CASSETTES = ROOT / "cassettes"
RECORDINGS = ROOT / "tests" / "runner" / "recordings"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The TOML of a provider that does not ship with the harness."""
    file = tmp_path / "mine.toml"
    text = (FOLDER / "sub2api.toml").read_text(encoding="utf-8")
    file.write_text(text.replace('name = "sub2api"', 'name = "mine"', 1), encoding="utf-8")
    return file


# ------------------------------------------------------------------------------------ names
def test_the_package_shows_its_public_names() -> None:
    assert set(harness.__all__) <= set(dir(harness))
    assert all(getattr(harness, name) is not None for name in harness.__all__)
    assert all(name in pydoc.render_doc(harness) for name in ("RunResult", "load_provider"))
    assert all(getattr(api, name).__doc__ for name in api.__all__)


@pytest.mark.parametrize(
    "first", ["harness.report", "harness.planning.plan", "harness.api", "harness.cli"]
)
def test_a_public_name_is_the_same_whatever_is_imported_first(first: str) -> None:
    program = (
        f"import {first}, harness, harness.report.compose, harness.planning.plan; "
        "import harness.api as api; "
        "print(all(getattr(harness, name) is getattr(api, name) "
        "for name in harness.__all__ if name not in ('api', '__version__')), "
        "harness.api is api, callable(api.report), callable(api.plan))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["True"] * 4


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'nothing'"):
        harness.nothing  # type: ignore[attr-defined]  # noqa: B018 - that is the question


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "harness", "--version"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"harness, version {harness.__version__}\n")


# -------------------------------------------------------------------------------- documents
def test_a_provider_is_loaded_by_its_name_or_from_a_file(mine: Path) -> None:
    assert load_provider("buble").name == "buble"
    assert load_provider(mine).name == load_provider(str(mine)).name == "mine"


@pytest.mark.parametrize(
    ("asked", "told"),
    [("bubl", "did you mean buble"), ("no/such", "No such file"), ("none.toml", "No such file")],
)
def test_a_provider_that_is_none_is_wrong_usage(asked: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as error:
        load_provider(asked)

    assert error.value.exit_code == 2


def test_a_plan_is_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    made = api.plan("nanobanana", seed=3, max_images=5)
    assert capsys.readouterr() == ("", "")

    typed = ["plan", "--provider", "nanobanana", "--seed", "3", "--max-images", "5", "--json"]
    assert status(typed) == 0
    printed = json.loads(capsys.readouterr().out)

    as_json = json.loads(json.dumps(plan_to_json(made)))
    assert printed == {**as_json, "budgets": printed["budgets"]}
    assert api.plan(load_provider("nanobanana"), seed=3, max_images=5) == made


def test_a_provider_that_does_not_ship_is_planned_and_judged_as_any_other(mine: Path) -> None:
    foreign = load_provider(mine)
    named = api.plan("mine", specs=[mine], max_images=2)

    plan = api.plan(foreign, max_images=2)
    assert (plan.provider, plan.shots) == ("mine", named.shots)
    judged = api.judge([RECORDINGS / "sub2api.ruby.yml"], foreign)
    assert [*judged.header.evidence] == ["mine"]
    assert judged.records
    with pytest.raises(UsageError, match="unknown provider 'mine'"):
        api.plan("mine")
    buble = load_provider("buble").model_copy(update={"title": "Another"})
    with pytest.raises(UsageError, match="buble is the name of a provider that ships"):
        api.plan(buble)


def test_a_request_is_explained_by_any_documents(mine: Path) -> None:
    refused = api.explain("nanobanana", {"size": "3840x1024", "n": 2})
    served = api.explain(load_provider(mine), {"n": 2})

    assert refused.verdict == "refused"
    assert [said.about for said in refused.breaks] == ["n.range", "size.max_ratio"]
    assert (served.provider, served.verdict) == ("mine", "accepted")


def test_a_body_is_explained_as_it_is() -> None:
    wire: dict[str, Json] = {"prompt": "a red fox", "model": "gpt-image-2", "n": 11}
    found = api.explain("sub2api", body=wire)
    over = api.explain("sub2api", {"n": 1}, body=wire)

    assert (found.operation, found.verdict) == ("generate", "refused")
    assert over.verdict == "accepted"
    with pytest.raises(UsageError, match="no request is given"):
        api.explain("sub2api")


# ------------------------------------------------------------------------------------- runs
def _replay(out: Path, *names: str) -> Options:
    return Options(target=Target(providers=names), output=Output(out=out, cassettes=CASSETTES))


def test_a_run_returns_what_the_command_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = api.run(_replay(tmp_path / "python", "aimlapi"))
    assert capsys.readouterr() == ("", "")

    where = ["--cassettes", str(CASSETTES), "--out", str(tmp_path / "typed")]
    code = status(["run", "--provider", "aimlapi", *where])
    printed = capsys.readouterr()

    assert (result.exit_code, result.why) == (code, "all promises that were tried held")
    assert result.why in printed.err
    assert result.folder == tmp_path / "python"
    assert (tmp_path / "python" / "index.html").exists()
    assert result.header.evidence.keys() == {"aimlapi"}
    assert result.report.verdicts
    with pytest.raises(FrozenInstanceError):
        result.exit_code = 0  # type: ignore[misc]  # it is frozen


def test_a_run_folder_is_judged_again_and_nothing_written(tmp_path: Path) -> None:
    first = api.run(_replay(tmp_path / "run", "aimlapi"))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}

    again = api.report(tmp_path / "run")
    written = api.report(tmp_path / "run", out=tmp_path / "new" / "report")

    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    assert after == before
    assert (again.folder, written.folder) == (None, tmp_path / "new" / "report")
    assert (tmp_path / "new" / "report" / "summary.json").exists()
    assert again.report.verdicts == first.report.verdicts
    assert again.exit_code == written.exit_code == first.exit_code


def test_a_ceiling_is_a_text_or_a_value_and_for_a_benchmark_only(tmp_path: Path) -> None:
    api.run(_replay(tmp_path / "run", "aimlapi"))

    with pytest.raises(UsageError, match="run is no benchmark"):
        api.report(tmp_path / "run", slo="p95<60s")


def test_recordings_of_others_are_judged_and_what_else_they_hold_is_told(tmp_path: Path) -> None:
    notes: list[str] = []

    result = api.judge(
        [RECORDINGS / "sub2api.vcrpy.yaml"], "sub2api", out=tmp_path / "out", note=notes.append
    )

    assert (result.exit_code, result.why) == (1, "2 promises broken")
    assert result.folder == tmp_path / "out"
    assert any("is no exchange that sub2api's documents describe" in note for note in notes)
    assert set(result.header.notes) < set(notes)
    assert api.report(tmp_path / "out").exit_code == 1


def test_a_live_run_without_a_budget_notes_its_price_and_sends_nothing(tmp_path: Path) -> None:
    notes: list[str] = []
    live = Options(
        target=Target(against="live", providers=("buble",)), output=Output(out=tmp_path / "run")
    )

    with pytest.raises(UsageError, match="a live run needs a budget for buble") as refused:
        api.run(
            live,
            watch=ProgressListener(noted=notes.append),
            environment={"BUBLE_API_KEY": "nobody"},
        )

    assert len(notes) == 1
    assert notes[0].startswith("Buble: ")
    assert re.fullmatch(r"--budget buble=\d+(\.\d+)?", refused.value.hint)
    assert not (tmp_path / "run").exists()


def test_keys_come_from_the_environment_and_stand_in_no_text() -> None:
    target = Target(against="live", keys={"buble": "secret"})

    with pytest.raises(UsageError, match="no key is set"):
        api.run(Options(target=target), environment={})
    assert "secret" not in repr(target)


def test_a_run_inside_an_event_loop_is_refused(tmp_path: Path) -> None:
    async def inside() -> None:
        api.run(_replay(tmp_path / "run", "aimlapi"))

    with pytest.raises(UsageError, match="a run has an event loop of its own"):
        asyncio.run(inside())


def test_a_run_in_another_thread_is_like_any(tmp_path: Path) -> None:
    async def beside() -> int:
        result = await asyncio.to_thread(api.run, _replay(tmp_path / "run", "aimlapi"))
        return result.exit_code

    assert asyncio.run(beside()) == 0


def test_what_is_recorded_is_replayed(tmp_path: Path) -> None:
    cassettes = Output(out=tmp_path / "run", cassettes=tmp_path / "cassettes", record=True)
    emulated = Options(
        target=Target(against="emulator", providers=("nanobanana",)),
        limits=RunLimits(max_images=5),
        emulator=EmulatorOptions(time_scale=0.0002),
        output=cassettes,
    )

    recorded = api.run(emulated)
    replayed = api.run(
        Options(
            target=replace(emulated.target, against="cassettes"),
            output=replace(cassettes, out=tmp_path / "again", record=False),
        )
    )

    assert recorded.notes == (f"recorded nanobanana: {tmp_path / 'cassettes' / 'nanobanana'}",)
    assert (recorded.exit_code, replayed.exit_code) == (0, 0)
    assert recorded.records
    assert len(replayed.records) == len(recorded.records)


def test_without_options_the_cassettes_of_all_providers_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes" / "acme").mkdir(parents=True)  # else the samples are replayed
    (tmp_path / "cassettes" / "acme" / "plan.json").write_text("{}")

    with pytest.raises(UsageError, match="cassettes holds no recording of buble, "):
        api.run()

    assert NAMES[0] == "buble"
