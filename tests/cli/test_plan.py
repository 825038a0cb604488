import json
import math
import re
import socket
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len

from harness.cli.main import status
from harness.planning.plan import Limits
from tests.loopback import HUNG_S
from tests.plans import new_plan
from tests.shipped import NAMES

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
            assert case["price"].keys() - {"at_most"} == {"amount", "unit", "images"}
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
    whole, *operations = told.strip().splitlines()[-3:]
    assert whole.startswith("NanoBanana API: ")
    assert re.search(r"at most \d+ credits for one request$", whole)
    assert [line.split(":")[0] for line in operations] == [
        "nanobanana generate", "nanobanana edit",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_table_keeps_to_the_terminals_width(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    status(["plan", "--provider", "buble"])
    lines = capsys.readouterr().out.splitlines()
    sentences = next(n for n, line in enumerate(lines) if re.match(r"Buble: \d+ requests", line))

    assert max(map(cell_len, lines[:sentences])) <= int(columns)
    assert "pairs" in "".join(lines[:sentences])


def test_only_the_totals_are_shown_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    status(["plan", "--no-cases", "--provider", "buble", "--provider", "aimlapi"])
    told = capsys.readouterr().out

    assert "/base" not in told
    assert "/row/" not in told
    assert [told.count(f"{title}: what the money buys") for title in ("Buble", "AI/ML API")] == [
        1,
        1,
    ]


def budgets_of(capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    assert status(["plan", "--provider", "apiframe", "--json", *more]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["budgets"]
    return found


TWO = ("--budget", "apiframe=30", "--budget", "apiframe=250")


def test_a_budgets_line_says_what_its_plan_holds(capsys: pytest.CaptureFixture[str]) -> None:
    lines = budgets_of(capsys, *TWO)

    assert [line["budget"] for line in lines] == ["30 credits", "250 credits"]
    for line, amount in zip(lines, (30, 250), strict=True):
        plan = new_plan("apiframe", seed=0, limits=Limits(amount=Decimal(amount)))
        prices = [shot.price for shot in plan.shots]
        paid = sum(price.images > 0 for price in prices)
        waves = 1 + math.ceil((paid - 1) / 8)
        seconds = waves * 30 + (len(prices) - paid) * 0.5 / 8

        assert line["requests"] == len(prices)
        assert line["images"] == sum(price.images for price in prices)
        assert line["cost"] == {
            "amount": sum(price.amount for price in prices), "unit": "credit",
        }  # fmt: skip
        assert line["cost"]["amount"] <= amount
        assert line["minutes"] == round(seconds / 60, 2)
        for key, kind in (("rules", "refusals"), ("values", "values"), ("combinations",) * 2):
            each = [getattr(one, kind) for one in plan.coverage]
            assert line[key] == [sum(tried for tried, _ in each), sum(all_ for _, all_ in each)]


def test_the_table_of_budgets_shows_the_same_numbers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = budgets_of(capsys, *TWO)
    status(["plan", "--provider", "apiframe", "--no-cases", *TWO])
    told = capsys.readouterr().out

    for line in lines:
        cost = f"{line['cost']['amount']:g} credits"
        pairs = [f"{line[key][0]}/{line[key][1]}" for key in ("rules", "values", "combinations")]
        front = [line["budget"], str(line["requests"]), str(line["images"]), cost]
        found = re.search(r"\s+".join([*map(re.escape, front), "([0-9.]+)", *pairs]), told)
        assert found is not None
        assert float(found[1]) == pytest.approx(line["minutes"], abs=0.051)


def test_more_money_learns_more(capsys: pytest.CaptureFixture[str]) -> None:
    less, more = budgets_of(capsys, *TWO)

    assert less["combinations"][0] < more["combinations"][0]
    assert less["values"][0] < more["values"][0]
    assert less["rules"] == more["rules"]


def test_without_a_budget_usual_ones_are_compared_for_people_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert budgets_of(capsys) == []

    status(["plan", "--provider", "apiframe", "--no-cases"])
    told = capsys.readouterr().out
    for label in ("5 images", "20 images", "default", "all"):
        assert re.search(rf"^ +{label} +\d", told, re.MULTILINE)


def test_what_is_left_out_is_named_with_its_price(capsys: pytest.CaptureFixture[str]) -> None:
    status(["plan", "--provider", "apiframe", "--no-cases", "--budget", "apiframe=30"])
    told = capsys.readouterr().out

    assert "left out, with what each would cost: " in told
    assert "n=10 (40 credits)" in told
    assert "quality=high (23 credits)" in told


@pytest.mark.parametrize(
    "more", [["--max-images", "4"], ["--max-requests", "20"], ["--strength", "3"], ["--discover"]]
)
def test_what_bounds_a_plan_reaches_it(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    plans = []
    for options in ([], more):
        status(["plan", "--provider", "buble", "--operation", "generate", "--json", *options])
        plans.append(json.loads(capsys.readouterr().out))
    plain, bounded = plans
    images = sum(case["price"]["images"] for case in bounded["cases"])

    assert plain != bounded
    match more:
        case ["--max-images", _]:
            assert images <= 4
        case ["--max-requests", _]:
            assert len(bounded["cases"]) <= 20
        case ["--strength", _]:
            assert [one["strength"] for one in bounded["coverage"]] == [3]
        case _:
            assert {case["expect"] for case in bounded["cases"]} == {"accept", "refuse", "observe"}


def test_the_same_seed_gives_the_same_plan_and_another_one_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = []
    for seed in ("7", "7", "8"):
        status(["plan", "--provider", "buble", "--json", "--seed", seed])
        printed.append(capsys.readouterr().out)

    assert printed[0] == printed[1] != printed[2]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_has_read_enough_is_no_error(form: list[str]) -> None:
    arguments = ["plan", "--provider", "buble", *form]
    program = f"from harness.cli.main import main; import sys; sys.argv[1:] = {arguments}; main()"
    command = [sys.executable, "-c", program]
    plan = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert plan.stdout is not None
    assert plan.stderr is not None

    plan.stdout.read(10)
    plan.stdout.close()
    said = plan.stderr.read()
    plan.stderr.close()
    plan.wait(timeout=HUNG_S)

    assert said == b""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--provider", "nano"], "unknown provider 'nano'"),
        (["--seed", "-1"], "--seed"),
        (["--sed", "1"], "--sed"),
        (["--strength", "4"], "--strength"),
        (["--budget", "buble=much"], "is not an amount"),
        (["--provider", "buble", "--budget", "apiframe=5"], "not among the providers planned"),
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


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["plan", "--quick", "--discover"], "--quick and --discover: a quick run has no requests"),
        (["plan", "--quick", "--strength", "3"], "--quick and --strength: a quick run has no"),
        (["plan", "--quick", "--only", "benchmark"], "--quick: for conformance only"),
        (["run", "--quick"], "--quick: cassettes are replayed with the plan they were recorded"),
        (["run", "--quick", "--against", "emulator", "--record"], "--quick and --record: a quick"),
    ],
)
def test_what_a_quick_run_cannot_do_is_refused_with_a_reason(
    typed: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(typed)
    printed = capsys.readouterr()

    assert code == 2
    assert why in printed.err
    assert printed.out == ""


def test_a_quick_plan_says_what_it_keeps_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["plan", "--quick", "--no-cases", "--provider", "sub2api"]) == 0
    printed = capsys.readouterr()

    assert "sub2api, quick: 3 images kept back to ask again" in printed.out
    assert printed.err == ""


def test_the_json_of_a_budget_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    budget = budgets_of(capsys, "--budget", "apiframe=30")[0]
    rest = budget["rest"]

    assert rest["amount"] == 30 - budget["cost"]["amount"]
    assert rest["unit"] == "credit"
    assert rest["next"].keys() == {"argument", "value", "price"}
