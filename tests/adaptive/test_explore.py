"""What an exploration sends: what fails is found, made smaller, kept, and sent first next time."""

from functools import cache
from pathlib import Path

import pytest

from harness.adaptive.confirm import FailureReducer
from harness.adaptive.explore import Explorer
from harness.adaptive.strategies import Chain
from harness.cases.explore import Examples
from harness.core.case import Case, Exploration, PlannedRequest
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.planning.exploration import with_exploration
from harness.planning.options import Options, Output, Planning, Target
from harness.planning.plan import make_plan, plan_from_json, plan_to_json, planned_request
from harness.report.explored import explored
from harness.runner.execution.budget import Budget
from harness.runner.preflight import decided
from tests.adaptive.world import REFUSED, Answering, World, base, fine, holds
from tests.checks.build import refused
from tests.shipped import SHIPPED, shipped_provider

SUB2API = shipped_provider("sub2api")
PAIR: dict[str, Json] = {"quality": "high", "output_format": "jpeg"}


def keeping(*strict: dict[str, Json]) -> Answering:
    """A provider that names what it refuses; it also refuses what holds all of these values."""

    def answer(case: Case) -> Outcome:
        name = (case.breaks or "").partition(".")[0]
        if case.expect == "refuse":
            return refused(f"{name} is not accepted", parameter=name)
        return REFUSED if any(holds(case, values) for values in strict) else fine(case)

    return answer


def explorer(
    requests: int = 40, *, seed: int = 0, images: int = 1_000, retried: tuple[Case, ...] = ()
) -> Explorer:
    return Explorer(
        SUB2API,
        Exploration(requests=requests, retried=retried),
        operations=("generate",),
        seed=seed,
        at_once=8,
        budget=lambda: Budget(images=images),
    )


def explore(world: World, exploring: Explorer, records: list[Record] | None = None) -> World:
    """Go on after these records, or after the plain request, until nothing follows."""
    chain = Chain([FailureReducer(SUB2API), exploring])
    waiting: list[PlannedRequest] = []
    for record in records or []:
        waiting += chain.on_record(record)
    if not records:
        waiting = [planned_request(SUB2API, base())]
    known = {record.shot.case.id for record in records or []}
    while waiting or (waiting := list(chain.on_idle())):
        request = waiting.pop(0)
        if request.case.id not in known:
            waiting += chain.on_record(world.ask(request))
    return world


@cache
def found() -> tuple[World, Explorer]:
    """What an exploration of the strict provider comes to."""
    exploring = explorer(40, seed=1)
    return explore(World(keeping(PAIR)), exploring), exploring


def test_values_that_fail_together_are_found() -> None:
    world, exploring = found()

    statistics = exploring.statistics()
    assert statistics.smallest == (
        "generate output_format=jpeg, quality=high (accepts_what_it_documents)",
    )
    assert sum(case.follows is None for case in world.asked("explore")) == 40
    assert statistics.failing
    assert len(world.paid_bodies()) == len(set(world.paid_bodies()))


@pytest.mark.slow
def test_smaller_requests_do_not_count_among_those_that_are_explored() -> None:
    exploring, world = explorer(16, seed=1), World(keeping({"quality": "high"}))
    waiting = [planned_request(SUB2API, base())]

    while waiting or (waiting := list(exploring.on_idle())):
        exploring.on_record(world.ask(waiting.pop(0)))

    smaller = [case for case in world.asked("explore") if case.follows is not None]
    assert sum(case.follows is None for case in world.asked("explore")) == 16
    assert 0 < len(smaller) <= 30


def test_a_run_that_is_cut_off_sends_nothing_twice() -> None:
    whole = explore(World(keeping(PAIR)), explorer(24))
    cut = whole.records[: len(whole.records) * 2 // 3]
    resumed = World(keeping(PAIR), records=list(cut))

    explore(resumed, explorer(24), cut)

    names = [record.shot.case.id for record in resumed.records]
    assert len(names) == len(set(names))
    assert len(resumed.paid_bodies()) == len(set(resumed.paid_bodies()))
    assert sum(case.follows is None for case in resumed.asked("explore")) == 24


def test_equal_records_give_equal_requests() -> None:
    first, second = (explore(World(keeping()), explorer(16)) for _ in range(2))

    assert [each.shot for each in first.records] == [each.shot for each in second.records]


def test_a_provider_that_keeps_its_word_fails_in_nothing() -> None:
    exploring = explorer(16)

    world = explore(World(keeping()), exploring)

    assert len(world.asked("explore")) == 16
    assert not world.asked("confirm", "isolate")
    assert exploring.statistics().failing == 0
    assert exploring.statistics().sent == 16


def test_nothing_is_explored_where_the_plain_request_is_not_served() -> None:
    world = explore(World(lambda _case: REFUSED), explorer())

    assert not world.asked("explore")


def test_what_is_sent_leaves_the_price_of_a_repetition() -> None:
    world = explore(World(fine), explorer(images=5))

    assert 0 < sum(record.shot.at_risk.images for record in world.records) <= 5


def test_the_next_exploration_begins_with_what_failed(tmp_path: Path) -> None:
    found()[1].update(Examples(tmp_path, "sub2api emulator"))
    options = Options(target=Target(against="emulator"), planning=Planning(explore=10, seed=77))
    plan = with_exploration(
        make_plan(SUB2API, [base()], seed=77, spec_digest=""),
        SUB2API,
        options,
        folder=tmp_path / "second",
    )

    assert plan.exploration is not None
    retried = plan.exploration.retried[0]
    assert {name: retried.arguments[name] for name in PAIR} == PAIR
    assert plan_from_json(plan_to_json(plan), provider=SUB2API, where="") == plan

    again = explorer(10, seed=77, retried=plan.exploration.retried)
    mended = explore(World(keeping()), again)
    assert mended.asked("explore")[0] == retried
    again.update(Examples(tmp_path, "sub2api emulator"))

    assert with_exploration(
        plan, SUB2API, options, folder=tmp_path / "third"
    ).exploration == Exploration(requests=10)


def test_a_report_counts_what_was_explored() -> None:
    world = explore(World(keeping()), explorer(16))

    (row,) = explored(world.records, ())

    assert (row.sent, row.failing, row.faults) == (16, 0, 0)
    assert row.valid + row.violating == 16
    assert row.valid
    assert row.violating


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(planning=Planning(explore=5)), "cassettes answer only"),
        (
            Options(
                target=Target(against="emulator"),
                planning=Planning(explore=5, only="benchmark"),
            ),
            "--explore: for conformance only",
        ),
        (
            Options(
                target=Target(against="emulator"),
                planning=Planning(explore=5),
                output=Output(resume=Path("reports")),
            ),
            "as far as it began to",
        ),
    ],
)
def test_an_exploration_that_makes_no_sense_is_refused(options: Options, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        decided(options, None, catalogue=SHIPPED, environment={}, note=lambda _sentence: None)
