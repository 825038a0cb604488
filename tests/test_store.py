import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from harness.cases.prompts import plain_prompt
from harness.core.case import Price
from harness.core.errors import StoreError, UsageError
from harness.core.exchange import Exchange, Failure, Part, Reply, Request, Times
from harness.core.outcome import Fault, Outcome
from harness.store.disk import TEMPORARY
from harness.store.folder import BALLAST, BALLAST_BYTES, RunFolder
from harness.store.line import (
    DOCUMENTS,
    IMAGES,
    JOURNAL,
    Ended,
    Exchanged,
    JournalLine,
    Sent,
    Skipped,
)
from harness.store.reader import read_run
from tests.runner.journals import EVIDENCE, header
from tests.store.journals import resealed
from tests.strategies import exchanges
from tests.wire.by_hand import BASES, shot_of

SHOT = shot_of(BASES["sub2api", "generate"])
CASE = SHOT.case.id
SENT = Sent(provider="sub2api", case=CASE, shot=SHOT, evidence=EVIDENCE)
FAULT: Outcome = Fault(error_class="network", why="reset", may_be_paid=False)
ENDED = Ended(provider="sub2api", case=CASE, outcome=FAULT)
SKIPPED = Skipped(provider="sub2api", case=CASE, shot=SHOT, evidence=EVIDENCE, why="interrupted")
TIMES = Times(due_s=0, sent_s=0, end_s=1)
SERVED = Exchange(request=SHOT.request, answer=Reply(status=200, document={"id": "j"}), times=TIMES)


def exchanged(exchange: Exchange) -> Exchanged:
    return Exchanged(provider="sub2api", case=CASE, exchange=exchange)


def write(path: Path, *lines: JournalLine) -> Path:
    folder = RunFolder.create(path)
    folder.write_header(header())
    for line in lines:
        folder.append(line)
    folder.close()
    return path


def go_on(path: Path, *lines: JournalLine) -> None:
    folder = RunFolder.reopen(path)
    for line in lines:
        folder.append(line)
    folder.close()


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None
)
@given(exchanges())
def test_what_is_written_is_read_back(tmp_path: Path, exchange: Exchange) -> None:
    path = tmp_path / os.urandom(8).hex()
    write(path, SENT, exchanged(exchange))

    (unfinished,) = read_run(path).unfinished
    assert unfinished.exchanges == [exchange]
    assert unfinished.line == SENT


def test_a_half_last_line_is_left_out_and_never_spoils_the_next(tmp_path: Path) -> None:
    path = write(tmp_path / "run", SENT)
    whole = (path / JOURNAL).read_bytes()
    for cut in (b"{", b'{"provider":"su', b"\x00\x00\x00", b"\xff\xfe", whole[:-40]):
        (path / JOURNAL).write_bytes(whole + cut)
        assert len(read_run(path).unfinished) == 1

        go_on(path, ENDED)

        assert [record.outcome for record in read_run(path).records] == [FAULT]
        assert (path / JOURNAL).read_bytes().startswith(whole)


def test_a_last_line_that_lacks_its_end_only_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "run", SENT)
    (path / JOURNAL).write_bytes((path / JOURNAL).read_bytes().rstrip(b"\n"))

    go_on(path, ENDED)

    (record,) = read_run(path).records
    assert (record.shot, record.outcome) == (SHOT, FAULT)


@pytest.mark.parametrize("altered", [b"{}", b"not json", b'{"provider":1,"case":"x"}', b"\xff"])
def test_an_altered_line_in_the_middle_is_named_with_its_number(
    tmp_path: Path, altered: bytes
) -> None:
    path = write(tmp_path / "run", SENT, ENDED)
    first, second, _ = (path / JOURNAL).read_bytes().split(b"\n")
    (path / JOURNAL).write_bytes(b"\n".join([first, altered, second, b""]))

    with pytest.raises(UsageError, match=r"journal\.jsonl, line 2: ") as caught:
        read_run(path)

    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_second_attempt_that_is_under_way_takes_the_place_of_the_first(tmp_path: Path) -> None:
    again = replace(SENT, attempt=2)
    path = write(tmp_path / "run", SENT, ENDED, again)

    past = read_run(path)

    assert past.records == ()
    assert [item.line for item in past.unfinished] == [again]


def test_a_shot_that_left_stays_under_way_although_it_was_skipped_later(tmp_path: Path) -> None:
    path = write(tmp_path / "run", SENT, SKIPPED)

    past = read_run(path)

    assert past.records == ()
    assert [item.line for item in past.unfinished] == [SENT]


def test_a_shot_that_was_skipped_and_left_later_is_no_longer_skipped(tmp_path: Path) -> None:
    path = write(tmp_path / "run", SKIPPED, SENT, ENDED)

    assert [record.skipped for record in read_run(path).records] == [None]


def test_a_folder_has_one_writer_at_a_time(tmp_path: Path) -> None:
    write(tmp_path / "run", SENT)
    first = RunFolder.reopen(tmp_path / "run")

    with pytest.raises(UsageError, match="is being written to by another run"):
        RunFolder.reopen(tmp_path / "run")

    first.close()
    RunFolder.reopen(tmp_path / "run").close()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("years of work")

    with pytest.raises(UsageError, match="is there already and not empty"):
        RunFolder.create(tmp_path / "run")
    with pytest.raises(UsageError, match="is no run folder"):
        RunFolder.reopen(tmp_path / "run")

    assert [file.name for file in (tmp_path / "run").iterdir()] == ["thesis.tex"]


def test_a_folder_of_images_alone_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run" / IMAGES).mkdir(parents=True)

    with pytest.raises(UsageError, match="is there already and not empty"):
        RunFolder.create(tmp_path / "run")


def test_a_run_that_never_began_leaves_its_folder_to_the_next(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run").close()

    RunFolder.create(tmp_path / "run").close()


def test_the_documents_of_its_day_are_kept_apart_and_read_back(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    folder.keep_spec("sub2api", "judged by")
    folder.keep_document("sub2api", "compared by")
    folder.write_header(header())
    folder.close()
    half = tmp_path / "run" / DOCUMENTS / f"{TEMPORARY}half"
    half.write_text("comp")

    stored = read_run(tmp_path / "run")
    assert stored.specs == {"sub2api": "judged by"}
    assert stored.documents == {"sub2api": "compared by"}
    go_on(tmp_path / "run")
    assert not half.exists()


def test_a_run_killed_with_its_documents_and_no_header_leaves_its_folder(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    folder.keep_document("sub2api", "compared by")
    folder.close()

    RunFolder.create(tmp_path / "run").close()


@pytest.mark.parametrize("place", ["file/run", "/proc/nowhere/run"])
def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot write to"):
        RunFolder.create(tmp_path / place)


def test_many_threads_may_keep_the_same_image(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    raw = os.urandom(2_000_000)
    start = threading.Barrier(8)
    errors: list[Exception] = []

    def keep() -> None:
        start.wait()
        try:
            for number in range(8):
                folder.write_file(f"{IMAGES}/{number}.png", raw)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder.close()

    assert errors == []
    files = sorted((tmp_path / "run" / IMAGES).iterdir())
    assert [file.name for file in files] == [f"{number}.png" for number in range(8)]
    wanted = hashlib.sha256(raw).digest()
    assert {hashlib.sha256(file.read_bytes()).digest() for file in files} == {wanted}


def test_an_image_in_a_file_is_moved_to_its_place_once(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    for content in (b"first", b"again"):
        (tmp_path / "file").write_bytes(content)
        folder.keep_image_file("name.png", tmp_path / "file")

    kept = tmp_path / "run" / IMAGES / "name.png"
    assert kept.read_bytes() == b"first"
    assert kept.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "file").read_bytes() == b"again"  # whoever made it takes it away
    folder.close()


def test_an_image_on_another_disk_is_copied_whole(tmp_path: Path, small_disk: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (small_disk / "file").write_bytes(b"image" * 1000)

    folder.keep_image_file("name.png", small_disk / "file")

    (kept,) = (tmp_path / "run" / IMAGES).iterdir()
    assert kept.read_bytes() == b"image" * 1000
    folder.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(place)],  # noqa: S607 - on the path
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system of our own can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S607 - as above


def _fill(folder: RunFolder, part: bytes) -> int:
    for number in range(1000):
        if folder.full:
            return number
        folder.keep_image(f"{number}.bin", part)
    raise AssertionError("the disk is never full")


def test_on_a_full_disk_what_is_in_flight_still_fits(small_disk: Path) -> None:
    folder = RunFolder.create(small_disk / "run")
    folder.write_header(header())
    folder.append(SENT)

    _fill(folder, os.urandom(500_000))
    folder.append(exchanged(SERVED))
    folder.append(ENDED)
    folder.close()

    (record,) = read_run(small_disk / "run").records
    assert record.exchanges == (SERVED,)


def test_on_a_disk_that_is_fuller_than_that_nothing_is_half_written(small_disk: Path) -> None:
    folder = RunFolder.create(small_disk / "run")
    folder.write_header(header())
    huge = Reply(status=200, document="x" * 300_000)
    line = exchanged(replace(SERVED, answer=huge))
    folder.append(SENT)

    written = _append_until_full(folder, line)
    with pytest.raises(StoreError):
        folder.write_file("summary.json", bytes(BALLAST_BYTES))
    folder.close()

    (unfinished,) = read_run(small_disk / "run").unfinished
    assert len(unfinished.exchanges) == written > 50
    assert {file.name for file in (small_disk / "run").iterdir()} == {IMAGES, JOURNAL, "run.json"}


def test_threads_that_meet_a_full_disk_together_all_get_the_room(small_disk: Path) -> None:
    folder = RunFolder.create(small_disk / "run")
    _fill_to_the_brim(small_disk / "filler")
    start = threading.Barrier(8)
    errors: list[Exception] = []

    def keep(number: int) -> None:
        start.wait()
        try:
            folder.write_file(f"{number}.bin", os.urandom(100_000))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder.close()

    assert folder.full
    assert errors == []


def _append_until_full(folder: RunFolder, line: JournalLine) -> int:
    for number in range(1000):
        try:
            folder.append(line)
        except StoreError:
            return number
    raise AssertionError("the disk is never full")


def _fill_to_the_brim(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            return


def test_a_folder_on_a_full_disk_is_not_gone_on_with(small_disk: Path) -> None:
    write(small_disk / "run", SENT)
    _fill_to_the_brim(small_disk / "filler")

    with pytest.raises(StoreError, match="nothing was sent"):
        RunFolder.reopen(small_disk / "run")

    assert not (small_disk / "run" / BALLAST).exists()
    assert len(read_run(small_disk / "run").unfinished) == 1


def test_every_line_names_its_kind_first(tmp_path: Path) -> None:
    path = write(tmp_path / "run", SENT, exchanged(SERVED), ENDED, SKIPPED)

    lines = (path / JOURNAL).read_bytes().splitlines()
    assert [next(iter(json.loads(line).items())) for line in lines] == [
        ("line", "sent"), ("line", "exchanged"), ("line", "ended"), ("line", "skipped"),
    ]  # fmt: skip


@pytest.mark.parametrize("amount", ["0", "4", "0.1", "0.0536705", "0.536705", "1E+2", "123456.789"])
def test_an_amount_is_journaled_as_a_number_and_read_back_exactly(
    tmp_path: Path, amount: str
) -> None:
    price = Price(amount=Decimal(amount), unit="usd", images=1)
    sent = replace(SENT, shot=replace(SHOT, price=price))

    path = write(tmp_path / "run", sent)

    written = json.loads((path / JOURNAL).read_text())["shot"]["price"]["amount"]
    assert type(written) in (int, float)
    assert [item.line for item in read_run(path).unfinished] == [sent]


def test_a_long_prompt_is_journaled_by_its_name(tmp_path: Path) -> None:
    prompt = plain_prompt(32_000)
    request = replace(SHOT.request, body={"prompt": prompt}, form=(Part(name="x", value=prompt),))
    case = replace(SHOT.case, arguments={"prompt": prompt})
    sent = replace(SENT, shot=replace(SHOT, case=case, request=request))
    echo = Exchange(request=request, answer=Reply(status=200, document=[prompt]), times=TIMES)

    path = write(tmp_path / "run", sent, exchanged(echo))

    assert (path / JOURNAL).stat().st_size < 4_000
    (unfinished,) = read_run(path).unfinished
    assert unfinished.line == sent
    assert unfinished.exchanges == [echo]


def test_a_long_prompt_that_comes_out_otherwise_is_named_with_its_line(tmp_path: Path) -> None:
    case = replace(SHOT.case, arguments={"prompt": plain_prompt(32_000)})
    path = write(tmp_path / "run", SENT, replace(SENT, shot=replace(SHOT, case=case)))
    first, second = (path / JOURNAL).read_bytes().splitlines(keepends=True)
    (path / JOURNAL).write_bytes(first + resealed(second.replace(b":32000:", b":32001:")))

    with pytest.raises(UsageError, match=r"journal\.jsonl, line 2: .* when it was saved"):
        read_run(path)


def test_a_folder_of_a_later_format_is_refused_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "run", SENT)
    told = json.loads((path / "run.json").read_text())
    assert told["format"] == 3

    (path / "run.json").write_text(json.dumps({**told, "format": 4}))

    with pytest.raises(UsageError, match=r"run\.json: format 4 is unknown") as caught:
        read_run(path)
    assert caught.value.exit_code == 2


def test_a_failure_with_what_had_arrived_survives_the_journal(tmp_path: Path) -> None:
    partial = Reply(status=200, text='{"id": "job-1"')
    lost = Failure(kind="network", why="reset", sent=True, partial=partial)
    exchange = Exchange(request=Request(method="POST", target="/x"), answer=lost, times=TIMES)
    path = write(tmp_path / "run", SENT, exchanged(exchange))

    assert read_run(path).unfinished[0].exchanges == [exchange]
