import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.cli.main import status
from harness.report.summary_schema import SCHEMA_FILE
from tests.shipped import NAMES
from tests.slow import some_in_ci

HERE = Path(__file__).parents[1] / "runner" / "recordings"
TAPE = str(HERE / "sub2api.vcrpy.yaml")
FINE = str(HERE / "sub2api.ruby.yml")
JOBS = str(HERE / "buble.har")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_broken_promises_are_told_with_their_rules(capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["judge", TAPE, "--provider", "sub2api"])
    told = capsys.readouterr()

    assert code == 1
    assert "n.range" in told.out
    assert "outside sub2api's documents, yet served 11 images: 11 x png 1024x1024" in told.out
    assert "outside sub2api's documents, yet served 1 image: png" in told.out
    assert "outside sub2api's documents: model.one_of (gpt-image-1)" in told.out
    assert "style: not a documented parameter" in told.out
    assert "2 promises broken" in told.err


def test_the_report_names_the_host_that_answered(capsys: pytest.CaptureFixture[str]) -> None:
    status(["judge", JOBS, FINE, "--provider", "sub2api"])
    told = capsys.readouterr().err

    assert "recorded at images.example.org" in told
    assert "what follows is about images.example.org" in told


def test_the_providers_own_host_needs_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["judge", JOBS, "--provider", "buble"])
    told = capsys.readouterr()

    assert code == 0
    assert "recorded at" not in told.err
    assert (
        "3 exchanges of buble: its documents say of 3 whether it is served, 0 only observed;"
        in told.err
    )


def test_other_endpoints_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    status(["judge", TAPE, "--provider", "sub2api"])
    told = capsys.readouterr().err

    assert "; 3 of other endpoints;" in told
    assert "#8 POST images.example.org/v1/chat/completions is no exchange" in told


def test_one_unreadable_file_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("interactions: [")
    missing = tmp_path / "missing.yaml"

    code = status(["judge", str(broken), FINE, str(missing), "--provider", "sub2api"])
    told = capsys.readouterr().err

    assert code == 0
    assert "broken.yaml: no recording" in told
    assert "missing.yaml: no recording: No such file" in told
    assert "2 files are no recordings" in told


@pytest.mark.parametrize("name", ["apiframe", "nanobanana"])
def test_files_without_an_exchange_of_the_provider_end_with_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    code = status(["judge", TAPE, "--provider", name, "--out", str(out)])

    assert code == 2
    assert f"no exchange of {name} in 1 file" in capsys.readouterr().err
    assert not (out / ".ballast").exists()


def test_files_of_which_none_is_a_recording_end_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.txt").write_text("hello")

    code = status(["judge", str(tmp_path / "x.txt"), "--provider", "sub2api"])

    assert code == 2
    assert "none of these files is a recording" in capsys.readouterr().err


def test_an_unknown_provider_ends_with_2_and_the_nearest_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = status(["judge", TAPE, "--provider", "sub2ap"])

    assert code == 2
    assert "did you mean sub2api?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[TAPE], ["--provider", "sub2api"]])
def test_a_file_and_a_provider_are_needed(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["judge", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_json_is_one_document_of_the_published_schema(capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["judge", TAPE, "--provider", "sub2api", "--json"])
    printed = json.loads(capsys.readouterr().out)

    assert code == 1
    Draft202012Validator(json.loads(SCHEMA_FILE.read_text())).validate(printed)
    assert {(one["constraint"], one["check"]) for one in printed["findings"]} == {
        ("n.range", "refuses_what_it_forbids"),
        ("quality.one_of", "accepts_what_it_documents"),
    }


def test_a_run_folder_is_written_that_report_reads_to_the_same_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    first = status(["judge", TAPE, FINE, "--provider", "sub2api", "--out", str(out), "--json"])
    written = json.loads(capsys.readouterr().out)
    second = status(["report", str(out), "--json"])
    again = json.loads(capsys.readouterr().out)

    assert first == second == 1
    assert again["findings"] == written["findings"]
    assert again["verdicts"] == written["verdicts"]
    assert {"index.html", "summary.md", "summary.json", "junit.xml"} <= {
        p.name for p in out.iterdir()
    }
    assert list((out / "images").glob("*.png"))
    assert not (out / ".ballast").exists()


def test_harmless_traffic_ends_alike_when_it_is_reported_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    tape = json.loads((HERE / "sub2api.vcrpy.json").read_text())
    (request,) = tape["interactions"]
    asked = json.loads(request["request"]["body"])
    request["request"]["body"] = json.dumps({**asked, "style": "vivid", "n": 11})
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(tape))

    first = status(["judge", str(odd), FINE, "--provider", "sub2api", "--out", str(out)])
    second = status(["report", str(out)])

    assert first == second == 0, capsys.readouterr().err


def test_two_files_of_one_name_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        copies.append(str(tmp_path / folder / "tape.yml"))
        Path(copies[-1]).write_text(Path(FINE).read_text())
    out = tmp_path / "out"

    status(["judge", *copies, copies[0], "--provider", "sub2api", "--json", "--out", str(out)])
    first = {one["case"] for one in json.loads(capsys.readouterr().out)["verdicts"]}
    status(["report", str(out), "--json"])
    second = {one["case"] for one in json.loads(capsys.readouterr().out)["verdicts"]}

    assert first == second == {"generate/one/tape.yml#0", "generate/two/tape.yml#0"}


def test_a_folder_that_is_there_already_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    code = status(["judge", FINE, "--provider", "sub2api", "--out", str(tmp_path)])

    assert code == 2
    assert "is there already and not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_recordings_brackets_are_no_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = json.loads((HERE / "sub2api.vcrpy.json").read_text())
    (request,) = tape["interactions"]
    request["response"]["body"]["string"] = json.dumps(
        {"error": {"message": "[/red] is [bold]no[/bold] tag \x1b[31m", "param": "size"}}
    )
    odd = tmp_path / "[red]odd.json"
    odd.write_text(json.dumps(tape))

    code = status(["judge", str(odd), "--provider", "sub2api"])
    told = capsys.readouterr().out

    assert code == 0
    assert "[/red] is [bold]no[/bold] tag" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_table_keeps_to_the_terminals_width(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    status(["judge", FINE, JOBS, "--provider", "sub2api"])

    assert max(map(len, capsys.readouterr().out.splitlines())) <= int(columns)


def test_traffic_outside_the_documents_only_is_no_promise_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = json.loads((HERE / "sub2api.vcrpy.json").read_text())
    (request,) = tape["interactions"]
    asked = json.loads(request["request"]["body"])
    request["request"]["body"] = json.dumps({**asked, "model": "gpt-image-1", "size": "1024x1024"})
    request["response"] = {
        "status": {"code": 200, "message": "OK"},
        "headers": {},
        "body": {"string": json.dumps({"data": [{"b64_json": "<elided>"}]})},
    }
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(tape))

    code = status(["judge", str(odd), "--provider", "sub2api"])
    told = capsys.readouterr()

    assert code == 0
    assert "its documents say of 0 whether it is served, 1 only observed" in told.err
    assert told.err.endswith(
        "no promise broken: the documents do not say whether these requests are served, "
        "and 1 promise about the replies held\n"
    )


@pytest.mark.parametrize("name", some_in_ci(NAMES, ("sub2api", "buble")))
def test_our_own_emulators_cassette_convicts_nobody_and_says_nothing_about_the_provider(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cassette = Path(__file__).parents[2] / "cassettes" / name / "generate.yaml"

    code = status(["judge", str(cassette), "--provider", name])
    told = capsys.readouterr()

    assert code == 0
    assert "what follows says nothing about the provider" in told.err
    assert "it says nothing about the real providers" in " ".join(told.out.split())
    assert "127.0.0.1" not in told.err
