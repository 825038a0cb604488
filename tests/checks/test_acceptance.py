from typing import get_args

import pytest

from harness.checks import judge
from harness.checks.check import CheckInput, CheckResult
from harness.core.exchange import Failure
from harness.core.outcome import ErrorClass, Fault
from tests.checks.build import (
    case,
    failures,
    picture,
    record,
    refused,
    said,
    served,
)
from tests.checks.build import verdicts as verdicts_of
from tests.checks.lives import record as whole
from tests.checks.lives import shot, words
from tests.shipped import shipped_provider as shipped

ACCEPTS = "accepts_what_it_documents"
REFUSES = "refuses_what_it_forbids"
CLIENT = "refusal_is_a_client_error"
NAMES = "refusal_names_the_parameter"

ERROR_CLASSES = get_args(ErrorClass)


def test_a_served_valid_request_passes() -> None:
    assert said(ACCEPTS, record(case(), served(picture()))) == ["pass"]


def test_a_refused_valid_request_fails() -> None:
    assert said(ACCEPTS, record(case(), refused())) == ["fail"]


@pytest.mark.parametrize("check", [REFUSES, CLIENT, NAMES])
def test_claims_about_refusals_do_not_apply_to_valid_requests(check: str) -> None:
    assert said(check, record(case(), refused())) == []


@pytest.mark.parametrize("check", [ACCEPTS, REFUSES, CLIENT, NAMES])
def test_open_questions_are_neither_accepted_nor_refused(check: str) -> None:
    asked = case(expect="observe", breaks="response_format.one_of", response_format="url")

    assert said(check, record(asked, refused())) == []
    assert said(check, record(asked, served(picture()))) == []


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
@pytest.mark.parametrize("expect", ["accept", "refuse", "observe"])
def test_no_fault_of_any_class_convicts_anybody(error_class: ErrorClass, expect: str) -> None:
    breaks = None if expect == "accept" else "n.range"
    asked = case(expect=expect, breaks=breaks)  # type: ignore[arg-type]  # one of the three
    fault = Fault(error_class=error_class, why="reset by peer", may_be_paid=True)

    assert failures(record(asked, fault)) == []


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_a_fault_leaves_both_promises_undecided(error_class: ErrorClass) -> None:
    fault = Fault(error_class=error_class, why="reset by peer", may_be_paid=True)

    assert said(ACCEPTS, record(case(), fault)) == ["inconclusive"]
    assert said(REFUSES, record(case(expect="refuse", breaks="n.range"), fault)) == ["inconclusive"]


def test_a_forbidden_request_that_is_served_breaks_that_promise_and_no_other() -> None:
    asked = case(expect="refuse", breaks="size.multiple_of", size="1000x1000")
    odd = served(picture(10, 10, kind="gif"), size="7x7", quality="high", output_format="gif")

    broken = failures(record(asked, odd))

    assert [check for check, _ in broken] == [REFUSES]


def test_a_refusal_for_the_broken_rule_passes() -> None:
    asked = case(expect="refuse", breaks="n.range", n=11)

    assert said(REFUSES, record(asked, refused(parameter="n"))) == ["pass"]
    assert said(CLIENT, record(asked, refused(parameter="n"))) == ["pass"]
    assert said(NAMES, record(asked, refused(parameter="n"))) == ["pass"]


def test_a_refusal_that_names_another_parameter_proves_nothing() -> None:
    asked = case(expect="refuse", breaks="n.range", n=11)

    assert said(REFUSES, record(asked, refused(parameter="model"))) == ["inconclusive"]
    assert said(NAMES, record(asked, refused(parameter="model"))) == ["skip"]


def test_refusals_prove_nothing_where_the_plain_request_is_not_served() -> None:
    base = record(case(id="base"), refused("no such key", error_class="validation"))
    asked = record(case(expect="refuse", breaks="n.range", n=11), refused(parameter="n"))

    assert said(REFUSES, base, asked) == ["inconclusive"]
    assert said(CLIENT, base, asked) == said(NAMES, base, asked) == []


@pytest.mark.parametrize(
    ("message", "parameter", "statuses"),
    [
        ("n must be between 1 and 10", None, ["pass"]),
        ("out of range", "n", ["pass"]),
        ("quality must be low", None, ["inconclusive"]),
        ("out of range", "quality", ["inconclusive"]),
        ("no", None, ["inconclusive"]),
    ],
)
def test_an_error_of_no_known_class_refuses_what_it_names(
    message: str, parameter: str | None, statuses: list[str]
) -> None:
    asked = case(expect="refuse", breaks="n.range", n=11)
    outcome = refused(message, error_class="unknown", status=200, code=None, parameter=parameter)

    assert said("refuses_what_it_forbids", record(asked, outcome)) == statuses
    client = said("refusal_is_a_client_error", record(asked, outcome))
    assert client == (["fail"] if statuses == ["pass"] else [])


@pytest.mark.parametrize("error_class", ["moderation", "conflict", "unknown"])
def test_a_refusal_that_is_not_about_the_limits_is_inconclusive(error_class: ErrorClass) -> None:
    word = refused("no", error_class=error_class)
    forbidden = case(expect="refuse", breaks="n.range", n=11)

    assert said(ACCEPTS, record(case(), word)) == ["inconclusive"]
    assert said(REFUSES, record(forbidden, word)) == ["inconclusive"]
    assert failures(record(case(), word), record(forbidden, word)) == []


@pytest.mark.parametrize(
    "message",
    [
        "Service temporarily unavailable",
        "The model is overloaded with other requests",
        "Please try again later",
        "upstream is busy",
        "generation timed out",
        "Too many concurrent generations",
        "another generation is in progress",
    ],
)
def test_an_error_about_the_moment_convicts_nobody(message: str) -> None:
    word = refused(message, status=200, code="-1")

    assert said(ACCEPTS, record(case("nanobanana"), word)) == ["inconclusive"]


def test_words_about_the_moment_do_not_hide_a_refusal_that_names_a_parameter() -> None:
    word = refused("size too large, try again later with a smaller one", parameter="size")

    assert said(ACCEPTS, record(case(size="1024x1024"), word)) == ["fail"]


def test_a_reply_that_neither_serves_nor_refuses_a_forbidden_request_is_inconclusive() -> None:
    asked = case(expect="refuse", breaks="n.range", n=11)

    assert said(REFUSES, record(asked, served(missing=("data[*].b64_json",)))) == ["inconclusive"]
    assert said(REFUSES, record(asked, served(picture()))) == ["fail"]


@pytest.mark.parametrize("status", [200, 302, 500])
def test_a_refusal_outside_4xx_breaks_that_promise(status: int) -> None:
    asked = case(expect="refuse", breaks="n.range", n=11)

    assert said(CLIENT, record(asked, refused(parameter="n", status=status))) == ["fail"]


@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_envelope_alone_tells_a_refusal_where_that_is_the_documents_way(status: int) -> None:
    asked = case("nanobanana", expect="refuse", breaks="n.range", n=2)
    word = refused("n must be 1", status=status, code="-1")

    assert said(CLIENT, record(asked, word)) == ["pass"]
    assert said(REFUSES, record(asked, word)) == ["pass"]


@pytest.mark.parametrize("name", ["buble", "nanobanana", "aimlapi"])
def test_an_error_need_not_name_its_parameter_where_no_document_shows_one_that_does(
    name: str,
) -> None:
    asked = case(name, expect="refuse", breaks="model.one_of", model="other")

    assert said(NAMES, record(asked, refused("wrong"))) == ["skip"]


@pytest.mark.parametrize("name", ["sub2api", "apiframe"])
def test_an_error_that_does_not_name_its_parameter_fails_where_documents_show_it(
    name: str,
) -> None:
    asked = case(name, expect="refuse", breaks="n.range", n=11)

    assert said(NAMES, record(asked, refused("Invalid value"))) == ["fail"]


def test_a_value_of_another_type_may_break_the_parse_before_names_are_known() -> None:
    asked = case(expect="refuse", breaks="prompt.format", prompt=123)

    assert said(NAMES, record(asked, refused("failed to parse request body"))) == ["skip"]


def test_a_missing_parameter_must_be_named() -> None:
    asked = case(expect="refuse", breaks="prompt.required", prompt=None)

    assert said(NAMES, record(asked, refused("prompt is required"))) == ["pass"]
    assert said(NAMES, record(asked, refused("bad request"))) == ["fail"]


def test_a_crashing_check_is_our_error_and_nobodys_broken_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumbles(_subject: CheckInput) -> tuple[CheckResult, ...]:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(judge.log, "exception", lambda *_: None)
    one = record(case(), served(picture()))

    told = judge.judge_records([one], {"sub2api": shipped("sub2api")}, checks=[stumbles])

    assert [(v.check, v.status) for v in told] == [("stumbles", "error")]
    assert "ZeroDivisionError: boom" in told[0].why


def test_a_request_that_was_not_sent_is_skipped_with_its_reason() -> None:
    assert said("is_sent", record(case(), None, skipped="budget: 1 more")) == ["skip"]


def test_where_a_replay_missed_a_part_nothing_passes_and_nothing_fails() -> None:
    missed = Failure(kind="not_on_tape", why="GET /a is not on the tape", sent=False)
    odd = served(picture(1, 1, kind="gif"), size="1024x1024")

    told = verdicts_of(record(case(size="1024x1024"), odd, answers=[missed]))

    assert told
    assert {one.status for one in told} == {"inconclusive"}
    assert all("not on the tape" in one.why for one in told)


@pytest.mark.parametrize("name", ["model", "Model", "body.model"])
def test_a_refusal_of_a_value_that_we_chose_convicts_nobody(name: str) -> None:
    word = refused("The model gpt-5.4 does not exist", parameter=name)

    told = words(ACCEPTS, whole(shot("sub2api", "respond"), word))

    assert [status for status, _ in told] == ["inconclusive"]
    assert "refused for model, of which the documents name no value" in told[0][1]


@pytest.mark.parametrize("parameter", [None, "input", "tools"])
def test_a_refusal_that_is_not_about_our_choice_still_counts(parameter: str | None) -> None:
    word = refused("no", parameter=parameter)

    told = words(ACCEPTS, whole(shot("sub2api", "respond"), word))

    assert [status for status, _ in told] == ["fail"]


def test_a_documented_value_of_the_same_name_is_no_choice_of_ours() -> None:
    word = refused("The model does not exist", parameter="model")

    assert said(ACCEPTS, record(case(), word)) == ["fail"]


def test_what_breaks_a_rule_is_refused_for_it_whatever_we_chose_beside() -> None:
    forbidden = shot("sub2api", "respond", expect="refuse", breaks="stream.one_of", stream="x")

    about_model = words(REFUSES, whole(forbidden, refused("no", parameter="model")))
    about_stream = words(REFUSES, whole(forbidden, refused("no", parameter="stream")))

    assert [status for status, _ in about_model] == ["inconclusive"]
    assert [status for status, _ in about_stream] == ["pass"]


@pytest.mark.parametrize(
    ("message", "parameter", "status"),
    [
        ("Organization has reached its monthly spend cap", None, "inconclusive"),
        ("Credit limit exceeded for team", None, "inconclusive"),
        ("Please bind a credit card to continue", None, "inconclusive"),
        ("this is only there for enterprise customers", None, "inconclusive"),
        ("your trial has ended", None, "inconclusive"),
        ("请先为该账户充值", None, "inconclusive"),
        ("Your account must be at least 7 days old", None, "inconclusive"),
        ("Quality high does not exist in our credits table", None, "fail"),
        ("size 1024x1024 was refused by the team", None, "fail"),
        ("ask the billing team", "size", "fail"),
        ("Something is wrong", None, "fail"),
    ],
)
def test_words_of_a_customers_standing_convict_nobody_but_a_named_value_does(
    message: str, parameter: str | None, status: str
) -> None:
    outcome = refused(message, code="invalid_request_error", parameter=parameter)

    assert said(ACCEPTS, record(case(), outcome)) == [status]
