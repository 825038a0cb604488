"""A provider that asks by token, by a TOML alone: what is set aside, booked and judged."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.cli.main import status
from tests.shapes.server import Answer, Received, Refusal, Shape, as_base64, serve

TOML = """
name = "metered"
title = "Metered"

[documents]
page = { file = "page.txt", title = "A page" }

[auth]
header = "Authorization"
prefix = "Bearer "
env = "METERED_API_KEY"
source = "page: Start"

[timeouts]
normal_s = 60
large_s = 120
source = "page: Start"

[prices]
unit = "usd"
status = "documented"
source = "page: Prices"
at_most = 0.05

[prices.tokens]
text_input = 5
output = 30

[errors]
failed = "error"
message = ["error.message"]
code = ["error.code"]
parameter = ["error.param"]
names_parameter = "documented"
source = "page: Errors"
classes = [
  { class = "validation", code = "invalid_value" },
  { class = "auth", code = "invalid_api_key" },
]

[operations.generate]
title = "Generate"
path = "/images"
protocol = "reply"
source = "page: Generate"

[operations.generate.arguments.prompt]
wire = "prompt"
type = "string"
source = "page: Generate"
required = { source = "page: Generate" }

[operations.generate.arguments.quality]
wire = "quality"
type = "string"
default = "low"
source = "page: Generate"
one_of = { values = ["low", "medium", "high"], source = "page: Generate" }

[operations.generate.reply]
images = ["data[*].b64_json"]
charged = ["cost"]
default_format = "png"

[operations.generate.reply.usage]
input = "usage.input_tokens"
output = "usage.output_tokens"
total = "usage.total_tokens"
text_input = "usage.input_tokens_details.text_tokens"
source = "page: Generate"
"""

KEY = "metered-key-0123456789abcdef"
OUT = {"low": 196, "medium": 1047, "high": 1500}
"""The dearest of them costs 0.045 dollars, and its prompt some more: never the 0.05 of the list."""


class Metered(Shape):
    """Answers with an image and its tokens; keeps what each was charged."""

    KNOWN: ClassVar[tuple[str, ...]] = ("charges twice", "counts nothing", "tells no cost")

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.charged: list[Decimal] = []

    def answer(self, request: Received) -> Answer:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            error = {"message": "no such key", "code": "invalid_api_key", "param": None}
            raise Refusal(Answer(status=401, document={"error": error}))
        body = request.body if isinstance(request.body, dict) else {}
        prompt, quality = body.get("prompt"), body.get("quality", "low")
        for name, wrong in (
            ("prompt", not isinstance(prompt, str)),
            ("quality", not isinstance(quality, str) or quality not in OUT),
        ):
            if wrong:
                error = {"message": f"{name} is invalid", "code": "invalid_value", "param": name}
                raise Refusal(Answer(status=400, document={"error": error}))
        return self._served(len(str(prompt).split()), OUT[quality])

    def _served(self, text: int, out: int) -> Answer:
        cost = (Decimal(5) * text + Decimal(30) * out) / 1_000_000
        cost *= 2 if "charges twice" in self.faults else 1
        with self.lock:
            self.charged.append(cost)
        document: dict[str, Any] = {
            "data": [{"b64_json": as_base64(self.image(64, 64))}],
            "usage": {
                "input_tokens": text,
                "input_tokens_details": {"text_tokens": text},
                "output_tokens": out,
                "total_tokens": text + out,
            },
            "cost": float(cost),
        }
        if "counts nothing" in self.faults:
            del document["usage"]
        if "tells no cost" in self.faults:
            del document["cost"]
        return Answer(document=document)


Ran = Callable[..., tuple[int, dict[str, Any], list[Decimal]]]


@pytest.fixture(autouse=True)
def spec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("METERED_API_KEY", KEY)
    path = tmp_path / "metered.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


@pytest.fixture
def ran(spec: Path, tmp_path: Path) -> Ran:
    """Run the harness against a server with these faults: its exit code, summary and charges."""

    def run(*faults: str, budget: str = "1") -> tuple[int, dict[str, Any], list[Decimal]]:
        out = tmp_path / "run"
        shape = Metered(*faults)
        with serve(shape):
            where = ["--against", "live", "--spec", str(spec), "--base-url", f"metered={shape.url}"]
            limits = ["--budget", f"metered={budget}", "--max-requests", "60"]
            code = status(["run", *where, *limits, "--out", str(out)])
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        return code, summary, shape.charged

    return run


def cost(summary: dict[str, Any]) -> tuple[Decimal, str]:
    found = summary["providers"]["metered"]["cost"]
    return Decimal(str(found["amount"])), found["basis"]


def test_a_faultless_provider_is_booked_as_it_charges_and_breaks_nothing(ran: Ran) -> None:
    code, summary, charged = ran()

    assert code == 0
    assert len(charged) > 3
    assert cost(summary) == (sum(charged), "as charged in the replies")
    passed = [each for each in summary["verdicts"] if each["check"] == "charges_the_list_price"]
    assert {each["status"] for each in passed} == {"pass"}


def test_what_is_not_told_is_worked_out_of_the_counted_tokens(ran: Ran) -> None:
    code, summary, charged = ran("tells no cost")

    assert code == 0
    assert cost(summary) == (sum(charged), "by the price list")


def test_a_charge_that_its_own_tokens_contradict_is_found(ran: Ran) -> None:
    code, summary, _ = ran("charges twice")

    assert code == 1
    (finding,) = summary["findings"]
    assert finding["check"] == "charges_the_list_price"
    assert "listed 0.0" in finding["observed"]


def test_without_counts_nothing_is_judged_and_all_that_was_set_aside_is_booked(ran: Ran) -> None:
    code, summary, charged = ran("counts nothing", "tells no cost")

    assert code == 0
    amount, basis = cost(summary)
    assert amount == Decimal("0.05") * len(charged)
    assert basis.startswith("at most")


@pytest.mark.parametrize("faults", [(), ("tells no cost",), ("counts nothing", "tells no cost")])
def test_a_budget_is_never_passed(ran: Ran, faults: tuple[str, ...]) -> None:
    _, summary, charged = ran(*faults, budget="0.12")

    assert charged
    assert sum(charged) <= Decimal("0.12")
    assert cost(summary)[0] <= Decimal("0.12")


def test_a_plan_says_what_it_costs_at_most(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = status(["plan", "--spec", str(spec), "--provider", "metered", "--max-images", "3"])

    assert code == 0
    captured = capsys.readouterr()
    told = " ".join(f"{captured.out} {captured.err}".split())
    total = re.search(r"(\d+) images, at most ([\d.]+) usd; at most 0.05 usd for one request", told)
    assert total is not None
    assert Decimal(total[2]) == Decimal("0.05") * int(total[1])
