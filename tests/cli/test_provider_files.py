"""`harness providers import` and `new` as they are typed."""

import json
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.spec.load import load_provider_file
from tests.spec.importing.documents import body, document, written


def asked(*arguments: str) -> int:
    return status(["providers", *arguments])


def test_new_writes_a_valid_file_and_says_what_to_run_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    code = asked("new", "acme", "--like", "sub2api")
    told = capsys.readouterr().out

    assert code == 0
    assert load_provider_file(tmp_path / "acme.toml").name == "acme"
    assert "harness providers validate acme.toml" in told
    assert "harness providers try acme.toml" in told
    assert "harness plan --spec acme.toml" in told
    assert asked("validate", "acme.toml") == 0


def test_new_begins_from_a_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked("new", "acme", "--like", "buble")

    code = asked("new", "other", "--like", "acme.toml", "--out", "mine.toml")

    assert code == 0, capsys.readouterr().err
    assert load_provider_file(tmp_path / "mine.toml").auth.env == "OTHER_API_KEY"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["new", "Acme-Images", "--like", "buble"], "acme_images would do"),
        (["new", "1acme", "--like", "buble"], "is no name for a provider"),
        (["new", "acme", "--like", "bubel"], "did you mean buble?"),
        (["new", "acme", "--like", "missing.toml"], "No such file"),
        (["import", "missing.json"], "No such file"),
        (["import", "acme.json", "--where", "model"], "write FIELD=VALUE"),
        (["import", "acme.json", "--operation", "makeImages"], "near ones: makeImage"),
        (["import", "acme.json", "--operation", "GET:/images"], "near ones: POST:/images"),
        (["import", "acme.json", "--name", "A B"], "a_b would do"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: list[str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, document(body({"n": {"type": "integer"}})))

    code = asked(*arguments)
    told = capsys.readouterr().err

    assert code == 2
    assert why in told
    assert len(told.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acme.json"]


@pytest.mark.parametrize("verb", ["new", "import"])
def test_a_file_that_is_there_is_kept(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, document(body({})))
    (tmp_path / "acme.toml").write_text("mine", encoding="utf-8")

    arguments = (
        ["acme", "--like", "buble"] if verb == "new" else ["acme.json", "--out", "acme.toml"]
    )

    assert asked(verb, *arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "acme.toml").read_text(encoding="utf-8") == "mine"


def test_import_prints_the_toml_and_tells_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, document(body({"n": {"type": "integer", "multipleOf": 2}})))

    code = asked("import", str(path))
    told = capsys.readouterr()

    assert code == 0
    assert "[operations.generate.arguments.n]" in told.out
    assert "no rule says multipleOf 2" in told.err
    assert "no price is said" in told.err
    assert json.loads(path.read_text(encoding="utf-8"))["openapi"] == "3.1.0"


def test_import_writes_a_file_that_validates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, document(body({"n": {"type": "integer", "maximum": 4}})))

    code = asked("import", "acme.json", "--out", "images.toml")

    assert code == 0
    assert "harness providers validate images.toml" in capsys.readouterr().out
    assert load_provider_file(tmp_path / "images.toml").name == "images"
