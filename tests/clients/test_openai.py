"""The package openai, in two generations, drives sub2api; and AI/ML API, whose page shows it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.speaking import Client, Served, picture

pytestmark = pytest.mark.xdist_group("openai")

File = Callable[[str], dict[str, str]]

GENERATE, EDIT, RESPOND = "/v1/images/generations", "/v1/images/edits", "/v1/responses"
CAT = {"model": "gpt-image-2", "prompt": "a cat"}
SQUARE = (1024, 1024)
PHOTO = "png-rgb-512x512-1.png"
UNLIKE_RECORDINGS = (
    # The client's types ask for a number that came after the recordings.
    "input_tokens_details.cache_write_tokens: Field required",
    # openai 2 knows three sizes; a recorded reply declares another one, and openai 3 takes it.
    "size: Input should be '1024x1024', '1024x1536' or '1536x1024'",
)
"""Where the client's own types refuse what OpenAI was recorded to send."""


def at(served: Served, provider: str = "sub2api") -> str:
    return f"{served.urls[provider]}/v1"


def parsed(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what the client parsed, once it agrees with the client's own types."""
    assert [flaw for flaw in shown["wrong"] if not flaw.endswith(UNLIKE_RECORDINGS)] == []
    value: dict[str, Any] = shown["value"]
    return value


def adds_up(usage: dict[str, int]) -> bool:
    """Tell whether a reply's tokens are some, and add up."""
    asked, made = usage["input_tokens"], usage["output_tokens"]
    return min(asked, made) > 0 and usage["total_tokens"] == asked + made


def test_two_images_are_generated_and_paid_once(openai: Client, served: Served) -> None:
    shown = openai.ask("images.generate", at=at(served), n=2, size="1024x1024", **CAT)["reply"]
    reply = parsed(shown)

    assert shown["kind"] == "ImagesResponse"
    assert shown["unknown"] in ([], ["model"])
    assert shown["request_id"].startswith("req_")
    assert [picture(one["b64_json"]) for one in reply["data"]] == [("png", SQUARE)] * 2
    assert adds_up(reply["usage"])
    assert served.books("sub2api") == [("POST", GENERATE, 200, None, 2.0)]


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_an_image_has_the_asked_format_and_size(
    openai: Client, served: Served, output_format: str
) -> None:
    asked = {"size": "1536x864", "quality": "low", "output_format": output_format, **CAT}
    reply = parsed(openai.ask("images.generate", at=at(served), **asked)["reply"])

    assert [picture(one["b64_json"]) for one in reply["data"]] == [(output_format, (1536, 864))]
    assert reply["output_format"] == output_format
    assert reply["size"] == "1536x864"
    assert reply["quality"] == "low"
    assert served.books("sub2api") == [("POST", GENERATE, 200, None, 1.0)]


def test_an_edit_uploads_images_and_a_mask(openai: Client, served: Served, file: File) -> None:
    images = [file(PHOTO), file("png-rgba-640x640-2.png"), file("webp-rgb-512x512-3.webp")]
    mask = file("png-rgba-512x512-4.png")
    asked = {"image": images, "mask": mask, "size": "1024x1536", "output_format": "webp", **CAT}
    reply = parsed(openai.ask("images.edit", at=at(served), **asked)["reply"])

    assert [picture(one["b64_json"]) for one in reply["data"]] == [("webp", (1024, 1536))]
    assert reply["usage"]["input_tokens_details"]["image_tokens"] == 3 * 64
    assert served.books("sub2api") == [("POST", EDIT, 200, None, 1.0)]


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_a_stream_yields_typed_partial_images_and_the_final_one(
    openai: Client, served: Served, file: File, operation: str
) -> None:
    kind, path = {"generate": ("Gen", GENERATE), "edit": ("Edit", EDIT)}[operation]
    sources = {"image": [file(PHOTO)]} if operation == "edit" else {}
    asked = {"stream": True, "partial_images": 2, "size": "1536x1024", **sources, **CAT}
    events = openai.ask(f"images.{operation}", at=at(served), **asked)["events"]
    values = [parsed(event) for event in events]

    partial, completed = f"Image{kind}PartialImageEvent", f"Image{kind}CompletedEvent"
    assert [event["kind"] for event in events] == [partial, partial, completed]
    assert [value.get("partial_image_index") for value in values] == [0, 1, None]
    assert [picture(value["b64_json"]) for value in values] == [("png", (1536, 1024))] * 3
    assert adds_up(values[-1]["usage"])
    assert served.books("sub2api") == [("POST", path, 200, None, 1.0)]


def test_an_error_event_ends_a_stream_with_the_clients_error(
    openai: Client, served: Served
) -> None:
    served.switch("sub2api", "error_event")
    error = openai.refused("images.generate", at=at(served), stream=True, **CAT)

    assert error["kind"] == "APIError"
    assert error["body"]["message"] in error["text"]
    assert served.books("sub2api") == [("POST", GENERATE, 200, None, 0.0)]


RESPONSE = {"model": "gpt-5.4", "input": "a cat"}
TOOL = {"type": "image_generation", "size": "1536x1024", "output_format": "webp"}
WIDE = ("webp", (1536, 1024))


def call_of(response: dict[str, Any]) -> dict[str, Any]:
    """Return the response's one call of the tool."""
    (call,) = [one for one in response["output"] if one["type"] == "image_generation_call"]
    found: dict[str, Any] = call
    return found


def test_a_response_holds_the_image_of_its_tool(openai: Client, served: Served) -> None:
    shown = openai.ask("responses.create", at=at(served), tools=[TOOL], **RESPONSE)["reply"]
    response = parsed(shown)
    call = call_of(response)

    assert shown["kind"] == "Response"
    assert adds_up(response["usage"])
    assert picture(call["result"]) == WIDE
    assert (call["status"], call["action"]) == ("completed", "generate")
    assert served.books("sub2api") == [("POST", RESPOND, 200, None, 1.0)]


def test_a_response_edits_an_image_that_its_input_shows(
    openai: Client, served: Served, file: File
) -> None:
    shown_image = {"type": "input_image", "image_url": {"data_url": file(PHOTO)["file"]}}
    content = [{"type": "input_text", "text": "a hat"}, {**shown_image, "detail": "auto"}]
    asked = {"model": "gpt-5.4", "input": [{"role": "user", "content": content}], "tools": [TOOL]}
    call = call_of(parsed(openai.ask("responses.create", at=at(served), **asked)["reply"]))

    assert picture(call["result"]) == WIDE
    assert call["action"] == "edit"


def test_a_streamed_response_numbers_its_typed_events(openai: Client, served: Served) -> None:
    asked = {"stream": True, "tools": [{**TOOL, "partial_images": 2}], **RESPONSE}
    events = openai.ask("responses.create", at=at(served), **asked)["events"]
    values = [parsed(event) for event in events]

    assert [value["sequence_number"] for value in values] == list(range(len(values)))
    partials = [
        value
        for event, value in zip(events, values, strict=True)
        if event["kind"] == "ResponseImageGenCallPartialImageEvent"
    ]
    assert [value["partial_image_index"] for value in partials] == [0, 1]
    assert [picture(value["partial_image_b64"]) for value in partials] == [WIDE] * 2
    assert (events[0]["kind"], events[-1]["kind"]) == (
        "ResponseCreatedEvent",
        "ResponseCompletedEvent",
    )
    assert picture(call_of(values[-1]["response"])["result"]) == WIDE
    assert served.books("sub2api") == [("POST", RESPOND, 200, None, 1.0)]


def test_the_clients_own_accumulator_agrees_with_the_stream(openai: Client, served: Served) -> None:
    asked = {"tools": [{**TOOL, "partial_images": 1}], **RESPONSE}
    told = openai.ask("responses.stream", at=at(served), **asked)
    final = parsed(told["final"])

    assert final["id"] == parsed(told["events"][0])["response"]["id"]
    assert final["status"] == "completed"
    assert picture(call_of(final)["result"]) == WIDE


def test_models_are_listed(openai: Client, served: Served) -> None:
    listed = openai.ask("models.list", at=at(served))["reply"]["value"]

    assert [model["id"] for model in listed["data"]] == ["gpt-5.4"]


ONE, MANY, OPAQUE = {"image": [PHOTO]}, {"image": [PHOTO] * 17}, {"mask": PHOTO}
REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # rule: call, arguments beside the prompt, code, param
    "n.range": ("generate", {"n": 11}, "integer_above_max_value", "n"),
    "size.multiple_of": ("generate", {"size": "1000x1000"}, "invalid_value", "size"),
    "quality.one_of": ("generate", {"quality": "ultra"}, "invalid_value", "quality"),
    "partial_images.range": (
        "generate",
        {"stream": True, "partial_images": 4},
        "integer_above_max_value",
        "partial_images",
    ),
    "images.count": ("edit", MANY, "array_above_max_length", "image"),
    "mask.alpha": ("edit", ONE | OPAQUE, "invalid_value", "mask"),
    "input_fidelity.absent": (
        "edit",
        ONE | {"input_fidelity": "high"},
        "invalid_input_fidelity_model",
        "input_fidelity",
    ),
}


@pytest.mark.parametrize("rule", list(REFUSED))
def test_a_refusal_becomes_a_bad_request_error_with_code_and_param(
    openai: Client, served: Served, file: File, rule: str
) -> None:
    operation, options, code, param = REFUSED[rule]
    path = {"generate": GENERATE, "edit": EDIT}[operation]
    asked = CAT | options
    if operation == "edit":
        asked["image"] = [file(name) for name in asked["image"]]
    if "mask" in asked:
        asked["mask"] = file(asked["mask"])
    error = openai.refused(f"images.{operation}", at=at(served), **asked)

    assert error["kind"] == "BadRequestError"
    assert (error["code"], error["param"]) == (code, param)
    assert error["request_id"].startswith("req_")
    assert served.books("sub2api") == [("POST", path, 400, rule, 0.0)]


def test_a_refused_tool_becomes_a_bad_request_error(openai: Client, served: Served) -> None:
    tools = [{"type": "image_generation", "size": "1000x1000"}]
    error = openai.refused("responses.create", at=at(served), tools=tools, **RESPONSE)

    assert error["kind"] == "BadRequestError"
    assert error["code"] == "invalid_value"
    assert served.books("sub2api") == [("POST", RESPOND, 400, "size.multiple_of", 0.0)]


FAILED: dict[str, tuple[str, int, str | None, str | None]] = {
    # fault: class, status, code, the reason in the books
    "auth_down": ("AuthenticationError", 401, "INVALID_API_KEY", "auth"),
    "quota": ("PermissionDeniedError", 403, "INSUFFICIENT_BALANCE", "quota"),
    "moderation": ("BadRequestError", 400, "moderation_blocked", "moderation"),
    "outage": ("InternalServerError", 503, None, None),
    "html_error": ("InternalServerError", 502, None, None),
}


@pytest.mark.parametrize("fault", list(FAILED))
def test_a_failure_has_its_own_class_and_is_not_retried(
    openai: Client, served: Served, fault: str
) -> None:
    kind, status, code, reason = FAILED[fault]
    served.switch("sub2api", fault)
    error = openai.refused("images.generate", at=at(served), **CAT)

    assert (error["kind"], error["status_code"], error["code"]) == (kind, status, code)
    assert served.books("sub2api") == [("POST", GENERATE, status, reason, 0.0)]


def test_a_rate_limit_has_its_own_class_and_is_not_retried(openai: Client, served: Served) -> None:
    served.switch("sub2api", "rate_limit")  # every second request
    openai.ask("images.generate", at=at(served), **CAT)
    error = openai.refused("images.generate", at=at(served), **CAT)

    assert (error["kind"], error["code"]) == ("RateLimitError", "rate_limit_exceeded")
    assert served.books("sub2api") == [
        ("POST", GENERATE, 200, None, 1.0),
        ("POST", GENERATE, 429, "rate_limit", 0.0),
    ]


def test_aimlapi_edits_what_the_client_uploads(openai: Client, served: Served, file: File) -> None:
    asked = {"model": "openai/gpt-image-2", "prompt": "a hat", "size": "1536x1024", "n": 2}
    images, mask = [file(PHOTO), file("jpeg-rgb-512x512-2.jpeg")], file("png-rgba-512x512-3.png")
    told = openai.ask("images.edit", at=at(served, "aimlapi"), image=images, mask=mask, **asked)
    reply = parsed(told["reply"])

    (booked,) = served.books("aimlapi")
    assert booked[:4] == ("POST", EDIT, 200, None)
    assert booked[4] == pytest.approx(2 * 0.04116, abs=0.003)
    fetched = [served.fetched(one["url"]) for one in reply["data"]]
    assert [picture(data) for data in fetched] == [("png", (1536, 1024))] * 2


def test_aimlapis_envelope_becomes_a_bad_request_error(openai: Client, served: Served) -> None:
    asked = {"model": "openai/gpt-image-2", "prompt": "a cat", "size": "1000x1000"}
    error = openai.refused("images.generate", at=at(served, "aimlapi"), **asked)

    assert error["kind"] == "BadRequestError"
    assert "size" in error["body"]["message"]
    assert served.books("aimlapi") == [("POST", GENERATE, 400, "size.one_of", 0.0)]
