"""A hostile file costs nothing but itself: no network, bounded time and memory, a new process."""

import io
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import brotli
import pytest

from harness.core.inspection import Inspection
from harness.transport.inspection.inspector import ENDED, TOO_LONG, UNSTARTED, Inspector

c2pa = pytest.importorskip("c2pa")
from harness.transport.inspection.manifests import _nothing_more_opened  # noqa: E402 - needs c2pa
from tests.loopback import HUNG_S  # noqa: E402 - the same
from tests.signing import Authority, drawn, encoded, pixels  # noqa: E402 - the same
from tests.transport.inspection.jumbf import (  # noqa: E402 - beside its like
    box,
    boxes,
    edited,
    manifest_of,
    store,
    superbox,
    with_manifest,
)

ROOT = Authority()
PLAIN = encoded(pixels())
SIGNED = ROOT.signer().signed(PLAIN)
MANIFEST = "urn:c2pa:11111111-1111-4111-8111-111111111111"
MILLION = 1_000_000


def _replaced(label: str, content: bytes) -> bytes:
    """Return the signed image with something else in one of its manifest's boxes."""
    changed = edited(manifest_of(SIGNED), lambda at, old: content if at.startswith(label) else old)
    return with_manifest(SIGNED, changed)


def _deep_boxes(levels: int) -> bytes:
    inner = superbox(b"c2ma", b"x", b"")[8:]
    sizes = [8 + len(inner) + at * (8 + len(inner)) for at in range(levels)]
    return b"".join(struct.pack(">I", size) + b"jumb" + inner for size in reversed(sizes))


def _bomb() -> bytes:
    packed = brotli.compress(b"\0" * 200 * MILLION, quality=1)
    return store(superbox(b"c2cm", MANIFEST.encode(), box(b"brob", packed)))


def _cyclic() -> bytes:
    """Return an image whose manifest names itself as its own ingredient."""
    image = ROOT.signer().signed(
        SIGNED,
        manifest=drawn("Editor"),
        ingredients=[({"title": "a", "relationship": "componentOf"}, SIGNED, "png")],
    )
    manifest = manifest_of(image)
    (_, content) = next(boxes(manifest))
    labels = [inner[25:].partition(b"\0")[0] for kind, inner in boxes(content) if kind == b"jumb"]
    swap = lambda at, old: (  # noqa: E731 - used once
        old.replace(labels[0], labels[-1]) if at.startswith("c2pa.ingredient") else old
    )
    return with_manifest(image, edited(manifest, swap))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "100 MB of nothing": lambda: with_manifest(PLAIN, b"\xff" * 100 * MILLION),
    "a box of 100 MB": lambda: with_manifest(PLAIN, store(box(b"free", b"\0" * 100 * MILLION))),
    "100,000 boxes in one another": lambda: with_manifest(PLAIN, store(_deep_boxes(100_000))),
    "a million boxes": lambda: with_manifest(PLAIN, store(box(b"free", b"") * MILLION)),
    "a bomb": lambda: with_manifest(PLAIN, _bomb()),
    "a manifest that is its own ingredient": _cyclic,
    "a claim of a million lists": lambda: _replaced("c2pa.claim", b"\x81" * MILLION + b"\0"),
    "a claim that has 2^63 entries": lambda: _replaced("c2pa.claim", b"\x9b\x7f" + b"\xff" * 7),
    "an action of a million maps": lambda: _replaced("c2pa.act", b"\xa1\x61a" * MILLION + b"\0"),
    "a signature of a million lists": lambda: _replaced("c2pa.sig", b"\x81" * MILLION + b"\0"),
    "20 million entries": lambda: _replaced(
        "c2pa.claim", b"\x9a" + struct.pack(">I", 20 * MILLION) + b"\xa0" * 20 * MILLION
    ),
}


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], Inspection]]:
    file = tmp_path_factory.mktemp("images") / "image.png"
    with Inspector() as inspector:

        def looked(content: bytes) -> Inspection:
            file.write_bytes(content)
            return inspector.inspect(file)

        yield looked


@pytest.mark.parametrize("kind", [*HOSTILE])
def test_a_hostile_manifest_is_not_read_and_the_next_one_is(
    look: Callable[[bytes], Inspection], kind: str
) -> None:
    inspection = look(HOSTILE[kind]())
    assert inspection.state == "not_read", inspection
    assert inspection.why
    assert inspection.digest

    assert look(SIGNED).state == "read"


def test_a_file_that_ends_the_process_is_told_and_the_next_is_read_by_another(
    tmp_path: Path,
) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(SIGNED)
    bad.write_bytes(HOSTILE["20 million entries"]())

    with Inspector() as inspector:
        assert inspector.inspect(good).state == "read"
        first = inspector.pid
        ended = inspector.inspect(bad)
        assert ended.why == ENDED
        assert inspector.lost_s > 0
        assert inspector.inspect(good).state == "read"
        assert inspector.pid not in (None, first)


def _worker(reply: str) -> tuple[str, ...]:
    """Return a process that answers the trust list, and then as it is said."""
    code = (
        f"import sys, time; print('ready', flush=True); input(); print({{}}, flush=True); {reply}"
    )
    return (sys.executable, "-c", code)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("time.sleep(60)", TOO_LONG),
        ("sys.exit(1)", ENDED),
        ("print('no JSON', flush=True); input()", ENDED),
        ("print('[1]', flush=True); input()", ENDED),
        ("print('{}', flush=True); input()", ENDED),
    ],
)
def test_a_process_that_does_not_answer_is_ended(tmp_path: Path, reply: str, why: str) -> None:
    (tmp_path / "image.png").write_bytes(SIGNED)

    with Inspector(command=_worker(reply), within_s=0.5) as inspector:
        inspection = inspector.inspect(tmp_path / "image.png")
    assert (inspection.state, inspection.why) == ("not_read", why)


def test_where_no_process_starts_nothing_is_read(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(SIGNED)
    for command in (("/no/such/program",), (sys.executable, "-c", "")):
        with Inspector(command=command) as inspector:
            assert inspector.inspect(tmp_path / "image.png").why == UNSTARTED


@contextmanager
def _listening() -> Iterator[tuple[str, list[bytes]]]:
    """Yield an address on loopback, and what was sent there."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.settimeout(HUNG_S)
                    received.append(connection.recv(4096))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa", received
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_no_address_in_a_manifest_is_asked(look: Callable[[bytes], Inspection]) -> None:
    with _listening() as (address, received):
        signer = ROOT.signer(ocsp=address)
        remote = signer.signed(PLAIN, remote=address, embed=False)
        inspections = [
            look(remote),
            look(signer.signed(PLAIN, remote=address)),
            look(signer.signed(PLAIN)),
        ]
        assert received == []
        with suppress(c2pa.C2paError):  # who does not forbid it asks
            c2pa.Reader("image/png", io.BytesIO(remote), context=c2pa.Context())
        assert len(received) == 1

    assert [each.state for each in inspections] == ["not_read", "read", "read"]
    assert "is not fetched" in inspections[0].why
    assert "127.0.0.1" not in inspections[0].why


def test_while_a_manifest_is_read_nothing_more_can_be_opened(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(SIGNED)
    with (tmp_path / "image.png").open("rb") as image, _nothing_more_opened(image):
        with pytest.raises(OSError, match="Too many open files"):
            socket.socket()
        with pytest.raises(OSError, match="Too many open files"):
            Path("/dev/null").read_bytes()
        assert image.read() == SIGNED
    socket.socket().close()
