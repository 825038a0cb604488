import json
from pathlib import Path

import pytest

from harness.cli.main import status
from tests.shipped import FOLDER, NAMES, shipped_provider


@pytest.mark.parametrize("columns", ["80", "120"])
def test_list_shows_every_provider_with_its_key(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    code = status(["providers", "list"])
    told = capsys.readouterr().out

    assert code == 0
    assert all(name in told and f"{name.upper()}_API_KEY" in told for name in NAMES)
    assert max(map(len, told.splitlines())) <= int(columns)


def test_list_as_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    status(["providers", "list", "--json"])
    printed = json.loads(capsys.readouterr().out)

    assert [one["name"] for one in printed] == list(NAMES)
    assert all(one["documented"] <= one["constraints"] for one in printed)


@pytest.mark.parametrize("name", NAMES)
def test_show_tells_every_constraint_with_its_source(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")

    code = status(["providers", "show", name])
    told = capsys.readouterr().out

    assert code == 0
    assert "prompt.required" in told
    assert ".txt: " in told
    assert "open: " in told


def test_show_of_an_unknown_provider_guesses(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["providers", "show", "bubble"]) == 2
    assert "did you mean buble?" in capsys.readouterr().err


def test_validate_checks_the_shipped_ones_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["providers", "validate"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(NAMES)


def test_validate_names_every_mistake_of_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = tmp_path / "fine.toml"
    fine.write_text((FOLDER / "buble.toml").read_text(encoding="utf-8"), encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    text = fine.read_text(encoding="utf-8").replace('title = "Buble"', 'titel = "Buble"', 1)
    wrong.write_text(text, encoding="utf-8")
    torn = tmp_path / "torn.toml"
    torn.write_text("name = ")

    code = status(["providers", "validate", str(fine), str(wrong), str(torn)])
    told = capsys.readouterr()

    assert code == 2
    assert "fine.toml: Buble, valid" in told.out
    assert "wrong.toml has 2 mistakes" in told.err
    assert "titel: unknown key" in told.err
    assert "torn.toml: not valid TOML" in told.err


def test_validate_of_a_missing_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["providers", "validate", str(tmp_path / "no.toml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_export_is_json_lines_with_sources(capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["providers", "export"])
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert code == 0
    assert [one["name"] for one in printed] == list(NAMES)
    for one in printed:
        prompt = one["operations"]["generate"]["arguments"]["prompt"]
        assert prompt["required"]["source"].partition(": ")[2]


def test_export_of_one_provider_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status(["providers", "export", "apiframe"])

    assert json.loads(capsys.readouterr().out)["name"] == "apiframe"


@pytest.mark.parametrize("name", NAMES)
def test_export_as_openapi_is_one_document(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["providers", "export", "--openapi", name])
    printed = json.loads(capsys.readouterr().out)

    assert code == 0
    assert printed["openapi"].startswith("3.1.")
    assert printed["info"]["title"] == shipped_provider(name).title
    assert all(one.path in printed["paths"] for one in shipped_provider(name).operations.values())


@pytest.mark.parametrize("names", [(), ("buble", "sub2api")])
def test_export_as_openapi_wants_one_name(
    names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["providers", "export", "--openapi", *names])
    told = capsys.readouterr()

    assert code == 2
    assert told.out == ""
    assert "harness providers export --openapi NAME" in told.err


def test_export_as_openapi_of_an_unknown_provider_guesses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(["providers", "export", "--openapi", "bubble"]) == 2
    assert "did you mean buble?" in capsys.readouterr().err


def test_show_tells_what_goes_with_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("buble", "apiframe", "sub2api"):
        assert status(["providers", "show", name]) == 0
    told = capsys.readouterr().out

    assert "upload first: POST /api/v1/files" in told
    assert "job: GET /v2/jobs/{id} every 2 s: QUEUED -> PROCESSING -> COMPLETED" in told
    assert "job: a repeated Idempotency-Key makes no second job" in told
    assert "webhook: to webhook_url, signed in X-Webhook-Signature" in told
    assert "events: image_edit.partial_image, image_edit.completed, error" in told
    assert "said of latency: about 15 s per generation on average" in told
