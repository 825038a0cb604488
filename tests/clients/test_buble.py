"""The package buble-ai drives Buble: uploads, jobs, results and errors."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clients.speaking import Client, Served, picture

pytestmark = pytest.mark.xdist_group("buble")

File = Callable[[str], dict[str, str]]

CREATE, FILES = "/api/v1/generations", "/api/v1/files"
CAT = {"model": "openai/gpt-image-2", "prompt": "a cat"}
EDIT = {"model": "openai/gpt-image-2", "mode": "image_to_image"}
PHOTO = "png-rgb-512x512-1.png"


def data(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["reply"]["value"]["data"]
    return found


def images(served: Served, job: dict[str, Any]) -> list[tuple[str, tuple[int, int]]]:
    """Download and decode every image of a finished job."""
    return [picture(served.fetched(image["url"])) for image in job["result"]["images"]]


def waited(buble: Client, job: dict[str, Any]) -> dict[str, Any]:
    return data(buble.ask("generations.wait", of=job["id"], interval=0.02, timeout=300))


def test_a_text_becomes_an_image(buble: Client, served: Served) -> None:
    asked = {**CAT, "mode": "text_to_image", "resolution": "4K", "aspect_ratio": "16:9"}
    job = data(buble.ask("generations.create", **asked))
    ended = waited(buble, job)

    assert (job["status"], ended["status"]) == ("pending", "success")
    assert (ended["mode"], ended["cost_credits"]) == ("text_to_image", 2)
    submitted, *polls = served.books("buble")
    assert submitted == ("POST", CREATE, 200, None, 2.0)
    assert set(polls) == {("GET", f"{CREATE}/{job['id']}", 200, None, 0.0)}
    assert images(served, ended) == [("png", (3840, 2160))]


def test_uploaded_images_become_an_image(buble: Client, served: Served, file: File) -> None:
    uploads = [
        data(buble.ask("files.upload", file=file(name), file_type="image", **EDIT))
        for name in (PHOTO, "jpeg-rgb-512x512-2.jpeg", "webp-rgb-512x512-3.webp")
    ]
    urls = [upload["url"] for upload in uploads]
    job = data(buble.ask("generations.create", **EDIT, prompt="a hat", image_urls=urls))
    ended = waited(buble, job)

    assert [upload["content_type"] for upload in uploads] == [
        "image/png", "image/jpeg", "image/webp",
    ]  # fmt: skip
    assert (ended["status"], ended["mode"]) == ("success", "image_to_image")
    posts = [line for line in served.books("buble") if line[0] == "POST"]
    assert posts == [("POST", FILES, 200, None, 0.0)] * 3 + [("POST", CREATE, 200, None, 1.0)]
    assert images(served, ended) == [("png", (1280, 720))]


def test_an_upload_can_be_fetched_as_it_was(buble: Client, served: Served, file: File) -> None:
    upload = data(buble.ask("files.upload", file=file(PHOTO), file_type="image", **EDIT))
    raw = served.fetched(upload["url"])

    assert picture(raw) == ("png", (512, 512))
    assert (upload["size"], upload["filename"]) == (len(raw), PHOTO)
    assert [line[:3] for line in served.books("buble")] == [
        ("POST", FILES, 200),
        ("GET", httpx.URL(upload["url"]).path, 200),
    ]


def test_the_clients_list_of_models_names_both_modes(buble: Client, served: Served) -> None:
    (model,) = buble.ask("media_models.list", media_type="image")["reply"]["value"]["data"]

    assert model["model"] == CAT["model"]
    assert {one["mode"] for one in model["operations"]} == {"text_to_image", "image_to_image"}
    assert [line[:3] for line in served.books("buble")] == [("GET", "/api/v1/media_models", 200)]


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    # rule: changes to the request, status, code
    "model.one_of": ({"model": "no/such"}, 404, "model_not_found"),
    "mode.one_of": ({"mode": "upscale"}, 422, "mode_not_supported"),
    "resolution.one_of": ({"resolution": "8K"}, 400, "invalid_request_body"),
    "subModeId.absent": ({"subModeId": "x"}, 400, "unsupported_field"),
}


@pytest.mark.parametrize("rule", list(REFUSED))
def test_a_refusal_becomes_the_clients_error(buble: Client, served: Served, rule: str) -> None:
    changes, status, code = REFUSED[rule]
    error = buble.refused("generations.create", **CAT | changes)

    assert (error["kind"], error["status_code"], error["code"]) == ("BubleAPIError", status, code)
    assert served.books("buble") == [("POST", CREATE, status, rule, 0.0)]


def test_a_refused_upload_becomes_the_clients_error(
    buble: Client, served: Served, file: File
) -> None:
    gif = file("gif-p-64x64-1.gif")
    error = buble.refused("files.upload", file=gif, file_type="image", **EDIT)

    assert (error["kind"], error["code"]) == ("BubleAPIError", "unsupported_file_format")
    assert served.books("buble") == [("POST", FILES, 415, "images.media_type", 0.0)]


def test_an_unknown_job_becomes_the_clients_error(buble: Client, served: Served) -> None:
    error = buble.refused("generations.wait", of="gen_unknown", interval=0.02, timeout=300)

    assert (error["kind"], error["status_code"]) == ("BubleAPIError", 404)
    assert len(served.books("buble")) == 1


FAILED: dict[str, tuple[int, str, str | None]] = {
    # fault: status, code, the reason in the books
    "auth_down": (401, "invalid_api_key", "auth"),
    "quota": (402, "insufficient_credits", "quota"),
    "moderation": (422, "content_policy_violation", "moderation"),
    "outage": (503, "service_unavailable", None),
}


@pytest.mark.parametrize("fault", list(FAILED))
def test_a_failure_keeps_its_status_and_code_and_is_not_retried(
    buble: Client, served: Served, fault: str
) -> None:
    status, code, reason = FAILED[fault]
    served.switch("buble", fault)
    error = buble.refused("generations.create", **CAT)

    assert (error["kind"], error["status_code"], error["code"]) == ("BubleAPIError", status, code)
    assert served.books("buble") == [("POST", CREATE, status, reason, 0.0)]


def test_a_rate_limit_is_not_retried(buble: Client, served: Served) -> None:
    served.switch("buble", "rate_limit")  # every second request
    buble.ask("generations.create", **CAT)
    error = buble.refused("generations.create", **CAT)

    assert (error["status_code"], error["code"]) == (429, "rate_limit_exceeded")
    assert [line[2] for line in served.books("buble")] == [200, 429]


def test_a_failed_job_raises_with_the_job_and_costs_nothing(buble: Client, served: Served) -> None:
    served.switch("buble", "failed_job")
    job = data(buble.ask("generations.create", **CAT))
    error = buble.refused("generations.wait", of=job["id"], interval=0.02, timeout=300)

    assert error["kind"] == "BubleGenerationError"
    assert (error["task"]["id"], error["task"]["status"]) == (job["id"], "failed")
    assert error["task"]["error"]["code"] == "generation_failed"
    assert sum(line[4] for line in served.books("buble")) == 0.0


def test_a_job_that_never_ends_outlasts_the_clients_patience(buble: Client, served: Served) -> None:
    served.switch("buble", "stuck_job")
    job = data(buble.ask("generations.create", **CAT))
    error = buble.refused("generations.wait", of=job["id"], interval=0.05, timeout=0.2)

    assert error["kind"] == "BubleTimeoutError"
    assert {line[2] for line in served.books("buble")} == {200}
