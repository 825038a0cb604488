"""What a terminal tells of a run while it lasts: what looks broken, what is spent, how long yet."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from harness.cli.underway import NONE, Underway, left_text, spent_text
from harness.core.case import PlannedRequest, Price, Slot
from harness.core.record import Record
from harness.runner.execution.budget import Budget, Reservation
from harness.runner.execution.provider_run import ProviderRun
from tests.report import builders as b
from tests.shipped import shipped_provider

TOO_MANY: b.Arguments = {"model": "gpt-image-2", "prompt": "another fox", "n": 11}


class Clock:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def part_of(shots: Sequence[PlannedRequest], budget: Budget | None = None) -> ProviderRun:
    """Return a provider's part with these requests, of which nothing has been sent."""
    setup = SimpleNamespace(
        provider=shipped_provider("sub2api"),
        plan=SimpleNamespace(shots=tuple(shots)),
        budget=budget or Budget(),
    )
    return ProviderRun(setup=cast("object", setup))  # type: ignore[arg-type]


def served(number: int) -> Record:
    return b.record(b.case(id=f"row/{number}"), b.images())


def refused(number: int) -> Record:
    return b.record(b.case(id=f"not/{number}", expect="refuse", breaks="n.range"), b.refused())


def over(number: int) -> Record:
    """Return a request for 11 images, which the documents forbid, that was served."""
    asked = b.case(id=f"over/{number}", expect="refuse", breaks="n.range", arguments=TOO_MANY)
    return b.record(asked, b.images(11))


def test_a_promise_looks_broken_once_it_was_seen_broken_twice() -> None:
    part = part_of(())
    underway = Underway(part)
    told = [underway.findings]
    for record in (served(0), over(1), over(2)):
        part.records.append(record)
        underway.told()
        told.append(underway.findings)

    assert told == [NONE, NONE, "1 suspected", "1 broken"]


def test_a_benchmark_is_not_judged_while_it_lasts() -> None:
    slot = Slot(workload="square", fit="exact", stage="c1", block=1)
    made = over(1)
    part = part_of(())
    underway = Underway(part)
    part.records.append(replace(made, shot=replace(made.shot, slot=slot)))
    underway.told()

    assert underway.findings == NONE


def test_how_long_it_takes_is_known_by_the_pace_of_each_kind() -> None:
    clock, ended = Clock(), [*map(refused, range(3)), *map(served, range(3))]
    part = part_of([record.shot for record in (*ended, *map(served, range(3, 8)))])
    underway = Underway(part, clock=clock)
    left_s = [underway.left_s]
    for record in ended:
        clock.at_s += 10.0 if record.shot.price.images else 1.0
        part.records.append(record)
        underway.told()
        left_s.append(underway.left_s)

    assert left_s[:6] == [None] * 6  # of the images that are left, too few have come
    assert left_s[6] == 50.0
    clock.at_s += 15.0
    assert underway.left_s == 35.0
    clock.at_s += 40.0
    assert underway.left_s is None  # it was to be over by now: nobody knows


def test_what_is_added_takes_time_and_what_has_no_money_left_takes_none() -> None:
    clock, ended = Clock(), [served(number) for number in range(3)]
    budget = Budget(images=5)
    price = Price(amount=Decimal(1), unit="image", images=1)
    shots = [served(number).shot for number in range(20)]
    part = part_of(shots, budget)
    underway = Underway(part, clock=clock)
    part.added.append(b.shot(b.case(id="row/again")))
    for record in ended:
        clock.at_s += 10.0
        budget.book(Reservation(operation="generate", price=price, requests=1))
        part.records.append(record)
        underway.told()

    assert underway.left_s == 20.0
    budget.images = None
    assert underway.left_s == 180.0


def test_requests_of_an_earlier_run_have_no_pace() -> None:
    clock, earlier = Clock(), [served(number) for number in range(9)]
    part = part_of([record.shot for record in (*earlier, served(9))])
    underway = Underway(part, clock=clock)
    part.records.extend(earlier)
    underway.told()

    assert underway.left_s is None
    part.records.append(served(9))
    underway.told()
    assert underway.left_s == 0.0


def budget(spent: str, paid_images: int, **limits: object) -> Budget:
    made = Budget(**limits)  # type: ignore[arg-type]
    price = Price(amount=Decimal(spent), unit="x", images=paid_images)
    made.book(Reservation(operation="generate", price=price, requests=1))
    return made


@pytest.mark.parametrize(
    ("spent", "unit", "told"),
    [
        (budget("4.5", 9), "credit", "4.5 credits, 9 images"),
        (budget("4.5", 9, amount=Decimal(10)), "credit", "4.5 of 10 credits, 9 images"),
        (budget("0.0074", 1, images=25), "usd", "0.0074 usd, 1 of 25 images"),
        (budget("3", 3), "image", "3 images"),
        (budget("3", 3, images=25), "image", "3 of 25 images"),
    ],
)
def test_what_is_spent_is_told_with_its_unit_and_of_how_much(
    spent: Budget, unit: str, told: str
) -> None:
    assert spent_text(spent, unit) == told


@pytest.mark.parametrize(
    ("left_s", "told"),
    [(None, "-"), (0.4, "~0:00"), (40.4, "~0:40"), (725.0, "~12:05"), (3720.0, "~1:02 h")],
)
def test_a_time_that_is_left_is_told_roughly(left_s: float | None, told: str) -> None:
    assert left_text(left_s) == told
