import asyncio
import base64
import gc
import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import pytest
from PIL import Image

from harness.core.errors import StoreError
from harness.store.folder import RunFolder
from harness.transport.bodies.body import read_body, read_file
from harness.transport.bodies.decoder import COMMAND, DecoderQueue, ImageDecoder
from harness.transport.bodies.decoder_worker import serve_decoding
from harness.transport.bodies.images import ImageCollector
from harness.transport.bodies.reply import Arrival, reply_of
from harness.transport.bodies.spool import IN_MEMORY_BYTES
from tests.transport.bodies.test_spool import files_of_at_most

DYING = """
import os, sys
sys.stdout.write("ready\\n")
sys.stdout.flush()
for line in sys.stdin:
    open(sys.argv[1], "a").write(line)
    os.abort()
"""


def noise(width: int = 500) -> bytes:
    return made(width)


@lru_cache
def made(width: int) -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (width, 300), os.urandom(width * 900)).save(file, "PNG")
    return file.getvalue()


def document(*images: bytes) -> bytes:
    return json.dumps(
        {"data": [{"b64_json": base64.b64encode(one).decode()} for one in images]}
    ).encode()


def arrived(raw: bytes, decoder: ImageDecoder) -> Arrival:
    body = decoder.spool.body()
    body.add(raw)
    return Arrival(sent_s=0.0, body=body, status=200, size_bytes=len(raw))


class Kept(dict[str, bytes]):
    """What was kept as bytes, and as files."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []

    def file(self, name: str, path: Path) -> None:
        self.files.append(name)
        self[name] = path.read_bytes()
        path.unlink()


def test_a_large_body_is_taken_apart_by_another_process() -> None:
    kept = Kept()
    decoder = ImageDecoder()
    pictures = ImageCollector(kept.__setitem__, keep_file=kept.file, decoder=decoder)
    raw = document(noise(), b"no image", noise(501), noise())
    assert len(raw) > IN_MEMORY_BYTES

    arrival = arrived(raw, decoder)
    reply = reply_of(arrival, pictures, clean=str)

    expected = read_body(raw, ImageCollector(lambda _name, _raw: None))
    assert (reply.document, reply.pictures) == (expected.document, expected.pictures)
    assert sorted(kept.values()) == sorted((noise(), noise(501)))
    assert len(kept.files) == 2
    assert decoder.pid not in (None, os.getpid())
    assert arrival.decode_s is not None
    assert arrival.decode_s > 0
    decoder.close()


def test_no_process_is_started_for_a_small_body() -> None:
    decoder = ImageDecoder()
    arrival = arrived(document(noise(50)), decoder)

    reply = reply_of(arrival, ImageCollector(lambda _name, _raw: None, decoder=decoder), clean=str)

    assert len(reply.pictures) == 1
    assert decoder.pid is None
    assert arrival.decode_s is not None
    assert arrival.decode_s > 0


def test_a_reply_without_an_image_took_no_time_to_decode() -> None:
    decoder = ImageDecoder()
    arrival = arrived(b'{"a": 1}', decoder)

    reply_of(arrival, ImageCollector(lambda _name, _raw: None, decoder=decoder), clean=str)

    assert arrival.decode_s is None


def test_the_same_image_costs_as_much_when_it_comes_again() -> None:
    pictures = ImageCollector(lambda _name, _raw: None)
    first, again = pictures.counting(), pictures.counting()

    assert first.from_bytes(noise()) is again.from_bytes(noise())

    assert first.decode_s is not None
    assert again.decode_s is not None
    assert again.decode_s > first.decode_s / 2  # hashing alone is a tenth of it
    assert pictures.decode_s is None


@pytest.mark.parametrize("raw", [noise(), noise()[:-50_000]], ids=["whole", "half"])
def test_a_large_body_that_is_an_image_is_moved_to_where_it_is_kept(
    raw: bytes, tmp_path: Path
) -> None:
    folder = RunFolder.create(tmp_path / "run")
    decoder = ImageDecoder(folder.path / ".bodies")
    pictures = ImageCollector(folder.keep_image, keep_file=folder.keep_image_file, decoder=decoder)
    arrival = arrived(raw, decoder)
    path = arrival.body.path()
    assert path is not None
    number = path.stat().st_ino

    reply = reply_of(arrival, pictures, clean=str)

    expected = read_body(raw, ImageCollector(lambda _name, _raw: None))
    assert (reply.document, reply.pictures) == (expected.document, expected.pictures)
    (kept,) = (folder.path / "images").iterdir()
    assert (kept.read_bytes(), kept.stat().st_ino) == (raw, number)
    assert list(path.parent.iterdir()) == []
    decoder.close()
    folder.close()


def test_a_process_that_is_killed_is_replaced() -> None:
    decoder = ImageDecoder()
    pictures = ImageCollector(lambda _name, _raw: None, decoder=decoder)
    expected = read_body(document(noise()), ImageCollector(lambda _name, _raw: None))
    reply_of(arrived(document(noise(502)), decoder), pictures, clean=str)
    first = decoder.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    reply = reply_of(arrived(document(noise()), decoder), pictures, clean=str)

    assert (reply.document, reply.pictures) == (expected.document, expected.pictures)
    assert decoder.pid not in (None, first)
    decoder.close()


def test_an_image_that_kills_its_decoder_twice_is_broken_and_kept(tmp_path: Path) -> None:
    kept = Kept()
    asked = tmp_path / "asked"
    decoder = ImageDecoder(command=(sys.executable, "-c", DYING, str(asked)))
    pictures = ImageCollector(kept.__setitem__, keep_file=kept.file, decoder=decoder)

    reply = reply_of(arrived(document(noise()), decoder), pictures, clean=str)

    (picture,) = reply.pictures.values()
    assert (picture.state, picture.size_bytes) == ("undecodable", len(noise()))
    assert "ended the process" in picture.why
    assert list(kept.values()) == [noise()]
    work = [json.loads(line)[0] for line in asked.read_text().splitlines()]
    assert work == ["scan", "scan", "decode", "decode"]


def test_where_no_process_can_be_had_the_work_is_done_here(tmp_path: Path) -> None:
    for command in ((str(tmp_path / "nothing"),), (sys.executable, "-c", "pass")):
        decoder = ImageDecoder(command=command)
        kept = Kept()
        pictures = ImageCollector(kept.__setitem__, keep_file=kept.file, decoder=decoder)

        reply = reply_of(arrived(document(noise()), decoder), pictures, clean=str)

        (picture,) = reply.pictures.values()
        assert picture.state == "decoded"
        assert list(kept.values()) == [noise()]
        assert decoder.pid is None


def test_a_disk_without_room_for_an_image_leaves_it_in_memory() -> None:
    kept = Kept()
    raw = document(noise())
    decoder = ImageDecoder()
    body = decoder.spool.body()
    body.add(raw)
    assert body.path() is not None
    arrival = Arrival(sent_s=0.0, body=body, status=200, size_bytes=len(raw))

    with files_of_at_most(100_000):  # a child has the same limit
        reply = reply_of(
            arrival,
            ImageCollector(kept.__setitem__, keep_file=kept.file, decoder=decoder),
            clean=str,
        )

    assert len(reply.pictures) == 1
    assert list(kept.values()) == [noise()]
    assert kept.files == []
    decoder.close()


def test_a_large_image_that_cannot_be_kept_is_heard_of_and_asked_again() -> None:
    room = False
    kept = Kept()

    def keep_file(name: str, path: Path) -> None:
        if not room:
            raise StoreError("the disk is full")
        kept.file(name, path)

    decoder = ImageDecoder()
    pictures = ImageCollector(kept.__setitem__, keep_file=keep_file, decoder=decoder)
    with pytest.raises(StoreError):
        reply_of(arrived(document(noise()), decoder), pictures, clean=str)

    room = True
    reply = reply_of(arrived(document(noise()), decoder), pictures, clean=str)

    assert len(reply.pictures) == 1
    assert list(kept.values()) == [noise()]
    decoder.close()


def test_keys_never_leave_for_the_other_process(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    decoder = ImageDecoder(command=(sys.executable, "-c", DYING, str(asked)))
    pictures = ImageCollector(lambda _name, _raw: None, decoder=decoder)
    raw = json.dumps({"key": "sk-secret", "fill": "x" * IN_MEMORY_BYTES}).encode()

    reply = reply_of(
        arrived(raw, decoder),
        pictures,
        clean=lambda text: text.replace("sk-secret", "(key)"),
    )

    assert isinstance(reply.document, dict)
    assert reply.document["key"] == "(key)"
    assert "secret" not in asked.read_text()


def test_bodies_of_many_threads_are_taken_apart_and_each_image_is_kept_once() -> None:
    kept = Kept()
    decoder = ImageDecoder()
    pictures = ImageCollector(kept.__setitem__, keep_file=kept.file, decoder=decoder)
    raws = [document(noise(), noise(500 + number % 3)) for number in range(6)]
    found: list[int] = []

    def take(raw: bytes) -> None:
        reply = reply_of(arrived(raw, decoder), pictures, clean=str)
        found.append(len(reply.pictures))

    threads = [threading.Thread(target=take, args=(raw,)) for raw in raws]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [1, 1, 2, 2, 2, 2]
    assert sorted(kept.files) == sorted(set(kept.files))
    assert len(kept.files) == 3
    decoder.close()


def test_a_darkroom_that_nobody_closes_ends_its_process() -> None:
    decoder = ImageDecoder()
    reply_of(
        arrived(document(noise()), decoder),
        ImageCollector(lambda _name, _raw: None, decoder=decoder),
        clean=str,
    )
    pid = decoder.pid
    assert pid is not None

    del decoder
    gc.collect()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.fixture
def same_limit() -> Iterator[None]:
    """The limit of this process: a decoder sets its own before each answer, and is killed by it."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, before)


@pytest.mark.usefixtures("same_limit")
def test_the_process_says_what_the_same_code_says_here(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise())
    questions = [("decode", str(image)), ("scan", str(image)), ("scan", str(tmp_path / "none"))]
    answers = io.BytesIO()

    serve_decoding(
        io.BytesIO(b"".join(json.dumps(one).encode() + b"\n" for one in questions)), answers
    )

    ready, decoded, scanned, missing = answers.getvalue().splitlines()
    assert ready == b"ready"
    assert json.loads(decoded)["told"] == ["png", 500, 300, False, "", None, "RGB", 8, 1, None]
    assert json.loads(scanned)["whole"][0] == str(image)
    assert json.loads(missing)["errno"] == 2


def test_the_process_loads_nothing_that_it_does_not_need() -> None:
    assert COMMAND[1:3] == ("-I", "-S")
    loaded = COMMAND[4].replace("; main()", "; print(*sys.modules)")
    told = subprocess.run((*COMMAND[:4], loaded), check=True, capture_output=True, text=True)
    names = set(told.stdout.split())

    assert "harness.transport.bodies.decoder_worker" in names
    assert not names & {"asyncio", "dataclasses", "httpx", "pydantic", "harness.core", "email"}


def test_a_hole_where_an_image_was_is_nobodys_to_fill(tmp_path: Path) -> None:
    body = tmp_path / "body"
    raw = document(noise())
    body.write_bytes(raw[:-1] + b', "mark": "image:sha256:0:0"}')
    pictures = ImageCollector(lambda _name, _raw: None)

    found = read_file(body, pictures)

    assert found == read_body(body.read_bytes(), pictures)
    assert len(found.pictures) == 1
    pictures.decoder.close()


MEETING = """
import json, os, sys, time
sys.stdout.write("ready\\n")
sys.stdout.flush()
folder, wanted = sys.argv[1], int(sys.argv[2])
for line in sys.stdin:
    open(os.path.join(folder, str(os.getpid())), "w").close()
    while len(os.listdir(folder)) < wanted:
        time.sleep(0.005)
    sys.stdout.write(json.dumps({"told": ["png", os.getpid()], "cpu_s": 0.0}) + "\\n")
    sys.stdout.flush()
"""
"""Answers once as many of its kind were asked."""


def test_as_many_images_as_there_are_decoders_are_decoded_at_once(tmp_path: Path) -> None:
    command = (sys.executable, "-c", MEETING, str(tmp_path), "2")
    decoder = ImageDecoder(decoders=2, command=command)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(decoder.decoded, [Path("any")] * 6))

    workers = decoder.pids
    decoder.close()
    assert {development.image.width_px for development in found} == set(workers)
    assert (len(workers), len(decoder.pids)) == (2, 0)


def test_decoders_are_started_one_by_one_as_they_are_needed() -> None:
    decoder = ImageDecoder(decoders=4)
    pictures = ImageCollector(lambda _name, _raw: None, decoder=decoder)

    for width in (503, 504):
        reply_of(arrived(document(noise(width)), decoder), pictures, clean=str)

    assert len(decoder.pids) == 1
    decoder.close()


def test_idle_decoders_that_were_all_killed_cost_no_image(tmp_path: Path) -> None:
    command = (sys.executable, "-c", MEETING, str(tmp_path), "2")
    decoder = ImageDecoder(decoders=2, command=command)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(decoder.decoded, [Path("any")] * 2))
    for pid in decoder.pids:
        os.kill(pid, signal.SIGKILL)

    found = decoder.decoded(Path("any"))

    assert found.image.format == "png"
    decoder.close()


def test_a_queue_counts_who_found_every_decoder_busy() -> None:
    queue = DecoderQueue(decoders=1)
    release = threading.Event()

    async def crowd() -> None:
        with ThreadPoolExecutor(1) as one:
            first = asyncio.ensure_future(queue.through(one, release.wait))
            await asyncio.sleep(0)
            second = asyncio.ensure_future(queue.through(one, release.wait))
            await asyncio.sleep(0)
            release.set()
            await asyncio.gather(first, second)

    asyncio.run(crowd())

    assert (queue.replies, queue.full, queue.most) == (2, 1, 2)
    assert queue.waited_s >= queue.longest_s > 0


def test_by_default_there_is_a_decoder_for_each_two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(9)), raising=False)

    assert ImageDecoder().decoders == 4

    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})

    assert ImageDecoder().decoders == 1
