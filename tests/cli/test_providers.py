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
    assert "wrong.toml has 1 mistake:" in told.err
    assert "wrong.toml:3: titel: unknown key; did you mean 'title'? allowed: name, t" in told.err
    assert "torn.toml:1: name: not valid TOML: Invalid value\n" in told.err


def test_validate_as_json_says_of_each_file_what_is_wrong_and_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FOLDER / "buble.toml").read_text(encoding="utf-8")
    wrong, latin = tmp_path / "wrong.toml", tmp_path / "latin.toml"
    wrong.write_text(text.replace('title = "Buble"', 'titel = "Buble"', 1), encoding="utf-8")
    latin.write_bytes('name = "caf\xe9"'.encode("latin-1"))
    missing = tmp_path / "none.toml"

    code = status(["providers", "validate", "--json", *map(str, (wrong, latin, missing))])
    told = capsys.readouterr()
    first, second, third = json.loads(told.out)

    assert code == 2
    assert "3 of 3 files cannot be used" in told.err
    assert first["mistakes"][0] | {"allowed": []} == {
        "line": 3,
        "key": "titel",
        "reason": "unknown key",
        "suggestion": "title",
        "allowed": [],
    }
    assert "title" in first["mistakes"][0]["allowed"]
    assert "perhaps Latin-1, where it is 'é'" in second["mistakes"][0]["reason"]
    assert third["error"].endswith("none.toml: No such file or directory")


def test_validate_tells_of_a_name_that_another_provider_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FOLDER / "buble.toml").read_text(encoding="utf-8")
    shipped, first, second = (tmp_path / f"{name}.toml" for name in ("shipped", "first", "second"))
    shipped.write_text(text.replace('title = "Buble"', 'title = "Mine"'), encoding="utf-8")
    for path in (first, second):
        path.write_text(text.replace('name = "buble"', 'name = "mine"'), encoding="utf-8")

    assert status(["providers", "validate", *map(str, (shipped, first, second))]) == 2
    told = capsys.readouterr()
    assert "first.toml: Buble, valid" in told.out
    ships = "shipped.toml:2: name: 'buble' is the name of a provider that ships with the harness"
    assert f'{ships}; write name = "my_buble"' in told.err
    assert f"second.toml:2: name: 'mine' is the name of the provider in {first}" in told.err


def test_the_schema_is_printed_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "provider.schema.json"

    assert status(["providers", "schema"]) == 0
    printed = capsys.readouterr().out
    assert status(["providers", "schema", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(printed)
    assert json.loads(printed)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


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
