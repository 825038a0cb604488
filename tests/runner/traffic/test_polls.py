"""Polls in recordings: each round trip is what it is for, and one of another job is a fault."""

from pathlib import Path

import pytest

from harness.checks.judge import judge_records
from harness.core.exchange import Step
from harness.core.jsonvalue import Json
from harness.core.record import Record
from tests.runner.traffic.test_traffic import HERE, HOST, interaction, judged, tape
from tests.shipped import shipped_provider as shipped

PATH = "/api/v1/generations"
ASKED: Json = {"model": "openai/gpt-image-2", "mode": "text_to_image", "prompt": "a fox"}
OWN = "polls_tell_of_their_own_job"


def told(job: str, state: str) -> Json:
    return {"data": {"id": job, "status": state, "cost_credits": 1}}


def polled(folder: Path, other: str) -> Record:
    submitted = interaction(ASKED, told("gen_1", "pending"), path=PATH)
    poll = f"{HOST}{PATH}/gen_1"
    answers = (told("gen_1", "processing"), told(other, "success"))
    polls = (interaction(None, answer, path=poll, method="GET") for answer in answers)
    (record,) = judged(tape(folder, submitted, *polls), "buble").records
    return record


def said(record: Record, check: str) -> list[str]:
    verdicts = judge_records([record], {"buble": shipped("buble")})
    return [f"{one.status}: {one.why}" for one in verdicts if one.check == check]


def test_each_round_trip_is_what_it_was_made_for() -> None:
    wide, _, _ = judged(HERE / "buble.har", "buble").records
    steps: list[Step] = [exchange.step for exchange in wide.exchanges]

    assert steps[0] == "submit"
    assert {*steps[1:-1]} <= {"poll"}
    assert steps[-1] == "download"


def test_a_poll_that_tells_of_another_job_is_a_fault_whatever_comes_after_it(
    tmp_path: Path,
) -> None:
    assert said(polled(tmp_path, "gen_2"), OWN) == ["fail: the poll of job gen_1 told of job gen_2"]


@pytest.mark.parametrize("mark", ["<ID>", "[REDACTED]", "00000000", "***"])
def test_a_mark_in_the_place_of_an_id_is_no_other_job(mark: str, tmp_path: Path) -> None:
    assert [one for one in said(polled(tmp_path, mark), OWN) if one.startswith("fail")] == []
