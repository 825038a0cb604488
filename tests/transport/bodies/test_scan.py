import base64
import hashlib
import io
import json
import textwrap
from functools import lru_cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.transport.bodies.body import Body, read_body, read_file
from harness.transport.bodies.decode import decoded
from harness.transport.bodies.decoder import Development, ImageDecoder
from harness.transport.bodies.images import ImageCollector
from harness.transport.bodies.scan import LEAST_BYTES, Scan, scan

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
KEY = "a-secret"


class Here(ImageDecoder):
    """A decoder without a process, so that thousands of bodies can be tried."""

    piece = 64

    def scan(self, body: Path) -> Scan:
        return scan(body, least=0, piece=self.piece)

    def decoded(self, image: Path) -> Development:
        return Development(decoded(image), 0.0)


@lru_cache
def image(kind: str = "PNG", shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (3, 2), shade).save(file, kind)
    return file.getvalue()


def written(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def clean(text: str) -> str:
    return text.replace(KEY, "(key)")


numbers = count()


def both(raw: bytes, folder: Path, piece: int = 64) -> tuple[Body, dict[str, bytes], Body]:
    """Read a body in memory and through a file; what was kept must be the same.

    Whoever reads the file would find an image that the scan has missed, but in memory: it must not.
    """
    in_memory: dict[str, bytes] = {}
    expected = read_body(raw, ImageCollector(in_memory.__setitem__), clean=clean)
    path = folder / str(next(numbers))
    path.write_bytes(raw)
    kept: dict[str, bytes] = {}
    decoder = Here()
    decoder.piece = piece

    def keep(_name: str, _raw: bytes) -> None:
        raise AssertionError("an image was left in the text")

    def keep_file(name: str, file: Path) -> None:
        kept[name] = file.read_bytes()

    pictures = ImageCollector(keep, keep_file=keep_file, decoder=decoder)
    found = read_file(path, pictures, clean=clean)
    assert kept == in_memory
    return found, kept, expected


images = st.builds(image, st.sampled_from(KINDS), st.integers(0, 3))
encoded = images.map(written)
broken = st.builds(
    lambda text, at, what: text[: at % len(text)] + what + text[at % len(text) :],
    encoded,
    st.integers(0, 500),
    st.sampled_from(
        ("=", "==", "====", "\n", " ", "é", "\ud800", '"', "\\", ",", "\x00", "A", "-")
    ),
)
padded = st.builds(
    lambda raw, tail, pads: written(raw + tail).rstrip("=") + "=" * pads,
    images,
    st.binary(max_size=4),
    st.integers(0, 9),
)
ways = st.sampled_from(
    (
        lambda text: textwrap.fill(text, 76),
        lambda text: textwrap.fill(text, 20).replace("\n", "\r\n") + "\r\n",
        lambda text: textwrap.fill(text, 64).replace("\n", "\t"),
        " ".join,
        lambda text: "\n" + text.replace("A", "A\\n"),
        lambda text: text.replace("+", "-").replace("/", "_").rstrip("="),
        lambda text: text.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D"),
        lambda text: text.replace("/", "\\/"),
        lambda text: f"{text}=={text}",
        lambda text: text[:-5],
        lambda text: text[:-3] + "%",
    )
)
told = st.builds(lambda way, text: way(text), ways, encoded)
bare = st.sampled_from((b"\xff\x0a", b"BM", b"II*\0", b"<svg>", b"\0\0\0\x14ftypmif1\0\0\0\0avif"))
begun = st.builds(
    lambda start, size: written(start + bytes(size)), bare, st.sampled_from((0, 9, 600))
)
heads = st.sampled_from(
    (
        "data:image/png;base64,",
        "data:image/,",
        'data:image/png;name=\ud83d\ude00é\n"x\\",',
        "data:",
        "DATA:IMAGE/PNG;charset=utf-8;BASE64,",
        " data:;base64,",
        "image/png;base64,",
        "base64,",
        "data:image/svg+xml,%3Csvg%20",
        "data:text/plain;base64,",
    )
)
urls = st.builds(lambda head, rest: head + rest, heads, st.one_of(encoded, broken, padded, told))
alikes = st.sampled_from(
    ("/9j/", "UklGR", "UklGRg==", "UklGZZZZ", "R0lGOD", "data:image/png;base64", "data:image/,=",
     "iVBORw0KGgo", "iVBORw0KGgo=", "data:image/png,AAAA", "image:sha256:" + "0" * 64, KEY)
)  # fmt: skip
texts = st.one_of(encoded, encoded, broken, padded, told, begun, urls, alikes, st.text(max_size=8))
values = st.recursive(
    st.one_of(texts, st.none(), st.integers(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Return JSON, or what is near it."""
    text = json.dumps(draw(values), ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        text = text.replace("/", "\\/")
    if draw(st.booleans()):
        text = "".join(
            f"\\u{ord(letter):04x}" if letter.isalnum() and at % 7 == 3 else letter
            for at, letter in enumerate(text)
        )  # where that spoils an escape, it is a text that is no JSON
    raw = text.encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        raw = b"\xef\xbb\xbf" + raw
    if draw(st.booleans()):
        at = draw(st.integers(0, len(raw)))
        spoilt = draw(st.sampled_from((b'"', b"\\", b"\xff", b"\xc3", b"\\u12", b"\n", b"{", b"")))
        raw = raw[:at] + spoilt + raw[draw(st.sampled_from((at, at, len(raw)))) :]
    return raw


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=bodies(), piece=st.integers(1, 200))
@example(raw=b"", piece=1)
@example(
    raw=b'"iV\\u0042ORw0KG\\u0067oAAAAN\\u0053UhEUgA\\u0041AAMAAA\\u0041CCAAAA\\u0041C4HznG\\u0041AAAC0l'
    b'\\u0045QVR4nG\\u004eggAAAA\\u0041gAAbdY\\u00635UAAAA\\u0041SUVORK\\u0035CYII="',
    piece=1,
)  # which Python 3.11.2 once missed
@example(raw=b" \n\x0b", piece=1)
@example(raw=image(), piece=3)
@example(raw=image("JPEG")[:20], piece=3)
@example(raw=b"{" * 3000, piece=7)
@example(raw=b"[" * 70 + b"]" * 70, piece=7)
@example(raw=f'{{"{written(image())}": "a", "{written(image())}": "b"}}'.encode(), piece=9)
@example(raw=f'{{"a": "{written(image())}", "a": 1}}'.encode(), piece=9)
@example(raw=f'"{written(image())}'.encode(), piece=9)
@example(raw=f'"{written(image()[:36])}="'.encode(), piece=9)
@example(raw=f'"{written(image()[:36])}{"=" * 40}"'.encode(), piece=9)
@example(raw=f'"{written(image()[:35])}="'.encode(), piece=9)
@example(raw=f'"{written(image()[:36])}=AAA"'.encode(), piece=9)
@example(raw=b'["UklGRQ==", "UklGRg=="]', piece=9)
@example(raw=f'"{written(image())}" \\'.encode(), piece=9)
@example(raw=b'"data:image/png;x=\\ud83d\\ude00,' + written(image()).encode() + b'"', piece=1)
@example(raw=b'"data:image/png;base64,\\x' + written(image()).encode() + b'"', piece=9)
@example(raw=b'"data:image/png;a\tb,' + written(image()).encode() + b'"', piece=9)
@example(raw=f'["{KEY}", NaN, 1e999, "{written(image())}"]'.encode(), piece=9)
def test_a_body_in_a_file_is_read_as_the_same_body_in_memory(
    raw: bytes, piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()

    found, _, expected = both(raw, folder, piece)

    assert found == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", [1, 5, 64, 1 << 18])
def test_an_image_is_found_wherever_the_file_is_cut(kind: str, piece: int, tmp_path: Path) -> None:
    raw = image(kind)
    url = "".join(f"\\u{ord(letter):04X}" for letter in f"data:image/png,{written(raw)}")
    text = f'{{"a": ["x\\"y", "{written(raw)}"], "b": "{url}"}}'

    found, kept, expected = both(text.encode(), tmp_path, piece)

    assert found == expected
    assert list(kept.values()) == [raw]
    (picture,) = found.pictures.values()
    assert found.document == {
        "a": ['x"y', f"image:sha256:{picture.digest}"],
        "b": f"image:sha256:{picture.digest}",
    }


def test_names_of_an_object_that_are_images_stay_as_many_as_they_are(tmp_path: Path) -> None:
    plain, other = written(image()), written(image("GIF"))
    text = f'{{"{plain}": 1, "{plain}": "{other}", "data:image/png,{plain}": 3}}'

    found, _, expected = both(text.encode(), tmp_path)

    assert found == expected
    assert len(found.pictures) == 2


def test_a_short_image_is_left_to_the_reader(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_text(json.dumps([written(image()), "x" * LEAST_BYTES]))

    assert scan(body) == Scan()
    assert [file.name for file in tmp_path.iterdir()] == ["body"]


def test_what_is_written_beside_a_body_are_its_images(tmp_path: Path) -> None:
    raw = image() + bytes(LEAST_BYTES)
    body = tmp_path / "body"
    body.write_text(json.dumps({"a": written(raw), "b": [f"data:image/png,{written(raw)}"]}))

    found = scan(body, piece=1000)

    images = [cut.image for cut in found.cuts if cut.image is not None]
    assert [Path(one.path).read_bytes() for one in images] == [raw, raw]
    assert {one.digest for one in images} == {hashlib.sha256(raw).hexdigest()}
    assert all(body.read_bytes()[cut.start : cut.end].strip(b'"') for cut in found.cuts)


def test_a_text_that_never_ends_is_not_held(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b'{"b64_json": "' + written(image() * 100).encode())

    assert scan(body) == Scan(open=True)
