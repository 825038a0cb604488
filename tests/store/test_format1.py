"""Run folders of version 0.1, as its own commands wrote them: they are read, reported and resumed.

`format1/runs.tar.xz` holds, images and pages left out: a replay of each provider's cassettes with
little money (`cassettes-*`), a replayed benchmark, a run against an emulator with two faults
(`faulty`), judged traffic, and a run that was killed (`unfinished`). Each `summary.json` is what
`harness report` of that version made of it.
"""

import json
import shutil
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import status
from harness.core.record import Record
from harness.planning.plan import plan_digest
from harness.runner.plans import plan_of
from harness.store.line import JOURNAL
from harness.store.reader import read_run
from tests.runner.processes import harness
from tests.shipped import SHIPPED

ARCHIVE = Path(__file__).parent / "format1" / "runs.tar.xz"
REPLAYED = {"images": 1, "refused": 8}

OUTCOMES: dict[str, dict[str, int]] = {
    "benchmark": {"images": 32},
    "cassettes-aimlapi": REPLAYED | {"skipped": 100},
    "cassettes-apiframe": {"images": 1, "refused": 7, "skipped": 112},
    "cassettes-buble": REPLAYED | {"skipped": 109},
    "cassettes-nanobanana": REPLAYED | {"skipped": 156},
    "cassettes-sub2api": REPLAYED | {"skipped": 162},
    "faulty": {"images": 6, "refused": 15, "fault": 1, "skipped": 21},
    "judged": {"images": 17, "refused": 38},
    "unfinished": {"images": 3, "refused": 14},
}
EXCHANGES = {
    "benchmark": 282, "cassettes-aimlapi": 10, "cassettes-apiframe": 13, "cassettes-buble": 13,
    "cassettes-nanobanana": 10, "cassettes-sub2api": 9, "faulty": 28, "judged": 72,
    "unfinished": 25,
}  # fmt: skip
UNDER_WAY = {
    ("buble", "generate/base"): 8,
    ("sub2api", "respond/base"): 0,
    ("sub2api", "generate/row/9b80b0a7"): 0,
    ("apiframe", "edit/base"): 4,
}
"""How many round trips the killed run had kept of each shot that was under way."""

CODES = {"faulty": 1, "unfinished": 130}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("format1")
    with tarfile.open(ARCHIVE) as archive:
        if hasattr(tarfile, "data_filter"):  # not in Debian's 3.11.2
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(place)  # noqa: S202 - an archive of our own
    return place


@pytest.fixture
def copy(folders: Path, tmp_path: Path, name: str) -> Path:
    return shutil.copytree(folders / name, tmp_path / name)


def _kind(record: Record) -> str:
    return "skipped" if record.outcome is None else record.outcome.kind


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_record_is_read_back(folders: Path, name: str) -> None:
    past = read_run(folders / name)

    assert past.header.format == 1
    assert Counter(map(_kind, past.records)) == OUTCOMES[name]
    assert sum(len(record.exchanges) for record in past.records) == EXCHANGES[name]
    under_way = {(one.line.provider, one.line.case): len(one.exchanges) for one in past.unfinished}
    assert under_way == (UNDER_WAY if name == "unfinished" else {})


def _words(verdicts: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    keys = ("provider", "operation", "case", "constraint", "check", "status")
    return {tuple(str(verdict[key]) for key in keys) for verdict in verdicts}


@pytest.mark.parametrize("name", OUTCOMES)
def test_it_is_reported_as_that_version_reported_it(
    copy: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    was = json.loads((copy / "summary.json").read_text())

    code = status(["report", str(copy), "--json"])
    now = json.loads(capsys.readouterr().out)

    assert code == CODES.get(name, 0)
    assert _words(now["verdicts"]) >= _words(was["verdicts"])
    for key in ("provider", "operation", "constraint", "check", "arguments"):
        assert [one[key] for one in now["findings"]] == [one[key] for one in was["findings"]]
    for provider, told in was["providers"].items():
        for key in ("evidence", "cases", "requests", "images_paid"):
            assert now["providers"][provider][key] == told[key]
        assert now["providers"][provider]["cost"]["amount"] == told["cost"]["amount"]
    assert len(now["latency"]) == len(was["latency"])
    assert (copy / "index.html").exists()


@pytest.mark.parametrize("name", ["unfinished"])
def test_its_plans_are_read_and_are_the_ones_that_its_header_names(copy: Path) -> None:
    digests = read_run(copy).header.plan_digests

    assert {name: plan_digest(plan_of(copy, SHIPPED.provider(name))) for name in digests} == digests
    assert max(len(text) for text in (copy / "plan-buble.json").read_text().split('"')) > 20_000


@pytest.mark.parametrize("name", ["unfinished"])
def test_it_is_gone_on_with_and_nothing_is_sent_twice(copy: Path) -> None:
    before, lines = read_run(copy), (copy / JOURNAL).read_bytes()

    done = harness("run", "--resume", copy, "--max-images", "60")

    past = read_run(copy)
    assert done.code in (0, 1, 4), done.err
    assert (copy / JOURNAL).read_bytes().startswith(lines)
    assert past.header.format == 3
    assert past.unfinished == ()
    added = (copy / JOURNAL).read_bytes().removeprefix(lines).splitlines()
    sent = {(line["provider"], line["case"]) for line in map(json.loads, added) if "shot" in line}
    kept = {(record.shot.case.provider, record.shot.case.id) for record in before.records}
    assert sent
    assert not sent & kept
    begun = [unfinished.line.shot for unfinished in before.unfinished]
    again = [record for record in past.records if record.in_doubt]
    assert all(shot in begun for record in again for shot in record.in_doubt)
    assert not any(record.shot in begun for record in again)
    finished = {(record.shot.case.provider, record.shot.case.id) for record in past.records}
    assert finished >= sent | kept | UNDER_WAY.keys()
