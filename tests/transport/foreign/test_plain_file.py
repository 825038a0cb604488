"""Files in other encodings, packed files, and files that are neither."""

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import RecordingError
from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign import plain_file
from harness.transport.foreign.read import Recording, read_recording
from tests.transport.foreign.recording import ASKED, URL, entry

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ASKED_IN_WORDS = ASKED | {"prompt": "Łódź 🐱"}
AS_JSON = json.dumps(
    {"log": {"entries": [entry('{"created": 1}', asked=ASKED_IN_WORDS)]}}, ensure_ascii=False
)
AS_YAML = f"""
interactions:
- request: {{method: POST, uri: '{URL}', headers: {{}}, body: '{json.dumps(ASKED_IN_WORDS)}'}}
  response: {{status: {{code: 200}}, headers: {{}}, body: {{string: '{{"created": 1}}'}}}}
"""


def read(path: Path, content: bytes) -> Recording:
    path.write_bytes(content)
    return read_recording(path, ImageCollector(lambda _name, _raw: None))


def refused(path: Path, content: bytes) -> str:
    with pytest.raises(RecordingError) as caught:
        read(path, content)
    return str(caught.value)


@pytest.mark.parametrize("text", [AS_JSON, AS_YAML])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_a_file_is_read_in_every_encoding_of_unicode(
    tmp_path: Path, text: str, encoding: str
) -> None:
    (found,) = read(tmp_path / "x", text.encode(encoding)).exchanges

    assert found.exchange.request.body == ASKED_IN_WORDS


def by_zip(raw: bytes, *names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, raw)
    return buffer.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "zlib": zlib.compress,
}


@pytest.mark.parametrize("name", PACKINGS)
@pytest.mark.parametrize("text", [AS_JSON, AS_YAML])
def test_a_packed_file_is_read_and_a_cut_one_is_told(tmp_path: Path, name: str, text: str) -> None:
    packed = PACKINGS[name](text.encode("utf-16"))
    (found,) = read(tmp_path / "x", packed).exchanges

    assert found.exchange.request.body == ASKED_IN_WORDS
    assert len(read(tmp_path / "x", gzip.compress(packed)).exchanges) == 1
    assert "damaged or ends early" in refused(tmp_path / "x", packed[:-20])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (by_zip(b"{}", "trace.trace", "trace.network"), "a zip archive (trace.trace, trace.netw"),
        (by_zip(b"{}", *map(str, range(9))), "(0, 1, 2, 3, 4 and 4 more): unpack it and give the"),
        (b"PK\x03\x04 and no more", "a damaged zip archive"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive: unpack it"),
        (gzip.compress(gzip.compress(gzip.compress(b"{}"))), "packed more than 2 times"),
        (b"\xff\xd8\xff\xe0 no text", "no text in UTF-8, UTF-16 or UTF-32"),
        (AS_YAML.encode("latin-1", "replace") + b"# \xe9", "no text in UTF-8"),
        (b"\x1f\x8b\x08\x00", "damaged or ends early"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",  # archives hold the hour
)
def test_what_is_not_read_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, told: str
) -> None:
    assert told in refused(tmp_path / "x", content)


@pytest.mark.parametrize("name", PACKINGS)
def test_a_small_file_that_grows_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(plain_file, "FILE_AT_MOST_BYTES", 100_000)

    told = refused(tmp_path / "x", PACKINGS[name](b" " * 3_000_000 + b"{}"))

    assert "unpacks to more than 100,000 bytes" in told


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_text_is_the_same_in_pieces_of_any_size(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(AS_YAML.encode("utf-16"))
    with plain_file.PlainFile(path) as file:
        pieces = iter(lambda: file.read(size), b"")
        assert b"".join(pieces) == AS_YAML.encode()
    assert file.size_bytes == len(AS_YAML.encode())
