"""Slices in places that die, lie or never answer; the emulator's ledger tells what was sent."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.api.merges import merge
from harness.core.errors import UsageError
from harness.core.outcome import Images
from harness.core.slicing import Slice
from harness.engines.driver import MOST_LOST, EngineListener
from harness.engines.host import SliceHost
from harness.engines.launch import run_slices
from harness.engines.model import EngineError, Order, Place, PlaceLost, Pulled
from harness.planning.options import (
    Distribution,
    Options,
    Output,
    Planning,
    RunLimits,
    Target,
)
from harness.run_result import RunResult
from harness.store.reader import read_run
from tests.runner.processes import KEYS, Emulator

NAME = "nanobanana"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, shop: Emulator) -> None:
    shop.reset()
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


@dataclass
class Places:
    """An engine of threads whose places misbehave; each slice has its first one at 0."""

    dies_after: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """By slice and place: after how many answers it is not heard of any more."""
    version: str | None = None
    asked: Counter[int] = field(default_factory=Counter)
    hosts: list[SliceHost] = field(default_factory=list)
    name: str = "places"

    def place(self, part: Slice, vantage: str) -> Place:
        del vantage
        number = self.asked[part.index]
        self.asked[part.index] += 1
        host = SliceHost()
        self.hosts.append(host)
        return Mortal(host, self.dies_after.get((part.index, number)), self.version)

    def close(self) -> None:
        for host in self.hosts:
            host.close()


class Mortal:
    """A place that is cut off after some answers; what runs there runs on, as a zombie does."""

    def __init__(self, host: SliceHost, answers: int | None, version: str | None) -> None:
        self._host = host
        self._left = answers
        self._version = version

    def version(self) -> str:
        return self._version or self._host.version()

    def start(self, order: Order) -> None:
        self._host.start(order)

    def pull(self, have: int, over: Mapping[str, str]) -> Pulled:
        if self._left == 0:
            raise PlaceLost("cut off")
        if self._left is not None:
            self._left -= 1
        return self._host.pull(have, over)

    def stop(self) -> None:
        self._host.stop()

    def close(self) -> None:
        if self._left is None:
            self._host.close()


def _options(shop: Emulator, out: Path, *, slices: int = 2) -> Options:
    return Options(
        target=Target(against="live", providers=(NAME,), base_urls={NAME: shop.urls[NAME]}),
        planning=Planning(seed=3),
        limits=RunLimits(max_images=2, max_requests=8),
        output=Output(out=out),
        distribution=Distribution(on="places", slices=slices),
    )


def _run(options: Options, engine: Places, notes: list[str] | None = None) -> RunResult:
    said = [] if notes is None else notes
    return run_slices(options, engine=lambda _: engine, listener=EngineListener(noted=said.append))


def _charged_twice(shop: Emulator) -> list[str]:
    paid = Counter(one["body_sha256"] for one in shop.ledger(NAME) if one["paid"])
    return [body for body, times in paid.items() if times > 1]


def test_a_slice_goes_on_elsewhere_and_a_zombie_sends_nothing_that_is_not_known(
    shop: Emulator, tmp_path: Path
) -> None:
    notes: list[str] = []
    engine = Places(dies_after={(1, 0): 5})
    result = _run(_options(shop, tmp_path / "run"), engine, notes)
    run = read_run(tmp_path / "run")
    sent = {one["body_sha256"] for one in shop.ledger(NAME) if one["method"] == "POST"}

    assert result.exit_code == 0
    assert result.folder == tmp_path / "run"
    assert engine.asked == {1: 2, 2: 1}
    assert any("goes on in another place" in note for note in notes)
    assert [str(part.slice) for part in run.header.parts] == ["1/2", "2/2"]
    assert run.header.run == "run"
    assert (tmp_path / "run" / "index.html").is_file()
    assert (tmp_path / "run" / "slices" / "2-of-2" / "journal.jsonl").is_file()
    assert _charged_twice(shop) == []
    assert len(sent) <= sum(len(record.exchanges) for record in run.records) + 1


def test_a_slice_that_is_lost_too_often_is_left_for_resume(shop: Emulator, tmp_path: Path) -> None:
    options = _options(shop, tmp_path / "run")
    engine = Places(dies_after={(1, number): 2 for number in range(MOST_LOST + 1)})
    with pytest.raises(Exception, match="slice 1/2: lost 4 times"):
        _run(options, engine)
    partial = read_run(tmp_path / "run")
    output = replace(options.output, out=None, resume=tmp_path / "run")
    result = _run(replace(options, output=output), Places())

    assert any(record.skipped for record in partial.records)
    assert partial.header.interrupted
    assert result.exit_code == 0
    assert _charged_twice(shop) == []


def test_images_that_are_not_to_be_kept_are_nowhere_once_they_were_looked_at(
    shop: Emulator, tmp_path: Path
) -> None:
    options, folder = _options(shop, tmp_path / "run"), tmp_path / "run"
    result = _run(replace(options, output=replace(options.output, keep_images="none")), Places())
    parts = sorted((folder / "slices").glob("*-of-2"))
    again = merge(parts, tmp_path / "again")

    assert [file for file in tmp_path.rglob("images/*") if file.is_file()] == []
    assert any("image files removed" in note for note in result.notes)
    assert result.inspections.keys() == again.inspections.keys() != set()


def test_images_of_a_finding_stay_of_the_cases_that_it_does_not_name_too(
    shop: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("findings.MOST_NAMED", "telling.MOST_NAMED", "telling.WHOLE", "telling._FAILING"):
        monkeypatch.setattr(f"harness.diagnosis.{limit}", 1)
    shop.switch(NAME, "billed_as_asked")
    options, folder = _options(shop, tmp_path / "run"), tmp_path / "run"
    result = _run(
        replace(
            options,
            limits=RunLimits(max_images=10, max_requests=30),
            output=replace(options.output, keep_images="findings"),
        ),
        Places(),
    )
    (shown,) = result.report.all_findings
    broken = {each.case for each in result.report.verdicts if each.status == "fail"}
    received = {
        record.shot.case.id: record.outcome.pictures
        for record in result.records
        if isinstance(record.outcome, Images)
    }
    wanted = {picture.digest for case in broken for picture in received[case]}

    assert len(shown.finding.cases) > len([*shown.finding.cases])
    assert len(broken) < len(received)
    assert {file.stem for file in (folder / "images").iterdir()} == wanted
    assert {file.stem for file in folder.glob("slices/*/images/*")} == wanted


def test_another_version_is_refused_before_anything_is_sent(shop: Emulator, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has harness 0\.0\.1, this one"):
        _run(_options(shop, tmp_path / "run"), Places(version="0.0.1"))

    assert shop.ledger(NAME) == []


def test_a_machine_without_the_key_is_refused_before_anything_is_sent(
    shop: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"{NAME.upper()}_API_KEY")
    with pytest.raises(UsageError, match=f"slice ./2: {NAME.upper()}_API_KEY is not set"):
        _run(_options(shop, tmp_path / "run"), Places())

    assert shop.ledger(NAME) == []


def test_no_option_that_slices_cannot_have_is_taken(shop: Emulator, tmp_path: Path) -> None:
    options = _options(shop, tmp_path / "run")
    output = replace(options.output, record=True)

    with pytest.raises(UsageError, match="--on and --record"):
        _run(replace(options, output=output), Places())


def test_an_engine_needs_to_know_how_many_slices(shop: Emulator, tmp_path: Path) -> None:
    options = _options(shop, tmp_path / "run")
    distribution = replace(options.distribution, slices=None)

    with pytest.raises(UsageError, match="how many slices"):
        _run(replace(options, distribution=distribution), Places())


def test_an_engine_that_has_no_such_place_fails_the_run_and_leaves_no_key(
    shop: Emulator, tmp_path: Path
) -> None:
    class Nowhere(Places):
        def place(self, part: Slice, vantage: str) -> Place:
            raise EngineError(f"slice {part}: nobody at {vantage or 'all'}")

    with pytest.raises(EngineError, match="nobody at all"):
        _run(_options(shop, tmp_path / "run"), Nowhere())

    assert shop.ledger(NAME) == []
    assert os.environ[f"{NAME.upper()}_API_KEY"] not in "".join(
        file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()
    )
