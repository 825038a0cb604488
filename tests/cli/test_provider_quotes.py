"""`harness providers validate --documents`, and where the documents' own words are printed."""

import json
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.shipped import FOLDER
from tests.spec import small
from tests.spec.importing.documents import body, document, written

KEY_LINE = 'env = "SMALL_API_KEY"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A TOML that quotes a page, which says something else."""
    (tmp_path / "page.txt").write_text("Every request carries\nthe key in X-Key.", "utf-8")
    path = tmp_path / "small.toml"
    quote = 'quote = "Every request carries the key in X-Api-Key."\n'
    path.write_text(small.TOML.replace(KEY_LINE, f"{KEY_LINE}{quote}", 1), "utf-8")
    return path


def test_a_quote_that_is_not_in_the_document_is_a_mistake_with_the_nearest_text(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["providers", "validate", str(file), "--documents", str(file.parent)])
    told = capsys.readouterr()

    assert code == 2
    assert ": auth.quote: page.txt does not say 'Every request carries the key" in told.err
    assert 'write "Every request carries the key in X-Key."' in told.err
    assert "quotes looked for: 1, not in their documents: 1" in told.out


def test_without_documents_no_quote_is_looked_for(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["providers", "validate", str(file)])

    assert code == 0
    assert "quotes" not in capsys.readouterr().out


def test_as_json_the_counts_stand_beside_the_mistakes(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(file.parent)

    code = status(["providers", "validate", str(file), "--documents", folder, "--json"])
    (told,) = json.loads(capsys.readouterr().out)

    assert code == 2
    assert (told["quotes"]["quoted"], told["quotes"]["compared"]) == (1, 1)
    assert told["quotes"]["absent"] == {}
    assert [mistake["key"] for mistake in told["mistakes"]] == ["auth.quote"]


def test_documents_that_are_not_there_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(FOLDER / "buble.toml")

    code = status(["providers", "validate", file, "--documents", str(tmp_path)])
    told = capsys.readouterr().out

    assert code == 0
    assert "000_8bed2a061057bd89.txt is not there: quotes of it that were not looked for: " in told
    assert "quotes looked for: 0" in told


def test_an_imported_file_agrees_with_its_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, document(body({"n": {"type": "integer", "maximum": 4}})))
    status(["providers", "import", "acme.json", "--out", "images.toml"])

    code = status(["providers", "validate", "images.toml", "--documents", "."])

    assert code == 0
    assert "not in their documents: 0" in capsys.readouterr().out


def test_show_tells_each_sentence_once_with_the_rules_that_rest_on_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status(["providers", "show", "sub2api"])
    told = capsys.readouterr().out

    pixels = '"Total pixels must be between `655360` and `8294400`.": 001_5b0aab872a4ee831.txt: '
    assert f"{pixels}Size Constraints (size.min_pixels, size.max_pixels)" in told
    assert told.count(pixels) == 2  # of generate and of edit
    assert 'said of latency: jpeg is usually faster than png ("`jpeg` is usually' in told
