from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.core.case import Expect
from harness.core.exchange import Exchange, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.stats.conformance.slow_sizes import slow_sizes
from tests.checks.build import case, picture, record, served
from tests.wire.by_hand import said

SMALL, MIDDLE, LARGE = (1024, 1024), (1536, 1024), (3840, 2160)


def took(
    seconds: float,
    edges: tuple[int, int],
    number: int,
    *,
    quality: Json = "low",
    expect: Expect = "accept",
) -> Record:
    asked = case(id=f"{edges[0]}-{number}-{quality}", quality=quality, expect=expect)
    made = record(asked, served(picture(*edges)), answers=[said({})])
    exchange: Exchange = made.exchanges[0]
    return replace(
        made, exchanges=(replace(exchange, times=Times(due_s=0, sent_s=0, end_s=seconds)),)
    )


def many(
    seconds: float, edges: tuple[int, int], times: int, *, quality: str = "low"
) -> Sequence[Record]:
    spread = (seconds * (1 + 0.01 * number) for number in range(times))
    return [took(each, edges, number, quality=quality) for number, each in enumerate(spread)]


def test_a_size_above_which_everything_is_slow_is_told_with_both_medians() -> None:
    records = [*many(1.0, SMALL, 8), *many(1.2, MIDDLE, 8), *many(9.0, LARGE, 8)]

    (row,) = slow_sizes(records)

    assert (row.kind, row.times, len(row.cases)) == ("slow_above_size", 8, 8)
    assert row.text.startswith(
        "images of 8,294,400 pixels and more took 8.2 times as long as those of 1,572,864 and fewer"
    )
    assert "(n = 8) against" in row.text
    assert "(n = 16), Mann-Whitney p = " in row.text


@pytest.mark.parametrize(
    "records",
    [
        [*many(1.0, SMALL, 8), *many(2.8, LARGE, 8)],
        [*many(1.0, SMALL, 4), *many(9.0, LARGE, 20)],
        [*many(1.0, SMALL, 20), *many(9.0, LARGE, 4)],
        [*many(1.0, SMALL, 5), *many(9.0, LARGE, 5)],
        [*many(9.0, SMALL, 8), *many(1.0, LARGE, 8)],
        many(9.0, LARGE, 16),
        [],
    ],
    ids=["below the factor", "few small", "few large", "too few", "faster", "one size", "none"],
)
def test_what_is_weak_is_not_told(records: Sequence[Record]) -> None:
    assert slow_sizes(records) == ()


def test_a_slow_quality_is_not_taken_for_a_slow_size() -> None:
    records = [*many(1.0, SMALL, 8), *many(9.0, LARGE, 8, quality="high")]
    alike = [*records, *many(1.1, LARGE, 1), *many(8.0, SMALL, 1, quality="high")]

    assert slow_sizes(records) == slow_sizes(alike) == ()


def test_what_was_not_served_has_no_size() -> None:
    fault = Fault(error_class="timeout", why="slow", may_be_paid=True)

    assert slow_sizes([record(case(id=f"{n}"), fault, answers=[said({})]) for n in range(20)]) == ()


def test_a_list_that_was_served_for_a_text_is_no_reason_to_stop() -> None:
    plain = [*many(1.0, SMALL, 8), *many(9.0, LARGE, 8)]
    odd = [took(9.0, LARGE, number, quality=["low"]) for number in range(8)]
    forbidden = [took(1.0, LARGE, number, quality=["low"], expect="refuse") for number in range(20)]

    (row,) = slow_sizes([*plain, *odd, *forbidden])

    assert row.times == 16, "what should have been refused does not count"
