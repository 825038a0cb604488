"""`harness watch`: exit codes, what it prints and keeps, one call at a time."""

import json
from pathlib import Path

import pytest

from harness.cli.main import status
from harness.store.lock import locked
from harness.watching.files import STATE, STATUS

WATCH = ["--provider", "apiframe", "--against", "emulator"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HARNESS_WEBHOOK_URL", raising=False)


def test_a_dry_run_tells_the_price_and_sends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["watch", str(tmp_path), *WATCH, "--max-images", "60", "--dry-run"])
    told = capsys.readouterr().out

    assert code == 0
    assert "the month at most 60 images" in told
    assert "apiframe: today" in told
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--against", "emulator"], "add --provider"),
        (["--provider", "apiframe"], "cassettes do not change"),
        (
            [
                "--provider",
                "apiframe",
                "--against",
                "live",
                "--base-url",
                "apiframe=http://127.0.0.1:9",
            ],
            "needs a month's budget",
        ),
        ([*WATCH, "--budget", "apifrane=20"], "--budget apifrane: this watch asks no such"),
        ([*WATCH, "--today", "tomorrow"], "--today tomorrow"),
        ([*WATCH, "--webhook", "http://hooks.test/secret"], "not https"),
    ],
)
def test_wrong_usage_is_one_line(
    flags: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["watch", str(tmp_path), *flags])
    told = capsys.readouterr().err

    assert code == 2
    assert said in told
    assert len(told.strip().splitlines()) == 1
    assert "secret" not in told


def test_a_second_call_at_once_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(tmp_path, "harness watch"):
        code = status(["watch", str(tmp_path), *WATCH])

    assert code == 2
    assert "another harness watch is at" in capsys.readouterr().err


def test_a_used_up_budget_sends_nothing_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["watch", str(tmp_path), *WATCH, "--max-images", "0"])

    assert code == 0
    assert "used up: nothing was sent" in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()


def test_markdown_is_printed_with_its_lines_for_the_summary_of_ci(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status(["watch", str(tmp_path), *WATCH, "--max-images", "0", "--markdown"])

    assert capsys.readouterr().out == (tmp_path / STATUS).read_text("utf-8")


def test_a_broken_promise_is_alerted_once_and_a_lost_state_alerts_nothing_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["watch", str(tmp_path), *WATCH, "--max-images", "200", "--json"]
    broken = ["--fault", "apiframe:wrong_format"]
    ends = []
    for day, more in (("01", []), ("02", broken), ("03", broken)):
        if day == "03":
            (tmp_path / STATE).write_text('{"format": 1}', "utf-8")
        code = status([*call, "--today", f"2026-12-{day}", *more])
        ends.append((code, json.loads(capsys.readouterr().out)))

    assert [code for code, _ in ends] == [0, 1, 0]
    (message,) = ends[1][1]["messages"]
    assert "output_format" in message["text"]
    assert "# Alert of 2026-12-02" in (tmp_path / "alert.md").read_text("utf-8")
    notes = " ".join(ends[2][1]["notes"])
    assert "was lost or damaged" in notes
    assert "alerted on 2026-12-02, not resolved" in notes


def test_what_a_kill_left_undecided_is_alerted_by_the_next_call_and_only_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["watch", str(tmp_path), *WATCH, "--max-images", "200", "--json"]
    broken = ["--fault", "apiframe:wrong_format"]
    status([*call, "--today", "2026-12-01"])
    before = (tmp_path / STATE).read_bytes()
    first = status([*call, "--today", "2026-12-02", *broken])
    sent = [*(tmp_path / "runs").iterdir()]
    (tmp_path / STATE).write_bytes(before)  # as if nothing had been saved since
    capsys.readouterr()
    second = status([*call, "--today", "2026-12-02", *broken])
    told = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / STATE).read_bytes())

    assert (first, second) == (1, 1)
    assert sorted(tmp_path.joinpath("runs").iterdir()) == sorted(sent)
    assert "goes on with the canary of 2026-12-02" in " ".join(told["notes"])
    assert len(kept["alerted"]) == len(told["messages"][0]["changes"])
    assert told["spent"]["apiframe"]["images"] == sum(
        run["apiframe"]["images"] for run in kept["spent"].values()
    )


def test_a_known_deviation_is_no_alert_and_one_that_holds_again_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.toml"
    entry = """[[known]]
provider = "apiframe"
operation = "{}"
promise = "output_format.one_of"
check = "images_have_the_asked_format"
reason = "told in November"
expires = 2027-01-31
"""
    known.write_text("\n".join(map(entry.format, ("generate", "edit"))), "utf-8")
    call = ["watch", str(tmp_path / "watched"), *WATCH, "--max-images", "200", "--json"]
    call += ["--known", str(known)]
    ends = []
    for day, more in (("01", []), ("02", ["--fault", "apiframe:wrong_format"])):
        code = status([*call, "--today", f"2026-12-{day}", *more])
        ends.append((code, json.loads(capsys.readouterr().out)["notes"]))

    assert [code for code, _ in ends] == [0, 0]
    assert "stale: apiframe" in " ".join(ends[0][1])
    assert "stale: apiframe generate" not in " ".join(ends[1][1])
