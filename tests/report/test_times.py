"""The ends of jobs and the parts of streams, in every format."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from harness.core.exchange import Event
from harness.core.jsonvalue import Json
from harness.core.record import Provenance
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_json
from harness.report.model import Report
from tests.report import builders as b
from tests.report.formats.test_html import Page
from tests.report.formats.test_summary_json import SCHEMA


def report(evidence: Provenance = b.LIVE) -> Report:
    """Compose a job whose end lies between 2 and 6 s, with a webhook at 3.5 s, and a stream."""
    delivery: Json = {
        "at_s": 13.5,
        "signature": "valid",
        "body": {"jobId": "j1", "status": "COMPLETED"},
        "sha256": "0",
    }
    job = b.job_record(
        b.case(name="apiframe"),
        [
            b.exchange("submit", 10, 11),
            b.exchange("poll", 12, 13, document={"id": "j1", "status": "PROCESSING"}),
            b.exchange("poll", 15, 16, document={"id": "j1", "status": "COMPLETED"}),
            b.exchange("deliveries", 17, 18, document={"deliveries": [delivery]}),
        ],
    )
    event = Event(name="image_generation.completed", at_s=18.0, data={})
    stream = b.exchange("submit", 10, 20, events=(event,), headers_s=11, first_byte_s=12)
    streamed = b.job_record(b.case(), [stream])
    records = [replace(one, evidence=evidence) for one in (job, streamed)]
    return b.report(records, names=("sub2api", "apiframe"))


def test_an_end_is_shown_between_two_bounds_and_never_as_one() -> None:
    page = Page(html(report())).text

    assert "apiframe generate 1 between 2.0 s and 6.0 s 4.0 s 3.5 s n = 1" in page
    assert (
        "| apiframe | generate | 1 | between 2.0 s and 6.0 s | 4.0 s | 3.5 s (n = 1) |"
        in markdown(report())
    )


def test_a_streams_parts_are_shown_and_what_never_came_is_a_dash() -> None:
    page = Page(html(report())).text

    assert "sub2api generate 1 1.0 s 2.0 s - 8.0 s 10.0 s 1" in page
    assert "| sub2api | generate | 1 | 1.0 s | 2.0 s | - | 8.0 s | 10.0 s | 1 |" in markdown(
        report()
    )


def test_the_summary_holds_them_beside_the_latency_and_fits_its_schema() -> None:
    found = json.loads(summary_json(report()))
    stream, job = found["latency"]

    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    assert (job["completion"]["after"]["value"], job["completion"]["before"]["value"]) == (2, 6)
    assert (job["completion"]["widest_gap"], job["completion"]["webhook"]["value"]) == (4, 3.5)
    assert job["streams"] is None
    assert stream["completion"] is None
    assert stream["streams"]["completed"]["value"] == 8
    assert (stream["streams"]["first_partial"]["n"], stream["streams"]["events"]["unit"]) == (
        0,
        "event",
    )


@pytest.mark.parametrize(("evidence", "recorded"), [(b.LIVE, False), (b.TAPED, True)])
def test_the_times_of_a_recording_are_called_recorded(
    evidence: Provenance, *, recorded: bool
) -> None:
    made = report(evidence)
    said = "are those of the recording, not of today"

    assert (said in html(made), said in markdown(made)) == (recorded, recorded)
    assert {row["recorded"] for row in json.loads(summary_json(made))["latency"]} == {recorded}


def test_a_run_without_jobs_and_streams_has_no_such_tables() -> None:
    plain = b.report([b.record(b.case(), b.images())])

    assert "When jobs ended" not in html(plain) + markdown(plain)
    assert "Streams" not in html(plain) + markdown(plain)
