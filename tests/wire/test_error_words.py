"""What an error says of the account counts, whatever its status and its code are."""

import pytest

from harness.core.exchange import Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Refused
from harness.wire.error_words import NO_ACCESS, class_in_words
from harness.wire.errors import read_error, refused_or_fault
from tests.shipped import NAMES, shipped_provider


def openai(message: str, *, param: str | None = None, code: str | None = None) -> Json:
    error: Json = {
        "message": message, "type": "invalid_request_error", "param": param, "code": code
    }  # fmt: skip
    return {"error": error}


ACCOUNT = {
    "auth": (
        "Your organization must be verified to use this model.",
        "Your organization must be verified to use the model `gpt-image-2`. Please go to settings.",
        "This account is not verified for image generation",
        "Country, region, or territory not supported",
        "Image generation is not available in your country",
        "This service isn't available in your region.",
        "Your account has been suspended",
        "Organization org-1 has been deactivated",
        "You have insufficient permissions for this operation. Missing scopes: api.images",
        "Your IP address 10.0.0.1 is not allowed",
        "Please verify your phone number first",
        "该账号已被封禁",
    ),
    "quota": (
        "You exceeded your current quota, please check your plan and billing details.",
        "Billing hard limit has been reached",
        "Insufficient credits",
        "You don't have enough: insufficient account balance",
        "Your credit balance is too low to access the API",
        "You've run out of credits. Please top up your balance.",
        "Quota for images exhausted",
        "用户余额不足",
    ),
    "rate_limit": (
        "Too many requests",
        "Rate limit reached for images. You can increase it by adding a payment method.",
        "Request was throttled. Expected available in 12 seconds.",
        "You may make 5 requests per minute",
        "Please slow down",
        "请求过于频繁",
    ),
    "moderation": (
        "Your request was rejected as a result of our safety system.",
        "The prompt violates our content policy",
        "提示词包含敏感词",
    ),
}
WORDS = [(error_class, message) for error_class, said in ACCOUNT.items() for message in said]

OF_THE_REQUEST = (
    "prompt is too long: rate it shorter, the limit is 32000 characters",
    "size must be a multiple of 16",
    "Invalid value: 'too many requests'. Supported values are: 'low' and 'high'.",
    "n must be at most 10 images",
    "mask region must not be empty",
    "the file location is not valid",
    "Please verify your parameters",
    "enable_safety_checker must be a boolean",
    "moderation must be one of auto, low",
    "quality low costs 4 credits, high 16",
    "transparent background is not supported for this model",
    "prompt exceeds the limit of 2000 characters",
    "The model 'gpt-9' does not exist.",
)


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(("error_class", "message"), WORDS)
def test_words_of_the_account_overrule_a_code_that_says_validation(
    error_class: str, message: str, status: int
) -> None:
    error = read_error(
        shipped_provider("sub2api").errors, Reply(status=status, document=openai(message))
    )

    assert error.error_class == error_class


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_too_many_requests_under_any_status_is_no_refusal(name: str, status: int) -> None:
    bodies: dict[str, Json] = {
        "nanobanana": {"code": -1, "message": "Too many requests"},
        "buble": {"error": {"code": "x", "message": "Too many requests"}},
        "apiframe": {"error": "Too many requests"},
        "aimlapi": {"message": "Too many requests", "statusCode": "400", "path": "/", "error": "x"},
    }
    document = bodies.get(name, openai("Too many requests"))
    outcome = refused_or_fault(
        shipped_provider(name).errors, Reply(status=status, document=document)
    )

    assert isinstance(outcome, Fault)
    assert outcome.error_class == "rate_limit"
    assert not outcome.may_be_paid


@pytest.mark.parametrize("message", OF_THE_REQUEST)
def test_a_refusal_of_the_request_stays_one(message: str) -> None:
    outcome = refused_or_fault(
        shipped_provider("sub2api").errors, Reply(status=400, document=openai(message))
    )

    assert class_in_words(message) is None
    assert not NO_ACCESS.search(message)
    assert isinstance(outcome, Refused)
    assert outcome.error.error_class == "validation"


@pytest.mark.parametrize(
    ("message", "param", "error_class"),
    [
        ("Too many requests", "n", "validation"),
        ("rejected by the content policy", "moderation", "validation"),
        ("rejected by the content policy", "prompt", "moderation"),
        ("Your organization must be verified", "model", "auth"),
    ],
)
def test_what_names_a_parameter_is_about_that(message: str, param: str, error_class: str) -> None:
    reply = Reply(status=400, document=openai(message, param=param))

    assert read_error(shipped_provider("openai").errors, reply).error_class == error_class


@pytest.mark.parametrize(
    ("status", "message", "error_class"),
    [
        (403, "Forbidden", "auth"),
        (403, "This project may not draw", "auth"),
        (402, "Add to your balance", "quota"),
        (429, "Your tier is full", "rate_limit"),
        (403, "size 100x100 is too small", "validation"),
        (403, "Access ended because of how it was used. model: gpt-image-2", "auth"),
        (403, "quality high: no", "validation"),
        (400, "Forbidden", "validation"),
        (403, "You do not have access to gpt-image-2", "validation"),
    ],
)
def test_a_status_of_the_account_counts_where_the_words_fit_it(
    status: int, message: str, error_class: str
) -> None:
    reply = Reply(status=status, document=openai(message))

    assert read_error(shipped_provider("sub2api").errors, reply).error_class == error_class


@pytest.mark.parametrize(
    ("status", "message", "error_class"),
    [
        (403, "内容违规", "moderation"),
        (403, "Blocked by our content policy", "moderation"),
        (403, "Forbidden", "auth"),
        (400, "当前模型负载已饱和", "rate_limit"),
    ],
)
def test_a_status_without_a_code_leaves_the_word_to_the_message(
    status: int, message: str, error_class: str
) -> None:
    document: Json = {"error": {"message": message, "type": "x", "param": None, "code": None}}

    error = read_error(shipped_provider("sub2api").errors, Reply(status=status, document=document))

    assert error.error_class == error_class


def test_a_providers_own_words_go_first() -> None:
    errors = shipped_provider("nanobanana").errors
    reply = Reply(status=200, document={"code": -1, "message": "generate failed: rate limit"})
    written: Json = {"code": -1, "message": "invalid api key, slow down"}

    assert read_error(errors, reply).error_class == "rate_limit"
    assert read_error(errors, Reply(status=200, document=written)).error_class == "auth"
