"""What each fault of what was drawn, and of what it is billed as, tells a client."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from harness.emulator.faults.catalogue import catalogue
from tests.emulator.bodies import picture
from tests.emulator.conftest import decoded
from tests.emulator.files import layout, share_of_high_frequencies, tables

if TYPE_CHECKING:
    from tests.emulator.conftest import Emulator

Json = dict[str, Any]
SQUARE = "1024x1024"
# The maker's figures (low, medium, high).
TAKES = {SQUARE: {"low": 196, "medium": 1756, "high": 7024}, "1536x1024": {"low": 158}}
STEPS = [
    ("high", "medium"),
    ("high", "low"),
    ("medium", "low"),
    ("low", "medium"),
    ("low", "high"),
    ("medium", "high"),
]
# By provider, the operations whose replies tell tokens or what they cost.
METERED = [
    *(("sub2api", operation) for operation in ("generate", "edit", "edit_json", "respond")),
    *(("openai", operation) for operation in ("generate", "edit", "edit_json", "respond")),
    ("aimlapi", "generate"),
    ("aimlapi", "edit"),
]
DATA_URL = "data:image/png;base64," + base64.b64encode(picture()).decode()


def served(emulator: Emulator, provider: str, operation: str, /, **changes: object) -> Json:
    """The JSON of a reply to a valid request."""
    url, client = emulator.urls[provider], emulator.client
    values = emulator.body(provider, **changes)
    match operation:
        case "generate":
            reply = emulator.submit(provider, values)
        case "respond":
            tool = {"type": "image_generation", **changes}
            text = {"model": "gpt-5.4", "input": "a cat", "tools": [tool]}
            reply = client.post(f"{url}/v1/responses", json=text)
        case "edit_json":
            body = values | {"images": [{"image_url": DATA_URL}]}
            reply = client.post(f"{url}/v1/images/edits", json=body)
        case _:
            parts = {"image": ("a.png", picture(), "image/png")}
            fields = {key: str(value) for key, value in values.items()}
            reply = client.post(f"{url}/v1/images/edits", data=fields, files=parts)
    assert reply.status_code == 200, reply.text
    told: Json = reply.json()
    return told


def tokens(provider: str, operation: str, reply: Json) -> int:
    """The output tokens of images that a reply tells, out of its price where it tells money."""
    if operation == "respond":
        told: int = reply["tool_usage"]["image_gen"]["output_tokens_details"]["image_tokens"]
        return told
    if provider == "aimlapi":
        read = 5e-6 + (64 * 8e-6 if operation == "edit" else 0)  # one token of text
        spent: float = reply["meta"]["usage"]["usd_spent"]
        return round((spent - read) / 30e-6)
    taken: int = reply["usage"]["output_tokens_details"]["image_tokens"]
    return taken


def data_of(emulator: Emulator, reply: Json) -> bytes:
    """The image of a reply of the Images API."""
    (one,) = reply["data"]
    if one.get("b64_json"):
        return base64.b64decode(one["b64_json"])
    return emulator.client.get(one["url"]).content


@pytest.mark.parametrize(("provider", "operation"), METERED)
@pytest.mark.parametrize(("asked", "drawn"), STEPS)
def test_another_quality_drawn_shows_in_the_tokens_alone(
    emulator: Emulator, provider: str, operation: str, asked: str, drawn: str
) -> None:
    right = served(emulator, provider, operation, quality=asked, size=SQUARE)
    emulator.switch(provider, f"drawn_as:{asked}:{drawn}").raise_for_status()
    wrong = served(emulator, provider, operation, quality=asked, size=SQUARE)
    other = next(one for one in ("low", "medium", "high") if one != asked)
    beside = served(emulator, provider, operation, quality=other, size=SQUARE)

    assert tokens(provider, operation, right) == TAKES[SQUARE][asked]
    assert tokens(provider, operation, wrong) == TAKES[SQUARE][drawn]
    assert tokens(provider, operation, beside) == TAKES[SQUARE][other]
    assert wrong.get("quality") == right.get("quality") != drawn


@pytest.mark.parametrize("provider", ["apiframe", "nanobanana"])
def test_replies_without_tokens_do_not_show_what_was_drawn(
    emulator: Emulator, provider: str
) -> None:
    def cost() -> float:
        if provider == "apiframe":
            return float(emulator.job(provider, quality="high")["creditCost"])
        reply = emulator.submit(provider, emulator.body(provider, quality="high"))
        return float(reply.json()["data"]["costCredits"])

    right = cost()
    emulator.switch(provider, "drawn_as:high:low").raise_for_status()

    assert cost() == right


def test_the_quality_that_auto_becomes_is_drawn_as_declared(emulator: Emulator) -> None:
    emulator.switch("openai", "drawn_as:low:high").raise_for_status()
    reply = served(emulator, "openai", "generate", size=SQUARE)

    assert (reply["quality"], tokens("openai", "generate", reply)) == ("low", 196)


@pytest.mark.parametrize(("provider", "operation"), METERED)
def test_an_enlarged_image_takes_the_tokens_of_the_smaller_one(
    emulator: Emulator, provider: str, operation: str
) -> None:
    emulator.switch(provider, "smaller_and_enlarged").raise_for_status()
    reply = served(emulator, provider, operation, quality="high", size=SQUARE)

    # at 512x512 high takes 5207, at 816x816 6142
    assert 5200 <= tokens(provider, operation, reply) <= 6150


@pytest.mark.parametrize("encoding", ["png", "jpeg", "webp"])
def test_an_enlarged_image_has_the_asked_size_and_little_detail(
    emulator: Emulator, encoding: str
) -> None:
    emulator.switch("sub2api", "smaller_and_enlarged").raise_for_status()
    lossless = {} if encoding == "png" else {"output_compression": 100}
    changes = {"size": SQUARE, "output_format": encoding, **lossless}
    data = data_of(emulator, served(emulator, "sub2api", "generate", **changes))

    assert decoded(data) == (encoding, (1024, 1024))
    assert share_of_high_frequencies(data) < 0.05  # of native ones: 0.18


@pytest.mark.parametrize(("provider", "operation"), [one for one in METERED if one[1] != "respond"])
def test_an_image_smaller_than_asked_is_billed_as_asked(
    emulator: Emulator, provider: str, operation: str
) -> None:
    emulator.switch(provider, "billed_as_asked").raise_for_status()
    reply = served(emulator, provider, operation, quality="medium", size=SQUARE)

    assert decoded(data_of(emulator, reply))[1] == (768, 768)
    assert tokens(provider, operation, reply) == TAKES[SQUARE]["medium"]


@pytest.mark.parametrize("provider", ["buble", "nanobanana"])
def test_a_smaller_image_costs_the_credits_of_the_asked_one(
    emulator: Emulator, provider: str
) -> None:
    emulator.switch(provider, "billed_as_asked").raise_for_status()
    if provider == "buble":
        job = emulator.job(provider, resolution="4K", aspect_ratio="1:1")
        url, cost = job["result"]["images"][0]["url"], job["cost_credits"]
    else:
        body = emulator.body(provider, size="2048x2048", quality="medium")
        reply = emulator.submit(provider, body).json()["data"]
        url, cost = reply["url"], reply["costCredits"]

    asked, listed = {"buble": (2880, 2), "nanobanana": (2048, 17)}[provider]
    assert emulator.image(url)[1] == (asked * 3 // 4, asked * 3 // 4)
    assert cost == listed


def test_other_sizes_than_asked_take_their_own_tokens_where_nothing_else_is_the_fault(
    emulator: Emulator,
) -> None:
    emulator.switch("sub2api", "wrong_dimensions").raise_for_status()
    reply = served(emulator, "sub2api", "generate", quality="low", size="3840x2160")

    assert decoded(data_of(emulator, reply))[1] == (1254, 1254)
    assert tokens("sub2api", "generate", reply) == 229


@pytest.mark.parametrize(("provider", "operation"), METERED)
def test_constant_usage_is_the_same_whatever_is_asked(
    emulator: Emulator, provider: str, operation: str
) -> None:
    emulator.switch(provider, "usage_constant").raise_for_status()
    told = []
    for quality, size in (("low", SQUARE), ("high", "1536x1024")):
        reply = served(emulator, provider, operation, quality=quality, size=size)
        usage = reply["meta"]["usage"] if provider == "aimlapi" else reply.get("usage")
        told.append(reply["tool_usage"] if operation == "respond" else usage)

    assert told[0] == told[1]


@pytest.mark.parametrize(("provider", "operation"), METERED)
def test_usage_of_another_size_keeps_the_quality(
    emulator: Emulator, provider: str, operation: str
) -> None:
    emulator.switch(provider, "usage_of_another_size").raise_for_status()
    told = [
        tokens(provider, operation, served(emulator, provider, operation, quality="low", size=size))
        for size in (SQUARE, "1536x1024")
    ]

    assert told == [158, 196]


@pytest.mark.parametrize("provider", ["sub2api", "openai", "aimlapi"])
def test_compression_moves_the_tables_of_a_flat_jpeg_unless_it_is_ignored(
    emulator: Emulator, provider: str
) -> None:
    def table(**changes: object) -> dict[int, list[int]]:
        reply = served(emulator, provider, "generate", output_format="jpeg", **changes)
        return tables(data_of(emulator, reply))

    right = [table(output_compression=number) for number in (10, 90)]
    emulator.switch(provider, "compression_ignored").raise_for_status()
    wrong = [table(output_compression=number) for number in (10, 90)]

    assert sum(right[0][0]) > 4 * sum(right[1][0])
    assert wrong[0] == wrong[1] == table()


def test_compression_moves_the_bytes_of_a_flat_webp_unless_it_is_ignored(
    emulator: Emulator,
) -> None:
    def data(number: int) -> bytes:
        changes = {"output_format": "webp", "output_compression": number}
        return data_of(emulator, served(emulator, "sub2api", "generate", **changes))

    right = [data(10), data(90)]
    emulator.switch("sub2api", "compression_ignored").raise_for_status()
    wrong = [data(10), data(90)]

    assert right[0] != right[1]
    assert wrong[0] == wrong[1]


@pytest.mark.parametrize("encoding", ["png", "jpeg"])
def test_a_file_written_anew_shows_in_its_layout(emulator: Emulator, encoding: str) -> None:
    changes = {"output_format": encoding}
    right = data_of(emulator, served(emulator, "sub2api", "generate", **changes))
    emulator.switch("sub2api", "reencoded").raise_for_status()
    wrong = data_of(emulator, served(emulator, "sub2api", "generate", **changes))

    if encoding == "png":
        assert "pHYs" in layout(wrong)
        with Image.open(io.BytesIO(right)) as one, Image.open(io.BytesIO(wrong)) as other:
            assert one.convert("RGB").tobytes() == other.convert("RGB").tobytes()
    else:
        assert tables(wrong) != tables(right)


@pytest.mark.parametrize("provider", ["sub2api", "nanobanana", "aimlapi", "openai"])
def test_every_third_submission_fails_and_is_charged(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "billed_for_failures").raise_for_status()
    replies = [emulator.submit(provider, emulator.body(provider)) for _ in range(6)]

    assert [reply.status_code for reply in replies] == [200, 200, 500] * 2
    costs = [entry["cost"]["amount"] for entry in emulator.ledger(provider)["entries"]]
    assert min(costs) > 0


@pytest.mark.parametrize("provider", ["buble", "apiframe"])
def test_every_third_job_fails_and_tells_what_it_cost(emulator: Emulator, provider: str) -> None:
    emulator.switch(provider, "billed_for_failures").raise_for_status()
    jobs = [emulator.job(provider) for _ in range(3)]

    cost = "cost_credits" if provider == "buble" else "creditCost"
    done, failed = ("success", "failed") if provider == "buble" else ("COMPLETED", "FAILED")
    assert [job["status"] for job in jobs] == [done, done, failed]
    assert len({job[cost] for job in jobs}) == 1
    assert jobs[0][cost] > 0


def test_a_repeated_key_is_charged_again_for_the_same_job(emulator: Emulator) -> None:
    emulator.switch("apiframe", "charged_for_retry").raise_for_status()
    body, key = emulator.body("apiframe", quality="low"), {"idempotency-key": "once"}
    ids = [emulator.submit("apiframe", body, **key).json()["jobId"] for _ in range(2)]

    assert ids[0] == ids[1]
    assert emulator.poll("apiframe", ids[0]).json()["creditCost"] == 8
    assert emulator.ledger("apiframe")["totals"]["amount"] == 8


def test_six_downgrades_are_at_every_provider_with_a_quality() -> None:
    rows = [one for one in catalogue() if one.name.startswith("drawn_as:")]

    assert {one.name for one in rows} == {f"drawn_as:{asked}:{drawn}" for asked, drawn in STEPS}
    assert len(rows) == 6 * 5


@pytest.mark.parametrize(
    ("provider", "operation"),
    [("sub2api", "generate"), ("openai", "generate"), ("openai", "edit"), ("aimlapi", "edit")],
)
def test_one_of_several_images_drawn_low_shows_in_the_sum(
    emulator: Emulator, provider: str, operation: str
) -> None:
    emulator.switch(provider, "one_image_drawn_low").raise_for_status()
    several = served(emulator, provider, operation, quality="high", size=SQUARE, n=3)
    alone = served(emulator, provider, operation, quality="high", size=SQUARE)

    assert tokens(provider, operation, several) == 7024 + 196 + 7024
    assert tokens(provider, operation, alone) == 7024


@pytest.mark.parametrize("provider", ["sub2api", "openai"])
def test_partial_images_are_counted_unless_that_is_the_fault(
    emulator: Emulator, provider: str
) -> None:
    def taken() -> int:
        asked = {"size": SQUARE, "quality": "low", "stream": True, "partial_images": 2}
        reply = emulator.submit(provider, emulator.body(provider, **asked))
        *_, last = [line for line in reply.text.splitlines() if line.startswith("data: ")]
        counted: int = json.loads(last.removeprefix("data: "))["usage"]["output_tokens"]
        return counted

    right = taken()
    emulator.switch(provider, "partials_not_counted").raise_for_status()

    assert (right, taken()) == (196 + 200, 196)
