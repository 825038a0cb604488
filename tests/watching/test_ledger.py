"""What a day may spend: never more than the month has, and no missed day is lost."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from harness.watching.ledger import MOST_DAYS, RESERVE, Budget, share_of
from harness.watching.model import Spent

FIRST = date(2026, 12, 1)


@given(
    st.integers(0, 900),
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), max_size=31),
)
def test_a_month_never_spends_more_than_its_budget(
    month: int, days: list[tuple[bool, float, float]]
) -> None:
    spent: dict[str, dict[str, Spent]] = {}
    for number, (called, part, again) in enumerate(days):
        day = FIRST + timedelta(days=number)
        share = share_of(Budget(images=month), spent, "p", day)
        assert (share.canary.images or 0) + (share.again.images or 0) <= (share.left.images or 0)
        if called:
            spent[f"{day}"] = {"p": Spent(images=int(part * (share.canary.images or 0)))}
            spent[f"{day}-again"] = {"p": Spent(images=int(again * (share.again.images or 0)))}

    assert sum(each["p"].images for each in spent.values()) <= month


def test_a_missed_day_leaves_its_money_to_the_others_and_a_busy_one_takes_it() -> None:
    budget = Budget(images=300, amount=Decimal(30))
    on_the_tenth = date(2026, 12, 10)
    usual = {f"2026-12-{day:02}": {"p": Spent(images=7)} for day in range(1, 10)}
    plain = share_of(budget, usual, "p", on_the_tenth).canary.images or 0
    missed = share_of(budget, {}, "p", on_the_tenth).canary.images or 0
    busy = {**usual, "2026-12-09": {"p": Spent(images=50)}}
    after = share_of(budget, busy, "p", on_the_tenth).canary.images or 0

    assert after < plain < missed
    assert after > 0


def test_another_month_and_another_provider_count_for_themselves() -> None:
    spent = {"2026-11-30": {"p": Spent(images=100)}, "2026-12-01": {"q": Spent(images=100)}}
    share = share_of(Budget(images=100), spent, "p", FIRST)

    assert share.left.images == 100
    assert share.canary.images == int(100 * (1 - RESERVE) / monthrange(2026, 12)[1])


def test_a_second_canary_of_a_day_shares_what_the_first_one_left() -> None:
    first = share_of(Budget(images=310), {}, "p", FIRST).canary.images or 0
    spent = {"2026-12-01": {"p": Spent(images=first)}}

    assert share_of(Budget(images=310), spent, "p", FIRST).canary.images == 0


def test_a_watch_that_begins_on_the_last_day_does_not_spend_a_month_on_it() -> None:
    share = share_of(Budget(images=310, amount=Decimal(31)), {}, "p", date(2026, 12, 31)).canary

    assert share.images == int(MOST_DAYS * 310 * (1 - RESERVE) / 31)
    assert share.amount == MOST_DAYS * 31 * (1 - RESERVE) / 31
    few = share_of(Budget(images=5), {}, "p", date(2026, 12, 31)).canary
    assert few.images == int(5 * (1 - RESERVE))
