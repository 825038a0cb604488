"""What a reply says it cost, held against a price that it tells itself."""

import pytest

from harness.checks.charges import charges_the_list_price
from harness.checks.check import CheckInput
from harness.core.case import Case, Expect
from harness.core.outcome import Images, Usage
from harness.core.record import Record
from harness.planning.plan import planned_request
from harness.spec.provider import Provider
from tests.checks.build import LIVE
from tests.spec.priced import by_token, counted, picture, provider, served

EXACT = counted(76, 120, text_input=12, image_input=64)
"""Costs 0.004172 dollars."""


def told(one: Provider, outcome: Images, *, expect: Expect = "accept") -> list[tuple[str, str]]:
    case = Case(
        id="generate/plain",
        provider=one.name,
        operation="generate",
        expect=expect,
        about=None,
        breaks=None,
        covers=(),
        arguments={"prompt": "a fox"},
    )
    record = Record(shot=planned_request(one, case), evidence=LIVE, outcome=outcome, exchanges=())
    subject = CheckInput(
        provider=one, operation=one.operation("generate"), record=record, outcome=outcome
    )
    return [(result.status, result.why) for result in charges_the_list_price(subject)]


@pytest.mark.parametrize("charged", ["0.004172", "0.00417", "0.0042", "0.0041", "0.01", "0"])
def test_a_charge_is_what_the_counted_tokens_cost_in_the_digits_that_it_has(charged: str) -> None:
    assert [status for status, _ in told(by_token(), served(usage=EXACT, charged=charged))] == [
        "pass"
    ]


@pytest.mark.parametrize("charged", ["0.008344", "0.0044", "0.0039", "0.02", "1"])
def test_a_charge_that_its_own_tokens_contradict_is_a_broken_promise(charged: str) -> None:
    assert told(by_token(), served(usage=EXACT, charged=charged)) == [
        ("fail", f"charged {charged} usd, listed 0.004172")
    ]


@pytest.mark.parametrize("usage", [None, counted(76), counted(out=120)])
def test_a_charge_without_the_counts_that_it_depends_on_is_not_judged(usage: Usage | None) -> None:
    why = "charged 7 usd; the reply does not count what the price depends on"

    assert told(by_token(), served(usage=usage, charged="7")) == [("skip", why)]


@pytest.mark.parametrize(
    ("charged", "status"),
    [("0.00409", "fail"), ("0.00411", "pass"), ("0.00418", "pass"), ("0.00419", "fail")],
)
def test_tokens_that_are_not_told_apart_may_be_of_either_price(charged: str, status: str) -> None:
    coarse = counted(76, 120, text_input=12)
    either = by_token(input=7, image_input=8, text_input=5, output=30)  # 64 tokens at 7 or 8

    assert [each for each, _ in told(either, served(usage=coarse, charged=charged))] == [status]


def test_a_price_per_megapixel_is_held_against_the_pixels_that_came() -> None:
    one = provider({"rows": [{"amount": 0.03, "per": "megapixel"}], "at_most": 1})
    image = picture(2000, 1000)

    assert told(one, served(image, charged="0.06")) == [("pass", "charged 0.06 usd, listed 0.06")]
    assert told(one, served(image, charged="0.13")) == [("fail", "charged 0.13 usd, listed 0.06")]


def test_an_open_question_is_no_promise_to_break() -> None:
    outcome = served(usage=EXACT, charged="1")

    assert [each for each, _ in told(by_token(), outcome, expect="observe")] == ["skip"]
