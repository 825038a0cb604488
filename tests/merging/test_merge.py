"""Slices that were joined say what one run would have said; what does not belong is named."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import StoreError, UsageError
from harness.core.exchange import Exchange, Reply, Request, Times
from harness.core.record import ClockReading
from harness.core.slicing import Slice
from harness.merging.lines import moved_exchange
from harness.merging.merge import Merged, merged
from harness.planning.options import Distribution, Options, Output, Target
from harness.run_result import verdicts_of
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.preflight import decided
from harness.runner.run import execute_run
from harness.spec.catalogue import shipped_catalogue
from harness.store.folder import RunFolder
from harness.store.header import dumped_header
from harness.store.line import HEADER, IMAGES, JOURNAL
from harness.store.reader import read_run

ROOT = Path(__file__).parents[2]
OF = 3


def _sent(out: Path, part: Slice | None) -> Path:
    """Replay a slice of a recording with findings; nothing is judged."""
    options = Options(
        target=Target(providers=("buble",), operations=("generate",)),
        distribution=Distribution(slice=part),
        output=Output(out=out, cassettes=ROOT / "cassettes-with-faults"),
    )
    catalogue = shipped_catalogue()
    ready = decided(options, None, catalogue=catalogue, environment={}, note=lambda _sentence: None)
    execute_run(ready.options, ProgressListener(), catalogue=catalogue)
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A run in one process, the same in slices, and these merged."""
    place = tmp_path_factory.mktemp("slices")
    folders = {"one": _sent(place / "one", None)}
    for index in range(1, OF + 1):
        folders[f"{index}"] = _sent(place / f"s{index}", Slice(index=index, of=OF))
    merged([folders["3"], folders["1"], folders["2"]], place / "merged")
    return {**folders, "merged": place / "merged"}


def _slices(made: Mapping[str, Path]) -> list[Path]:
    return [made[f"{index}"] for index in range(1, OF + 1)]


def _copies(made: Mapping[str, Path], place: Path) -> list[Path]:
    """The slices' folders again, for a test to alter."""
    return [Path(shutil.copytree(each, place / each.name)) for each in _slices(made)]


def _altered(folder: Path, **changes: object) -> Path:
    """A folder whose header says something else."""
    header = replace(read_run(folder).header, **changes)  # type: ignore[arg-type]  # its fields
    (folder / HEADER).write_bytes(dumped_header(header))
    return folder


def test_merged_slices_say_what_one_process_says(made: Mapping[str, Path]) -> None:
    one, joined = (verdicts_of(made[name]) for name in ("one", "merged"))

    assert {*map(repr, joined.report.verdicts)} == {*map(repr, one.report.verdicts)}
    assert len(joined.records) == len(one.records)
    assert (joined.exit_code, joined.why) == (one.exit_code, one.why)
    assert [each.finding.constraint for each in joined.report.findings] == [
        each.finding.constraint for each in one.report.findings
    ]
    assert [each.cost for each in joined.report.providers] == [
        each.cost for each in one.report.providers
    ]


def test_cases_depend_again_on_what_the_whole_plan_says(made: Mapping[str, Path]) -> None:
    one, joined = (read_run(made[name]).records for name in ("one", "merged"))

    def needed(records: object) -> dict[str, tuple[str, ...]]:
        return {each.shot.case.id: each.shot.case.depends_on for each in records}  # type: ignore[attr-defined]  # records

    assert needed(joined) == needed(one)
    assert any(needed(joined).values())


def test_a_merged_run_says_what_it_was_made_of(made: Mapping[str, Path]) -> None:
    header = read_run(made["merged"]).header

    assert [str(part.slice) for part in header.parts] == ["1/3", "2/3", "3/3"]
    assert header.slice is None
    assert sum(part.requests for part in header.parts) == len(read_run(made["one"]).records)
    assert header.notes[0] == "merged of 3 slices"


def test_every_image_is_kept_once_and_the_slices_stay(made: Mapping[str, Path]) -> None:
    names = {file.name for each in _slices(made) for file in (each / IMAGES).iterdir()}

    assert {file.name for file in (made["merged"] / IMAGES).iterdir()} == names
    assert names
    for each in _slices(made):
        assert (each / JOURNAL).stat().st_size


def test_missing_slices_are_named_and_count_as_not_sent(
    made: Mapping[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"not the whole run: no folder of slice 2/3"):
        merged([made["1"], made["3"]], tmp_path / "whole")

    merged([made["1"], made["3"]], tmp_path / "part", partial=True)
    run = read_run(tmp_path / "part")

    assert not (tmp_path / "whole").exists()
    assert "not the whole run: no folder of slice 2/3" in run.header.notes
    assert run.header.interrupted
    lacking = [record for record in run.records if record.skipped == "slice 2/3 is missing"]
    assert len(lacking) == len(read_run(made["2"]).records)


def test_a_slice_that_has_not_come_to_its_end_is_named(
    made: Mapping[str, Path], tmp_path: Path
) -> None:
    one, two, three = _copies(made, tmp_path)
    _altered(two, finished=None)
    _altered(three, interrupted=True)

    with pytest.raises(UsageError, match=r"slice 2/3 .*cut off.*; slice 3/3 .* interrupted"):
        merged([one, two, three], tmp_path / "whole")
    done = merged([one, two, three], tmp_path / "part", partial=True)

    assert [part.interrupted for part in done.parts] == [False, True, True]
    assert read_run(tmp_path / "part").header.interrupted


def test_what_is_there_twice_is_refused(made: Mapping[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="slice 1/3 is there twice"):
        merged([*_slices(made), made["1"]], tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"seed": 7}, "seeds: 0 and 7"),
        ({"slice": Slice(index=2, of=4)}, "numbers of slices: 3 and 4"),
        ({"against": "live"}, "--against"),
        ({"plan_digests": {"buble": "other"}}, r"plans \(buble\)"),
        ({"spec_digests": {"buble": "other"}}, r"documents of their providers \(buble\)"),
    ],
)
def test_slices_of_other_runs_are_refused(
    made: Mapping[str, Path], tmp_path: Path, changes: dict[str, object], what: str
) -> None:
    one, two, three = _copies(made, tmp_path)

    with pytest.raises(UsageError, match=f"no slices of one run: they differ in their .*{what}"):
        merged([one, _altered(two, **changes), three], tmp_path / "out")


def test_a_case_that_another_slice_sends_is_refused(
    made: Mapping[str, Path], tmp_path: Path
) -> None:
    one, two, three = _copies(made, tmp_path)
    _altered(one, slice=Slice(index=2, of=OF))
    _altered(two, slice=Slice(index=1, of=OF))

    with pytest.raises(UsageError, match=r"which is for slice 2/3 .* to send"):
        merged([one, two, three], tmp_path / "out")


def test_whole_and_merged_runs_are_no_slices(made: Mapping[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no slice: its run sends a whole plan"):
        merged([made["one"]], tmp_path / "out")
    with pytest.raises(UsageError, match="is merged already, of 3 slices"):
        merged([made["merged"]], tmp_path / "out")


def test_a_folder_with_anything_in_it_is_left_alone(
    made: Mapping[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UsageError, match="already and not empty"):
        merged(_slices(made), tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_merged_run_does_not_go_into_a_slice(made: Mapping[str, Path], tmp_path: Path) -> None:
    folders = _copies(made, tmp_path)
    before = sorted(folders[0].rglob("*"))

    with pytest.raises(UsageError, match="which is to stay as it is"):
        merged(folders, folders[0] / "deep" / "whole")

    assert sorted(folders[0].rglob("*")) == before


def test_a_disk_that_is_full_at_once_leaves_no_folder(
    made: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> RunFolder:
        (path / IMAGES).mkdir(parents=True)
        raise StoreError("cannot write: No space left on device", hint="nothing was sent")

    monkeypatch.setattr(RunFolder, "create", full)

    with pytest.raises(StoreError, match="make room, or choose another --out"):
        merged(_slices(made), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_no_half_of_a_run(
    made: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: RunFolder, *_lines: object) -> None:
        raise StoreError("cannot write: No space left on device")

    monkeypatch.setattr(RunFolder, "append", full)

    with pytest.raises(StoreError, match="No space left") as caught:
        merged(_slices(made), tmp_path / "out")

    assert "the slices are as they were" in str(caught.value)
    assert not (tmp_path / "out").exists()


def _renumbered(folder: Path, old: str, new: str) -> None:
    """Make a planned case of a folder one beside the plan, whose lines carry no checksum."""
    lines = []
    for raw in (folder / JOURNAL).read_text().splitlines():
        line = json.loads(raw)
        for seal in ("seq", "synced", "crc"):
            line.pop(seal, None)
        if line["case"] == old:
            line["case"] = new
            if "shot" in line:
                line["shot"]["case"] |= {"id": new, "stage": "confirm", "follows": old}
        lines.append(json.dumps(line))
    (folder / JOURNAL).write_text("\n".join(lines) + "\n")
    header = read_header_of(folder)
    (folder / HEADER).write_bytes(
        dumped_header(replace(header, unchecked_bytes=1 << 40, sealed_lines=0))
    )


def read_header_of(folder: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a header
    from harness.store.header import read_header  # noqa: PLC0415

    return read_header((folder / HEADER).read_bytes(), folder)


def test_follow_ups_of_one_name_get_names_of_their_own(
    made: Mapping[str, Path], tmp_path: Path
) -> None:
    folders = _copies(made, tmp_path)
    for folder in folders[1:]:
        last = read_run(folder).records[-1].shot.case.id
        _renumbered(folder, last, "again")

    done: Merged = merged(folders, tmp_path / "out")
    ids = [record.shot.case.id for record in read_run(done.path).records]

    assert {"again", "again@3-of-3"} <= {*ids}
    assert len(ids) == len({*ids})


def test_times_stand_on_one_clock(made: Mapping[str, Path], tmp_path: Path) -> None:
    folders = _copies(made, tmp_path)
    for number, folder in enumerate(folders):
        reading = ClockReading(at_s=0.5, unix_s=1_000.5 + 10 * number)
        _altered(folder, clocks={"buble": (reading,)}, vantage=f"v{number}")

    done = merged(folders, tmp_path / "out")
    header = read_run(done.path).header

    assert [part.moved_s for part in done.parts] == [0.0, 10.0, 20.0]
    assert [reading.at_s for reading in header.clocks["buble"]] == [0.5, 10.5, 20.5]
    assert "2/3 by 10.000 s, 3/3 by 20.000 s" in header.notes[0]
    assert header.vantage == ""
    latest = max(
        exchange.times.end_s
        for record in read_run(folders[2]).records
        for exchange in record.exchanges
    )
    assert latest + 20.0 in {
        exchange.times.end_s
        for record in read_run(done.path).records
        for exchange in record.exchanges
    }


def test_durations_are_not_moved() -> None:
    exchange = Exchange(
        request=Request(method="GET", target="/"),
        answer=Reply(status=200),
        times=Times(due_s=1.0, sent_s=1.5, end_s=3.0, headers_s=2.0, connect_s=0.25),
    )

    times = moved_exchange(exchange, 10.0).times

    assert (times.due_s, times.sent_s, times.headers_s, times.end_s) == (11.0, 11.5, 12.0, 13.0)
    assert (times.connect_s, times.first_byte_s) == (0.25, None)
