"""Files of any size, interaction by interaction, within bounds."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import yaml

from harness.core.errors import RecordingError
from harness.transport.bodies.images import ImageCollector
from harness.transport.foreign.document import Document
from harness.transport.foreign.read import read_recording
from tests.transport.foreign.recording import entry

PLACES = ("log.entries", "interactions", "")
DUMPS: tuple[Callable[[object], str], ...] = (json.dumps, yaml.safe_dump)


def values(path: Path) -> tuple[object, list[object]]:
    """Return a file's value with its lists read again, and what was handed over on the way."""
    met: list[object] = []
    value = Document(path, PLACES).value(met.append)
    return plain(value), met


def plain(content: object) -> object:
    if isinstance(content, dict):
        return {key: plain(inside) for key, inside in content.items()}
    if isinstance(content, str | int | float) or content is None:
        return content
    assert hasattr(content, "__iter__")
    return [plain(inside) for inside in content]


@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.parametrize(
    ("content", "met"),
    [
        ({"log": {"version": "1", "entries": [{"a": [1, {"b": None}]}, 2, "c"]}, "z": 1.5},
         [{"a": [1, {"b": None}]}, 2, "c"]),
        ({"interactions": [{"interactions": [1]}], "log": {"entries": []}},
         [{"interactions": [1]}]),
        ([{"x": 1}, [], [[2]]], [{"x": 1}, [], [[2]]]),
        ({"other": {"interactions": [1]}, "log": [{"entries": [2]}]}, []),
        ({"interactions": {"a": 1}, "log": {"entries": "no list"}}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_a_file_is_read_as_it_is_with_its_interactions_one_by_one(
    tmp_path: Path, dump: Callable[[object], str], content: object, met: list[object]
) -> None:
    path = tmp_path / "x"
    path.write_text(dump(content))

    assert values(path) == (content, met)


def test_long_numbers_are_read_or_spoil_their_interaction_only(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(f'{{"interactions": [{{"a": {2**70}, "b": 1.5}}, {{"a": {"1" * 5_000}}}]}}')
    met: list[object] = []
    Document(path, PLACES).value(met.append)

    assert met[0] == {"a": 2**70, "b": 1.5}
    assert "UnsafeYamlError" in repr(met[1])


def test_an_anchor_of_an_earlier_interaction_is_known_in_a_later_one(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("interactions: [{a: &x [1, 2]}, {b: *x}]\n")

    assert values(path)[1] == [{"a": [1, 2]}, {"b": [1, 2]}]


@pytest.mark.parametrize("comment", ["", "# YAML's flow style\n"])
def test_a_file_takes_the_memory_of_its_largest_interaction(tmp_path: Path, comment: str) -> None:
    path = tmp_path / "x"
    bodies = [{"body": f"{n}" * 500_000} for n in range(10, 26)]
    path.write_text(comment + json.dumps({"interactions": bodies}))
    tracemalloc.start()
    try:
        document = Document(path, PLACES).value(lambda _entry: None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert isinstance(document, dict)
    assert peak < 14_000_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"log": {"entries": [' + "[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"log": {"entries": [{', "truncated or invalid JSON"),
        ('{"log": {"entries": [{}]}} {}', "trailing garbage"),
    ],
)
def test_a_hostile_or_cut_file_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "x"
    path.write_text(text)

    with pytest.raises(RecordingError, match=told) as caught:
        read_recording(path, ImageCollector(lambda _name, _raw: None))

    assert "\n" not in str(caught.value)


HAR = json.dumps({"log": {"entries": [entry(f'{{"created": {n}, "a": "ß🐱"}}') for n in range(3)]}})
CASSETTE = yaml.safe_dump(
    {
        "interactions": [
            {
                "request": {
                    "method": "POST",
                    "uri": "https://a.example/v1",
                    "body": json.dumps(f"{n} ß🐱: a", ensure_ascii=False),
                },
                "response": {"status": {"code": 200}, "body": {"string": '{"created": "a b"}' * 9}},
            }
            for n in range(3)
        ]
    },
    allow_unicode=True,
)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (HAR[:-3], 3),
        (HAR[: HAR.rindex("2026")], 2),
        (HAR[: HAR.index("2026", len(HAR) // 2)], 2),
        (CASSETTE[:-30], 2),
        (CASSETTE[: CASSETTE.rindex("ß")] + "\n \n", 2),
        (CASSETTE[: CASSETTE.rindex("created")], 2),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_breaks_off_is_read_to_there(
    tmp_path: Path, text: str, whole: int, *, packed: bool
) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())

    recording = read_recording(path, ImageCollector(lambda _name, _raw: None))

    held = "1 interaction" if whole == 1 else f"{whole} interactions"
    assert [found.index for found in recording.exchanges] == [*range(whole)]
    assert recording.unreadable == (f"the file breaks off after {held}",)


@pytest.mark.parametrize("text", [HAR.replace('"created', '",, created', 1), CASSETTE + "x: [}\n"])
def test_a_file_that_is_damaged_within_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x"
    path.write_text(text + "\n" + text)

    with pytest.raises(RecordingError, match="invalid"):
        read_recording(path, ImageCollector(lambda _name, _raw: None))


def test_a_packed_file_that_ends_early_is_read_to_there(tmp_path: Path) -> None:
    random = Random(7)
    bodies = [json.dumps({"created": random.randbytes(600_000).hex()}) for _ in range(3)]
    path = tmp_path / "x"
    packed = gzip.compress(json.dumps({"log": {"entries": [*map(entry, bodies)]}}).encode(), 1)
    path.write_bytes(packed[: len(packed) * 19 // 20])

    recording = read_recording(path, ImageCollector(lambda _name, _raw: None))

    assert [found.index for found in recording.exchanges] == [0, 1]
    assert recording.unreadable == ("the file breaks off after 2 interactions",)


def test_a_quarter_of_a_million_chunks_are_no_body(tmp_path: Path) -> None:
    found = entry("[" + '"1f",' * 250_000 + '"8b"]', headers={"content-encoding": "gzip"})
    path = tmp_path / "x"
    path.write_text(json.dumps({"log": {"entries": [found, entry('{"created": 1}')]}}))

    recording = read_recording(path, ImageCollector(lambda _name, _raw: None))

    assert [found.index for found in recording.exchanges] == [1]
    assert "more than 20,000 values" in recording.unreadable[0]


def test_who_watches_hears_of_each_interaction_and_of_the_whole_file_twice(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(json.dumps({"log": {"entries": [entry('{"created": 1}')] * 3}}))
    heard: list[tuple[int, int]] = []
    read_recording(
        path,
        ImageCollector(lambda _name, _raw: None),
        watch=lambda size, entries: heard.append((size, entries)),
    )

    assert heard[-1] == (2 * path.stat().st_size, 6)
    assert heard == sorted(heard)
