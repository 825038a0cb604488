"""Requests and replies as curl writes them, in folders and alone."""

import gzip
import json
from pathlib import Path

import pytest

from harness.core.errors import RecordingError
from harness.core.exchange import Failure, Reply
from harness.runner.traffic.traffic import Traffic, judge_file
from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign.read import Recording, read_recording
from tests.shipped import shipped_provider

ADDRESS = "https://api.example.test/v1/images/generations"
ASKED = {"model": "gpt-image-2", "prompt": "x"}
BODY = json.dumps(ASKED)
REPLY = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"created": 1}'
RAW = f"POST /v1/images/generations HTTP/1.1\r\nHost: api.example.test\r\n\r\n{BODY}"
STREAM = 'event: image_generation.completed\ndata: {"type": "image_generation.completed"}\n\n'


def collector() -> ImageCollector:
    return ImageCollector(lambda _name, _raw: None)


def read(folder: Path, files: dict[str, str | bytes]) -> Recording:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_recording(folder, collector())


def judged(folder: Path) -> Traffic:
    return judge_file(folder, shipped_provider("sub2api"), collector())


CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
VERBOSE = (
    "*   Trying 192.0.2.1:443...\n* Connected to api.example.test\n"
    "> POST /v1/images/generations HTTP/2\n> Host: api.example.test\n"
    "> Authorization: Bearer sk-1234567890abcdef\n> \n} [40 bytes data]\n"
    "< HTTP/2 200 \n< content-type: application/json\n< \n{ [14 bytes data]\n"
    '{"created": 1}'
)

REQUESTS = {
    "a message": RAW,
    "a message with LF": RAW.replace("\r\n", "\n"),
    "an address as target": f"POST {ADDRESS} HTTP/1.1\nContent-Type: application/json\n\n{BODY}",
    "a REST client's file": f"### a picture\nPOST {ADDRESS}\nX-A: b\n\n{BODY}",
    "JSON with a url": json.dumps({"url": ADDRESS, "body": ASKED}),
    "JSON with a body of text": json.dumps({"url": ADDRESS, "method": "POST", "body": BODY}),
    "a curl command": f"curl -sS -i {ADDRESS} -H 'Content-Type: application/json' -d '{BODY}'",
    "a command of several lines": (
        f"$ curl -siXPOST \\\n  --url {ADDRESS} \\\n"
        "  -H 'Authorization: Bearer sk-1234567890abcdef' \\\n"
        f"  --compressed --data-raw '{BODY}'\n"
    ),
    "--json": f"curl --json '{BODY}' --max-time 300 {ADDRESS} -o out.json",
}


@pytest.mark.parametrize("request_text", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_read_as_people_write_it_down(tmp_path: Path, request_text: str) -> None:
    recording = read(tmp_path, {"01.req": request_text, "01.res": REPLY})

    assert recording.unreadable == ()
    (found,) = recording.exchanges
    assert (found.exchange.request.method, found.exchange.request.target) == ("POST", ADDRESS)
    assert found.exchange.request.body == ASKED
    assert isinstance(found.exchange.answer, Reply)
    assert found.exchange.answer.document == {"created": 1}
    assert "sk-1234567890" not in repr(recording)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("01.req", "01.res"),
        ("edit.request.json", "edit.response.txt"),
        ("request.txt", "response.txt"),
        ("gen_request.http", "gen_response.http"),
        ("req-7", "res-7"),
        ("07-SSE.req", "07-SSE.res"),
        ("a.sh", "a.out"),
        ("b.http", "b.txt"),
        ("12_c.txt", "12_s.txt"),
        ("3/request.json", "3/response.txt"),
        ("3/a.req", "3/a.res"),
    ],
)
def test_a_pair_shares_its_name_but_for_the_words_of_its_sides(
    tmp_path: Path, asked: str, answered: str
) -> None:
    recording = read(
        tmp_path, {asked: RAW, answered: REPLY, "notes.md": "notes", "a.png": b"\x89P"}
    )

    assert (len(recording.exchanges), recording.unreadable) == (1, ())


def test_pairs_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {}
    for number in (10, 2, 1):
        files |= {f"{number}.req": RAW.replace('"x"', f'"{number}"'), f"{number}.res": REPLY}

    bodies = [each.exchange.request.body for each in read(tmp_path, files).exchanges]

    assert [body["prompt"] for body in bodies if isinstance(body, dict)] == ["1", "2", "10"]


REPLIES = {
    "HTTP/2": (REPLY.replace("HTTP/1.1 200 OK", "HTTP/2 200"), 200),
    "an interim reply before it": (f"HTTP/1.1 100 Continue\r\n\r\n{REPLY}", 200),
    "a proxy's tunnel before it": (
        f"HTTP/1.1 200 Connection established\r\n\r\n{REPLY.replace('200 OK', '400 Bad')}",
        400,
    ),
    "a redirect before it": (
        f"HTTP/1.1 308 Permanent Redirect\r\nLocation: /v2\r\n\r\n{REPLY}",
        200,
    ),
    "chunks": (
        f'{CHUNKED}\r\n5\r\n{{"cre\r\n9;a=b\r\nated": 1}}\r\n0\r\n\r\n',
        200,
    ),
    "chunks that were joined": (
        REPLY.replace("\r\n", "\r\nTransfer-Encoding: chunked\r\n", 1),
        200,
    ),
    "LF alone": (REPLY.replace("\r\n", "\n"), 200),
    "lines of -v": (VERBOSE, 200),
    "-i and -v": (VERBOSE.rpartition("\n")[0] + "\n" + REPLY, 200),
}


@pytest.mark.parametrize(("text", "status"), REPLIES.values(), ids=REPLIES)
def test_the_last_head_of_a_reply_counts(tmp_path: Path, text: str, status: int) -> None:
    recording = read(tmp_path, {"01.request.txt": RAW, "01.response.txt": text})

    (found,) = recording.exchanges
    assert isinstance(found.exchange.answer, Reply)
    assert found.exchange.answer.status == status
    assert found.exchange.answer.document == {"created": 1}
    assert "sk-1234567890" not in repr(recording)


def test_what_curl_v_prints_names_the_address_of_a_body_beside_it(tmp_path: Path) -> None:
    recording = read(tmp_path, {"01.request.json": BODY, "01.response.txt": VERBOSE})

    (found,) = recording.exchanges
    assert (found.exchange.request.target, found.exchange.request.body) == (ADDRESS, ASKED)


def test_a_packed_body_and_a_head_in_a_file_of_its_own_are_read(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    packed = gzip.compress(b'{"created": 1}')

    (found,) = read(tmp_path, {"1.req": RAW, "1.headers": head, "1.res": packed}).exchanges

    assert isinstance(found.exchange.answer, Reply)
    assert found.exchange.answer.document == {"created": 1}


def test_a_reply_that_was_cut_off_breaks_off_there(tmp_path: Path) -> None:
    text = 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"data": [{"b64_json": "iVBORw0K'
    (found,) = read(tmp_path, {"1.req": RAW, "1.res": text}).exchanges

    assert isinstance(found.exchange.answer, Failure)
    assert found.exchange.answer.kind == "not_on_tape"


@pytest.mark.parametrize("name", ["1.sse", "1.txt", "1.chunks.txt"])
@pytest.mark.parametrize("stream", [STREAM, STREAM.replace("\n\n", "")])
def test_a_stream_is_read_beside_its_request(tmp_path: Path, name: str, stream: str) -> None:
    recording = read(tmp_path, {"1.req": RAW, name: stream})

    (found,) = recording.exchanges
    assert isinstance(found.exchange.answer, Reply)
    assert [event.name for event in found.exchange.answer.events] == ["image_generation.completed"]


def test_events_in_lines_are_read_beside_their_request(tmp_path: Path) -> None:
    lines = '{"type":"response.created"}\n{"type":"response.completed"}\n'

    (found,) = read(tmp_path, {"1.request.json": BODY, "1.chunks.txt": lines}).exchanges

    assert isinstance(found.exchange.answer, Reply)
    assert len(found.exchange.answer.events) == 2


UNREADABLE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "no request": ({"1.res": REPLY}, "it holds no request"),
    "no reply": ({"1.req": RAW, "2.req": RAW, "2.res": REPLY}, "it holds no reply"),
    "no status": ({"1.req": RAW, "1.res": '{"created": 1}'}, "status"),
    "no host": ({"1.req": "POST /v1 HTTP/1.1\n\n{}", "1.res": REPLY}, "no host"),
    "no body": ({"1.res": VERBOSE}, "body of its request"),
    "a form": ({"1.req": f"curl {ADDRESS} -F image=@a.png", "1.res": REPLY}, "sends files"),
    "a file that is not there": (
        {"1.req": f"curl {ADDRESS} -d @../../etc/passwd", "1.res": REPLY},
        "not beside it",
    ),
    "an open quote": ({"1.req": f"curl {ADDRESS} -d 'x", "1.res": REPLY}, "quotation"),
}


@pytest.mark.parametrize(("files", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_missing_is_named(tmp_path: Path, files: dict[str, str | bytes], why: str) -> None:
    recording = read(tmp_path, files)

    assert len(recording.unreadable) == 1
    assert why in recording.unreadable[0]


@pytest.mark.parametrize(("asked", "beside"), [("1.sh", "body.json"), ("1/curl", "1/body.json")])
def test_a_command_takes_the_file_beside_it(tmp_path: Path, asked: str, beside: str) -> None:
    command = f"curl -i {ADDRESS} -H 'Content-Type: application/json' --data-binary @body.json"
    answered = asked.replace("sh", "res").replace("curl", "response.txt")
    recording = read(tmp_path, {asked: command, answered: REPLY, beside: BODY})

    assert [each.exchange.request.body for each in recording.exchanges] == [ASKED]


@pytest.mark.parametrize(
    "text",
    [
        f"{RAW}\r\n\r\n{REPLY}",
        f"$ curl -i {ADDRESS} -H 'Content-Type: application/json' -d '{BODY}'\n{REPLY}",
    ],
    ids=["http -v", "a terminal"],
)
def test_a_request_and_its_reply_in_one_file_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "seen.txt"
    path.write_text(text)

    (found,) = read_recording(path, collector()).exchanges

    assert found.exchange.request.body == ASKED
    assert isinstance(found.exchange.answer, Reply)


@pytest.mark.parametrize(
    "text",
    [
        REPLY,
        STREAM,
        '{"type":"response.created","a":1}\n{"type":"response.completed"}\n',
        '{"type": "image_generation.completed", "b64_json": "x"}\n[DONE]\n',
    ],
    ids=["a reply", "a stream", "events in lines", "one event and the end"],
)
def test_a_reply_alone_says_what_to_put_beside_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "seen.txt"
    path.write_text(text)

    recording = read_recording(path, collector())

    assert recording.exchanges == ()
    assert "put the request beside it" in recording.unreadable[0]


@pytest.mark.parametrize(
    "text", ["data:\n  pairs: 1\n", "id: 3\nname: data:\n", "event: a\nprices: []\ndata: x\n"]
)
def test_yaml_that_begins_like_a_stream_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "seen.yaml"
    path.write_text(text)

    with pytest.raises(RecordingError):
        read_recording(path, collector())


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside.res"
    outside.write_text(REPLY)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.res").symlink_to(outside)

    with pytest.raises(RecordingError, match="none of the formats"):
        read(folder, {"1.req": RAW})


def test_a_body_without_an_address_is_the_one_operation_that_explains_it(tmp_path: Path) -> None:
    read(tmp_path, {"1.request.json": BODY, "1.response.txt": REPLY})

    traffic = judged(tmp_path)

    (record,) = traffic.records
    assert record.shot.case.operation == "generate"
    assert record.evidence is not None
    assert record.evidence.source == "unknown"


@pytest.mark.parametrize("body", [{**ASKED, "colour": "red"}, {"size": "1024x1024"}])
def test_a_body_without_an_address_that_no_operation_explains_is_not_judged(
    tmp_path: Path, body: dict[str, str]
) -> None:
    read(tmp_path, {"1.request.json": json.dumps(body), "1.response.txt": REPLY})

    traffic = judged(tmp_path)

    assert (traffic.records, len(traffic.strangers)) == ((), 1)
