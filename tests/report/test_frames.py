"""A run as tidy frames: the same typed columns whatever it holds, in CSV and Parquet, too."""

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from harness import StoreError, UsageError, api
from harness.core.outcome import Fault
from harness.core.rate import Rate
from harness.core.record import ClockReading, Record
from harness.planning.options import Options, Output, Target
from harness.report.frames.columns import FRAMES, RUN, Columns
from harness.report.frames.frames import Frames, frames_of, run_names
from tests.report import builders as b
from tests.report.folders import ENDINGS, written


def types(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def wanted(columns: Columns) -> dict[str, str]:
    return {name: column.type for name, column in columns.items()}


def ended(name: str, folder: Path) -> Path:
    _, header, records = ENDINGS[name]
    return written(folder, header, records)


@pytest.mark.parametrize("name", FRAMES)
def test_a_run_without_a_record_has_every_column_in_its_type(name: str) -> None:
    assert types(frames_of([], None).named[name]) == wanted(FRAMES[name])


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_request_is_a_row_and_each_verdict_and_finding_another(
    ending: str, tmp_path: Path
) -> None:
    folder = ended(ending, tmp_path / "run")

    frames = api.frames(folder)

    result = api.report(folder)
    assert len(frames.attempts) == len(result.records)
    assert list(frames.verdicts["check"]) == [each.check for each in result.report.verdicts]
    assert list(frames.verdicts["status"]) == [each.status for each in result.report.verdicts]
    assert len(frames.findings) == len(result.report.all_findings)
    assert {name: types(frame) for name, frame in frames.named.items()} == {
        name: wanted(columns) for name, columns in FRAMES.items()
    }


def test_every_column_says_its_meaning_and_every_unit_stands_in_a_name() -> None:
    for columns in FRAMES.values():
        for name, column in columns.items():
            assert column.meaning
            assert not column.meaning.endswith(".")
            if column.type.startswith("datetime"):
                assert name.endswith("_at")


def test_a_finding_has_its_promise_its_request_and_its_reproduction(tmp_path: Path) -> None:
    folder = ended("broken", tmp_path / "run")

    (row,) = api.frames(folder).findings.to_dict("records")

    assert (row["provider"], row["operation"], row["promise"]) == ("sub2api", "generate", "n.range")
    assert (row["standing"], row["failed"], row["tried"]) == ("confirmed", 2, 2)
    assert row["evidence"] == "emulator"
    assert '"n":11' in row["request_json"]
    assert row["curl"].startswith("curl ")
    assert row["reproduction"].startswith("findings/01-")
    assert row["known"] is False
    assert row["case"] in set(api.frames(folder).attempts["case"])


def test_outcomes_are_told_apart_and_what_is_not_known_is_missing() -> None:
    fault = Fault(error_class="timeout", why="no reply", may_be_paid=True)
    cases: list[Record] = [
        b.record(b.case(id="a"), b.images(2)),
        b.record(b.case(id="b"), b.refused()),
        b.record(b.case(id="c"), fault),
        b.record(b.case(id="d"), None, skipped="the budget ended"),
    ]

    rows = frames_of(cases, None).attempts.set_index("case")

    assert list(rows["outcome"].astype("string").fillna("-")) == ["images", "refused", "fault", "-"]
    assert list(rows["images"]) == [2, 0, 0, 0]
    assert rows.loc["c", "images_may_be_paid"] == cases[2].shot.at_risk.images
    assert rows.loc["d", "skipped"] == "the budget ended"
    assert list(rows["error_class"].isna()) == [True, False, False, True]
    assert list(rows["sent_s"].isna())[-1]


def test_what_the_clocks_showed_is_when_a_request_left_and_nothing_else_is() -> None:
    record = b.record(b.case(), b.images(), start_s=90.0)
    report = b.report([record])
    read = (ClockReading(at_s=0.0, unix_s=0.0), ClockReading(at_s=60.0, unix_s=1_000_000_000.0))
    clocks = {"sub2api": read, "buble": (ClockReading(at_s=0.0, unix_s=1e300),)}
    report = replace(report, header=replace(report.header, clocks=clocks))
    of_other = b.record(b.case(name="buble"), b.images())

    sent = frames_of([record, of_other], report).attempts["sent_at"]

    assert sent[0] == datetime(2001, 9, 9, 1, 47, 10, tzinfo=UTC)
    assert str(sent.dt.tz) == "UTC"
    assert pd.isna(sent[1])


def test_prices_are_those_of_the_documents_and_of_the_reply_in_dollars_where_a_rate_is_known() -> (
    None
):
    of_credits = b.record(
        b.case(name="buble"), b.images(2, charged="3"), amount="4", price_images=2
    )
    free = b.record(b.case(expect="refuse", breaks="n.range"), b.refused())
    unsent = b.record(b.case(id="x"), None, skipped="no")

    rated = {"buble": Rate(usd=Decimal("0.01"))}
    known = frames_of([of_credits, free, unsent], None, rated).prices
    unknown = frames_of([of_credits], None).prices

    assert list(known["source"]) == ["listed", "charged"]
    assert list(known["unit"]) == ["credit"] * 2
    assert list(known["amount"]) == [4.0, 3.0]
    assert list(known["usd_per_image"]) == [0.02, 0.015]
    assert list(unknown["usd"].isna()) == [True, True]
    assert list(unknown["amount_per_image"]) == [2.0, 1.5]


def test_a_dollar_needs_no_rate() -> None:
    record = b.record(b.case(name="aimlapi"), b.images(charged="0.05"))

    assert list(frames_of([record], None).prices["usd"]) == [1.0, 0.05]


def test_several_runs_stand_below_each_other_under_their_names(tmp_path: Path) -> None:
    first, second = ended("broken", tmp_path / "a"), ended("held", tmp_path / "b")

    frames = api.frames([first, api.report(second)])
    copies = api.frames([first, ended("broken", tmp_path / "c")])

    assert {name: types(frame) for name, frame in frames.named.items()} == {
        name: wanted(RUN | columns) for name, columns in FRAMES.items()
    }
    assert len(frames.attempts) == 5
    assert set(copies.attempts["run"]) == {str(tmp_path / "a"), str(tmp_path / "c")}
    assert list(api.frames([]).attempts.columns) == [*(RUN | FRAMES["attempts"])]


def test_no_two_runs_have_one_name() -> None:
    names = run_names([("a", None), ("a", None), ("b", Path("x")), ("a", Path("b"))])

    assert len(set(names)) == 4


def test_csv_and_parquet_hold_the_same_rows(tmp_path: Path) -> None:
    folder = ended("broken", tmp_path / "run")

    frames = api.frames(folder, write=True)

    for name, frame in frames.named.items():
        parquet = pd.read_parquet(folder / f"{name}.parquet")
        csv = pd.read_csv(folder / f"{name}.csv")
        assert list(parquet.columns) == list(csv.columns) == list(frame.columns)
        assert len(parquet) == len(csv) == len(frame)
        pd.testing.assert_frame_equal(parquet, frame)


@pytest.mark.parametrize("name", FRAMES)
def test_what_holds_nothing_survives_parquet_with_its_types(name: str, tmp_path: Path) -> None:
    frames = frames_of([b.record(b.case(), None, skipped="no")], None)
    frames.write(tmp_path)

    read = pd.read_parquet(tmp_path / f"{name}.parquet")

    pd.testing.assert_frame_equal(read, frames.named[name])


def test_the_formats_are_the_frames_and_no_file_is_left_half_written(tmp_path: Path) -> None:
    folder = ended("broken", tmp_path / "run")

    result = api.report(folder, out=folder, formats=["csv", "parquet"])

    names = {f"{name}.{kind}" for name in FRAMES for kind in ("csv", "parquet")}
    assert names <= {each.name for each in folder.iterdir()}
    assert len(result.notes) == len(names)
    assert len(pd.read_parquet(folder / "findings.parquet")) == 1


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1 is no size", "@SUM(A1)", " \t=1+1"])
def test_a_csv_holds_nothing_that_a_spreadsheet_calculates(said: str, tmp_path: Path) -> None:
    record = b.record(b.case(expect="refuse", breaks="n.range"), b.refused(said))
    frames_of([record], None).write(tmp_path)
    csv = pd.read_csv(tmp_path / "attempts.csv")
    parquet = pd.read_parquet(tmp_path / "attempts.parquet")

    assert list(csv["error_message"]) == [f"'{said}"]
    assert list(parquet["error_message"]) == [said]
    assert list(csv["status"]) == [200]


ODD = ["a\0b", "\ud800", 'a,"b"\r\n;c', "x" * 1_000_000, "\x1b[2J\u202e"]


@pytest.mark.parametrize("said", ODD)
def test_a_hostile_text_is_one_cell(said: str, tmp_path: Path) -> None:
    frames_of([b.record(b.case(), b.refused(said))], None).write(tmp_path)
    csv = pd.read_csv(tmp_path / "attempts.csv")
    parquet = pd.read_parquet(tmp_path / "attempts.parquet")

    kept = said.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode()
    assert list(parquet["error_message"]) == [kept]
    assert len(csv) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    frames = frames_of([], None)

    with pytest.raises(StoreError, match="nowhere"):
        frames.write(tmp_path / "nowhere")


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "attempts.csv").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match="symbolic link"):
        frames_of([], None).write(tmp_path)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("output", [Output(frames=True), Output(formats=("parquet",))])
def test_without_pyarrow_nothing_is_sent_and_the_error_names_what_to_install(
    output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "harness.report.frames.frames.find_spec",
        lambda name: None if name == "pyarrow" else found(name),
    )
    out = tmp_path / "run"
    options = Options(target=Target(against="emulator"), output=replace(output, out=out))

    with pytest.raises(UsageError, match="needs pyarrow") as refused:
        api.run(options)

    assert "install image-provider-harness[parquet]" in str(refused.value)
    assert not out.exists()


def test_a_run_of_no_folder_has_no_place_for_its_frames(tmp_path: Path) -> None:
    result = replace(api.report(ended("held", tmp_path / "run")), folder=None)

    assert isinstance(api.frames(result), Frames)
    with pytest.raises(UsageError, match="no folder"):
        api.frames(result, write=True)
