"""The server of known delays: what its log says is what it did."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from harness.emulator.delay_server.server import Standstill
from tests.loopback import HUNG_S

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = (sys.executable, "-m", "harness.emulator.delay_server.server", "--json")
IMAGE_BYTES = 300_000


@contextmanager
def process(*more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with subprocess.Popen(
        [*COMMAND, *more], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield server, json.loads(server.stdout.readline())
        finally:
            server.kill()


@pytest.fixture(scope="module")
def _url() -> Iterator[str]:
    with process() as (_, told):
        yield told["url"]


@pytest.fixture
def url(_url: str) -> str:
    """The address of a server whose log is empty, whatever other tests have asked."""
    log(_url)
    return _url


def ask(url: str, *targets: str) -> list[bytes]:
    """Ask for all of them over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=HUNG_S)
    bodies = []
    try:
        for target in targets:
            connection.request("POST", target, body=b'{"prompt":"x"}')
            bodies.append(connection.getresponse().read())
    finally:
        connection.close()
    return bodies


def log(url: str) -> dict[str, dict[str, float]]:
    return {one["id"]: one for one in json.loads(ask(url, "/log")[0])["requests"]}


def test_it_says_where_it_is_and_ends_on_a_signal() -> None:
    with process() as (server, told):
        server.send_signal(signal.SIGTERM)
        code = server.wait(HUNG_S)

        assert told["pid"] == server.pid
        assert code == 0


def test_it_ends_when_its_input_closes() -> None:
    with process("--until-eof") as (server, _):
        assert server.stdin is not None
        server.stdin.close()

        assert server.wait(HUNG_S) == 0


def test_a_body_has_the_length_that_was_asked_for(url: str) -> None:
    tiny, padded = ask(url, "/delay/0/body/0", "/delay/0/body/500")

    assert json.loads(tiny) == {"ok": True}
    assert json.loads(padded)["ok"] is True
    assert len(padded) == 500


def test_every_image_is_whole_and_another_one(url: str) -> None:
    targets = [f"/delay/0/image/{IMAGE_BYTES}?id={name}" for name in "ab"]
    raw = [
        base64.b64decode(json.loads(body)["data"][0]["b64_json"], validate=True)
        for body in ask(url, *targets)
    ]
    sizes = []
    for one in raw:
        with Image.open(io.BytesIO(one)) as image:
            image.load()
            sizes.append(image.size)

    assert len({hashlib.sha256(one).digest() for one in raw}) == 2
    about = json.loads(ask(url, f"/about/image/{IMAGE_BYTES}")[0])
    assert sizes == [(about["width_px"], about["height_px"])] * 2
    assert {len(one) for one in raw} == {about["size_bytes"]}
    assert 0.70 * IMAGE_BYTES < len(raw[0]) <= 0.75 * IMAGE_BYTES


def test_the_log_has_the_parts_of_a_reply_in_order_and_no_sooner_than_asked_for(url: str) -> None:
    ask(url, f"/delay/20/image/{IMAGE_BYTES}?first_ms=10&last_ms=10&id=parts")

    times = log(url)["parts"]
    assert times["due_s"] - times["received_s"] == pytest.approx(0.020)
    assert times["headers_s"] >= times["due_s"]
    assert times["first_s"] >= times["headers_s"] + 0.010
    assert times["last_s"] >= times["first_s"] + 0.010


def test_a_log_is_told_once(url: str) -> None:
    ask(url, "/delay/0/body/0?id=once")

    assert [*log(url)] == ["once"]
    assert log(url) == {}


def test_a_request_is_also_known_by_its_header(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=HUNG_S)
    connection.request("GET", "/delay/0/body/0", headers={"X-Request-ID": "named"})
    connection.getresponse().read()
    connection.close()

    assert [*log(url)] == ["named"]


def test_a_request_is_received_once_its_body_is(url: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=HUNG_S) as client:
        client.sendall(b"POST /delay/0/body/0?id=slow HTTP/1.1\r\nContent-Length: 4\r\n\r\nab")
        asked_meanwhile = log(url)
        client.sendall(b"cd")
        told = client.recv(1 << 16)

    assert asked_meanwhile == {}
    assert told.endswith(b'{"ok":true}')
    assert [*log(url)] == ["slow"]


def test_who_leaves_early_is_noted_without_a_last_byte(url: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=HUNG_S) as client:
        client.sendall(b"GET /delay/60000/body/0?id=gone HTTP/1.1\r\n\r\n")
        ask(url, "/delay/0/body/0")  # by then the first was read

    entries: dict[str, dict[str, float]] = {}
    while "gone" not in entries:
        entries |= log(url)
    assert entries["gone"]["last_s"] is None


def test_drawn_delays_depend_on_the_seed_and_the_name_alone(url: str) -> None:
    targets = [f"/delay/1/body/0?sigma=0.8&seed=7&id={number}" for number in range(20)]
    ask(url, *targets)
    there = log(url)
    ask(url, *reversed(targets))
    back = log(url)

    delays = {name: one["due_s"] - one["received_s"] for name, one in there.items()}
    assert len({round(delay, 7) for delay in delays.values()}) == 20
    assert {name: one["due_s"] - one["received_s"] for name, one in back.items()} == pytest.approx(
        delays, abs=1e-9
    )


def test_two_kinds_of_delay_come_in_their_shares(url: str) -> None:
    ask(url, *(f"/delay/0/body/0?other=5,0.3&id={number}" for number in range(200)))

    slow = [one for one in log(url).values() if one["due_s"] - one["received_s"] > 0.004]
    assert 40 <= len(slow) <= 80


def test_who_arrives_while_it_stands_still_waits_for_its_end(url: str) -> None:
    targets = [f"/delay/0/body/0?id={number}" for number in range(200)]
    ask(url, "/freeze/0.3/0.32")
    waited, rounds = [0.0], 0
    while max(waited) <= 0.05 and rounds < 100:  # a fast machine asks often before it stands still
        ask(url, *targets)
        entries = log(url).values()
        received = [one["received_s"] for one in entries]
        assert received == sorted(received)
        waited += [one["headers_s"] - one["received_s"] for one in entries]
        rounds += 1
    ask(url, "/thaw")

    assert max(waited) > 0.05


def test_nothing_is_written_while_it_stands_still(url: str) -> None:
    targets = [f"/delay/30/image/{IMAGE_BYTES}?first_ms=30&id={number}" for number in range(5)]
    still = json.loads(ask(url, "/freeze/0.2/0.3", *targets)[0])
    ask(url, "/thaw")

    def within(at_s: float) -> float:
        return float((at_s - still["from_s"]) % still["every_s"])

    begun = [within(one[key]) for one in log(url).values() for key in ("headers_s", "first_s")]
    assert len(begun) == 10
    assert all(at_s < still["every_s"] - still["stand_s"] + 1e-6 for at_s in begun)


def test_a_standstill_is_over_when_its_time_is() -> None:
    still = Standstill(from_s=100.0, stand_s=3.0, every_s=10.0)

    assert still.over_s(106.9) == 106.9
    assert still.over_s(107.5) == pytest.approx(110.0)
    assert still.over_s(110.1) == 110.1
    assert Standstill().over_s(5.5) == 5.5


@pytest.mark.parametrize(
    "target",
    ["/", "/delay/1/body/-1", "/delay/nan/body/1", "/delay/1/image/10", "/delay/1/body/1?x=1"],
)
def test_what_cannot_be_had_is_refused_with_a_reason(url: str, target: str) -> None:
    (body,) = ask(url, target)

    assert target.partition("?")[0] in json.loads(body)["error"]


@pytest.mark.parametrize("said", [b"\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_who_speaks_no_http_is_left(url: str, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=HUNG_S) as client:
        client.sendall(said)

        assert client.recv(100) == b""
    assert ask(url, "/delay/0/body/0") == [b'{"ok":true}']
