import base64
import gzip
import io
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import RecordingError
from harness.core.exchange import Event, Exchange, Failure, Part, Reply, Request, Times
from harness.core.jsonvalue import Json
from harness.transport.bodies.images import ImageCollector, file_name, mark
from harness.transport.cassettes.cassette import write_cassette
from harness.transport.foreign.read import Foreign, Recording, read_recording
from tests import strategies
from tests.interrupted import signalled_often

URI = "https://api.example.test/v1/images/generations"
ASKED: Json = {"model": "gpt-image-2", "prompt": "Łódź 🐱", "n": 1}
JSON_TYPE = {"Content-Type": ["application/json"]}


def png(width: int = 24, height: int = 16) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(buffer, "PNG")
    return buffer.getvalue()


def pictures() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None)


def saved(folder: Path, content: object, *, name: str = "recording.yaml") -> Path:
    path = folder / name
    as_json = name.endswith((".json", ".har"))
    path.write_text(json.dumps(content) if as_json else yaml.safe_dump(content), encoding="utf-8")
    return path


def interaction(
    *, request: dict[str, object] | None = None, response: dict[str, object] | None = None
) -> dict[str, object]:
    return {
        "request": {
            "method": "POST",
            "uri": URI,
            "headers": {**JSON_TYPE, "Authorization": ["Bearer sk-secret-1"]},
            "body": json.dumps(ASKED),
            **(request or {}),
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {**JSON_TYPE, "Date": ["Tue, 21 Jan 2025 16:32:48 GMT"]},
            "body": {"string": '{"created": 1}'},
            **(response or {}),
        },
    }


def vcrpy(*interactions: object) -> dict[str, object]:
    return {"version": 1, "interactions": list(interactions)}


def only(recording: Recording) -> Foreign:
    assert recording.unreadable == ()
    assert len(recording.exchanges) == 1
    return recording.exchanges[0]


def reply(foreign: Foreign) -> Reply:
    assert isinstance(foreign.exchange.answer, Reply)
    return foreign.exchange.answer


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_a_vcrpy_cassette_is_read_without_its_key(tmp_path: Path, name: str) -> None:
    recording = read_recording(saved(tmp_path, vcrpy(interaction()), name=name), pictures())
    found = only(recording)

    assert recording.format == "vcrpy"
    assert (found.index, found.host, found.path) == (
        0,
        "api.example.test",
        "/v1/images/generations",
    )
    assert (found.recorded, found.duration_s) == ("2025-01-21T16:32:48+00:00", None)
    assert found.exchange.request == Request(
        method="POST", target=URI, headers=(("Content-Type", "application/json"),), body=ASKED
    )
    assert reply(found).document == {"created": 1}
    assert reply(found).size_bytes == 14
    assert "sk-secret" not in repr(recording)


def test_what_stock_vcrpy_records_is_read(tmp_path: Path) -> None:
    """Recorded through vcrpy's own code; only the socket is replaced."""
    path = tmp_path / "stock.yaml"
    image = png()
    packed = gzip.compress(
        json.dumps({"data": [{"b64_json": base64.b64encode(image).decode()}]}).encode()
    )
    cassette = vcr.cassette.Cassette.load(path=str(path), record_mode="all")
    form = httpx.Request(
        "POST", URI, data={"prompt": "x"}, files={"image": ("a.png", image, "image/png")}
    )
    cassette.append(
        vcr.request.Request("POST", URI, form.read(), dict(form.headers)),
        {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": ["application/json"], "content-encoding": ["gzip"]},
            "body": {"string": packed},
        },
    )
    cassette._save(force=True)

    found = only(read_recording(path, pictures()))

    assert found.exchange.request.form is not None
    prompt, file = found.exchange.request.form
    assert prompt == Part(name="prompt", value="x")
    assert (file.filename, file.media_type, file.size_bytes) == ("a.png", "image/png", len(image))
    assert (file.width_px, file.height_px) == (24, 16)
    (picture,) = reply(found).pictures.values()
    assert (picture.format, picture.width_px, picture.height_px) == ("png", 24, 16)
    assert reply(found).document == {"data": [{"b64_json": mark(picture)}]}


def test_bodies_that_pydantic_ai_parsed_are_read_on_both_sides(tmp_path: Path) -> None:
    entry = interaction(
        request={"parsed_body": ASKED},
        response={"parsed_body": {"output": [{"result": base64.b64encode(png()).decode()}]}},
    )
    for side in ("request", "response"):
        part = entry[side]
        assert isinstance(part, dict)
        del part["body"]

    found = only(read_recording(saved(tmp_path, vcrpy(entry)), pictures()))

    assert found.exchange.request.body == ASKED
    assert [picture.width_px for picture in reply(found).pictures.values()] == [24]


@pytest.mark.parametrize(
    "body",
    [
        '{"created": 1}',
        {"string": '{"created": 1}'},
        {"string": b'{"created": 1}'},
        {"base64_string": base64.b64encode(b'{"created": 1}').decode()},
        {"encoding": "ASCII-8BIT", "string": '{"created": 1}'},
        [b'{"created"', b": 1}"],
    ],
)
def test_a_body_is_read_in_every_shape_it_is_written_in(tmp_path: Path, body: object) -> None:
    path = saved(tmp_path, vcrpy(interaction(response={"body": body})))

    assert reply(only(read_recording(path, pictures()))).document == {"created": 1}


def test_an_image_body_and_a_text_body_are_told_apart(tmp_path: Path) -> None:
    image = interaction(response={"body": {"string": png()}, "headers": {"Server": "plain text"}})
    page = interaction(response={"body": {"string": "<html>busy"}, "status": {"code": 502}})

    recording = read_recording(saved(tmp_path, vcrpy(image, page)), pictures())
    first, second = (reply(found) for found in recording.exchanges)

    assert first.document == next(iter(first.pictures))
    assert first.headers == (("Server", "plain text"),)
    assert (second.status, second.document, second.text) == (502, None, "<html>busy")


def test_redacted_values_survive_as_text(tmp_path: Path) -> None:
    redacted = "<B64 1049708 chars ('png', 1024, 1024, 787281)>"
    entry = interaction(
        request={"body": json.dumps({"image": f"data:image/png;base64,{redacted}"})},
        response={
            "body": {"string": json.dumps({"data": [{"b64_json": redacted}]})},
            "headers": {"Server": "<REDACTED>", "Set-Cookie": ["a=b"]},
        },
    )

    found = only(read_recording(saved(tmp_path, vcrpy(entry)), pictures()))

    assert found.exchange.request.body == {"image": f"data:image/png;base64,{redacted}"}
    assert reply(found).document == {"data": [{"b64_json": redacted}]}
    assert reply(found).pictures == {}
    assert reply(found).headers == (("Server", "<REDACTED>"),)


def test_half_characters_are_replaced_so_that_a_request_can_be_written(tmp_path: Path) -> None:
    entry = interaction(request={"body": '{"prompt": "half \\ud83d", "\\ud83d": 1}'})

    found = only(read_recording(saved(tmp_path, vcrpy(entry)), pictures()))

    assert found.exchange.request.body == {"prompt": "half ?", "?": 1}


@pytest.mark.parametrize("content_type", ["text/event-stream; charset=utf-8", "text/plain"])
def test_a_stream_is_read_as_events_with_its_images_taken_out(
    tmp_path: Path, content_type: str
) -> None:
    encoded = base64.b64encode(png()).decode()
    stream = (
        f'event: partial\ndata: {{"b64": "{encoded}"}}\n\n'
        'data: {"type": "completed"}\n\ndata: [DONE]\n\ndata: cut off'
    )
    entry = interaction(
        response={"body": {"string": stream}, "headers": {"content-type": [content_type]}}
    )

    failure = only(read_recording(saved(tmp_path, vcrpy(entry)), pictures())).exchange.answer
    assert isinstance(failure, Failure)
    assert failure.partial is not None
    got = failure.partial
    (picture,) = got.pictures

    assert got.events == (
        Event(name="partial", at_s=0.0, data={"b64": picture}),
        Event(name="completed", at_s=0.0, data={"type": "completed"}),
        Event(name="", at_s=0.0, data="[DONE]"),
    )
    assert (got.document, got.text, got.size_bytes) == (None, None, len(stream))
    assert failure.kind == "not_on_tape"
    assert failure.why == "the recording breaks off there"


RUBY = """\
http_interactions:
- request:
    method: post
    uri: https://api.example.test/v1/images/edits
    body: {encoding: UTF-8, string: '{"model":"gpt-image-1.5","n":1}'}
    headers: {Authorization: [<REDACTED>], Content-Type: [application/json]}
  response:
    status: {code: 400, message: Bad Request}
    headers: {Date: ['Mon, 10 Aug 2026 23:51:41 GMT'], Content-Type: [application/json]}
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        eyJlcnJvciI6IHsibWVzc2FnZSI6ICLFgSJ9fQ==
  recorded_at: Mon, 10 Aug 2026 23:51:59 GMT
- request:
    method: get
    uri: https://api.example.test/v1/jobs/1
    body: {encoding: US-ASCII, base64_string: ''}
    headers: {}
  response:
    status: {code: 200, message: OK}
    headers: {}
    body: {encoding: UTF-8, base64_string: eyJzdGF0ZSI6ICJkb25lIn0=}
  recorded_at: 2026-08-10 23:52:00 +02:00
recorded_with: VCR 6.4.0
"""


def test_a_ruby_vcr_cassette_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ruby.yml"
    path.write_text(RUBY, encoding="utf-8")

    recording = read_recording(path, pictures())
    edit, poll = recording.exchanges

    assert (recording.format, recording.unreadable) == ("ruby-vcr", ())
    assert (edit.exchange.request.method, edit.path) == ("POST", "/v1/images/edits")
    assert edit.exchange.request.body == {"model": "gpt-image-1.5", "n": 1}
    assert edit.exchange.request.headers == (("Content-Type", "application/json"),)
    assert edit.recorded == "2026-08-10T23:51:59+00:00"
    assert (reply(edit).status, reply(edit).document) == (400, {"error": {"message": "Ł"}})
    assert (poll.exchange.request.body, reply(poll).document) == (None, {"state": "done"})


def har_entry(**changes: object) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-03-01T10:00:00.250+02:00",
        "time": 12_345.5,
        "request": {
            "method": "POST",
            "url": "https://user:word@api.example.test:8443/v1/images/generations?x=1",
            "headers": [
                {"name": ":authority", "value": "api.example.test"},
                {"name": "content-type", "value": "application/json"},
                {"name": "cookie", "value": "secret"},
            ],
            "postData": {"mimeType": "application/json", "text": json.dumps(ASKED)},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "headers": [{"name": "content-encoding", "value": "br"}],
            "content": {"size": 14, "mimeType": "application/json", "text": '{"created": 1}'},
        },
        **changes,
    }


def har(*entries: object) -> dict[str, object]:
    return {"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}


def test_a_har_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "browser.har"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(har(har_entry())).encode())

    found = only(read_recording(path, pictures()))

    assert found.recorded == "2026-03-01T08:00:00+00:00"
    assert found.duration_s == pytest.approx(12.3455)
    assert found.exchange.times == Times(due_s=0.0, sent_s=0.0, end_s=12.3455)
    assert found.exchange.request == Request(
        method="POST",
        target="https://api.example.test:8443/v1/images/generations?x=1",
        headers=(("content-type", "application/json"),),
        body=ASKED,
    )
    assert reply(found).document == {"created": 1}


def test_a_har_image_in_base64_is_decoded(tmp_path: Path) -> None:
    content = {"text": base64.b64encode(png()).decode(), "encoding": "base64", "size": 99}
    entry = har_entry(response={"status": 200, "headers": [], "content": content})

    found = only(read_recording(saved(tmp_path, har(entry), name="x.har"), pictures()))

    assert [picture.format for picture in reply(found).pictures.values()] == ["png"]


def test_a_har_request_without_a_reply_is_a_failure_and_convicts_nobody(tmp_path: Path) -> None:
    entry = har_entry(time=-1, response={"status": 0, "_error": "net::ERR_CONNECTION_RESET"})

    found = only(read_recording(saved(tmp_path, har(entry), name="x.har"), pictures()))

    assert found.exchange.answer == Failure(
        kind="network", why="net::ERR_CONNECTION_RESET", sent=True
    )
    assert found.duration_s is None


def test_a_har_form_is_read_from_its_params(tmp_path: Path) -> None:
    params = [
        {"name": "prompt", "value": "x"},
        {"name": "image", "fileName": "a.png", "contentType": "image/png"},
        {"name": "mask", "fileName": "m.png", "contentType": "image/png", "value": "abc"},
    ]
    entry = har_entry()
    entry["request"]["postData"] = {"mimeType": "multipart/form-data", "params": params}

    form = only(
        read_recording(saved(tmp_path, har(entry), name="x.har"), pictures())
    ).exchange.request.form

    assert form is not None
    assert form[:2] == (
        Part(name="prompt", value="x"),
        Part(name="image", filename="a.png", media_type="image/png"),
    )
    assert form[2].size_bytes == 3


def ours(folder: Path) -> tuple[Path, Exchange]:
    kept: dict[str, bytes] = {}
    picture = ImageCollector(kept.__setitem__).from_bytes(png())
    exchange = Exchange(
        request=Request(method="POST", target="/v1/images/generations", body=ASKED),
        answer=Reply(
            status=200,
            document={"data": [{"b64_json": mark(picture)}]},
            pictures={mark(picture): picture},
            events=(Event(name="x", at_s=2.5, data=[1]),),
            size_bytes=999,
        ),
        times=Times(due_s=0.0, sent_s=1.0, end_s=4.5),
    )
    path = folder / "ours.yaml"
    write_cassette(
        path,
        [exchange],
        base_url="https://api.example.test",
        metadata={},
        picture_bytes=kept.__getitem__,
    )
    return path, exchange


def test_our_own_cassettes_are_read_with_their_pictures_and_times(tmp_path: Path) -> None:
    path, exchange = ours(tmp_path)
    handed: list[str] = []

    found = only(read_recording(path, ImageCollector(lambda name, _: handed.append(name))))

    assert found.exchange.request.target == URI
    assert found.exchange.answer == exchange.answer
    assert (found.duration_s, found.exchange.times) == (3.5, exchange.times)
    assert handed == [file_name(next(iter(reply(found).pictures.values())))]


def test_our_own_cassettes_are_read_without_their_image_files(tmp_path: Path) -> None:
    path, exchange = ours(tmp_path)
    for image in (tmp_path / "images").iterdir():
        image.unlink()

    assert only(read_recording(path, pictures())).exchange.answer == exchange.answer


def test_an_altered_image_of_our_own_cassette_is_unreadable(tmp_path: Path) -> None:
    path, _ = ours(tmp_path)
    for image in (tmp_path / "images").iterdir():
        image.write_bytes(png(99, 99))

    assert "was altered" in read_recording(path, pictures()).unreadable[0]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("text", "interaction is a text"),
        ({}, "request is missing"),
        (interaction(request={"uri": "/relative"}), "not http"),
        (interaction(request={"uri": "http://[::1"}), "IPv6"),
        (interaction(request={"body": '{"model": '}), "request's body is no JSON"),
        (interaction(response={"status": {"code": "two"}}), "code is a text"),
        (interaction(response={"body": {"base64_string": "a"}}), "base64|padding|character"),
        (
            interaction(
                response={
                    "headers": {"Content-Encoding": "br"},
                    "body": {"string": b"\x1b\x0d\x00\xf8\xff"},
                }
            ),
            "packed with br, and is damaged or cut",
        ),
        (
            interaction(
                request={"headers": {"content-type": "multipart/form-data"}, "body": "--x--"}
            ),
            "boundary",
        ),
    ],
)
def test_one_broken_interaction_is_named_and_loses_no_other(
    tmp_path: Path, broken: object, told: str
) -> None:
    recording = read_recording(
        saved(tmp_path, vcrpy(interaction(), broken, interaction())), pictures()
    )

    assert [found.index for found in recording.exchanges] == [0, 2]
    assert len(recording.unreadable) == 1
    assert recording.unreadable[0].startswith("interaction 1: ")
    assert re.search(told, recording.unreadable[0])


def test_a_reply_whose_body_was_left_out_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    entry = har_entry(response={"status": 200, "headers": [], "content": {"size": 1_234}})

    recording = read_recording(saved(tmp_path, har(entry), name="x.har"), pictures())

    assert recording.exchanges == ()
    assert "1,234 bytes was left out" in recording.unreadable[0]


def test_a_python_object_in_a_body_spoils_that_interaction_and_runs_nothing(
    tmp_path: Path,
) -> None:
    marker = tmp_path / "marker"
    good = yaml.safe_dump(vcrpy(interaction()))
    path = tmp_path / "evil.yaml"
    path.write_text(
        good.removesuffix("version: 1\n")
        + "- request: {method: GET, uri: 'https://a.test/', headers: {}, body: null}\n"
        + "  response:\n    status: {code: 200}\n    headers: {}\n"
        + f"    body: {{string: !!python/object/apply:os.mkdir ['{marker}']}}\nversion: 1\n"
    )

    recording = read_recording(path, pictures())

    assert not marker.exists()
    assert len(recording.exchanges) == 1
    assert "python/object/apply:os.mkdir" in recording.unreadable[0]


def cut(folder: Path) -> Path:
    path = saved(folder, vcrpy(interaction()))
    text = path.read_text()
    path.write_text(text[: text.index("gpt-image-2")])
    return path


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def refused(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        read_recording(path, pictures())

    assert f"{path}: no recording: " in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


NO_RECORDINGS = {
    "cut JSON": (b'{"log": {"entries": [{', "truncated or invalid JSON"),
    "a bare error": (b'{"error": {"message": "no"}}', "none of the formats"),
    "JSON lines": (b'{"type":"a"}\n{"type":"b"}\n', "invalid JSON: parse error: trailing garbage"),
    "nothing": (b"", "none of the formats"),
    "words": (b"just words", "none of the formats"),
    "a number": (b"interactions: 7", "where a list was expected"),
    "deep JSON": (b"[" * 100_000, "nested too deeply"),
    "deep YAML": (b"- " * 100_000, "nested deeper"),
    "an image": (png(), "no text in UTF-8, UTF-16 or UTF-32"),
}


@pytest.mark.parametrize("name", NO_RECORDINGS)
def test_what_is_no_recording_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    content, told = NO_RECORDINGS[name]
    path = tmp_path / "x"
    path.write_bytes(content)

    assert told in refused(path)


def test_what_is_no_file_or_a_cut_one_is_told_in_one_line(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.yaml")
    assert "a folder that holds none of the formats" in refused(tmp_path)
    assert "no plain file" in refused(pipe(tmp_path))
    assert "truncated YAML in line" in refused(cut(tmp_path))


def test_a_file_beyond_the_bound_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.transport.foreign.plain_file.FILE_AT_MOST_BYTES", 10)

    with pytest.raises(RecordingError, match="at most 10 bytes"):
        read_recording(saved(tmp_path, vcrpy(interaction())), pictures())


def test_an_empty_recording_holds_nothing(tmp_path: Path) -> None:
    assert read_recording(saved(tmp_path, vcrpy()), pictures()).exchanges == ()


def test_aliases_that_explode_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [" + "x, " * 9 + "x]"]
    lines += [f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + f"*a{n - 1}]" for n in range(1, 12)]
    path = tmp_path / "laughs.yaml"
    path.write_text("\n".join([*lines, "interactions: *a11"]))

    with pytest.raises(RecordingError, match="repeat far more"):
        read_recording(path, pictures())


def attempt(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            recording = read_recording(path, pictures())
        except RecordingError as error:
            assert "\n" not in str(error)  # noqa: PT017 - any other exception fails the test
        else:
            assert all("\n" not in line for line in recording.unreadable)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8")))
def test_random_bytes_are_a_recording_error(content: bytes) -> None:
    attempt(content, "x")


odd = strategies.json_values() | st.dictionaries(
    st.sampled_from(("method", "uri", "url", "headers", "body", "string", "base64_string", "status",
                     "code", "name", "value", "content", "text", "encoding", "parsed_body", "asked",
                     "timing", "postData", "params", "content-encoding", "content-type")),
    strategies.json_values()
    | st.sampled_from(("POST", URI, "gzip", "base64", "multipart/form-data; boundary=b", 200))
    | st.just({"code": 200}),
)  # fmt: skip


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.data(),
    st.sampled_from(("interactions", "http_interactions", "log")),
    st.sampled_from((json.dumps, yaml.safe_dump)),
)
def test_random_values_in_the_place_of_interactions_are_unreadable_or_errors(
    data: st.DataObject, key: str, dump: Callable[[object], str]
) -> None:
    base: Any = har_entry() if key == "log" else interaction()
    for side in ("request", "response"):
        field = data.draw(st.sampled_from(sorted(base[side])))
        base[side][field] = data.draw(odd)
    if data.draw(st.booleans()):
        base[data.draw(st.sampled_from(sorted(base)))] = data.draw(odd)
    rows = [base, data.draw(odd)]
    content = {key: {"entries": rows} if key == "log" else rows}

    attempt(dump(content).encode(), "x")


@pytest.mark.parametrize("entry", ['{"request": {}, "response": {}}', "1", "1.5", '"text"'])
@pytest.mark.parametrize("place", ["other", "entries"])
def test_a_signal_is_taken_while_a_large_file_is_read(
    tmp_path: Path, entry: str, place: str
) -> None:
    rows = ",".join([entry] * (5_000 if "{" in entry else 60_000))
    path = tmp_path / "large.har"
    path.write_text(f'{{"log": {{"entries": [], "{place}": [{rows}]}}}}')
    with signalled_often() as met:
        assert read_recording(path, pictures()).exchanges == ()

    assert met & {"entries", "_moved", "event", "_walk"}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("entries", "more than 2,000 interactions"),
        ("other", "more than 10,000 values in one interaction"),
    ],
)
def test_a_file_of_more_lists_than_are_read_in_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.setattr("harness.transport.foreign.document.ENTRIES_AT_MOST", 2_000)
    monkeypatch.setattr("harness.transport.foreign.document.VALUES_AT_MOST", 10_000)
    path = tmp_path / "lists.har"
    path.write_text(f'{{"log": {{"{place}": [{"[]," * 5_100}[]]}}}}')

    with pytest.raises(RecordingError, match=told):
        read_recording(path, pictures())
