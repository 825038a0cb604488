"""A disk that fills up while eight images of 6 MB are under way: none that was paid is lost."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.case import Price
from harness.core.exchange import Reply
from harness.runner.execution.room import IMAGE_BYTES, LINE_BYTES, bytes_at_most
from harness.store.line import IMAGES
from harness.store.reader import read_run
from tests.runner.largeshop import open_large_shop
from tests.runner.processes import harness
from tests.wire.by_hand import BASES, shot_of

SHOT = shot_of(BASES["sub2api", "generate"])
ONE = 16 * 1024 * 1024
AT_ONCE = 8


def asking(images: int, **arguments: object) -> int:
    case = replace(SHOT.case, arguments={**SHOT.case.arguments, **arguments})  # type: ignore[dict-item]
    price = Price(amount=SHOT.at_risk.amount, unit=SHOT.at_risk.unit, images=images)
    return bytes_at_most(replace(SHOT, case=case, at_risk=price))


def test_room_grows_with_images_and_pixels() -> None:
    assert asking(1, size="1024x1024") == asking(1, size="auto") == ONE
    assert asking(4) - LINE_BYTES == 4 * (asking(1) - LINE_BYTES)
    assert asking(1, partial_images=3) == asking(4)
    assert asking(1, size="3840x2160") > 4 * 3840 * 2160 * 2
    assert asking(1, resolution="4K") == asking(1, size="4096x4096") == asking(1, size="9999x9999")
    assert asking(10**9) == asking(16)
    assert asking(0) == 0
    assert IMAGE_BYTES > 6_500_000


@pytest.fixture
def small_disk(tmp_path: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of so many MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", str(place)],  # noqa: S607 - on the path
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system of our own can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S607 - as above


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@pytest.mark.parametrize(("mebibytes", "filled"), [(100, False), (300, True)])
def test_nothing_paid_is_lost_when_the_disk_fills_up(small_disk: Path, *, filled: bool) -> None:
    out = small_disk / "run"
    filler = small_disk / "filler"
    with open_large_shop(AT_ONCE, lambda: fill(filler) if filled else None) as shop:
        aimed = ("--against", "live", "--provider", "sub2api", "--base-url", f"sub2api={shop.url}")
        limits = ("--operation", "generate", "--max-images", "60", "--concurrency", str(AT_ONCE))
        done = harness("run", *aimed, *limits, "--out", out)

    past = read_run(out)
    exchanges = [exchange for record in past.records for exchange in record.exchanges]
    exchanges += [exchange for cut in past.unfinished for exchange in cut.exchanges]
    replies = [one.answer for one in exchanges if isinstance(one.answer, Reply)]
    journaled = {picture.digest for reply in replies for picture in reply.pictures.values()}
    images = {file.name.partition(".")[0] for file in (out / IMAGES).iterdir()}
    assert done.code == 3
    assert "the disk is full, so the rest was not sent (all that was received is kept" in done.err
    assert shop.posts >= 3
    assert set(shop.paid) - journaled == set()
    assert set(shop.paid) - images == set()
    assert past.unfinished == ()
