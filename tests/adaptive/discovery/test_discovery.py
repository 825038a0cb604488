from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.adaptive.discovery.discovery import Discovery, discoveries
from harness.core.case import Plan, PlannedRequest
from harness.core.outcome import ErrorClass, Fault, Outcome
from harness.core.record import Record
from harness.planning.plan import plan_from_json, plan_to_json, request_digest
from tests.adaptive.discover_world import FAULT, World, drive, emulated, refusal
from tests.shipped import NAMES, shipped_provider

WORLDS = st.builds(
    World,
    name=st.just("sub2api"),
    operation=st.just("respond"),
    prompt=st.integers(100, 250_000),
    unit=st.sampled_from(("code points", "UTF-16 units", "UTF-8 bytes")),
    step=st.sampled_from((1, 8, 16)),
    ratio=st.sampled_from((1.5, 2, 3, 4)),
    most=st.integers(2_000_000, 16_000_000),
    least=st.integers(0, 1_000_000),
    edge=st.integers(1100, 8192),
    named=st.booleans(),
)


def asked(shots: Sequence[PlannedRequest]) -> list[str]:
    return [shot.case.id for shot in shots]


@pytest.mark.parametrize("name", NAMES)
def test_every_probe_is_observed_and_says_that_discovery_asks_it(name: str) -> None:
    for operation in shipped_provider(name).operations:
        driven = drive(World(name=name, operation=operation))

        assert driven.shots
        assert {shot.case.expect for shot in driven.shots} == {"observe"}
        assert {shot.case.stage for shot in driven.shots} == {"discover"}
        assert all(shot.case.id.startswith(f"{operation}/discover/") for shot in driven.shots)


@pytest.mark.parametrize("name", NAMES)
def test_every_probe_survives_a_saved_plan(name: str) -> None:
    shots = tuple(
        shot
        for operation in shipped_provider(name).operations
        for shot in drive(World(name=name, operation=operation)).shots
    )
    plan = Plan(provider=name, seed=1, shots=shots, spec_digest="0")

    assert plan_from_json(plan_to_json(plan), provider=shipped_provider(name), where="here") == plan


@given(world=WORLDS)
@settings(max_examples=6, deadline=None)
def test_nothing_is_asked_twice(world: World) -> None:
    driven = drive(world)
    bodies = [request_digest(record.shot) for record in driven.records]

    assert len(set(asked(driven.shots))) == len(driven.shots)
    assert len(set(bodies)) == len(bodies)


@given(world=WORLDS, images=st.integers(0, 12))
@settings(max_examples=6, deadline=None)
def test_its_allowance_of_images_is_never_passed(world: World, images: int) -> None:
    assert drive(world, images=images).images <= images


@given(n=st.integers(1, 15), images=st.integers(0, 30))
@settings(max_examples=8, deadline=None)
def test_several_images_of_one_request_are_held_against_the_allowance(n: int, images: int) -> None:
    driven = drive(World(name="aimlapi", n=n), images=images)

    assert driven.images <= images
    assert all(shot.at_risk.images <= images for shot in driven.shots)


@given(world=WORLDS, seed=st.integers(0, 99))
@settings(max_examples=4, deadline=None)
def test_the_same_records_in_any_order_make_the_same_shots(world: World, seed: int) -> None:
    driven = drive(world, images=12)
    told = 1 + sum(len(round_) for round_ in driven.rounds[: seed % (len(driven.rounds) + 1)])
    shuffled = list(driven.records[:told])
    Random(seed).shuffle(shuffled)
    again = world.discovery(12)
    for record in shuffled:
        again.on_record(record)
    expected = driven.rounds[seed % (len(driven.rounds) + 1) :]

    assert tuple(again.on_idle()) == (expected[0] if expected else ())


def test_a_question_asks_one_probe_in_a_round_and_all_questions_ask_side_by_side() -> None:
    driven = drive(World(name="sub2api", operation="respond", prompt=7777, most=4_000_000))
    first = [case_id.split("/")[2] for case_id in asked(driven.rounds[0])]

    assert {"prompt.max_length", "size.format", "fields"} <= set(first)
    for round_ in driven.rounds:
        names = [case_id.split("/")[2] for case_id in asked(round_)]
        limits = [name for name in names if name != "fields" and ".one_of" not in name]
        assert len(limits) == len(set(limits))
        assert len(limits) in (0, len([name for name in names if name != "fields"]))


def test_nothing_is_asked_where_the_plain_request_is_not_served() -> None:
    world = World(name="apiframe", trouble=lambda _shot: refusal("prompt"))

    assert drive(world).shots == ()
    assert drive(world).rows == ()


def test_the_plain_request_is_asked_first_where_the_plan_had_none() -> None:
    asker = Discovery(shipped_provider("buble"), operations=("generate",))
    (base,) = asker.on_idle()

    assert base.case.id == "generate/discover/base"
    assert asker.on_idle() == []


@pytest.mark.parametrize(
    "outcome",
    [
        FAULT,
        *(
            replace(refusal(), error=replace(refusal().error, error_class=kind))
            for kind in ("moderation", "conflict", "unknown", "not_found")
        ),
        refusal(None, "The service is busy, try again later"),
        refusal("model", "No such model"),
    ],
)
def test_trouble_leaves_a_question_open_and_is_no_answer(outcome: Outcome) -> None:
    def trouble(shot: PlannedRequest) -> Outcome | None:
        return outcome if "/discover/prompt" in shot.case.id else None

    driven = drive(World(name="apiframe", prompt=2000, trouble=trouble))
    row = driven.row("max_length")

    assert row.high is None
    assert "left open at" in row.observed
    assert row.documents == "agrees"
    assert len([shot for shot in driven.shots if "/prompt" in shot.case.id]) == 2


@pytest.mark.parametrize("kind", ["quota", "auth", "rate_limit", "network", "server"])
def test_an_outage_ends_discovery_before_it_asks_for_everything(kind: ErrorClass) -> None:
    fault = Fault(error_class=kind, why="no", may_be_paid=False)
    world = World(
        name="apiframe",
        operation="edit",
        trouble=lambda shot: fault if shot.case.stage == "discover" else None,
    )

    assert len(drive(world).rounds) == 1


def test_a_probe_that_the_budget_did_not_carry_ends_discovery() -> None:
    world = World(name="apiframe")
    asker = world.discovery()
    asker.on_record(world.base())
    for shot in asker.on_idle():
        asker.on_record(replace(world.record(shot), outcome=None, skipped="budget"))

    assert asker.on_idle() == []


def test_what_the_plan_observed_is_evidence_and_is_not_asked_again() -> None:
    world = World(name="apiframe", prompt=2000)
    alone = drive(world)
    planned = [
        replace(
            record,
            shot=replace(
                record.shot,
                case=replace(
                    record.shot.case,
                    id=record.shot.case.id.replace("/discover/", "/"),
                    stage="plan",
                ),
            ),
        )
        for record in alone.records
        if "/discover/prompt" in record.shot.case.id
    ]
    driven = drive(world, before=planned)
    row = driven.row("max_length")

    assert planned
    assert not [shot for shot in driven.shots if "prompt" in shot.case.id]
    assert (row.low, row.high, row.requests, row.images) == (2000, 2001, 0, 0)


def test_rows_come_from_records_alone() -> None:
    driven = drive(World(name="apiframe", prompt=4000))
    backwards: list[Record] = [emulated(record) for record in reversed(driven.records)]
    rows = discoveries(shipped_provider("apiframe"), backwards)

    assert [(row.observed, row.cases) for row in rows] == [
        (row.observed, row.cases) for row in driven.rows
    ]
    assert {row.evidence.kind for row in rows} == {"emulator"}
    assert discoveries(shipped_provider("buble"), driven.records) == ()


def test_values_wait_until_every_limit_is_found() -> None:
    driven = drive(World(name="aimlapi", n=4))
    lists = [any(".one_of/" in case_id for case_id in asked(round_)) for round_ in driven.rounds]

    assert lists == [False] * (len(lists) - 1) + [True]


def test_without_an_allowance_not_even_the_plain_request_is_asked() -> None:
    assert Discovery(shipped_provider("buble"), operations=("generate",), images=0).on_idle() == []


def test_a_body_that_was_answered_under_another_name_is_not_sent_again() -> None:
    world = World(name="apiframe")
    first = world.discovery()
    first.on_record(world.base())
    wanted = list(first.on_idle())
    again = world.discovery()
    again.on_record(world.base())
    for shot in wanted:
        case = replace(shot.case, id=f"edit/{shot.case.id}", operation="edit")
        again.on_record(world.record(replace(shot, case=case)))

    assert wanted
    assert not {request_digest(shot) for shot in wanted} & {
        request_digest(shot) for shot in again.on_idle()
    }
