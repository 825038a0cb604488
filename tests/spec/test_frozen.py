"""A frozen set: what was written is what is read, or it is refused in one line."""

import hashlib
import json
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.core.errors import UsageError
from harness.core.jsonvalue import digest
from harness.spec.catalogue import Catalogue, catalogue_of, entry_of_text, shipped_catalogue
from harness.spec.frozen import MANIFEST, FrozenDocuments, read_frozen, write_frozen

BUBLE = shipped_catalogue()["buble"]
OLD = BUBLE.text.replace("20_000", "19_000").replace("20000", "19000")


def freeze(folder: Path, *texts: str) -> FrozenDocuments:
    entries = [entry_of_text(text, "x.toml", kind="file", origin="x") for text in texts]
    write_frozen(
        folder,
        {entry.name: entry.text for entry in entries},
        {entry.name: entry.digest for entry in entries},
        day="2026-06-01",
        harness="0.1",
    )
    return FrozenDocuments(folder)


def frozen(folder: Path, *texts: str) -> Catalogue:
    return catalogue_of([freeze(folder, *texts)])


def test_the_documents_of_a_day_stay_when_those_that_ship_move_on(tmp_path: Path) -> None:
    catalogue = frozen(tmp_path / "then", OLD)

    entry = catalogue.entry("buble")
    assert (entry.text, entry.kind, entry.frozen) == (OLD, "frozen", "2026-06-01")
    assert entry != BUBLE
    assert "the documents frozen on 2026-06-01" in entry.origin
    assert [*catalogue] == [*shipped_catalogue()]
    assert catalogue.chosen() == ("buble",)
    assert catalogue.chosen(["openai"]) == ("openai",)


def test_a_run_planned_by_them_is_judged_by_the_copy_that_it_keeps(tmp_path: Path) -> None:
    today = catalogue_of()

    kept = today.with_copies({"buble": OLD}, {"buble": "2026-06-01"}).entry("buble")
    assert (kept.text, kept.kind, kept.frozen) == (OLD, "kept", "2026-06-01")
    assert today.with_copies({"buble": OLD}).entry("buble") is BUBLE
    given = frozen(tmp_path / "now", BUBLE.text)
    assert given.with_copies({"buble": OLD}, {"buble": "2026-06-01"}).entry("buble") == BUBLE


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "buble.toml").write_text("x"), "buble.toml was altered since"),
        (lambda folder: (folder / "buble.toml").unlink(), "buble.toml: No such file"),
        (lambda folder: (folder / MANIFEST).unlink(), "is no frozen set: it has no frozen.json"),
        (lambda folder: (folder / MANIFEST).write_text("{}"), "frozen.json: "),
        (lambda folder: (folder / MANIFEST).write_bytes(b"\xff"), "frozen.json: "),
        (
            lambda folder: (folder / MANIFEST).write_text(
                (folder / MANIFEST).read_text("utf-8").replace("2026-06-01", "2026-06-02"), "utf-8"
            ),
            "frozen.json was altered: its checksum differs",
        ),
    ],
    ids=["file", "missing", "no manifest", "empty manifest", "no text", "day"],
)
def test_what_was_altered_is_one_line_and_exit_code_2(
    spoil: "object", said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "frozen"
    freeze(folder, OLD)
    assert callable(spoil)
    spoil(folder)

    assert status(["providers", "list", "--frozen", str(folder)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_a_manifest_names_no_file_outside_of_its_folder(tmp_path: Path) -> None:
    freeze(tmp_path / "set", OLD)
    manifest = json.loads((tmp_path / "set" / MANIFEST).read_text("utf-8"))
    manifest["providers"] = {"../other": manifest["providers"]["buble"]}
    del manifest["checksum"]
    content = json.dumps({**manifest, "checksum": digest(manifest)})
    (tmp_path / "set" / MANIFEST).write_text(content, "utf-8")

    with pytest.raises(UsageError, match=r"frozen\.json"):
        read_frozen(tmp_path / "set")


def test_two_sets_that_hold_the_same_provider_are_refused(tmp_path: Path) -> None:
    both = [freeze(tmp_path / "a", OLD), freeze(tmp_path / "b", BUBLE.text)]
    with pytest.raises(UsageError, match="both hold 'buble'"):
        catalogue_of(both)


def test_a_frozen_toml_that_this_version_cannot_use_spoils_no_other(tmp_path: Path) -> None:
    openai = shipped_catalogue()["openai"].text
    freeze(tmp_path / "set", openai, OLD)
    unknown = OLD.replace('name = "buble"', 'name = "buble"\nof_later = 1')
    manifest = json.loads((tmp_path / "set" / MANIFEST).read_text("utf-8"))
    (tmp_path / "set" / "buble.toml").write_text(unknown, "utf-8")
    manifest["providers"]["buble"]["sha256"] = hashlib.sha256(unknown.encode()).hexdigest()
    del manifest["checksum"]
    (tmp_path / "set" / MANIFEST).write_text(
        json.dumps({**manifest, "checksum": digest(manifest)}), "utf-8"
    )
    catalogue = catalogue_of([FrozenDocuments(tmp_path / "set")])

    assert catalogue.chosen() == ("openai",)
    (said,) = catalogue.left_out()
    assert said.startswith("buble is left out: ")


def test_freeze_writes_what_plan_and_explain_go_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "set"
    assert status(["providers", "freeze", str(folder), "--provider", "buble"]) == 0
    assert status(["providers", "freeze", str(folder)]) == 2
    told = capsys.readouterr()
    assert "buble" in told.out
    assert "is not empty" in told.err
    then = str(freeze(tmp_path / "then", OLD).folder)

    long = "x" * 19_500
    assert status(["explain", "--frozen", str(folder), "--prompt", long]) == 0
    assert status(["explain", "--frozen", then, "--prompt", long]) == 1
