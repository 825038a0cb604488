from typing import Literal

import pytest

from harness.core.exchange import Failure
from harness.core.jsonvalue import Json
from harness.core.outcome import ErrorClass, Fault, Refused
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from harness.wire.errors import fault_of, read_error
from tests.shipped import NAMES
from tests.spec import small
from tests.wire.by_hand import page, said, talk


def gateway(code: str, message: str = "no") -> Json:
    return {"code": code, "message": message}


def openai(code: str, message: str = "no", kind: str = "invalid_request_error") -> Json:
    return {"error": {"message": message, "type": kind, "param": "n", "code": code}}


def buble(code: str) -> Json:
    return {"error": {"code": code, "message": "no"}}


def apiframe(message: str, **more: Json) -> Json:
    return {"error": message, **more}


def nano(message: str) -> Json:
    return {"code": -1, "message": message}


def aiml(message: str, status: int) -> Json:
    return {"message": message, "path": "/v1", "requestId": "r", "statusCode": str(status)}


@pytest.mark.parametrize(
    ("name", "status", "document", "error_class"),
    [
        ("buble", 401, buble("missing_api_key"), "auth"),
        ("buble", 401, buble("invalid_api_key"), "auth"),
        ("buble", 400, buble("invalid_request_body"), "validation"),
        ("buble", 400, buble("unsupported_field"), "validation"),
        ("buble", 404, buble("model_not_found"), "validation"),
        ("buble", 422, buble("mode_not_supported"), "validation"),
        ("buble", 422, buble("model_not_api_configured"), "server"),
        ("buble", 415, buble("unsupported_file_type"), "validation"),
        ("buble", 402, buble("insufficient_credits"), "quota"),
        ("buble", 400, buble("file_too_large"), "validation"),
        ("sub2api", 401, gateway("API_KEY_REQUIRED", "API key is required"), "auth"),
        ("sub2api", 401, gateway("INVALID_API_KEY"), "auth"),
        ("sub2api", 401, gateway("USER_INACTIVE"), "auth"),
        ("sub2api", 403, gateway("ACCESS_DENIED"), "auth"),
        ("sub2api", 403, gateway("SUBSCRIPTION_NOT_FOUND"), "auth"),
        ("sub2api", 403, gateway("INSUFFICIENT_BALANCE"), "quota"),
        ("sub2api", 429, gateway("USAGE_LIMIT_EXCEEDED"), "rate_limit"),
        ("sub2api", 500, gateway("INTERNAL_ERROR"), "server"),
        ("sub2api", 400, openai("invalid_value"), "validation"),
        ("sub2api", 400, openai("integer_above_max_value"), "validation"),
        ("sub2api", 400, openai("x", "prompt is required"), "validation"),
        ("sub2api", 400, openai("moderation_blocked", "safety system"), "moderation"),
        ("sub2api", 400, openai("content_policy_violation"), "moderation"),
        ("sub2api", 400, openai("billing_hard_limit_reached"), "quota"),
        ("sub2api", 429, openai("rate_limit_exceeded", kind="input-images"), "rate_limit"),
        ("sub2api", 503, openai("", "No available compatible accounts", "api_error"), "server"),
        ("sub2api", 502, openai("", "upstream failed", "upstream_error"), "server"),
        ("sub2api", 413, openai("", "too large"), "validation"),
        ("apiframe", 400, apiframe("Invalid", details={"prompt": ["Required"]}), "validation"),
        ("apiframe", 401, apiframe("Unauthorized"), "auth"),
        ("apiframe", 402, apiframe("Insufficient credits", creditsRequired=9), "quota"),
        ("apiframe", 404, apiframe("Not found"), "not_found"),
        ("apiframe", 409, apiframe("Conflict"), "conflict"),
        ("apiframe", 429, apiframe("Too many"), "rate_limit"),
        ("apiframe", 503, apiframe("Unavailable"), "server"),
        ("apiframe", 400, apiframe("moderation must be one of auto, low"), "validation"),
        ("apiframe", 400, apiframe("Content policy violation"), "moderation"),
        ("nanobanana", 400, nano("unknown parameter moderation"), "validation"),
        ("nanobanana", 200, nano("prompt rejected by content moderation"), "moderation"),
        ("nanobanana", 200, nano("invalid api key"), "auth"),
        ("nanobanana", 401, nano("invalid api key"), "auth"),
        ("nanobanana", 200, nano("insufficient credits"), "quota"),
        ("nanobanana", 200, nano("invalid request type"), "validation"),
        ("nanobanana", 200, nano("generate failed"), "server"),
        ("nanobanana", 400, nano("n must be 1"), "validation"),
        ("aimlapi", 400, aiml("Body validation error", 400), "validation"),
        ("aimlapi", 400, aiml("Invalid enum value. Expected 'low'", 400), "validation"),
        ("aimlapi", 401, aiml("This request requires a valid API key.", 401), "auth"),
        ("aimlapi", 403, aiml("You've run out of credits.", 403), "quota"),
        ("aimlapi", 429, aiml("Too Many Requests", 429), "rate_limit"),
        ("aimlapi", 404, aiml("Cannot POST /v1", 404), "not_found"),
        ("aimlapi", 500, aiml("Internal error", 500), "server"),
        ("aimlapi", 400, {"error": {"message": "validation error", "code": "x"}}, "validation"),
    ],
)
def test_the_providers_own_words_name_the_class(
    name: str, status: int, document: Json, error_class: ErrorClass
) -> None:
    outcome = talk(name, [said(document, status)]).outcome

    if error_class in ("validation", "moderation", "not_found", "conflict"):
        assert isinstance(outcome, Refused)
        assert outcome.error.error_class == error_class
    else:
        assert isinstance(outcome, Fault)
        assert outcome.error_class == error_class
        assert outcome.may_be_paid is (name == "nanobanana" and error_class == "server")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "error_class", "may_be_paid"),
    [
        (301, "unknown", False),
        (400, "unknown", False),
        (404, "unknown", False),
        (401, "auth", False),
        (402, "quota", False),
        (408, "timeout", True),
        (500, "server", True),
        (502, "server", True),
        (504, "server", True),
        (599, "server", True),
    ],
)
def test_a_gateways_page_convicts_nobody_and_a_5xx_may_have_been_paid(
    name: str, status: int, error_class: ErrorClass, *, may_be_paid: bool
) -> None:
    found = talk(name, [page(status)])

    assert isinstance(found.outcome, Fault)
    assert found.outcome.error_class == error_class
    assert found.outcome.may_be_paid is may_be_paid
    assert found.posts == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("document", [None, {}, [], "x", 0, {"error": None}])
def test_an_error_status_without_an_error_is_no_refusal(name: str, document: Json) -> None:
    assert isinstance(talk(name, [said(document, 400)]).outcome, Fault)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("buble", buble("unsupported_field")),
        ("sub2api", openai("invalid_value")),
        ("apiframe", apiframe("Invalid", details={"prompt": ["Required"]})),
        ("nanobanana", nano("invalid request type")),
        ("aimlapi", aiml("Body validation error", 400)),
    ],
)
def test_an_error_envelope_is_a_refusal_whatever_the_status(name: str, document: Json) -> None:
    for status in (200, 201, 202, 400, 422):
        outcome = talk(name, [said(document, status)]).outcome

        assert isinstance(outcome, Refused), status
        assert outcome.error.status == status


def test_an_error_that_names_a_parameter_refuses_it_under_success_and_without_a_rule() -> None:
    raw = small.tables()
    raw["errors"] |= {"classes": [], "parameter": ["error.field"]}
    provider = parse_provider(raw)
    assert isinstance(provider, Provider)
    errors = provider.errors
    named: Json = {"error": {"message": "must be at most 4", "code": "lte", "field": "n"}}
    unnamed: Json = {"error": {"message": "no", "code": "lte"}}

    assert read_error(errors, said(named, 200)).error_class == "validation"
    assert read_error(errors, said(unnamed, 200)).error_class == "unknown"
    assert read_error(errors, said(named, 503)).error_class == "server"
    assert read_error(errors, said(None, 200)).error_class == "protocol"


@pytest.mark.parametrize("kind", ["network", "timeout", "protocol"])
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_round_trip_is_a_fault_paid_for_if_it_was_sent(
    name: str, kind: Literal["network", "timeout", "protocol"]
) -> None:
    for sent in (True, False):
        found = talk(name, [Failure(kind=kind, why="why", sent=sent)])

        assert found.posts == 1
        assert found.outcome == Fault(error_class=kind, why="why", may_be_paid=sent)


def test_what_followed_a_paid_request_stays_paid_even_if_it_was_never_sent() -> None:
    refused = Failure(kind="network", why="refused", sent=False)

    assert fault_of(refused, paid=True, job="j").may_be_paid
    assert not fault_of(refused, paid=False).may_be_paid
