"""Many runs as one database: typed views, whatever lies below a folder, and no run is touched."""

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from harness import api
from harness.core.errors import NothingTested, UsageError
from harness.core.rate import Rate
from harness.core.record import Record
from harness.history.database import CACHE, RUNS
from harness.report.frames.columns import FRAMES
from tests.history.runs import FIRST, summary_of, write
from tests.report import builders as b
from tests.report.folders import ENDINGS, HEADER, written

DAYS = {name: f"2026-03-{day:02d}T06:00:00Z" for day, name in enumerate(ENDINGS, 1)}


def a_run(folder: Path, ending: str = "broken", *, day: str = "", report: bool = True) -> Path:
    """Write a run of its own day and id, with its report."""
    _, header, records = ENDINGS[ending]
    named = replace(header, created=day or DAYS[ending], run=folder.name)
    written(folder, named, records)
    if report:
        api.report(folder, out=folder)
    return folder


def of_records(folder: Path, records: list[Record], *, day: str) -> Path:
    return written(folder, replace(HEADER, created=day, run=folder.name), records)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for name in ("held", "broken", "interrupted", "killed"):
        a_run(folder / name, name, report=name != "killed")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Four runs: three with their reports, one killed."""
    return Path(shutil.copytree(made, tmp_path / "runs"))


def rows(database: duckdb.DuckDBPyConnection, asked: str) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = database.sql(asked).fetchall()
    return found


def everything(database: duckdb.DuckDBPyConnection) -> dict[str, object]:
    return {name: sorted(rows(database, f"from {name}"), key=str) for name in ("runs", *FRAMES)}


def test_the_line_of_the_issue_works_as_typed(folder: Path) -> None:
    con = api.database(folder)

    frame = con.sql("select provider, median(seconds_to_images) from attempts group by all").df()

    assert frame.to_numpy().tolist() == [["sub2api", 20.0]]


def test_the_views_hold_what_the_frames_of_each_run_hold(folder: Path) -> None:
    con = api.database(folder)

    assert [name for name, *_ in rows(con, "describe runs")] == [*RUNS]
    for name, columns in FRAMES.items():
        made = [each for each, *_ in rows(con, f"describe {name}")]
        assert made == ["run", "folder", *columns]
    for run in ("held", "broken", "interrupted"):
        frames = api.frames(folder / run)
        for name, frame in frames.named.items():
            stored = con.sql(f"from {name}").filter(f"run = '{run}'").df().iloc[:, 2:]
            typed = stored.astype(frame.dtypes.to_dict())
            pd.testing.assert_frame_equal(in_order(typed), in_order(frame))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values([*frame.columns], ignore_index=True)


def test_a_run_without_a_report_has_its_attempts_and_a_note(folder: Path) -> None:
    said: list[str] = []

    con = api.database(folder, note=said.append)

    assert rows(con, "select count(*) from attempts where run = 'killed'") == [(3,)]
    assert rows(con, "select count(*) from verdicts where run = 'killed'") == [(0,)]
    assert rows(con, "select finished_at from runs where run = 'killed'") == [(None,)]
    assert any("killed: is under way or was cut off" in sentence for sentence in said)
    assert [note for (note,) in rows(con, "from notes")] == said


def test_what_is_kept_says_the_same_and_what_changed_is_read_again(folder: Path) -> None:
    first = everything(api.database(folder))
    second = everything(api.database(folder))
    shutil.rmtree(folder / "held")
    a_run(folder / "new", "flaky only")
    third = api.database(folder)

    assert first == second
    assert {run for (run,) in rows(third, "select run from runs")} == (
        {"broken", "interrupted", "killed", "new"}
    )
    assert [each.name for each in folder.iterdir() if CACHE in each.name] == [CACHE]


def test_no_run_is_written_into(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}

    api.database(folder)
    con = api.database(folder / "broken")

    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert set(after) - set(before) == {folder / CACHE}
    assert rows(con, "select run, folder from runs") == [("broken", ".")]


def test_what_is_done_to_the_database_changes_nothing_that_is_kept(folder: Path) -> None:
    first = everything(api.database(folder))
    con = api.database(folder)
    con.execute("create table mine as from attempts")
    con.execute("drop view attempts")
    with pytest.raises(duckdb.Error, match="read-only"):
        con.execute("delete from store.attempts")

    assert everything(api.database(folder)) == first


@pytest.mark.parametrize("spoil", ["text", "folder", "view"])
def test_a_cache_that_is_not_ours_is_made_again(folder: Path, spoil: str) -> None:
    first = everything(api.database(folder))
    cache = folder / CACHE
    if spoil == "view":
        with duckdb.connect(cache) as database:
            database.execute("create view more as select 1")
    else:
        cache.unlink()
        if spoil == "folder":
            cache.mkdir()
        else:
            cache.write_text("no")

    assert everything(api.database(folder)) == first


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = everything(api.database(folder))
    (folder / CACHE).unlink()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere

    assert everything(api.database(folder)) == first
    assert not (folder / CACHE).exists()


@pytest.mark.parametrize("name", ["a[b]", "a*b?", "a\\b", "a'b;--", "a\nb"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    a_run(tmp_path / name / "one")

    assert rows(api.database(tmp_path / name), "select count(*) from attempts") == [(3,)]


def test_two_runs_of_one_id_are_two_and_a_copy_of_one_counts_once(tmp_path: Path) -> None:
    a_run(tmp_path / "x" / "run")
    a_run(tmp_path / "y" / "run", day="2026-04-01T06:00:00Z")
    shutil.copytree(tmp_path / "x", tmp_path / "z")
    said: list[str] = []

    con = api.database(tmp_path, note=said.append)

    assert rows(con, "select run, folder from runs order by folder") == (
        [("run", "x/run"), ("run", "y/run")]
    )
    assert rows(con, "select count(*) from attempts") == [(6,)]
    assert any("z/run: the same run as x/run" in sentence for sentence in said)


def test_parquet_is_read_where_a_run_has_it_and_only_where_it_is_of_its_journal(
    folder: Path,
) -> None:
    first = everything(api.database(folder))
    (folder / CACHE).unlink()
    api.frames(folder / "broken", write=True)
    (folder / "broken" / "journal.jsonl").unlink()
    said: list[str] = []

    con = api.database(folder, note=said.append)
    of_parquet = everything(con)
    (folder / "held" / "attempts.parquet").write_text("no Parquet")
    (folder / "held" / "prices.parquet").write_text("no Parquet")

    assert of_parquet == first
    assert not [sentence for sentence in said if sentence.startswith("broken")]
    assert everything(api.database(folder)) == first


def test_what_is_no_run_or_a_broken_one_is_named_and_left_out(tmp_path: Path) -> None:
    good = a_run(tmp_path / "good")
    write(tmp_path / "summary-only", summary_of(FIRST, run="old"))
    write(tmp_path / "torn", '{"schema": 1, "run": {"run":')
    write(tmp_path / "deep", "[" * 100_000)
    write(tmp_path / "numbers", '{"schema": 1, "run": 7, "findings": [1, {"cases": 3}], "x": NaN}')
    write(tmp_path / "later", '{"schema": 2}')
    for name, spoil in (("no-header", "run.json"), ("altered", "journal.jsonl")):
        shutil.copytree(good, tmp_path / name)
        (tmp_path / name / "summary.json").write_text('{"schema": 1, "run": {}}')
        (tmp_path / name / spoil).write_text('{"line": "x"}\n{"line": "y"}\n')
    (tmp_path / "notes.txt").write_text("no run")
    (tmp_path / "link").symlink_to(good)
    said: list[str] = []

    con = api.database(tmp_path, note=said.append)

    assert rows(con, "select distinct run from attempts") == [("good",)]
    assert {"summary-only", "torn", "deep", "numbers", "later", "no-header", "altered"} <= (
        {sentence.partition(":")[0] for sentence in said}
    )


def test_hostile_texts_are_cells(tmp_path: Path) -> None:
    said = ["a\0b", "'; drop table attempts; --", "x" * 1_000_000, "\x1b[2J"]
    records = [
        b.record(b.case(id=f"c{at}"), b.refused(text), evidence=b.EMULATOR)
        for at, text in enumerate(said)
    ]
    of_records(tmp_path / "run", records, day="2026-03-01T00:00:00Z")

    found = rows(api.database(tmp_path), 'select error_message from attempts order by "case"')

    assert [text for (text,) in found] == ["a\\u0000b", *said[1:]]


def test_a_rate_makes_dollars_of_credits_and_of_nothing_else(tmp_path: Path) -> None:
    records = [
        b.record(b.case(id="c"), b.images(charged="2"), evidence=b.EMULATOR, amount="4"),
    ]
    of_records(tmp_path / "run", records, day="2026-03-01T00:00:00Z")
    rates = {"sub2api": Rate(usd=Decimal("0.5")), "buble": Rate(usd=Decimal(9))}

    known = rows(
        api.database(tmp_path, exchange_rates=rates),
        "select source, amount, usd, usd_per_image, unit from prices order by source",
    )

    worth = {"usd": 1.0}.get(str(known[0][-1]), 0.5)
    assert [row[:4] for row in known] == [
        ("charged", 2.0, 2.0 * worth, 2.0 * worth),
        ("listed", 4.0, 4.0 * worth, 4.0 * worth),
    ]


def test_what_is_no_folder_or_has_no_run_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="is no folder"):
        api.database(tmp_path / "file")
    with pytest.raises(UsageError, match="is not there"):
        api.database(tmp_path / "nowhere")
    with pytest.raises(NothingTested, match="has no run"):
        api.database(tmp_path)


def test_a_summary_holds_json_that_can_be_asked(folder: Path) -> None:
    con = api.database(folder)

    asked = "select request_json->>'n' from findings where standing = 'confirmed'"
    ((number,),) = rows(con, asked)

    assert number == "11"
    ((request,),) = rows(con, "select request_json from findings where run = 'broken'")
    assert json.loads(str(request))["n"] == 11
