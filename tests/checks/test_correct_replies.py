"""Replies that a provider may send and keep every promise: none of them may convict anybody.

They follow the documents and the facts gathered about each provider: other statuses, other
spellings, fields that come and go. Each is driven through the wire, as the runner does it.
"""

import io
import json
from collections.abc import Sequence

import pytest
from PIL import Image

from harness.core.case import Case
from harness.core.exchange import Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from tests.checks.build import base64_image, case, failures, image_bytes, reply, said, spoken

SUB2API: dict[str, Json] = {
    "created": 1,
    "background": "opaque",
    "data": [{"b64_json": base64_image()}],
    "size": "1024x1024",
    "quality": "low",
    "output_format": "png",
    "usage": {"input_tokens": 43, "output_tokens": 196, "total_tokens": 239},
}


def answer(body: Json, *, status: int = 200) -> Reply:
    return reply(json.dumps(body).encode(), status=status)


def sub2api(*gone: str, **changes: Json) -> Reply:
    return answer({k: v for k, v in {**SUB2API, **changes}.items() if k not in gone})


def exact(asked: Case, replies: Sequence[Reply]) -> Record:
    """Drive the wire over exactly these replies, and find everything in order."""
    told = spoken(asked, replies)

    assert failures(told) == []
    assert isinstance(told.outcome, Images), told.outcome
    assert len(told.exchanges) == len(replies)
    return told


PLAIN = case(size="1024x1024", output_format="png")
DETAILS: Json = {"image_tokens": 64, "text_tokens": 12}


@pytest.mark.parametrize(
    ("asked", "said_"),
    [
        (PLAIN, sub2api()),
        (
            PLAIN,
            sub2api(
                model="gpt-image-2-codex",
                data=[{"b64_json": base64_image(), "revised_prompt": "x"}],
            ),
        ),
        (PLAIN, sub2api(data=[{"b64_json": base64_image(), "url": None, "extra": {"a": [1]}}])),
        (PLAIN, sub2api(size="1024X1024", quality="LOW", output_format="PNG")),
        (PLAIN, sub2api(quality="standard")),
        (
            PLAIN,
            sub2api(
                usage={
                    "input_tokens": 76,
                    "output_tokens": 120,
                    "total_tokens": 196,
                    "input_tokens_details": DETAILS,
                    "output_tokens_details": {"image_tokens": 120, "text_tokens": 0},
                }
            ),
        ),
        (
            PLAIN,
            sub2api(
                usage={
                    "input_tokens": 76,
                    "output_tokens": 120,
                    "total_tokens": 196,
                    "input_tokens_details": {"text_tokens": 12, "cached_tokens": 64},
                    "output_tokens_details": None,
                }
            ),
        ),
        (
            case(size="auto"),
            sub2api(size="1254x1254", data=[{"b64_json": base64_image(1254, 1254)}]),
        ),
        (case(size="auto"), sub2api(size="auto")),
        (case(quality="auto"), sub2api(quality="medium")),
        (case(quality=None), sub2api(quality="high")),
        (
            case(output_format="jpeg"),
            sub2api(output_format="jpg", data=[{"b64_json": base64_image(kind="JPEG")}]),
        ),
        (case(), sub2api(output_format="jpg", data=[{"b64_json": base64_image(kind="JPEG")}])),
        (case(model="gpt-image-2-2026-04-21"), sub2api(model="gpt-image-2")),
        (case(n=2), sub2api(data=[{"b64_json": base64_image(grey=grey)} for grey in (0, 9)])),
        (case(n=None), sub2api()),
    ],
)
def test_sub2api(asked: Case, said_: Reply) -> None:
    exact(asked, [said_])


def test_sub2api_may_put_spaces_before_the_body_to_keep_the_connection() -> None:
    exact(PLAIN, [reply(b" \n\n " + json.dumps(SUB2API).encode())])


@pytest.mark.parametrize("gone", ["size", "quality", "output_format", "usage"])
def test_sub2api_must_send_the_fields_that_its_document_shows(gone: str) -> None:
    told = spoken(PLAIN, [sub2api(gone)])

    assert [check for check, _ in failures(told)] == ["reply_has_the_documented_fields"]


JOB: Json = {"jobId": "j-1", "status": "QUEUED"}
WEBP = base64_image(kind="WEBP")
URL = "https://cdn.test/a.webp"
DOWNLOAD = reply(image_bytes(kind="WEBP"))


@pytest.mark.parametrize("result", [URL, {"images": [URL]}, {"images": [URL], "seed": None}, [URL]])
@pytest.mark.parametrize(
    "cost", [{}, {"creditCost": 4}, {"creditCost": "4"}, {"creditCost": None}], ids=repr
)
def test_apiframe(result: Json, cost: dict[str, Json]) -> None:
    done: Json = {"id": "j-1", "status": "COMPLETED", "result": result, "error": None, **cost}
    polled: Json = {"id": "j-1", "status": "PROCESSING", "progress": 40, "result": None}

    exact(case("apiframe"), [answer(JOB, status=202), answer(polled), answer(done), DOWNLOAD])


def test_apiframe_may_cancel_or_fail_a_job_without_breaking_a_promise() -> None:
    for state in ("FAILED", "CANCELLED"):
        ended: Json = {"id": "j-1", "status": state, "result": None, "error": "no", "creditCost": 0}

        told = spoken(case("apiframe"), [answer(JOB, status=202), answer(ended)])

        assert isinstance(told.outcome, Fault)
        assert failures(told) == []


def test_apiframe_may_show_no_or_any_false_cost_of_a_failed_job() -> None:
    for cost in (None, 0, "0", False, True):
        ended: Json = {"id": "j-1", "status": "FAILED", "error": "no", "creditCost": cost}

        told = spoken(case("apiframe"), [answer(JOB, status=202), answer(ended)])

        assert said("failed_jobs_cost_nothing", told) == ["pass"]


PNG = reply(image_bytes(1280, 720))


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("cost", [1, 1.0, "1", "1.0", "1 credit", None], ids=repr)
def test_buble(status: int, cost: Json) -> None:
    created: Json = {"data": {"id": "g-1", "status": "pending", "result": None, "error": None}}
    done: Json = {
        "data": {
            "id": "g-1",
            "status": "success",
            "cost_credits": cost,
            "result": {"images": [{"url": "https://cdn.test/a.png", "width": 1280}]},
            "error": None,
        },
        "error": None,
    }

    exact(case("buble"), [answer(created, status=status), answer(done), PNG])


@pytest.mark.parametrize(
    "data",
    [
        {"url": "https://cdn.test/a.png"},
        {"url": ["https://cdn.test/a.png"]},
        {"url": "https://cdn.test/a.png", "costCredits": 1},
        {"url": "https://cdn.test/a.png", "costCredits": "1"},
        {"url": "https://cdn.test/a.png", "costCredits": None, "more": {}},
    ],
)
def test_nanobanana(data: Json) -> None:
    exact(case("nanobanana"), [answer({"code": 0, "message": "ok", "data": data}), PNG])


@pytest.mark.parametrize("status", [200, 400, 422, 500])
def test_nanobanana_may_refuse_with_any_status(status: int) -> None:
    asked = case("nanobanana", expect="refuse", breaks="n.range", n=2)
    word = answer({"code": -1, "message": "invalid request type: n must be 1"}, status=status)

    assert failures(spoken(asked, [word])) == []


@pytest.mark.parametrize(
    "message",
    ["invalid api key", "insufficient credits", "generate failed", "upstream busy", "rate limit"],
)
@pytest.mark.parametrize("status", [200, 400])
def test_nanobanana_may_be_in_trouble_under_its_one_code(message: str, status: int) -> None:
    word = answer({"code": -1, "message": message}, status=status)

    assert failures(spoken(case("nanobanana"), [word])) == []


AIML_PNG = reply(image_bytes())


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "item",
    [
        {"b64_json": None, "url": "https://cdn.test/a.png"},
        {"url": "https://cdn.test/a.png"},
    ],
)
@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"meta": {"usage": {"credits_used": 107341, "usd_spent": 0.0536705}}},
        {"meta": {"usage": {"usd_spent": "0.2"}}, "usage": None, "size": None, "quality": None},
        {"created": 1, "error": None, "usage": None, "output_format": "png"},
    ],
)
def test_aimlapi(status: int, item: Json, rest: dict[str, Json]) -> None:
    exact(case("aimlapi"), [answer({"data": [item], **rest}, status=status), AIML_PNG])


def test_aimlapi_may_send_base64() -> None:
    body: Json = {"data": [{"b64_json": base64_image(), "url": None}]}

    exact(case("aimlapi"), [answer(body)])


def _animated() -> bytes:
    written = io.BytesIO()
    frames = [Image.new("RGB", (1024, 1024), colour) for colour in ("red", "blue")]
    frames[0].save(written, "WEBP", save_all=True, append_images=frames[1:])
    return written.getvalue()


def _deep() -> bytes:
    written = io.BytesIO()
    Image.new("I;16", (1024, 1024)).save(written, "PNG")
    return written.getvalue()


def _palette() -> bytes:
    return image_bytes(mode="P")


def _jpeg_with_more() -> bytes:
    written = io.BytesIO()
    first, second = (Image.new("RGB", (1024, 1024), colour) for colour in ("red", "blue"))
    first.save(written, "MPO", save_all=True, append_images=[second])
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("webp", _animated()),
        ("png", _deep()),
        ("png", _palette()),
        ("png", image_bytes(mode="RGBA")),
        ("jpeg", image_bytes(kind="JPEG", mode="L")),
        ("jpeg", image_bytes(kind="JPEG", mode="CMYK")),
        ("jpeg", _jpeg_with_more()),
    ],
)
def test_unusual_images_of_the_asked_format_and_size(kind: str, raw: bytes) -> None:
    asked = case("aimlapi", expect="accept", output_format=kind)
    body: Json = {"data": [{"url": "https://cdn.test/a"}]}

    told = exact(asked, [answer(body), reply(raw)])

    assert said("images_have_the_asked_format", told) == ["pass"]
    assert said("images_have_the_asked_dimensions", told) == ["pass"]


GATEWAY = reply(b"<html><h1>502 Bad Gateway</h1></html>", status=502)
PORTAL = reply(b"<html>Please sign in</html>", status=200)
BLOCKED = reply(b"<html>Forbidden</html>", status=403)
GONE = reply(b"", status=404)


@pytest.mark.parametrize("name", ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi"])
@pytest.mark.parametrize("word", [GATEWAY, PORTAL, BLOCKED, GONE])
@pytest.mark.parametrize("expect", ["accept", "refuse"])
def test_a_gateways_page_is_nobodys_word(name: str, word: Reply, expect: str) -> None:
    breaks = "prompt.max_length" if expect == "refuse" else None
    asked = case(name, expect=expect, breaks=breaks)  # type: ignore[arg-type]  # one of the two

    told = spoken(asked, [word] * 9)

    assert isinstance(told.outcome, Fault)
    assert failures(told) == []


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        (
            "sub2api",
            {
                "error": {
                    "message": "Invalid 'n': integer above maximum value.",
                    "param": "n",
                    "code": "integer_above_max_value",
                    "type": "invalid_request_error",
                }
            },
            400,
        ),
        ("sub2api", {"code": "invalid_request_error", "message": "n must be at most 10"}, 400),
        (
            "apiframe",
            {
                "error": "Validation failed",
                "details": {"gptImage2Params.number_of_images": ["too big"]},
            },
            400,
        ),
        (
            "apiframe",
            {"error": "Validation failed", "details": {"number_of_images": ["too big"]}},
            400,
        ),
        (
            "apiframe",
            {
                "error": "Validation failed",
                "details": {"gptImage2Params": ["Number must be at most 10"]},
            },
            400,
        ),
        ("apiframe", {"error": "number_of_images must be at most 10", "details": {}}, 400),
    ],
)
def test_refusals_in_each_providers_shapes_name_the_number_of_images(
    name: str, body: Json, status: int
) -> None:
    asked = case(name, expect="refuse", breaks="n.range", n=11)

    told = spoken(asked, [answer(body, status=status)])

    assert isinstance(told.outcome, Refused), told.outcome
    assert failures(told) == []
    assert said("refuses_what_it_forbids", told) == ["pass"]


REJECTED = "Your request was rejected by the safety system. safety_violations=[sexual]."


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {
                "code": "moderation_blocked",
                "type": "image_generation_user_error",
                "param": None,
                "message": REJECTED,
            }
        },
        {
            "error": {
                "code": "moderation_blocked",
                "type": "image_generation_user_error",
                "param": "",
                "message": REJECTED,
            }
        },
        {"error": {"code": "content_policy_violation", "message": "no"}},
    ],
)
def test_moderation_is_inconclusive_for_every_expectation(body: Json) -> None:
    refused_n = case(expect="refuse", breaks="n.range", n=11)

    assert said("accepts_what_it_documents", spoken(PLAIN, [answer(body, status=400)])) == [
        "inconclusive"
    ]
    assert said("refuses_what_it_forbids", spoken(refused_n, [answer(body, status=400)])) == [
        "inconclusive"
    ]
