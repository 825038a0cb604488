"""A run as tidy frames: the same typed columns whatever it holds, in CSV and Parquet, too."""

from pathlib import Path

import pandas as pd
import pytest

from harness import StoreError, UsageError, api
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.report.frames import ATTEMPTS, VERDICTS, frames_of
from tests.report import builders as b
from tests.report.folders import ENDINGS, written


def test_a_run_without_a_record_has_every_column_in_its_type() -> None:
    frames = frames_of([], [])

    assert {name: str(kind) for name, kind in frames.attempts.dtypes.items()} == ATTEMPTS
    assert {name: str(kind) for name, kind in frames.verdicts.dtypes.items()} == VERDICTS


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_request_is_a_row_and_each_verdict_another(ending: str, tmp_path: Path) -> None:
    _, header, records = ENDINGS[ending]
    folder = written(tmp_path / "run", header, records)

    frames = api.frames(folder)

    verdicts = api.report(folder).report.verdicts
    assert len(frames.attempts) == len(api.report(folder).records)
    assert list(frames.verdicts["check"]) == [verdict.check for verdict in verdicts]
    assert list(frames.verdicts["status"]) == [verdict.status for verdict in verdicts]
    assert {name: str(kind) for name, kind in frames.attempts.dtypes.items()} == ATTEMPTS


def test_outcomes_are_told_apart_and_what_is_not_known_is_missing() -> None:
    fault = Fault(error_class="timeout", why="no reply", may_be_paid=True)
    cases: list[Record] = [
        b.record(b.case(id="a"), b.images(2)),
        b.record(b.case(id="b"), b.refused()),
        b.record(b.case(id="c"), fault),
        b.record(b.case(id="d"), None, skipped="the budget ended"),
    ]

    rows = frames_of(cases, []).attempts.set_index("case")

    assert list(rows["outcome"].fillna("-")) == ["images", "refused", "fault", "-"]
    assert list(rows["images"]) == [2, 0, 0, 0]
    assert rows.loc["c", "images_may_be_paid"] == cases[2].shot.at_risk.images
    assert rows.loc["d", "skipped"] == "the budget ended"
    assert list(rows["error_class"].isna()) == [True, False, False, True]
    assert list(rows["sent_s"].isna())[-1]


def test_csv_and_parquet_hold_the_same_rows(tmp_path: Path) -> None:
    _, header, records = ENDINGS["broken"]
    folder = written(tmp_path / "run", header, records)

    frames = api.frames(folder, write=True)

    for name, frame in (("attempts", frames.attempts), ("verdicts", frames.verdicts)):
        parquet = pd.read_parquet(folder / f"{name}.parquet")
        csv = pd.read_csv(folder / f"{name}.csv")
        assert list(parquet.columns) == list(csv.columns) == list(frame.columns)
        assert len(parquet) == len(csv) == len(frame)
        pd.testing.assert_frame_equal(parquet, frame)


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1 is no size", "@SUM(A1)", " \t=1+1"])
def test_a_csv_holds_nothing_that_a_spreadsheet_calculates(said: str, tmp_path: Path) -> None:
    record = b.record(b.case(expect="refuse", breaks="n.range"), b.refused(said))
    frames = frames_of([record], [])
    frames.write(tmp_path)
    csv = pd.read_csv(tmp_path / "attempts.csv")
    parquet = pd.read_parquet(tmp_path / "attempts.parquet")

    assert list(csv["error_message"]) == [f"'{said}"]
    assert list(parquet["error_message"]) == [said]
    assert list(csv["status"]) == [200]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    frames = frames_of([], [])

    with pytest.raises(StoreError, match="nowhere"):
        frames.write(tmp_path / "nowhere")


def test_parquet_without_pyarrow_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = frames_of([], [])

    def lacks_pyarrow(*_: object, **__: object) -> None:
        raise ImportError("pyarrow")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", lacks_pyarrow)

    with pytest.raises(UsageError, match="pyarrow"):
        frames.write(tmp_path)
