from decimal import Decimal

from harness.core.outcome import Images
from harness.core.record import Record
from harness.planning.plan import planned_request
from harness.stats.conformance.cost import Cost, cost_by_provider
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider
from tests.spec.priced import by_token, counted, served

PROVIDERS = {name: shipped_provider(name) for name in NAMES}
REFUSE = b.case(id="refuse", expect="refuse", breaks="n.range")


def costs(records: list[Record]) -> tuple[Cost, ...]:
    return cost_by_provider(records, PROVIDERS)


def test_the_providers_own_figure_goes_before_the_price_list() -> None:
    row = costs(
        [
            b.record(b.case(id="a"), b.images(charged="0.25"), amount="0.1"),
            b.record(b.case(id="b"), b.images(), amount="0.1"),
        ]
    )[0]

    assert row.amount == Decimal("0.35")
    assert (row.stated, row.listed) == (1, 1)
    assert row.basis == "1 as charged in the replies, 1 by the price list"


def test_decimal_amounts_add_up_without_rounding() -> None:
    records = [b.record(b.case(id=str(at)), b.images(), amount="0.1") for at in range(3)]

    assert costs(records)[0].amount == Decimal("0.3")


def test_a_refused_request_costs_nothing() -> None:
    row = costs([b.record(REFUSE, b.refused(), amount="4")])[0]

    assert (row.amount, row.images_paid, row.basis) == (Decimal(0), 0, "nothing was served")


def test_a_wrongly_served_request_is_wasted_at_the_price_set_aside() -> None:
    row = costs(
        [
            b.record(b.case(id="a"), b.images(), amount="4"),
            b.record(REFUSE, b.images(11), amount="44", price_images=11),
        ]
    )[0]

    assert (row.amount, row.wasted_amount) == (Decimal(48), Decimal(44))
    assert (row.images_paid, row.wasted_images, row.images_delivered) == (12, 11, 12)


def test_images_that_were_charged_at_zero_are_not_paid() -> None:
    row = costs([b.record(b.case(), b.images(2, charged="0"), price_images=2)])[0]

    assert (row.images_delivered, row.images_paid) == (2, 0)


def test_a_fault_that_may_be_paid_is_unsettled() -> None:
    row = costs(
        [
            b.record(b.case(id="a"), b.fault("timeout", may_be_paid=True), amount="7"),
            b.record(b.case(id="b"), b.fault("network"), amount="7"),
        ]
    )[0]

    assert (row.amount, row.unsettled, row.unsettled_amount) == (Decimal(0), 1, Decimal(7))


def test_requests_are_round_trips_that_left() -> None:
    row = costs(
        [
            b.record(b.case(id="a", name="buble"), b.images(), polls=4),
            b.record(b.case(id="b", name="buble"), b.fault("network")),
            b.record(b.case(id="c", name="buble"), None, skipped="budget"),
        ]
    )[0]

    assert (row.cases, row.requests, row.unit) == (2, 5, "credit")


def test_a_price_per_token_is_worked_out_and_at_most_where_nothing_is_counted() -> None:
    one = by_token()
    exact = counted(76, 120, text_input=12, image_input=64)

    def sent(number: int, outcome: Images) -> Record:
        asked = b.case(name=one.name, id=str(number), arguments={"prompt": "a fox"})
        shot = planned_request(one, asked)
        return Record(shot=shot, evidence=b.LIVE, outcome=outcome, exchanges=())

    records = [
        sent(1, served(usage=exact)),
        sent(2, served()),
        sent(3, served(usage=exact, charged="0.25")),
    ]
    (row,) = cost_by_provider(records, {one.name: one})

    assert row.amount == Decimal("0.754172")
    assert (row.listed, row.bounded, row.stated) == (1, 1, 1)
    assert row.basis == (
        "1 as charged in the replies, 1 by the price list, "
        "1 at most, for the replies do not say what the price depends on"
    )
