import pytest

from harness.core.exchange import Exchange, Reply, Request, Step, Times
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.stats.conformance.late import late
from tests.checks.build import LIVE, case, picture, served, shot
from tests.shipped import shipped_provider as shipped
from tests.wire.by_hand import IMAGE, page, said
from tests.wire.replies import JOBS, done, pending, polled, submitted

GONE = said({"error": "Job not found"}, 404)
ENDED = served(picture())


def lived(
    name: str, *replies: tuple[Step, Reply], outcome: Outcome = ENDED, case_id: str = "a"
) -> Record:
    """A record whose round trips each take half a second and follow each other every second."""
    asked = shot(case(name, id=case_id))
    exchanges = tuple(
        Exchange(
            request=Request(method="GET", target="https://cdn.test/a.png"),
            answer=reply,
            times=Times(due_s=0.0, sent_s=float(at), end_s=at + 0.5),
            step=step,
        )
        for at, (step, reply) in enumerate(replies)
    )
    return Record(shot=asked, evidence=LIVE, outcome=outcome, exchanges=exchanges)


def told(*records: Record) -> list[tuple[str, str, int]]:
    providers = {name: shipped(name) for name in JOBS}
    return [(row.kind, row.text, row.times) for row in late(records, providers)]


@pytest.mark.parametrize("name", JOBS)
def test_a_usual_life_shows_nothing(name: str) -> None:
    life = (("submit", submitted(name)), ("poll", pending(name)), ("poll", done(name)))

    assert told(lived(name, *life, ("download", IMAGE))) == []  # type: ignore[arg-type]  # steps


@pytest.mark.parametrize("name", JOBS)
def test_a_state_that_no_document_names_is_told_once_for_each_request(name: str) -> None:
    odd = polled(name, "UPSCALING")
    records = [
        lived(
            name,
            ("submit", submitted(name)),
            ("poll", odd),
            ("poll", odd),
            ("poll", done(name)),
            case_id=case_id,
        )
        for case_id in "ab"
    ]

    text = "jobs passed through the state 'UPSCALING', which no document names"
    assert told(*records) == [("undocumented_state", text, 2)]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_found_late_is_told_with_its_delay(name: str) -> None:
    found = lived(
        name, ("submit", submitted(name)), ("poll", GONE), ("poll", GONE), ("poll", done(name))
    )
    never = lived(name, ("submit", submitted(name)), ("poll", GONE), ("poll", GONE))

    text = "a job just submitted was answered HTTP 404 at first; put right within 2.5 s"
    assert told(found) == [("job_late", text, 1)]
    assert told(never) == []


@pytest.mark.parametrize("name", JOBS)
def test_a_result_that_is_there_late_is_told_with_its_delay(name: str) -> None:
    life: list[tuple[Step, Reply]] = [("submit", submitted(name)), ("poll", done(name))]
    found = lived(name, *life, ("download", page(404)), ("download", IMAGE))
    never = lived(name, *life, ("download", page(404)), ("download", page(404)))

    text = "the address of a result answered HTTP 404 at first; put right within 1.5 s"
    assert told(found) == [("result_late", text, 1)]
    assert told(never) == []


def test_another_job_for_a_moment_is_told() -> None:
    other = said({"id": "job-2", "status": "COMPLETED"})
    life = lived(
        "apiframe", ("submit", submitted("apiframe")), ("poll", other), ("poll", done("apiframe"))
    )

    assert [kind for kind, _, _ in told(life)] == ["other_job"]
