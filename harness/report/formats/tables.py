"""Attempts, verdicts, findings and prices as tables: CSV for everybody, Parquet for data tools."""

from harness.report.formats.format import Judged, format_on_request
from harness.report.frames.frames import Frames, frames_of, insist_parquet


@format_on_request("csv", rank=60)
def csv(judged: Judged) -> dict[str, str | bytes]:
    """Return `attempts.csv`, `verdicts.csv`, `findings.csv` and `prices.csv`."""
    return dict(_frames(judged).csv())


@format_on_request("parquet", rank=61, insist=insist_parquet)
def parquet(judged: Judged) -> dict[str, str | bytes]:
    """Return the same as Parquet, typed, with times in UTC."""
    return dict(_frames(judged).parquet())


def _frames(judged: Judged) -> Frames:
    return frames_of(judged.records, judged.report)
