import gzip
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.transport.foreign import coding
from harness.transport.foreign.coding import plain_body, unpacked
from harness.transport.foreign.formats import Content

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b'{"created": 1}'


def packed(raw: bytes) -> bytes:
    """Pack without the hour, so that a test has the same name in every process."""
    return gzip.compress(raw, mtime=0)


def bare_deflate(raw: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(raw) + packer.flush()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (packed(TEXT), "gzip"),
        (packed(TEXT), "X-GZIP"),
        (zlib.compress(TEXT), "deflate"),
        (bare_deflate(TEXT), "deflate"),
        (packed(zlib.compress(TEXT)), "deflate, gzip"),
        (TEXT, ""),
        (TEXT, "identity"),
        (TEXT, "gzip"),
        (TEXT, "deflate"),
        (TEXT, "br"),
        (brotli.compress(TEXT), "br"),
        (brotli.compress(TEXT * 1_000), "BR"),
        (zstd.compress(TEXT), "zstd"),
        (packed(brotli.compress(zstd.compress(TEXT))), "zstd, br, gzip"),
        (packed(TEXT) + packed(b""), "gzip"),
        (zstd.compress(TEXT), "gzip"),
        (TEXT, "zstd"),
    ],
)
def test_a_body_comes_out_plain_also_where_the_recorder_unpacked_it(raw: bytes, said: str) -> None:
    assert unpacked(raw, said).replace(TEXT, b"") == b""
    assert unpacked(raw, said).startswith(TEXT)


@pytest.mark.parametrize(
    ("raw", "said", "told"),
    [
        (b"\x1b\x0d\x00\xf8\xff", "br", "packed with br, and is damaged or cut"),
        (b"\x1b\x0d\x00\xf8\xff", "lzma", "'lzma', which is not read here"),
        (packed(TEXT)[:-9], "gzip", "ends early"),
        (b"\x1f\x8b\x08" + b"\xff" * 30, "gzip", "damaged"),
        (b"\xff\x00\xff", "deflate", "packed with deflate, and is damaged or cut"),
    ],
)
def test_what_cannot_be_unpacked_is_told(raw: bytes, said: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        unpacked(raw, said)


@pytest.mark.parametrize(
    ("said", "pack"),
    [
        ("gzip", packed),
        ("gzip", lambda raw: b"".join(packed(raw[:100_000]) for _ in range(10))),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
        ("deflate", zlib.compress),
        ("deflate", bare_deflate),
        ("br, gzip", lambda raw: packed(brotli.compress(raw))),
    ],
)
def test_a_small_body_that_grows_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch, said: str, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(coding, "UNPACKED_AT_MOST_BYTES", 200_000)

    with pytest.raises(ValueError, match="too large"):
        unpacked(pack(bytes(1_000_000)), said)


@pytest.mark.parametrize("said", ["gzip" + ", gzip" * 4, ""])
def test_a_packing_in_a_packing_in_a_packing_is_refused(said: str) -> None:
    raw = TEXT
    for _ in range(5):
        raw = packed(raw)

    with pytest.raises(ValueError, match="packed more than 4 times"):
        plain_body(Content(raw=raw), said, "application/json")


STREAM = b'event: done\ndata: {"a": "' + TEXT + b'"}\n\n'


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream; charset=utf-8", ""])
@pytest.mark.parametrize(
    "pack",
    [packed, zlib.compress, bare_deflate, brotli.compress, zstd.compress],
    ids=["gzip", "zlib", "deflate", "br", "zstd"],
)
@pytest.mark.parametrize("raw", [TEXT, STREAM * 40])
def test_a_packed_text_whose_header_is_gone_is_unpacked(
    raw: bytes, pack: Callable[[bytes], bytes], kind: str
) -> None:
    assert plain_body(Content(raw=pack(raw)), "", kind) == raw


@pytest.mark.parametrize(
    "raw", [b"\xff\x00\xff", b"\x78\x9c\x01\x02", TEXT, b"", b"\x1b\x0d\x00\xf8"]
)
def test_what_is_not_packed_stays_as_it_is(raw: bytes) -> None:
    assert plain_body(Content(raw=raw), "", "application/json") == raw


@given(st.binary(), st.sampled_from(("gzip", "deflate", "br", "zstd", "deflate, gzip", "whatever")))
def test_any_bytes_are_unpacked_or_a_value_error(raw: bytes, said: str) -> None:
    with suppress(ValueError):  # and nothing else
        assert isinstance(unpacked(raw, said), bytes)
