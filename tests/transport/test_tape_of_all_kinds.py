"""What a run of edits, streams and webhooks sends and gets, as a cassette."""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest
import vcr

from harness import reference_images
from harness.core.exchange import Event, Exchange, Part, Request
from harness.core.placeholders import ASSETS, INBOX, WEBHOOKS
from harness.core.recipe import Recipe
from harness.spec.request import form_part
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Replay, Tape, write_cassette
from harness.transport.cassettes.interaction import from_interaction, to_interaction
from harness.transport.foreign.read import read_recording
from tests.loopback import HUNG_S
from tests.runner.hostile import Received, chunked, http, serving
from tests.transport.connections import RUN_WORD, live, outside, replied

BASE = "https://api.example.test"
IMAGE = Recipe(format="png", mode="rgba", width_px=64, height_px=48)
FORM = Request(
    method="POST",
    target="/v1/images/edits",
    form=(
        Part(name="prompt", value="Łódź \U0001f431"),
        replace(form_part("image[]", reference_images.reference_json(IMAGE).as_json()), alpha=True),
        form_part("mask", reference_images.reference_json(IMAGE).as_json()),
    ),
    timeout_s=HUNG_S,
)
SUBMIT = Request(
    method="POST",
    target="/v2/images/generate",
    headers=(("Content-Type", "application/json"), ("Idempotency-Key", "this-run-1")),
    body={"webhook_url": f"{WEBHOOKS}t-1", "image": f"{ASSETS}{IMAGE.name}"},
    timeout_s=HUNG_S,
)
ASK = Request(method="GET", target=f"{INBOX}t-1", timeout_s=0.0)


async def _answer(received: Received, writer: asyncio.StreamWriter) -> None:
    """Stream a partial image in reply to a form; call a webhook for a job."""
    if received.headers["content-type"].startswith("multipart/form-data"):
        image = base64.b64encode(reference_images.reference_bytes(IMAGE.name)).decode()
        data = json.dumps({"type": "image_edit.completed", "b64_json": image}).encode()
        lines = (b"data: " + data + b"\n\n", b"data: [DONE]\n\n")
        writer.write(chunked(*lines, headers=("Content-Type: text/event-stream",)))
        return
    asked = json.loads(received.body)
    async with httpx.AsyncClient(trust_env=False, timeout=HUNG_S) as client:
        await client.post(asked["webhook_url"], json={**asked, "event": "completed"})
    writer.write(http({"jobId": "j-1", "asked": asked}))


async def _made() -> tuple[list[Exchange], list[str]]:
    """Round trips over sockets, and what only this run knows."""
    async with (
        asyncio.timeout(HUNG_S),
        outside() as places,
        serving(_answer) as server,
        live(server.url, places) as transport,
    ):
        sent = [await transport.send(one, due_s=0.0) for one in (FORM, SUBMIT, ASK)]
        hook = json.loads(server.requests[-1].body)["webhook_url"]
        known = [f":{places.port}", hook.split("/")[-3], RUN_WORD]
    steps = [sent[0], sent[1], replace(sent[2], step="deliveries")]
    return [_without_connection(one) for one in steps], known


def _without_connection(exchange: Exchange) -> Exchange:
    """What is about the connection is no part of a recording."""
    reply = replied(exchange)
    named = ("connection", "transfer-encoding")
    headers = tuple(pair for pair in reply.headers if pair[0].lower() not in named)
    return replace(exchange, answer=replace(reply, headers=headers))


def _saved(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    path = folder / "apiframe" / "edit.yaml"
    write_cassette(
        path,
        exchanges,
        base_url=BASE,
        metadata={},
        picture_bytes=lambda _name: reference_images.reference_bytes(IMAGE.name),
    )
    return path


def test_forms_streams_and_deliveries_come_back_from_a_tape(tmp_path: Path) -> None:
    exchanges, known = asyncio.run(_made())
    path = _saved(tmp_path, exchanges)

    loaded = Tape.load(path)

    edited, submitted, delivered = (replied(one) for one in exchanges)
    assert [type(event) for event in edited.events] == [Event, Event]
    assert len(edited.pictures) == 1
    assert submitted.document == {"jobId": "j-1", "asked": SUBMIT.body}
    assert f"{WEBHOOKS}t-1" in str(delivered.document)
    assert list(loaded.exchanges) == exchanges
    text = path.read_text()
    assert not [word for word in known if word in text]


def test_a_tape_answers_for_the_receiver(tmp_path: Path) -> None:
    exchanges, _ = asyncio.run(_made())
    replay = Replay(Tape.load(_saved(tmp_path, exchanges)))

    async def go() -> list[Exchange]:
        return [await replay.send(one, due_s=0.0) for one in (ASK, FORM, SUBMIT)]

    assert asyncio.run(go()) == [exchanges[2], exchanges[0], exchanges[1]]


def test_stock_vcrpy_loads_and_plays_them(tmp_path: Path) -> None:
    exchanges, _ = asyncio.run(_made())
    path = str(_saved(tmp_path, exchanges))

    stock = vcr.cassette.Cassette.load(path=path, serializer=vcr.serializers.yamlserializer)
    with vcr.use_cassette(path, record_mode="none", match_on=["method", "uri"]):
        played = httpx.get(f"{WEBHOOKS}t-1").json()

    assert [(one.method, one.uri) for one in stock.requests] == [
        ("POST", f"{BASE}/v1/images/edits"),
        ("POST", f"{BASE}/v2/images/generate"),
        ("GET", f"{WEBHOOKS}t-1"),
    ]
    assert played == replied(exchanges[2]).document


def test_a_stranger_reads_them_as_a_recording(tmp_path: Path) -> None:
    exchanges, _ = asyncio.run(_made())
    path = _saved(tmp_path, exchanges)

    found = read_recording(path, ImageCollector(lambda _name, _raw: None))

    assert found.unreadable == ()
    assert [one.exchange.answer for one in found.exchanges] == [one.answer for one in exchanges]
    assert [one.exchange.request.form for one in found.exchanges] == [FORM.form, None, None]
    assert [one.exchange.step for one in found.exchanges] == ["submit", "submit", "deliveries"]
    assert found.exchanges[2].exchange.request.target == f"{WEBHOOKS}t-1"


def test_times_that_json_cannot_hold_are_refused() -> None:
    exchanges, _ = asyncio.run(_made())
    request, response = to_interaction(exchanges[2], base_url=BASE)
    timing = {**response["timing"], "due_s": date(2026, 1, 2)}  # type: ignore[dict-item]  # it is a mapping

    with pytest.raises(ValueError, match="timing holds what JSON cannot hold"):
        from_interaction(
            {"request": request._to_dict(), "response": {**response, "timing": timing}}
        )


def test_a_step_that_nobody_knows_is_refused() -> None:
    exchanges, _ = asyncio.run(_made())
    request, response = to_interaction(exchanges[2], base_url=BASE)
    asked = {**response["asked"], "step": "dance"}  # type: ignore[dict-item]  # it is a mapping

    with pytest.raises(ValueError, match=r"step: .*Input should be 'submit', .* or 'deliveries'"):
        from_interaction({"request": request._to_dict(), "response": {**response, "asked": asked}})
