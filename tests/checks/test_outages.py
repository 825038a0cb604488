"""A refusal without a reason right after an outage convicts nobody; one with a reason does."""

from dataclasses import replace

import pytest

from harness.checks.outages import gives_no_reason
from harness.core.exchange import Exchange, Failure, Times
from harness.core.outcome import ErrorClass, ErrorReply, Fault, Outcome
from harness.core.record import Provenance, Record
from tests.checks.build import case, found, picture, record, refused, said, served

ACCEPTS = "accepts_what_it_documents"
FAILS = "fails_where_it_should_serve"
REFUSES = "refuses_what_it_forbids"
NO_REASON = (
    "",
    "Internal error",
    "Internal server error",
    "Something went wrong",
    "Something went wrong. Please try again later.",
    "bad request",
    "An unknown error occurred",
    "Error: request failed",
    "The request could not be processed.",
    "Failed to generate image",
    "unknown_error",
    "Oops! Our bad.",
    "Invalid request (request id: 20261129)",
)
REASONS = (
    "Unknown parameter: 'size'.",
    "Invalid size",
    "size must be a multiple of 16",
    "n is too large",
    "quality high failed",
    "The model does not exist",
    "Invalid value",
)


def error(message: str, parameter: str | None = None) -> ErrorReply:
    return refused(message, parameter=parameter).error


@pytest.mark.parametrize("message", NO_REASON)
def test_words_that_name_nothing_are_no_reason(message: str) -> None:
    assert gives_no_reason(error(message))
    assert not gives_no_reason(error(message, "size"))


@pytest.mark.parametrize("message", REASONS)
def test_words_that_name_something_are_a_reason(message: str) -> None:
    assert not gives_no_reason(error(message))


def fault(error_class: ErrorClass = "server") -> Fault:
    return Fault(error_class=error_class, why="HTTP 503", may_be_paid=False, status=503)


def line(*outcomes: Outcome) -> list[Record]:
    """Return records that were sent in this order, and stand in the other one."""
    made = []
    for at, outcome in enumerate(outcomes):
        one = record(case(id=f"{9 - at}", quality="high", prompt=f"a fox {at}"), outcome)
        lost = Failure(kind="network", why="x", sent=True)
        sent = Times(due_s=at, sent_s=at, end_s=at + 0.5)
        exchange = Exchange(request=one.shot.request, answer=lost, times=sent)
        made.append(replace(one, exchanges=(exchange,)))
    return made[::-1]


VAGUE, CLEAR = refused("Internal error"), refused("quality must be low")
SERVED = served(picture())


@pytest.mark.parametrize("error_class", ["server", "network", "timeout", "rate_limit"])
def test_a_refusal_without_a_reason_after_faults_is_inconclusive(error_class: ErrorClass) -> None:
    records = line(SERVED, fault(error_class), fault(error_class), VAGUE)

    assert said(ACCEPTS, records[0]) == ["fail"]
    assert said(ACCEPTS, *records)[0] == "inconclusive"
    assert said(FAILS, *records)[0] == "skip"
    assert [one for one in found(*records) if one.check == ACCEPTS] == []


def test_so_is_a_second_one() -> None:
    assert said(ACCEPTS, *line(SERVED, fault(), VAGUE, VAGUE))[:2] == ["inconclusive"] * 2


@pytest.mark.parametrize(
    "before", [(), (SERVED,), (fault(), SERVED), (fault(), CLEAR), (fault("auth"),)]
)
def test_without_an_outage_right_before_it_is_a_refusal(before: tuple[Outcome, ...]) -> None:
    assert said(ACCEPTS, *line(*before, VAGUE))[0] == "fail"


def test_a_refusal_with_a_reason_stands_after_an_outage_too() -> None:
    assert said(ACCEPTS, *line(SERVED, fault(), fault(), CLEAR))[0] == "fail"


def test_another_files_outage_is_not_this_ones() -> None:
    first, second = line(fault(), VAGUE)[::-1]
    tape = Provenance(kind="recorded", source="x", date="2026-12-01", by="one.har")
    other = replace(tape, by="two.har")

    apart = said(ACCEPTS, replace(first, evidence=tape), replace(second, evidence=other))
    together = said(ACCEPTS, replace(first, evidence=tape), replace(second, evidence=tape))

    assert [apart[1], together[1]] == ["fail", "inconclusive"]


def test_what_must_be_refused_is_not_shown_to_be_by_such_a_refusal() -> None:
    forbidden = record(case(expect="refuse", breaks="n.range", n=11), VAGUE)
    outage, plain = line(fault(), SERVED)[::-1]

    assert said(REFUSES, replace(plain, exchanges=()), forbidden) == ["pass"]
    assert said(REFUSES, outage, forbidden) == ["inconclusive"]


# ------------------------------------------------------------------------------- no access
NO_ACCESS = (
    "The model `gpt-image-2` does not exist or you do not have access to it",
    "Project `p` does not have access to model `gpt-image-2`",
    "You are not allowed to access model gpt-image-2",
    "Model gpt-image-2 is not enabled for this API key",
    "High quality is not available on your plan",
    "Upgrade to Pro to draw in 4K",
    "该令牌无权访问模型 gpt-image-2",
)


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize("message", NO_ACCESS)
def test_an_account_without_access_convicts_no_provider(message: str, status: int) -> None:
    asked = record(case(about="model.one_of"), refused(message, status=status))

    assert said(ACCEPTS, asked) == ["inconclusive"]
    assert said(FAILS, asked) == ["skip"]


@pytest.mark.parametrize("message", NO_ACCESS[:4])
def test_to_have_no_access_to_an_unknown_model_is_its_refusal(message: str) -> None:
    unknown = record(case(expect="refuse", breaks="model.one_of", model="gpt-9"), refused(message))
    other = record(case(expect="refuse", breaks="prompt.required"), refused(message))

    assert said(REFUSES, unknown) == ["pass"]
    assert said(REFUSES, other) == ["inconclusive"]


def test_a_job_that_failed_for_the_account_is_not_held_against_the_provider() -> None:
    job = Fault(
        error_class="job_failed", why="job j failed: Insufficient credits", may_be_paid=True
    )
    own = replace(job, why="job j failed: out of memory")

    assert said(FAILS, record(case("apiframe"), job)) == ["skip"]
    assert said(FAILS, record(case("apiframe"), own)) == ["inconclusive"]
