import hashlib
import io
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx
import pytest
import vcr
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import RecordingError, StoreError
from harness.core.exchange import Event, Exchange, Failure, Part, Picture, Reply, Request, Times
from harness.core.jsonvalue import Json, digest
from harness.store.disk import TEMPORARY
from harness.transport.bodies.images import ImageCollector, file_name, mark
from harness.transport.cassettes.cassette import NotOnTape, Tape, write_cassette
from tests import strategies

BASE = "https://api.example.test"
TIMES = Times(due_s=0.5, sent_s=0.51, headers_s=9.25, first_byte_s=9.26, end_s=9.75)
GENERATE = "/v1/images/generations"


def png(width: int = 16, height: int = 16) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def asked(**body: object) -> Request:
    return Request(
        method="POST",
        target=GENERATE,
        headers=(("Content-Type", "application/json"), ("Accept", "application/json")),
        body={"model": "gpt-image-2", **body},  # type: ignore[dict-item]  # plain values only
    )


def exchange(request: Request, **reply: object) -> Exchange:
    answer = Reply(**{"status": 200, "document": {"created": 1}, **reply})  # type: ignore[arg-type]
    return Exchange(request=request, answer=answer, times=TIMES)


def nothing_kept(name: str) -> bytes:
    raise AssertionError(f"no image is in these exchanges, and {name} was asked for")


def tape_of(
    folder: Path,
    *exchanges: Exchange,
    images: Callable[[str], bytes] = nothing_kept,
    **metadata: str,
) -> Path:
    path = folder / "buble" / "main.yaml"
    write_cassette(path, exchanges, base_url=BASE, metadata={**metadata}, picture_bytes=images)
    return path


def without_bytes(one: Exchange) -> Exchange:
    """Drawn pictures have no bytes: mark them absent, so that no file is looked for."""

    def absent(reply: Reply) -> Reply:
        shown = {key: replace(value, state="absent") for key, value in reply.pictures.items()}
        return replace(reply, pictures=shown)

    if isinstance(one.answer, Reply):
        return replace(one, answer=absent(one.answer))
    partial = one.answer.partial
    return replace(one, answer=replace(one.answer, partial=partial and absent(partial)))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(strategies.exchanges().map(without_bytes), max_size=3))
def test_what_is_written_is_what_is_loaded(drawn: list[Exchange]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tape = Tape.load(tape_of(Path(folder), *drawn))

    assert list(tape.exchanges) == drawn
    assert [str(one) for one in tape.exchanges] == [str(one) for one in drawn]  # True is not 1


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(strategies.exchanges().map(without_bytes), max_size=3))
def test_stock_vcrpy_loads_whatever_is_written(drawn: list[Exchange]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = tape_of(Path(folder), *drawn)
        stock = vcr.cassette.Cassette.load(
            path=str(path), serializer=vcr.serializers.yamlserializer
        )

    assert len(stock) == len(drawn)
    assert [one.method for one in stock.requests] == [one.request.method for one in drawn]


def test_stock_vcrpy_plays_a_reply_without_network(tmp_path: Path) -> None:
    document = {"data": [{"url": "https://cdn.test/1.png"}], "猫": "🐱"}
    path = tape_of(
        tmp_path,
        exchange(
            asked(prompt="a cat"),
            document=document,
            headers=(("content-encoding", "gzip"), ("content-length", "9"), ("age", "1")),
        ),
    )

    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri", "body"]):
        got = httpx.post(BASE + GENERATE, json={"model": "gpt-image-2", "prompt": "a cat"})

    assert got.json() == document
    assert got.headers["age"] == "1"


def test_stock_vcrpy_keeps_everything_when_it_writes_the_file_again(tmp_path: Path) -> None:
    path = tape_of(tmp_path, exchange(asked(n=1)), exchange(asked(n=2)), provider="buble")
    stock = vcr.cassette.Cassette.load(path=str(path), serializer=vcr.serializers.yamlserializer)

    stock.dirty = True
    stock._save(force=True)

    assert Tape.load(path).take(asked(n=2)).answer == exchange(asked(n=2)).answer


def test_everything_about_a_failed_round_trip_is_kept(tmp_path: Path) -> None:
    partial = Reply(status=200, events=(Event(name="partial", at_s=1.5, data={"b64": "x"}),))
    failure = Failure(kind="network", why="reset by peer", sent=True, partial=partial)
    broken = Exchange(request=asked(n=1), answer=failure, times=replace(TIMES, headers_s=None))

    path = tape_of(tmp_path, broken)

    assert Tape.load(path).exchanges == (broken,)
    assert yaml.safe_load(path.read_text())["interactions"][0]["response"]["status"] == {
        "code": 599,
        "message": "no reply",
    }


def test_a_body_that_is_a_json_text_is_no_image(tmp_path: Path) -> None:
    path = tape_of(tmp_path, exchange(asked(), document="queued"))

    held = yaml.safe_load(path.read_text())["interactions"][0]["response"]["body"]["string"]
    assert held == '"queued"'


def test_a_cassette_cannot_choose_which_file_is_read(tmp_path: Path) -> None:
    one, picture = Shelf().pictured(png())
    path = tape_of(tmp_path, one, images=lambda _: png())
    (tmp_path / "secret.png").write_bytes(png())
    interactions = yaml.safe_load(path.read_text())["interactions"]
    interactions[0]["response"]["pictures"][mark(picture)]["digest"] = "../../secret"

    with pytest.raises(RecordingError, match="digest or format is none"):
        Tape.load(forged(path, interactions))


def test_lone_surrogates_in_a_request_come_back(tmp_path: Path) -> None:
    odd = exchange(asked(prompt="half a \ud83d cat"))

    assert Tape.load(tape_of(tmp_path, odd)).exchanges == (odd,)


def test_a_path_and_the_same_address_written_out_stay_two_requests(tmp_path: Path) -> None:
    signed = exchange(Request(method="GET", target="/f/1"), document={"signed": True})
    bare = exchange(Request(method="GET", target=f"{BASE}/f/1"), document={"signed": False})

    tape = Tape.load(tape_of(tmp_path, signed, bare))

    assert tape.take(bare.request) == bare
    assert tape.take(signed.request) == signed


def test_a_version_named_by_base_and_path_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    write_cassette(
        path,
        [exchange(asked())],
        base_url=f"{BASE}/v1/",
        metadata={},
        picture_bytes=nothing_kept,
    )

    assert f"uri: {BASE}{GENERATE}\n" in path.read_text()
    assert Tape.load(path).base_url == f"{BASE}/v1/"


def test_credentials_and_connection_headers_are_not_written(tmp_path: Path) -> None:
    key = "sk-live-0123456789"
    request = replace(
        asked(), headers=(("Authorization", f"Bearer {key}"), ("X-API-Key", key), ("Accept", "*/*"))
    )
    reply_headers = (
        ("set-cookie", f"session={key}"),
        ("Authorization", key),
        ("Connection", "close"),
        ("transfer-encoding", "chunked"),
        ("x-request-id", "7"),
    )

    path = tape_of(tmp_path, exchange(request, headers=reply_headers))
    kept = Tape.load(path).exchanges[0]

    assert key not in path.read_text()
    assert kept.request.headers == (("Accept", "*/*"),)
    assert isinstance(kept.answer, Reply)
    assert kept.answer.headers == (("x-request-id", "7"),)


def test_headers_about_the_bytes_on_the_wire_come_back_last(tmp_path: Path) -> None:
    pairs = (("content-length", "9"), ("age", "1"), ("server", "2"), ("age", "3"))

    kept = Tape.load(tape_of(tmp_path, exchange(asked(), headers=pairs))).exchanges[0].answer

    assert isinstance(kept, Reply)
    assert kept.headers == (("age", "1"), ("age", "3"), ("server", "2"), ("content-length", "9"))


def test_repeated_request_headers_become_one_line(tmp_path: Path) -> None:
    request = replace(asked(), headers=(("Accept", "image/png"), ("accept", "image/webp")))

    kept = Tape.load(tape_of(tmp_path, exchange(request))).exchanges[0].request

    assert kept.headers == (("Accept", "image/png, image/webp"),)


class Shelf:
    """Keeps images in memory, as a run folder does on disk."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.read: list[str] = []

    def keep(self, name: str, raw: bytes) -> None:
        self.files[name] = raw

    def load(self, name: str) -> bytes:
        self.read.append(name)
        return self.files[name]

    def pictured(self, raw: bytes, *, n: int = 1) -> tuple[Exchange, Picture]:
        picture = ImageCollector(self.keep).from_bytes(raw)
        document = {"data": [{"b64_json": mark(picture)}]}
        return exchange(asked(n=n), document=document, pictures={mark(picture): picture}), picture


def test_images_lie_beside_the_cassette_by_digest_and_are_written_once(tmp_path: Path) -> None:
    shelf = Shelf()
    one, picture = shelf.pictured(png())
    two, _ = shelf.pictured(png(), n=2)

    path = tape_of(tmp_path, one, two, images=shelf.load)
    tape_of(tmp_path, one, images=shelf.load)

    image = path.parent / "images" / file_name(picture)
    assert hashlib.sha256(image.read_bytes()).hexdigest() == picture.digest
    assert shelf.read == [file_name(picture)]
    assert [file.name for file in image.parent.iterdir()] == [image.name]


def test_a_spoilt_image_is_written_again(tmp_path: Path) -> None:
    shelf = Shelf()
    one, picture = shelf.pictured(png())
    path = tape_of(tmp_path, one, images=shelf.load)
    (path.parent / "images" / file_name(picture)).write_bytes(b"spoilt")

    tape_of(tmp_path, one, images=shelf.load)

    assert Tape.load(path).exchanges == (one,)


def test_a_body_that_is_an_image_is_its_own_mark(tmp_path: Path) -> None:
    shelf = Shelf()
    picture = ImageCollector(shelf.keep).from_bytes(png())
    got = exchange(
        Request(method="GET", target="https://cdn.test/1.png"),
        document=mark(picture),
        pictures={mark(picture): picture},
    )

    path = tape_of(tmp_path, got, images=shelf.load)

    assert Tape.load(path).exchanges == (got,)
    assert yaml.safe_load(path.read_text())["interactions"][0]["response"]["body"] == {"string": ""}


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(png(32, 32))])
def test_a_missing_or_altered_image_is_named(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    shelf = Shelf()
    one, picture = shelf.pictured(png())
    path = tape_of(tmp_path, one, images=shelf.load)
    spoil(path.parent / "images" / file_name(picture))

    with pytest.raises(RecordingError, match=f"images/{file_name(picture)}.*(missing|altered)"):
        Tape.load(path)


def test_loading_hands_every_image_to_the_run(tmp_path: Path) -> None:
    shelf, run = Shelf(), Shelf()
    one, picture = shelf.pictured(png())
    path = tape_of(tmp_path, one, images=shelf.load)

    Tape.load(path, pictures=ImageCollector(run.keep))

    assert run.files == {file_name(picture): png()}


def test_other_image_bytes_than_promised_are_our_failure(tmp_path: Path) -> None:
    one, _ = Shelf().pictured(png())

    with pytest.raises(StoreError, match="other bytes"):
        tape_of(tmp_path, one, images=lambda _: png(32, 32))


def test_an_exception_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    shelf = Shelf()
    path = tape_of(tmp_path, exchange(asked(n=1)))
    before = path.read_bytes()
    pictured, _ = shelf.pictured(png())

    with pytest.raises(ZeroDivisionError):
        tape_of(tmp_path, pictured, images=lambda _: bytes(1 // 0))

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_crash_between_writing_and_renaming_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tape_of(tmp_path, exchange(asked(n=1)))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            tape_of(tmp_path, exchange(asked(n=2)))

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_new_file_takes_its_name_only_when_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tape_of(tmp_path, exchange(asked(n=1)))
    before = path.read_bytes()
    moved: list[bytes] = []

    def lost(_source: str, _target: str, **_folders: int) -> None:
        (unnamed,) = path.parent.glob(f"{TEMPORARY}*")
        moved.append(unnamed.read_bytes())
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("os.rename", lost)
        with pytest.raises(StoreError, match="Input/output error"):
            tape_of(tmp_path, exchange(asked(n=2)))

    assert b'"n":2' in moved[0] or b'"n":2' in moved[0]
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_our_failure(tmp_path: Path) -> None:
    (tmp_path / "buble").write_text("a file, no folder")

    with pytest.raises(StoreError, match="cannot be written"):
        tape_of(tmp_path, exchange(asked()))


def sample(folder: Path) -> Path:
    shelf = Shelf()
    one, _ = shelf.pictured(png())
    upload = Request(
        method="POST",
        target="/v1/images/edits",
        form=(
            Part(name="prompt", value="16:9"),
            Part(name="image[]", filename="a.png", media_type="image/png", size_bytes=7),
        ),
    )
    return tape_of(
        folder,
        one,
        exchange(upload, document=None, text="<html>busy</html>", status=503),
        images=shelf.load,
        provider="buble",
        recorded="2026-01-02",
    )


@pytest.mark.parametrize("twentieth", range(21))
def test_a_cassette_cut_anywhere_is_a_recording_error(tmp_path: Path, twentieth: int) -> None:
    path = sample(tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw[: (len(raw) - 2) * twentieth // 20])

    with pytest.raises(RecordingError) as caught:
        Tape.load(path)

    assert str(path) in str(caught.value)
    assert "harness run --against emulator --record" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_digit_of_the_interactions_is_guarded(tmp_path: Path) -> None:
    path = sample(tmp_path)
    text = path.read_text()
    end = text.index("\nmetadata:")
    places = [found.start() for found in re.finditer(r"\d", text[:end])]
    assert len(places) > 100

    for place in places:
        flipped = str((int(text[place]) + 1) % 10)
        path.write_text(text[:place] + flipped + text[place + 1 :])
        with pytest.raises(RecordingError):
            Tape.load(path)


def test_a_hand_edit_is_told_as_one(tmp_path: Path) -> None:
    path = sample(tmp_path)
    path.write_text(path.read_text().replace("busy", "idle"))

    with pytest.raises(RecordingError, match="altered after it was recorded"):
        Tape.load(path)


def test_line_ends_of_another_system_are_no_alteration(tmp_path: Path) -> None:
    path = sample(tmp_path)
    expected = Tape.load(path).exchanges
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert Tape.load(path).exchanges == expected


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no cassette"),
        (b"- 1\n- 2\n", "no cassette"),
        (b"interactions: []\nversion: 2\n", "version 2"),
        (b"interactions: []\nversion: 1\n", "not written by harness"),
        (
            b"interactions: []\nversion: 1\nmetadata: {interactions_sha256: x, format: 9}\n",
            "format 9",
        ),
        (b"interactions: 7\nversion: 1\nmetadata: {interactions_sha256: x, format: 1}\n", "a list"),
        (
            b"interactions: [!!set {}]\nversion: 1\nmetadata: {interactions_sha256: x, format: 1}",
            "no cassette holds",
        ),
        (b"\xff\xfe\x00", "decode"),
        (b"a: [b", "YAML"),
        (b"[" * 100_000, "nested deeper"),
    ],
)
def test_what_is_no_cassette_is_told_in_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)

    with pytest.raises(RecordingError, match=told) as caught:
        Tape.load(path)

    assert "\n" not in str(caught.value)


def test_a_missing_cassette_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(RecordingError, match="cannot be read"):
            Tape.load(path)


def forged(path: Path, interactions: list[object]) -> Path:
    """Write a cassette whose digest is right and whose content is not."""
    told = digest(cast("Json", interactions))
    metadata = {"format": 1, "interactions_sha256": told}
    path.write_text(
        yaml.safe_dump({"version": 1, "interactions": interactions, "metadata": metadata})
    )
    return path


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("response", "status"), None),
        (("response", "status", "code"), "two hundred"),
        (("response", "timing", "sent_s"), True),
        (("response", "holds"), 1),
        (("response", "body", "string"), "{"),
        (("response", "body", "string"), "[" * 100_000),
        (("response", "headers", "x"), "no list"),
        (("response", "asked"), []),
        (("response", "events"), [{"name": "x"}]),
        (("response", "pictures"), {"image:sha256:x": {"digest": "../../x", "format": "png"}}),
        (("response", "failure"), {"kind": "whim", "why": "", "sent": True}),
        (("request", "body"), "no json"),
        (("request", "method"), None),
    ],
)
def test_a_wrong_field_under_a_right_digest_is_a_recording_error(
    tmp_path: Path, where: tuple[str, ...], value: object
) -> None:
    path = tape_of(tmp_path, exchange(asked()))
    interactions = yaml.safe_load(path.read_text())["interactions"]
    inner = interactions[0]
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value

    with pytest.raises(RecordingError):
        Tape.load(forged(path, interactions))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(strategies.json_values(), max_size=2))
def test_any_forged_interactions_are_a_recording_error_or_none(drawn: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = forged(Path(folder) / "x.yaml", drawn)
        if drawn:
            with pytest.raises(RecordingError):
                Tape.load(path)
        else:
            assert Tape.load(path).exchanges == ()


def test_equal_requests_are_answered_in_the_order_of_recording_each_once(tmp_path: Path) -> None:
    poll = Request(method="GET", target="/v1/jobs/7")
    states = [exchange(poll, document={"state": state}) for state in ("queued", "running", "done")]
    tape = Tape.load(tape_of(tmp_path, states[0], exchange(asked()), *states[1:]))

    assert [tape.take(poll) for _ in range(2)] == states[:2]
    assert tape.left() == (exchange(asked()), states[2])


def test_headers_timeout_and_key_order_do_not_matter_to_a_replay(tmp_path: Path) -> None:
    tape = Tape.load(tape_of(tmp_path, exchange(asked(n=1, size="1024x1024"))))
    again = Request(
        method="POST",
        target=GENERATE,
        body={"size": "1024x1024", "n": 1, "model": "gpt-image-2"},
        timeout_s=1.0,
    )

    assert tape.take(again) == exchange(asked(n=1, size="1024x1024"))


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (asked(n=1, size="2048x2048"), 'size: recorded "1024x1024", asked "2048x2048"'),
        (asked(n=1), 'size: recorded "1024x1024", asked nothing'),
        (asked(n=2, size="1024x1024"), "n: recorded 1, asked 2"),
        (asked(n=2, size="1024x1024", options={"a": [1]}), r"options\.a\[0\]: recorded 3, asked 1"),
        (replace(asked(), method="PUT"), "holds no PUT"),
        (replace(asked(), target="/v1/images/generation"), f"most similar one is {GENERATE}"),
        (replace(asked(), target="/zzz"), "holds no POST to this target \\("),
    ],
)
def test_a_request_that_is_not_on_the_tape_is_told_with_its_nearest(
    tmp_path: Path, request_: Request, told: str
) -> None:
    path = tape_of(
        tmp_path,
        exchange(asked(n=7, quality="low", background="opaque", size="3840x2160")),
        exchange(asked(n=1, size="1024x1024")),
        exchange(asked(n=2, size="1024x1024", options={"a": [3]})),
        provider="buble",
    )
    tape = Tape.load(path)
    if "recorded 1, asked 2" in told:
        tape = Tape(tape.exchanges[:2], metadata=tape.metadata)

    with pytest.raises(NotOnTape, match=told) as caught:
        tape.take(request_)

    assert caught.value.request == request_
    assert f"{request_.method} {request_.target}" in str(caught.value)
    assert "harness run --against emulator --record --provider buble" in str(caught.value)


def test_asking_once_more_than_recorded_says_so(tmp_path: Path) -> None:
    tape = Tape.load(tape_of(tmp_path, *[exchange(asked(n=1))] * 2))
    tape.take(asked(n=1))
    tape.take(asked(n=1))

    with pytest.raises(
        NotOnTape, match="holds it 2 times, and it was asked for once more"
    ) as caught:
        tape.take(asked(n=1))

    assert caught.value.nearest == exchange(asked(n=1))


def test_long_values_are_shortened_where_a_request_is_not_on_the_tape(tmp_path: Path) -> None:
    tape = Tape.load(tape_of(tmp_path, exchange(asked(prompt="a" * 30_000))))

    with pytest.raises(NotOnTape) as caught:
        tape.take(asked(prompt="b" * 30_000, **{f"k{i}": i for i in range(20)}))

    assert len(str(caught.value)) < 1_000
    assert "30,002 long" in str(caught.value)
    assert "and 16 more" in str(caught.value)


def test_forms_differ_part_by_part(tmp_path: Path) -> None:
    def form(*parts: Part) -> Request:
        return Request(method="POST", target="/v1/images/edits", form=parts)

    image = Part(name="image", filename="a.png", media_type="image/png", size_bytes=9, digest="d")
    tape = Tape.load(tape_of(tmp_path, exchange(form(image, Part(name="n", value="1")))))

    with pytest.raises(NotOnTape, match='n: recorded "1", asked "2"'):
        tape.take(form(image, Part(name="n", value="2")))
    with pytest.raises(NotOnTape, match="image: recorded file image/png, 9 bytes"):
        tape.take(form(replace(image, size_bytes=8), Part(name="n", value="1")))
    assert tape.take(form(image, Part(name="n", value="1"))).request.form is not None


def test_a_committed_cassette_can_be_read_by_everyone(tmp_path: Path) -> None:
    path = sample(tmp_path)

    assert path.stat().st_mode & 0o777 == 0o644
    shutil.rmtree(path.parent)
