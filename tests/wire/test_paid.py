"""How many images are paid, by what came of a request: one rule for budgets, reports and tables."""

from dataclasses import replace
from decimal import Decimal

import pytest

from harness.core.exchange import Exchange, Failure, Reply, Request, Step, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Outcome
from harness.core.record import Record
from harness.runner.execution.budget import charged_reservation
from harness.spec.price import price_of
from harness.spec.provider import Provider
from harness.stats.conformance.cost import cost_by_provider
from harness.stats.conformance.faults import fault_counts
from harness.wire.paid import Paid, paid
from tests.report import builders as b
from tests.shipped import shipped_provider

WORDS: Json = {"status": "completed", "output": [{"type": "message"}]}
HALF_DRAWN: Json = {"status": "completed", "output": [{"type": "image_generation_call"}]}
LOST = Fault(error_class="network", why="reset", may_be_paid=True, job="j")
STUCK = Fault(error_class="timeout", why="stuck", may_be_paid=True, job="j")
FREE_JOB = Fault(error_class="job_failed", why="failed", may_be_paid=False, job="j")
PAID_JOB = replace(FREE_JOB, may_be_paid=True)
PICTURES = b.images(4).pictures


def came(step: Step, document: Json = None, *, status: int = 200) -> Exchange:
    return Exchange(
        request=Request(method="POST", target="/"),
        answer=Reply(status=status, document=document),
        times=Times(due_s=0, sent_s=0, end_s=1),
        step=step,
    )


def lost(step: Step) -> Exchange:
    return replace(came(step), answer=Failure(kind="network", why="reset", sent=True))


def images(count: int, charged: str | None = None, *, partials: int = 0) -> Images:
    return replace(b.images(count, charged=charged), partials=PICTURES[:partials])


def said(document: Json) -> Images:
    return Images(pictures=(), document=document)


def record(
    provider: Provider,
    outcome: Outcome,
    *exchanges: Exchange,
    n: int = 1,
    operation: str = "generate",
    arguments: dict[str, Json] | None = None,
) -> Record:
    asked = arguments or {"model": "gpt-image-2", "prompt": "a fox", "n": n, "size": "1024x1024"}
    case = b.case(name=provider.name, operation=operation, arguments=asked)
    price = price_of(provider, provider.operation(operation), asked)
    made = replace(b.shot(b.case()), case=case, price=price, at_risk=price)
    return Record(shot=made, evidence=b.LIVE, outcome=outcome, exchanges=exchanges)


BUBLE, SUB2API = shipped_provider("buble"), shipped_provider("sub2api")
URLS: Json = [{"url": "https://x.example/a.png"}] * 2
NAMED: Json = {"data": {"id": "j", "status": "completed", "result": {"images": URLS}}}
CHARGED: Json = {"error": {"message": "blocked"}, "data": {"cost_credits": 10}}
EACH = price_of(
    BUBLE, BUBLE.operation("generate"), {"n": 1, "size": "1024x1024", "prompt": "a"}
).amount


@pytest.mark.parametrize(
    ("made", "images_paid", "basis"),
    [
        (record(SUB2API, b.refused()), 0, "free"),
        (record(SUB2API, images(1)), 1, "listed"),
        (record(SUB2API, images(4), n=4), 4, "listed"),
        (record(SUB2API, images(2), n=4), 2, "listed"),
        (record(SUB2API, images(2), n=1), 2, "listed"),
        (record(SUB2API, images(1, partials=3)), 1, "listed"),
        (record(SUB2API, images(0, partials=3)), None, ""),
        (record(SUB2API, images(0)), None, ""),
        (record(SUB2API, said(WORDS), operation="respond"), 0, "listed"),
        (record(SUB2API, said({"response": WORDS}), operation="respond"), 0, "listed"),
        (record(SUB2API, said(HALF_DRAWN), operation="respond"), None, ""),
        (record(SUB2API, said({"id": "r"}), operation="respond"), None, ""),
        (record(SUB2API, b.fault("server", may_be_paid=True)), None, ""),
        (record(SUB2API, b.fault("network")), 0, "free"),
        (record(BUBLE, FREE_JOB), 0, "free"),
        (record(BUBLE, PAID_JOB), None, ""),
        (record(BUBLE, STUCK, came("submit", {"data": {"taskId": "j"}})), None, ""),
        (record(BUBLE, images(2, f"{4 * EACH}"), n=4), 4, "stated"),
        (record(BUBLE, images(2, f"{2 * EACH}"), n=4), 2, "stated"),
        (record(BUBLE, images(2, "0"), n=2), 0, "stated"),
    ],
)
def test_images_paid_are_those_shown_or_implied_by_a_charge_and_the_list(
    made: Record, images_paid: int | None, basis: str
) -> None:
    providers = {each.name: each for each in (BUBLE, SUB2API)}
    provider = providers[made.shot.case.provider]
    assert made.outcome is not None

    found = paid(provider, made.shot, made.outcome, made.exchanges)
    (cost,) = cost_by_provider([made], providers)
    unsettled = fault_counts(provider, [made]).unsettled_images
    booked = charged_reservation(made.shot, made.outcome, made.exchanges, provider=provider).price

    assert (found and (found.images, found.basis)) == (
        None if images_paid is None else (images_paid, basis)
    )
    assert cost.images_paid == (images_paid or 0)
    assert cost.unsettled == (images_paid is None)
    assert unsettled == (made.shot.at_risk.images if images_paid is None else 0)
    free = images_paid == 0 and basis != "stated"
    received = len(made.outcome.pictures) if isinstance(made.outcome, Images) else 0
    assert booked.images == (0 if free else max(made.shot.at_risk.images, received))
    assert booked.amount >= cost.amount


def test_an_image_is_paid_that_a_reply_named_and_whose_download_was_lost() -> None:
    submitted, polled = came("submit", {}), came("poll", NAMED)
    whole = record(BUBLE, LOST, submitted, polled, came("download"), lost("download"), n=4)
    before = record(BUBLE, LOST, submitted, lost("poll"), n=4)

    found = paid(BUBLE, whole.shot, LOST, whole.exchanges)

    assert found == Paid(images=2, amount=2 * EACH, basis="listed")
    assert paid(BUBLE, before.shot, LOST, before.exchanges) is None


@pytest.mark.parametrize("outcome", [b.refused(error_class="moderation"), PAID_JOB])
def test_a_refusal_that_names_a_charge_cost_that(outcome: Outcome) -> None:
    made = record(BUBLE, outcome, came("submit", CHARGED, status=400))
    silent = record(BUBLE, outcome, came("submit", {"error": {"message": "blocked"}}))

    found = paid(BUBLE, made.shot, outcome, made.exchanges)
    booked = charged_reservation(made.shot, outcome, made.exchanges, provider=BUBLE).price
    told = paid(BUBLE, silent.shot, outcome, silent.exchanges)

    assert found is not None
    assert (found.amount, found.basis) == (Decimal(10), "stated")
    assert booked.amount >= Decimal(10)
    assert told is None or told.amount == 0


def test_a_list_that_asks_for_the_whole_request_implies_all_that_was_asked() -> None:
    rows = tuple(row.model_copy(update={"per": "request"}) for row in SUB2API.prices.rows)
    prices = SUB2API.prices.model_copy(update={"rows": rows})
    whole = SUB2API.model_copy(update={"prices": prices})
    made = record(whole, images(2), n=4)

    assert paid(whole, made.shot, images(2)) == Paid(images=4, amount=Decimal(1), basis="listed")
