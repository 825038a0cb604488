"""A baseline as a file: it comes back as it was, and what is none is one clear line."""

import json
import os
import re
import threading
from codecs import BOM_UTF8
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.comparing.codec import FORMAT, dumped_baseline, read_baseline
from harness.comparing.model import (
    AuthenticityShown,
    Baseline,
    DeviationShown,
    ErrorShown,
    PromiseShown,
    Sample,
)
from harness.core.errors import UsageError
from harness.core.record import Provenance
from tests.comparing import baselines as b
from tests.strategies import texts

AMOUNTS = st.decimals(0, 1000, places=4)
NUMBERS = st.integers(10**3, 10**6)
FEWER = st.integers(0, 10**3)
SECONDS = st.none() | st.floats(0, 1e6)
RUNS = st.builds(
    Baseline,
    evidence=st.dictionaries(texts(), st.builds(Provenance), max_size=2),
    documents=st.dictionaries(texts(), texts(), max_size=2),
    promises=st.lists(
        st.builds(
            PromiseShown,
            deviations=st.lists(
                st.builds(DeviationShown, failed=FEWER, tried=NUMBERS), max_size=2
            ).map(tuple),
            observed=texts(),
            failed=FEWER,
            tried=NUMBERS,
        ),
        max_size=3,
    ).map(tuple),
    samples=st.lists(
        st.builds(
            Sample,
            seconds=SECONDS,
            images=NUMBERS,
            spent=st.none() | AMOUNTS,
            listed=AMOUNTS,
            place=texts(),
        ),
        max_size=3,
    ).map(tuple),
    requests=st.dictionaries(texts(), NUMBERS, max_size=2),
    errors=st.lists(st.builds(ErrorShown, count=FEWER, of=NUMBERS), max_size=2).map(tuple),
    authenticity=st.lists(st.builds(AuthenticityShown, count=FEWER, of=NUMBERS), max_size=2).map(
        tuple
    ),
    notes=st.lists(texts(), max_size=2).map(tuple),
)
RUN = b.run([b.promise(), b.promise("broken", b.broken(), promise="images_decode")], [b.sample()])

AUTHENTIC = AuthenticityShown(provider="sub2api", figure="fresh", count=1, of=2)
ERROR = ErrorShown(provider="sub2api", operation="generate", error_class="timeout", count=1, of=6)
TOO_OFTEN = DeviationShown(check="c", state="broken", failed=3, tried=2, observed="")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    path.write_bytes(dumped_baseline(RUN))
    return path


def _refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_baseline(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(RUNS)
@settings(max_examples=25)
def test_a_baseline_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, run: Baseline
) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.json"
    path.write_bytes(dumped_baseline(run))

    assert read_baseline(path) == run


def test_it_is_json_with_a_line_for_each_promise_and_sample(file: Path) -> None:
    lines = file.read_text().splitlines()

    assert json.loads(file.read_text())["baseline"] == FORMAT
    assert sum('"promise":' in line for line in lines) == 2
    assert sum('"place":' in line for line in lines) == 1
    assert dumped_baseline(read_baseline(file)) == file.read_bytes()


def test_a_document_has_its_lines_one_by_one(tmp_path: Path) -> None:
    run = replace(RUN, documents={"sub2api": 'name = "sub2api"\n\n# end\r\n'})
    path = tmp_path / "baseline.json"
    path.write_bytes(dumped_baseline(run))

    assert '\n      "# end\\r",\n' in path.read_text()
    assert read_baseline(path).documents == run.documents


def test_money_and_defaults_come_back_exactly(file: Path) -> None:
    (sample,) = read_baseline(file).samples

    assert (sample.spent, sample.listed, sample.fit) == (Decimal("0.04"), Decimal("0.04"), "exact")


def test_other_ends_of_line_are_no_edit(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    assert read_baseline(file) == RUN


@pytest.mark.parametrize(
    ("what", "into"),
    [
        (b'"state": "held"', b'"state": "broken"'),
        (b'"seconds":20.0', b'"seconds":90.0'),
        (b'"seconds":20.0', b'"seconds":20.00'),
        (b'"seed": 7', b'"seed": 8'),
        (b'"baseline": 1,', b'"baseline":  1,'),
    ],
)
def test_an_edit_shows(file: Path, what: bytes, into: bytes) -> None:
    raw = file.read_bytes().replace(b'"state":"held"', b'"state": "held"')
    raw = raw if b'"state": "held"' in what else file.read_bytes()
    assert what in raw
    file.write_bytes(raw.replace(what, into, 1))

    assert "was edited: its checksum differs from its content" in _refusal(file)
    assert "known deviations" in _refusal(file)


@pytest.mark.parametrize(
    "run",
    [
        replace(RUN, authenticity=(replace(AUTHENTIC, count=-1),)),
        replace(RUN, authenticity=(replace(AUTHENTIC, count=10**30, of=10**30),)),
        replace(RUN, errors=(replace(ERROR, count=7, of=6),)),
        replace(RUN, promises=(replace(RUN.promises[0], failed=-1),)),
        replace(RUN, promises=(replace(RUN.promises[0], deviations=(TOO_OFTEN,)),)),
        replace(RUN, requests={"sub2api generate": -1}),
        replace(RUN, samples=(replace(RUN.samples[0], images=-4),)),
    ],
)
def test_a_count_that_cannot_be_shows_also_under_a_new_checksum(file: Path, run: Baseline) -> None:
    file.write_bytes(dumped_baseline(run))

    assert "is no count" in _refusal(file)


def test_an_editors_byte_order_mark_is_named(file: Path) -> None:
    file.write_bytes(BOM_UTF8 + file.read_bytes())

    assert "was edited: a byte order mark" in _refusal(file)


def test_what_a_later_harness_says_of_itself_is_shown_on_one_line(file: Path) -> None:
    file.write_text('{"baseline": 99, "harness": "9\\n\\u001b[31m"}')

    assert "the harness that wrote it (9 \\u001b[31m)" in _refusal(file)


def test_a_checksum_that_was_taken_away_shows(file: Path) -> None:
    file.write_bytes(re.sub(rb',\n  "crc": "[0-9a-f]{8}"', b"", file.read_bytes()))

    assert "was edited: it has no checksum at its end" in _refusal(file)


def test_a_later_format_names_who_wrote_it(file: Path) -> None:
    later = file.read_bytes().replace(b'"baseline": 1', b'"baseline": 7')
    file.write_bytes(later.replace(b'"harness": "0.1.0"', b'"harness": "9.2.0"'))

    assert "format 7 is unknown to this version, which knows up to 1" in _refusal(file)
    assert "read it with the harness that wrote it (9.2.0)" in _refusal(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"not json", "is no baseline: not JSON"),
        (b"[" * 100_000, "is no baseline: not JSON"),
        (b"\xff\xfe\x00", "is no baseline: not JSON"),
        (b"[1, 2]", "is no baseline: JSON, but no object"),
        (b"null", "is no baseline: JSON, but no object"),
        (b'{"a": 1}', 'is no baseline: JSON without a key "baseline"'),
        (b'{"schema": 1, "verdicts": []}', "a report's summary.json; give the folder of its run"),
        (b'{"evidence": {}, "plan_digests": {}}', "a run's run.json; give its folder"),
        (b'{"baseline": "one"}', "is no format"),
        (b'{"baseline": true}', "is no format"),
        (b'{"baseline": 0}', "is no format"),
        (b'{"baseline": 1e999}', "is no format"),
    ],
)
def test_what_is_no_baseline_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(content)

    assert words in _refusal(path)
    assert str(path) in _refusal(path)


def test_a_baseline_with_a_member_of_another_type_is_one_line(file: Path) -> None:
    body = dumped_baseline(RUN).replace(b'"seed": 7', b'"seed": "x"').rpartition(b',\n  "crc"')[0]
    file.write_bytes(body + b',\n  "crc": "%08x"\n}\n' % crc32(body))

    assert "is no baseline: seed: Input should be a valid integer" in _refusal(file)


def test_a_folder_a_missing_file_and_a_device_are_one_line(tmp_path: Path) -> None:
    assert "cannot be read" in _refusal(tmp_path / "nowhere.json")
    assert "cannot be read" in _refusal(tmp_path)
    assert "neither a file nor a folder of a run" in _refusal(Path("/dev/zero"))


def test_a_huge_file_is_read_as_far_as_a_baseline_goes(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    assert "cannot be read: File too large" in _refusal(path)


def test_a_pipe_that_nobody_writes_into_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert "is empty" in _refusal(tmp_path / "pipe")


def test_a_baseline_is_read_from_a_pipe_whose_writer_is_slow() -> None:
    large = replace(RUN, samples=tuple(b.sample(f"row/{at}") for at in range(4000)))
    reader, writer = os.pipe()

    def write() -> None:
        with os.fdopen(writer, "wb") as file:
            file.write(dumped_baseline(large))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert read_baseline(Path(f"/dev/fd/{reader}")) == large
    finally:
        os.close(reader)
        thread.join()


def test_equal_runs_are_equal_bytes() -> None:
    assert dumped_baseline(RUN) == dumped_baseline(replace(RUN))
