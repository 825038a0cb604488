"""Cassettes of our own and recordings of others: no bytes, no keys, and the same arguments."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.exchange import Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.core.recipe import parse_recipe
from harness.core.reference import references
from harness.reference_images import reference_bytes, reference_json
from harness.runner.traffic.traffic import Traffic, judge_file
from harness.spec.provider import Provider
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import NotOnTape, Tape, write_cassette
from tests.wires import shapes
from tests.wires.serving import KEY, PNG, Answer, Asked, planned, served, talk
from tests.wires.test_content import NAME, TEXT, generated, image
from tests.wires.test_jobs import FOX, queued


def collector() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None)


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}})


def entry(method: str, url: str, sent: Json, status: int, replied: Json) -> dict[str, Any]:
    """One exchange as a browser saves it."""
    headers = [{"name": "Content-Type", "value": "application/json"}]
    request: dict[str, Any] = {"method": method, "url": url, "headers": headers}
    if sent is not None:
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
    content = {"mimeType": "application/json", "text": json.dumps(replied)}
    return {
        "startedDateTime": "2026-11-20T10:00:00Z",
        "time": 1200,
        "request": request,
        "response": {"status": status, "headers": headers, "content": content},
    }


def records(path: Path, provider: Provider) -> Traffic:
    return judge_file(path, provider, collector())


@pytest.mark.parametrize("name", [NAME, "jpeg-rgb-320x256-1.jpeg", "webp-rgba-256x256-1.webp"])
def test_an_image_inside_somebody_elses_request_is_one_of_known_size(
    name: str, tmp_path: Path
) -> None:
    raw = reference_bytes(name)
    text = base64.b64encode(raw).decode()
    part: Json = {
        "inlineData": {"mimeType": f"image/{name.split('-', maxsplit=1)[0]}", "data": text}
    }
    sent: Json = {"contents": [{"role": "user", "parts": [{"text": "a fox"}, part]}]}
    reply: Json = {"candidates": [{"content": {"parts": [{"inlineData": {"data": TEXT}}]}}]}
    url = "https://api.test/v1beta/models/flash-image:generateContent?key=AIzaSyA-123456789"
    path = tmp_path / "a.har"
    path.write_text(har(entry("POST", url, sent, 200, reply)), encoding="utf-8")

    traffic = records(path, shapes.content())

    (record,) = traffic.records
    recipe = parse_recipe(name)
    assert recipe is not None
    known = reference_json(recipe)
    (read,) = references(record.shot.case.arguments["images"])
    assert (read.media_type, read.size_bytes) == (known.media_type, len(raw))
    assert (read.width_px, read.height_px, read.alpha, read.digest) == (
        known.width_px,
        known.height_px,
        known.alpha,
        known.digest,
    )
    assert record.shot.case.arguments["prompt"] == "a fox"
    assert isinstance(record.outcome, Images)
    assert text[:50] not in repr(record)
    assert "AIzaSyA" not in repr(record)


def test_a_data_url_of_somebody_else_is_read_and_text_that_is_none_stays(tmp_path: Path) -> None:
    sent: Json = {
        "prompt": "A" * 80,  # could be base64, and is no image
        "images": [{"image_url": f"data:image/png;base64,{TEXT}"}],
    }
    path = tmp_path / "a.har"
    made = entry("POST", "https://x.test/v1/images/edits", sent, 200, {"data": [{"url": TEXT}]})
    path.write_text(har(made), encoding="utf-8")

    (record,) = records(path, shapes.edits()).records

    assert record.shot.case.operation == "generate"
    assert record.shot.case.arguments["prompt"] == "A" * 80
    (read,) = references(record.shot.case.arguments["images"])
    assert (read.size_bytes, read.width_px) == (len(PNG), 256)


def test_a_recorded_queue_is_followed_through_its_addresses(tmp_path: Path) -> None:
    url = "https://queue.test"
    place = f"{url}/fal-ai/requests/r1"
    state: dict[str, Json] = {"request_id": "r1", "response_url": place}
    taken: Json = {**state, "status": "IN_QUEUE", "status_url": f"{place}/status"}
    path = tmp_path / "a.har"
    path.write_text(
        har(
            entry("POST", f"{url}/fal-ai/flux?fal_mode=fast", {"prompt": "a fox"}, 200, taken),
            entry("GET", f"{place}/status", None, 200, {**state, "status": "IN_PROGRESS"}),
            entry("GET", f"{place}/status", None, 200, {**state, "status": "COMPLETED"}),
            entry("GET", place, None, 200, {"images": [{"url": TEXT}]}),
        ),
        encoding="utf-8",
    )

    traffic = records(path, shapes.queue())

    (record,) = traffic.records
    assert record.shot.case.arguments == {"model": "fal-ai/flux", "mode": "fast", "prompt": "a fox"}
    assert isinstance(record.outcome, Images)
    assert [picture.state for picture in record.outcome.pictures] == ["decoded"]
    assert traffic.strangers == ()


# ----------------------------------------------------------------------------- our own cassettes
def test_a_cassette_replays_a_queue_without_the_key_or_the_bytes_of_a_request(
    tmp_path: Path,
) -> None:
    queue, path = shapes.queue(), tmp_path / "queue.yaml"
    with served(queued) as api:
        talked = talk(queue, planned(queue, FOX), api.url)
    write_cassette(
        path, talked.exchanges, base_url=api.url, metadata={}, picture_bytes=lambda _name: PNG
    )

    tape = Tape.load(path)
    again = [tape.take(exchange.request) for exchange in talked.exchanges]

    assert again == talked.exchanges
    assert [exchange.request.signed for exchange in again] == [False, True, True, True, False]
    assert KEY not in path.read_text(encoding="utf-8")


def test_a_cassette_holds_an_image_of_a_request_by_its_name(tmp_path: Path) -> None:
    content, path = shapes.content(), tmp_path / "content.yaml"
    shot = planned(content, {"images": [image()], "prompt": "a fox"}, operation="edit")
    with served(generated) as api:
        talked = talk(content, shot, api.url)
    write_cassette(
        path, talked.exchanges, base_url=api.url, metadata={}, picture_bytes=lambda _name: PNG
    )

    text = path.read_text(encoding="utf-8")
    assert f"base64-of:{NAME}" in text
    assert TEXT[:50] not in text
    assert Tape.load(path).take(shot.request) == talked.exchanges[0]


def test_requests_that_differ_in_a_header_of_an_argument_are_told_apart_on_a_tape() -> None:
    queue = shapes.queue()
    slow, fast = (planned(queue, {**FOX, "mode": mode}) for mode in ("slow", "fast"))

    def by_header(asked: Asked, _url: str) -> Answer:
        return 400, {"detail": asked.headers["x-queue-priority"]}

    with served(by_header) as api:
        talked = talk(queue, slow, api.url)

    tape = Tape(talked.exchanges, metadata={})
    with pytest.raises(NotOnTape):
        tape.take(fast.request)
    assert tape.take(slow.request) == talked.exchanges[0]


def test_a_key_in_a_field_of_another_run_is_the_same_request_on_a_tape() -> None:
    predictions = shapes.predictions()
    shot = planned(predictions, {"prompt": "a fox"})
    with served(lambda _asked, _url: (400, {"detail": "no"})) as api:
        talked = talk(predictions, shot, api.url)
    body: Json = {"input": {"prompt": "a fox", "request_key": "this-run-generate/base-2"}}
    other = type(shot.request)(method="POST", target=shot.request.target, body=body,
                               headers=shot.request.headers)  # fmt: skip

    assert Tape(talked.exchanges, metadata={}).take(other) == talked.exchanges[0]


def test_a_cassette_keeps_the_headers_of_arguments_and_replays_by_them(tmp_path: Path) -> None:
    queue, path = shapes.queue(), tmp_path / "queue.yaml"
    slow, fast = (planned(queue, {**FOX, "mode": mode}) for mode in ("slów", "fast"))

    def by_header(asked: Asked, _url: str) -> Answer:
        return 400, {"detail": asked.headers["x-queue-priority"].encode("latin-1").decode()}

    with served(by_header) as api:
        exchanges = [talk(queue, shot, api.url).exchanges[0] for shot in (slow, fast)]
    write_cassette(path, exchanges, base_url=api.url, metadata={}, picture_bytes=lambda _name: PNG)
    tape = Tape.load(path)

    for shot, said in ((fast, "fast"), (slow, "slów")):
        answer = tape.take(shot.request).answer
        assert isinstance(answer, Reply)
        assert answer.document == {"detail": said}


def test_somebody_elses_argument_in_a_header_is_read_and_other_headers_are_not_kept(
    tmp_path: Path,
) -> None:
    made = entry(
        "POST", "https://queue.test/fal-ai/flux", {"prompt": "a fox"}, 400, {"detail": "x"}
    )
    for name, value in (("X-Queue-Priority", "low"), ("X-Organisation", "of somebody")):
        made["request"]["headers"].append({"name": name, "value": value})
    path = tmp_path / "a.har"
    path.write_text(har(made), encoding="utf-8")

    (record,) = judge_file(path, shapes.queue(), collector()).records

    assert record.shot.case.arguments["mode"] == "low"
    assert "of somebody" not in repr(record)
