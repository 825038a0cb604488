"""No expression of a TOML stands in a sentence for readers."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.cli.judged import outcome_text
from harness.core.exchange import Event, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from tests.report import builders as b
from tests.shipped import NAMES, conclude, shipped_provider
from tests.wire.by_hand import shot, talk

EVERY = [(name, operation) for name in NAMES for operation in shipped_provider(name).operations]
EXPRESSION = re.compile(r"\[\*\]|\[\?|\|\||\s\|\s|@|&&|\[\]\[\]|`")
IMAGE = "https://a.example/a.png"
STATES = ("completed", "COMPLETED", "succeeded", "success", "done", "odd")
NAMED: dict[str, Json] = {"id": "j", "job_id": "j", "jobId": "j", "taskId": "j", "task_id": "j"}
REPLIES: list[Json] = [
    {},
    [],
    {"data": []},
    {"data": {}},
    {"data": [{"url": ""}], "output": [{"type": "image_generation_call"}]},
    {"code": 200, "data": {"url": "", "taskId": "", "id": ""}},
    *({**NAMED, "code": 0, "status": each, "data": {**NAMED, "status": each}} for each in STATES),
    {"code": 0, "links": [IMAGE], "data": {**NAMED, "other": IMAGE}},
]


def answers(document: Json) -> Iterator[Reply]:
    yield Reply(status=200, document=document)
    if document:
        yield Reply(status=200, events=(Event(name="x.completed", at_s=0.0, data=document),))


def sentences(name: str, records: list[Record]) -> Iterator[str]:
    """Every sentence about some records that a reader is shown."""
    done = conclude(b.header({name: b.EMULATOR}), records)
    yield done.why
    yield from map(outcome_text, records)
    yield from (verdict.why for verdict in done.report.verdicts)
    for shown in done.report.all_findings:
        yield from (shown.finding.observed, shown.finding.expected, shown.name)
    for outcome in (record.outcome for record in records):
        if isinstance(outcome, Fault):
            yield outcome.why
        if isinstance(outcome, Images):
            yield from (*outcome.missing, *outcome.found_at)


@pytest.mark.parametrize("pair", EVERY, ids="-".join)
def test_no_expression_stands_in_a_sentence(pair: tuple[str, str]) -> None:
    asked = shot(*pair)
    came = [answer for document in REPLIES for answer in answers(document)]
    records = [
        Record(
            shot=replace(asked, case=replace(asked.case, id=f"{asked.case.id}/{at}")),
            evidence=b.EMULATOR,
            outcome=talk(pair[0], [answer], shot=asked).outcome,
        )
        for at, answer in enumerate(came)
    ]

    told = {*sentences(pair[0], records)}

    assert len(told) > 2
    assert [each for each in told if EXPRESSION.search(each)] == []
