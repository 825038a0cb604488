"""Polls in recordings: each round trip is what it is for, and one of another job is a fault."""

import json
from pathlib import Path

import pytest

from harness.checks.judge import judge_records
from harness.core.exchange import Step
from harness.core.jsonvalue import Json
from harness.core.record import Record
from tests.runner.traffic.test_traffic import HERE, HOST, interaction, judged, tape
from tests.shipped import shipped_provider as shipped
from tests.transport.foreign.recording import entry, har

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


def job(prompt: str, job_id: str) -> Json:
    return interaction({**ASKED, "prompt": prompt}, told(job_id, "pending"), path=PATH)  # type: ignore[dict-item]


def poll(job_id: str, state: str) -> Json:
    return interaction(None, told(job_id, state), path=f"{HOST}{PATH}/{job_id}", method="GET")


@pytest.mark.parametrize("mark", ["<ID>", "REDACTED", "id", "00000000"])
def test_polls_of_two_jobs_under_one_id_are_nobodys(mark: str, tmp_path: Path) -> None:
    polls = [poll(mark, state) for state in ("processing", "failed", "pending", "processing")]
    first, second = judged(
        tape(tmp_path, job("a fox", mark), job("an owl", mark), *polls), "buble"
    ).records

    for record in (first, second):
        assert said(record, "job_states_only_move_forward") == ["pass: pending"]
        assert f"the recording has the id {mark!r} for several jobs" in str(record.outcome)


def test_polls_of_a_job_that_stands_twice_in_a_recording_are_its_own(tmp_path: Path) -> None:
    polls = [poll("gen_1", state) for state in ("processing", "pending")]
    records = judged(
        tape(tmp_path, job("a fox", "gen_1"), job("a fox", "gen_1"), *polls), "buble"
    ).records

    (word,) = said(records[0], "job_states_only_move_forward")
    assert "went from processing back to pending" in word


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        ((10, 12), "fail: went from processing back to pending"),
        ((10, 10), "fail: went from processing back to pending"),
        ((12, 10), "pass: pending -> processing"),
        ((10, None), "inconclusive: went from processing back to pending, in an undated recording"),
        ((10, 99), "inconclusive: went from processing back to pending, in an undated recording"),
    ],
)  # fmt: skip
def test_a_state_goes_back_where_the_providers_own_dates_go_forward(
    seconds: tuple[int | None, ...], word: str, tmp_path: Path
) -> None:
    polls = []
    for state, second in zip(("processing", "pending"), seconds, strict=True):
        one = poll("gen_1", state)
        assert isinstance(one, dict)
        if second is not None:
            date = f"Tue, 01 Sep 2026 10:00:{second} GMT"
            one["response"]["headers"] = {"date": [date], "content-type": ["application/json"]}  # type: ignore[index,call-overload]
        polls.append(one)
    (record,) = judged(tape(tmp_path, job("a fox", "gen_1"), *polls), "buble").records

    assert said(record, "job_states_only_move_forward") == [word]


@pytest.mark.parametrize(
    ("seconds", "status"), [((12, 10), "inconclusive"), ((10, 12), "fail"), ((11, 11), "fail")]
)
def test_a_shifted_clock_of_a_client_convicts_nobody(
    seconds: tuple[int, int], status: str, tmp_path: Path
) -> None:
    first = entry(json.dumps(told("gen_1", "pending")), asked=ASKED, url=f"{HOST}{PATH}")
    polls = []
    for state, second, place in zip(("processing", "pending"), seconds, (1, 2), strict=True):
        headers = {"date": f"Tue, 01 Sep 2026 10:00:{second} GMT"}
        one = entry(
            json.dumps(told("gen_1", state)),
            url=f"{HOST}{PATH}/gen_1",
            method="GET",
            headers={"content-type": "application/json", **headers},
        )
        polls.append(one | {"startedDateTime": f"2026-09-01T10:00:2{place}.000Z"})
    first |= {"startedDateTime": "2026-09-01T10:00:20.000Z"}
    (record,) = judged(har(tmp_path / "tape.har", first, *polls), "buble").records
    (word,) = said(record, "job_states_only_move_forward")

    assert word.startswith(f"{status}: went from processing back to pending")
