import json
import socket
import subprocess
import sys

import pytest

from harness.cli.main import status
from harness.spec.load import NAMES

KEYS = {"id", "operation", "expect", "breaks", "covers", "arguments", "request", "price"}


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a plan must send nothing")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("_offline")
def test_json_is_one_object_a_line_for_each_provider(capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["plan", "--json"])
    told = capsys.readouterr()
    plans = [json.loads(line) for line in told.out.splitlines()]

    assert code == 0
    assert told.err == ""
    assert [plan["provider"] for plan in plans] == list(NAMES)
    for plan in plans:
        assert plan["seed"] == 0
        for case in plan["cases"]:
            assert case.keys() >= KEYS
            assert case["expect"] in ("accept", "refuse", "observe")
            assert case["request"].keys() >= {"method", "path", "headers"}
            assert len(case["request"].keys() & {"json", "form"}) == 1
            assert case["price"].keys() == {"amount", "unit", "images"}
            assert not any("auth" in name.lower() for name in case["request"]["headers"])


def test_the_table_shows_every_case_and_ends_with_the_price(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    code = status(["plan", "--provider", "nanobanana"])
    told = capsys.readouterr().out

    assert code == 0
    assert "generate/n.range/refuse/2" in told
    assert "n=2" in told
    assert "no prompt" in told
    last = told.strip().splitlines()[-1]
    assert last.startswith("NanoBanana API: ")
    assert "at most 133 credits for one request" in last


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_table_keeps_to_the_terminals_width(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    status(["plan", "--provider", "buble"])
    rows = capsys.readouterr().out.splitlines()[:-1]

    assert max(map(len, rows)) <= int(columns)


def test_only_the_totals_are_shown_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    status(["plan", "--no-cases"])

    assert len(capsys.readouterr().out.splitlines()) == len(NAMES)


def test_the_same_seed_gives_the_same_plan_and_another_one_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = []
    for seed in ("7", "7", "8"):
        status(["plan", "--provider", "sub2api", "--json", "--seed", seed])
        printed.append(capsys.readouterr().out)

    assert printed[0] == printed[1] != printed[2]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_has_read_enough_is_no_error(form: list[str]) -> None:
    program = (
        f"from harness.cli.main import main; import sys; sys.argv[1:] = {['plan', *form]}; main()"
    )
    command = [sys.executable, "-c", program]
    plan = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert plan.stdout is not None
    assert plan.stderr is not None

    plan.stdout.read(10)
    plan.stdout.close()
    said = plan.stderr.read()
    plan.stderr.close()
    plan.wait(timeout=30)

    assert said == b""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--provider", "nano"], "unknown provider 'nano'"),
        (["--only", "benchmark"], "no benchmark plan yet"),
        (["--seed", "-1"], "--seed"),
        (["--sed", "1"], "--sed"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(["plan", *arguments])
    captured = capsys.readouterr()

    assert code == 2
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.startswith("harness: ")
    assert captured.err.count("\n") == 1
