"""Runs of other days: each keeps its documents, and is not held to what these did not say."""

import shutil
from pathlib import Path

import pytest

from harness import Options, Output, Target, api
from harness.cli.main import status
from harness.core.errors import UsageError
from harness.runner.specs import documents_of
from harness.spec.catalogue import catalogue_of, entry_of_text, shipped_catalogue
from harness.spec.frozen import FrozenDocuments, write_frozen
from harness.store.line import HEADER
from harness.store.reader import read_run

SHIPPED = shipped_catalogue()["aimlapi"]
LIMIT = "prompt.max_length"
WITH_FAULTS = Path(__file__).parents[2] / "cassettes-with-faults"
"""Aimlapi's twin takes prompts that its documents forbid, in them."""


def freeze(folder: Path, text: str) -> FrozenDocuments:
    entry = entry_of_text(text, "aimlapi.toml", kind="file", origin="a test")
    texts = {"aimlapi": text}
    write_frozen(folder, texts, {"aimlapi": entry.digest}, day="2027-01-02", harness="0.2")
    return FrozenDocuments(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aimlapi") / "run"
    target = Target(providers=("aimlapi",), operations=("generate",))
    result = api.run(
        Options(target=target, output=Output(out=folder, cassettes=WITH_FAULTS)), environment={}
    )
    assert {shown.finding.constraint for shown in result.report.findings} == {LIMIT}
    return folder


def moved(*pairs: tuple[str, str]) -> str:
    text = SHIPPED.text
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return text


def test_a_run_keeps_the_toml_of_a_shipped_provider_apart(run: Path) -> None:
    assert (run / "documents" / "aimlapi.toml").read_text("utf-8") == SHIPPED.text
    assert not (run / "providers").exists()
    assert documents_of(read_run(run), catalogue_of()) == {"aimlapi": SHIPPED.text}


def test_a_promise_that_moved_is_not_scored_and_told_once(run: Path, tmp_path: Path) -> None:
    later = freeze(tmp_path / "later", moved(("characters = ", "characters = 1")))
    result = api.report(run, specs=[later])

    assert not result.report.findings
    assert result.exit_code == 0
    of_it = [word for word in result.report.verdicts if word.constraint == LIMIT]
    assert of_it
    assert {word.status for word in of_it} == {"skip"}
    (why,) = {word.why for word in of_it}
    assert why.startswith("not scored: prompt of generate: has at most 1")
    assert "(in the documents of 20" in why
    assert len([note for note in result.header.notes if why in note]) == 1
    others = api.report(run).report.verdicts
    kept = [word for word in result.report.verdicts if word.constraint != LIMIT]
    assert kept == [word for word in others if word.constraint != LIMIT]


def test_promises_that_did_not_move_are_scored_as_ever(run: Path, tmp_path: Path) -> None:
    dearer = freeze(tmp_path / "dearer", moved(("amount = ", "amount = 1")))
    result = api.report(run, specs=[dearer])

    assert {shown.finding.constraint for shown in result.report.findings} == {LIMIT}
    charged = [word for word in result.report.verdicts if word.check == "charges_the_list_price"]
    assert {word.status for word in charged} <= {"skip"}


def test_a_run_that_kept_nothing_says_that_the_documents_moved(run: Path, tmp_path: Path) -> None:
    old = shutil.copytree(run, tmp_path / "old")
    shutil.rmtree(old / "documents")
    later = freeze(tmp_path / "later", moved(("characters = ", "characters = 1")))
    stored = read_run(old)
    assert stored.documents == {}
    assert documents_of(stored, catalogue_of([later])) == {}

    result = api.report(old, specs=[later])
    assert (
        "which says something else than the TOML that the run was planned by"
        in (result.header.notes[-1])
    )


def test_documents_that_were_altered_are_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = shutil.copytree(run, tmp_path / "altered")
    place = altered / "documents" / "aimlapi.toml"
    place.write_text(SHIPPED.text.replace("characters = ", "characters = 1"), "utf-8")

    assert status(["report", str(altered), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "documents/aimlapi.toml was altered" in said
    assert said.count("\n") == 1
    place.unlink()
    place.symlink_to(run / "documents" / "aimlapi.toml")
    with pytest.raises(UsageError, match="symbolic link"):
        read_run(altered)


def test_a_run_by_a_frozen_set_says_so_and_is_judged_by_it_for_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    then = freeze(tmp_path / "then", SHIPPED.text)
    out = tmp_path / "out"
    where = ["--cassettes", str(WITH_FAULTS), "--out", str(out), "--operation", "generate"]
    assert status(["run", "--frozen", str(then.folder), *where]) == 1
    assert "by the documents frozen on 2027-01-02: aimlapi" in (out / HEADER).read_text("utf-8")
    assert (out / "providers" / "aimlapi.toml").read_text("utf-8") == SHIPPED.text
    assert not (out / "documents").exists()
    capsys.readouterr()

    result = api.report(out)
    assert result.header.frozen == {"aimlapi": "2027-01-02"}
    stored = read_run(out)
    entry = catalogue_of().with_copies(stored.specs, stored.header.frozen).entry("aimlapi")
    assert entry.kind == "kept"


def test_documents_of_a_day_stay_runnable_when_the_documents_move_on(tmp_path: Path) -> None:
    then = freeze(tmp_path / "then", moved(("characters = ", "characters = 1")))
    today, of_then = api.plan("aimlapi"), api.plan("aimlapi", specs=[then])

    def longest(plan: "api.Plan") -> int:
        prompts = (str(shot.case.arguments.get("prompt", "")) for shot in plan.shots)
        return max(map(len, prompts))

    assert longest(of_then) > longest(today)
