"""The package litellm drives sub2api as an OpenAI, and AI/ML API as itself."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.speaking import Client, Served, picture

# The import takes seconds of work: one worker does it for all.
pytestmark = pytest.mark.xdist_group("litellm")

File = Callable[[str], dict[str, str]]

GENERATE, EDIT = "/v1/images/generations", "/v1/images/edits"
SQUARE, WIDE = (1024, 1024), (1536, 1024)
PHOTO = "png-rgb-512x512-1.png"


def sub2api(served: Served) -> dict[str, Any]:
    base = f"{served.urls['sub2api']}/v1"
    return {"model": "openai/gpt-image-2", "api_base": base, "prompt": "a cat"}


def aimlapi(served: Served) -> dict[str, Any]:
    base = served.urls["aimlapi"]
    return {"model": "aiml/openai/gpt-image-2", "api_base": base, "prompt": "a cat"}


def test_sub2api_generates(litellm: Client, served: Served) -> None:
    asked = {**sub2api(served), "n": 2, "size": "1024x1024", "output_format": "jpeg"}
    reply = litellm.ask("image_generation", **asked)["reply"]["value"]

    assert [picture(one["b64_json"]) for one in reply["data"]] == [("jpeg", SQUARE)] * 2
    usage = reply["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert served.books("sub2api") == [("POST", GENERATE, 200, None, 2.0)]


def test_sub2api_edits(litellm: Client, served: Served, file: File) -> None:
    images = [file(PHOTO), file("jpeg-rgb-512x512-2.jpeg")]
    asked = {**sub2api(served), "image": images, "mask": file("png-rgba-512x512-3.png")}
    reply = litellm.ask("image_edit", size="1536x1024", **asked)["reply"]["value"]

    assert [picture(one["b64_json"]) for one in reply["data"]] == [("png", WIDE)]
    assert reply["usage"]["input_tokens_details"]["image_tokens"] == 2 * 64
    assert served.books("sub2api") == [("POST", EDIT, 200, None, 1.0)]


def test_aimlapi_generates_at_an_address(litellm: Client, served: Served) -> None:
    asked = {**aimlapi(served), "size": "1536x1024", "output_format": "webp"}
    (image,) = litellm.ask("image_generation", **asked)["reply"]["value"]["data"]

    (booked,) = served.books("aimlapi")
    assert booked[:4] == ("POST", GENERATE, 200, None)
    assert booked[4] == pytest.approx(0.04116, abs=0.001)
    assert picture(served.fetched(image["url"])) == ("webp", WIDE)


def test_aimlapis_base64_is_served_but_lost_in_litellm(litellm: Client, served: Served) -> None:
    asked = {**aimlapi(served), "response_format": "b64_json"}
    (image,) = litellm.ask("image_generation", **asked)["reply"]["value"]["data"]

    # AI/ML API sends both keys, one of them null, and litellm takes the address where the key is.
    assert (image["url"], image["b64_json"]) == (None, None)
    (booked,) = served.books("aimlapi")
    assert booked[:4] == ("POST", GENERATE, 200, None)
    assert booked[4] == pytest.approx(0.05268, abs=0.001)


def test_aimlapi_edits_as_an_openai(litellm: Client, served: Served, file: File) -> None:
    base = f"{served.urls['aimlapi']}/v1"
    asked = {"model": "openai/openai/gpt-image-2", "api_base": base, "prompt": "a hat"}
    (image,) = litellm.ask("image_edit", image=[file(PHOTO)], **asked)["reply"]["value"]["data"]

    (booked,) = served.books("aimlapi")
    assert booked[:4] == ("POST", EDIT, 200, None)
    assert booked[4] == pytest.approx(0.05268, abs=0.003)
    assert picture(served.fetched(image["url"])) == ("png", SQUARE)


@pytest.mark.parametrize(
    ("provider", "rule", "options"),
    [
        ("sub2api", "n.range", {"n": 11}),
        ("sub2api", "size.multiple_of", {"size": "1000x1000"}),
        ("aimlapi", "size.one_of", {"size": "1024x1000"}),
        ("aimlapi", "quality.one_of", {"quality": "ultra"}),
    ],
)
def test_a_refusal_becomes_a_bad_request_error(
    litellm: Client, served: Served, provider: str, rule: str, options: dict[str, Any]
) -> None:
    asked = {"sub2api": sub2api, "aimlapi": aimlapi}[provider](served) | options
    error = litellm.refused("image_generation", **asked)

    assert (error["kind"], error["status_code"]) == ("BadRequestError", 400)
    assert rule.partition(".")[0] in error["message"]
    assert served.books(provider) == [("POST", GENERATE, 400, rule, 0.0)]


def test_a_refused_edit_becomes_a_bad_request_error(
    litellm: Client, served: Served, file: File
) -> None:
    asked = {**sub2api(served), "image": [file(PHOTO)], "mask": file(PHOTO)}
    error = litellm.refused("image_edit", **asked)

    assert (error["kind"], error["status_code"]) == ("BadRequestError", 400)
    assert served.books("sub2api") == [("POST", EDIT, 400, "mask.alpha", 0.0)]


@pytest.mark.parametrize("provider", ["sub2api", "aimlapi"])
@pytest.mark.parametrize(
    ("fault", "kind", "status", "reason"),
    [
        ("auth_down", "AuthenticationError", 401, "auth"),
        ("quota", "APIError", 403, "quota"),
        ("moderation", "BadRequestError", 400, "moderation"),
        ("outage", "ServiceUnavailableError", 503, None),
    ],
)
def test_a_failure_has_its_class_and_is_not_retried(  # noqa: PLR0913 - four facts per row
    litellm: Client,
    served: Served,
    provider: str,
    *,
    fault: str,
    kind: str,
    status: int,
    reason: str | None,
) -> None:
    served.switch(provider, fault)
    asked = {"sub2api": sub2api, "aimlapi": aimlapi}[provider](served)
    error = litellm.refused("image_generation", **asked)

    assert (error["kind"], error["status_code"]) == (kind, status)
    assert served.books(provider) == [("POST", GENERATE, status, reason, 0.0)]


@pytest.mark.parametrize("provider", ["sub2api", "aimlapi"])
def test_a_rate_limit_has_its_class_and_is_not_retried(
    litellm: Client, served: Served, provider: str
) -> None:
    served.switch(provider, "rate_limit")  # every second request
    asked = {"sub2api": sub2api, "aimlapi": aimlapi}[provider](served)
    litellm.ask("image_generation", **asked)
    error = litellm.refused("image_generation", **asked)

    assert (error["kind"], error["status_code"]) == ("RateLimitError", 429)
    assert [line[2] for line in served.books(provider)] == [200, 429]


def test_the_books_show_the_retries_that_litellm_cannot_be_told_to_leave(
    litellm: Client, served: Served
) -> None:
    served.switch("sub2api", "outage")
    litellm.refused("image_generation", by_itself=True, **sub2api(served))

    # max_retries=0 and num_retries=0 were given.
    assert served.books("sub2api") == [("POST", GENERATE, 503, None, 0.0)] * 3
