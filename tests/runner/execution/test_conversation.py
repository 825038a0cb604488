"""Power losses: a line is on the disk before anything follows from it."""

import asyncio
import base64
import io
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from harness.core.errors import StoreError
from harness.runner.conformance.session import Session
from harness.runner.execution.conversation import Journal
from harness.store.disk import LocalDisk
from harness.store.folder import RunFolder
from harness.store.line import HEADER, IMAGES, JOURNAL, Ended, Exchanged, Sent
from harness.store.reader import read_run
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests.loopback import HUNG_S
from tests.plans import accepted
from tests.runner.journals import header, part
from tests.shipped import shipped_provider
from tests.store.journals import lines_of, sent

CASES = 8
AT_ONCE = 4


class PowerDisk(LocalDisk):
    """A folder of which a test knows what a power loss would leave of the journal."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.synced = b""
        self.syncs = 0

    def sync(self, name: str) -> None:
        super().sync(name)
        if name == JOURNAL:
            self.synced, self.syncs = self.read(JOURNAL), self.syncs + 1


@dataclass(slots=True)
class Mains:
    """A synchronous provider, and the power of the machine that asks it.

    The power fails when the `fails_at`-th request has arrived, or once it has been answered.
    """

    disk: PowerDisk
    fails_at: int
    answered: bool
    posts: list[bytes] = field(default_factory=list)
    left: bytes | None = None
    without_intent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, body: bytes) -> bytes | None:
        """Return a reply; None once the power has failed."""
        with self.lock:
            if self.left is not None:
                return None
            self.posts.append(body)
            durable = self.disk.synced
            lines = lines_of(durable)
            sent = [line.shot.request.body for line in lines if isinstance(line, Sent)]
            self.without_intent += json.loads(body) not in sent
            if len(self.posts) == self.fails_at:
                self.left = durable
                return None if not self.answered else _images(len(self.posts))
            return _images(len(self.posts))


def _images(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (number, 0, 0)).save(file, "PNG")
    image = base64.b64encode(file.getvalue()).decode()
    return json.dumps({"created": 1, "data": [{"b64_json": image}]}).encode()


@contextmanager
def served(mains: Mains) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            reply = mains.reply(body)
            if reply is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def session(url: str, folder: RunFolder, *, resumed: bool) -> None:
    past = read_run(folder.path) if resumed else None

    async def go() -> None:
        journal, begun_s = Journal(folder), time.monotonic()

        def transport() -> Live:
            return Live(
                LiveEndpoint(base_url=url, auth=shipped_provider("sub2api").auth, key="a-test-key"),
                pictures=ImageCollector(folder.keep_image),
                redactor=Redactor({}),
                now_s=lambda: time.monotonic() - begun_s,
                time_scale=0.0001,
            )

        made = part(accepted("sub2api", CASES), transport, journal, past=past)
        async with asyncio.timeout(HUNG_S):
            await Session(part=made, concurrency=AT_ONCE).run()
        journal.close()

    asyncio.run(go())


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("fails_at", range(1, CASES + 1))
def test_after_a_power_loss_nothing_is_sent_twice(
    tmp_path: Path, fails_at: int, *, answered: bool
) -> None:
    disk = PowerDisk.create(tmp_path / "run")
    folder = RunFolder.create(tmp_path / "run", disk=disk)
    folder.write_header(header())
    mains = Mains(disk=disk, fails_at=fails_at, answered=answered)
    with served(mains) as url:
        session(url, folder, resumed=False)
    assert mains.left is not None
    after = tmp_path / "after"
    (after / IMAGES).mkdir(parents=True)
    (after / HEADER).write_bytes((tmp_path / "run" / HEADER).read_bytes())
    (after / JOURNAL).write_bytes(mains.left + random.Random(fails_at).randbytes(700))

    again = RunFolder.reopen(after)
    mains.fails_at, mains.left = -1, None
    mains.disk = PowerDisk(after)
    with served(mains) as url:
        mains.without_intent = 0
        session(url, again, resumed=True)

    assert max(Counter(mains.posts).values()) == 1
    assert len(mains.posts) >= CASES - AT_ONCE  # of those that were to leave it is not known
    assert read_run(after).unfinished == ()


def test_a_request_leaves_when_its_intent_is_on_the_disk(tmp_path: Path) -> None:
    disk = PowerDisk.create(tmp_path / "run")
    folder = RunFolder.create(tmp_path / "run", disk=disk)
    folder.write_header(header())
    mains = Mains(disk=disk, fails_at=-1, answered=False)

    with served(mains) as url:
        session(url, folder, resumed=False)

    assert len(mains.posts) >= CASES
    assert mains.without_intent == 0
    lines = lines_of(disk.synced)
    assert len([line for line in lines if isinstance(line, Exchanged)]) == len(mains.posts)
    assert len([line for line in lines if isinstance(line, Ended)]) == len(mains.posts)


def test_lines_that_wait_share_one_sync(tmp_path: Path) -> None:
    disk = PowerDisk.create(tmp_path / "run")
    folder = RunFolder.create(tmp_path / "run", disk=disk)
    folder.write_header(header())
    seen: list[bool] = []

    async def append(journal: Journal, number: int) -> None:
        await journal.append(sent(number))
        seen.append(f'"generate/{number}"'.encode() in disk.synced)

    async def go() -> None:
        with ThreadPoolExecutor(1) as executor:
            journal = Journal(folder, executor=executor)
            await asyncio.gather(*(append(journal, number) for number in range(200)))
        journal.close()

    asyncio.run(go())

    assert seen == [True] * 200
    assert disk.syncs < 50
    assert len(read_run(tmp_path / "run").unfinished) == 200


class FullDisk(PowerDisk):
    """A disk that takes no line of more than a size."""

    def append(self, name: str, content: bytes) -> None:
        if len(content) > 4_000:
            super().append(name, content[:100])
            raise OSError(5, "Input/output error")
        super().append(name, content)


def test_a_batch_that_fails_is_written_line_by_line(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", disk=FullDisk.create(tmp_path / "run"))
    folder.write_header(header())

    async def go() -> list[None | BaseException]:
        journal = Journal(folder)
        short = sent(0)
        case = replace(short.shot.case, arguments={"prompt": "ü" * 5_000})
        long = replace(short, shot=replace(short.shot, case=case))
        appends = [journal.append(line) for line in (sent(1), long, *map(sent, range(2, 9)))]
        ends = await asyncio.gather(*appends, return_exceptions=True)
        journal.close()
        return ends

    ends = asyncio.run(go())

    assert [type(end) for end in ends] == [type(None), StoreError, *[type(None)] * 7]
    cases = [cut.line.case for cut in read_run(tmp_path / "run").unfinished]
    assert cases == [f"generate/{number}" for number in range(1, 9)]
