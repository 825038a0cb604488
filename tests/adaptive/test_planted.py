"""Interactions planted at random: what is found is what was planted."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.adaptive.confirm import FailureReducer
from harness.checks.judge import judge_records
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.core.verdict import Finding
from harness.diagnosis.combinations import assignment, changes
from harness.diagnosis.findings import findings
from tests.adaptive.world import REFUSED, World, drawn_rows, fine, holds, refusing
from tests.checks.build import refused
from tests.plans import boundaries, plan_of
from tests.shipped import NAMES
from tests.shipped import shipped_provider as shipped

CAP = 10


def planted(rows: list[Case], size: int, dice: Random) -> dict[str, Json] | None:
    """Return documented values of one row, at least one of them not the plain request's."""
    case = dice.choice(rows[1:])
    operation = shipped(case.provider).operation("generate")
    beyond = changes(
        assignment(operation, rows[0].arguments), assignment(operation, case.arguments)
    )
    names = [name for name in case.arguments if name not in ("prompt", "model", "mode")]
    fresh = [name for name in names if name in beyond]
    if not fresh or len(names) < size:
        return None
    first = dice.choice(fresh)
    others = dice.sample([name for name in names if name != first], size - 1)
    return {name: case.arguments[name] for name in (first, *others)}


def hunted(rows: list[Case], strict: dict[str, Json]) -> tuple[World, list[Finding]]:
    name = rows[0].provider
    world, shops = World(refusing(strict)), {name: shipped(name)}
    world.run(FailureReducer(shops[name], max_shrink=CAP), rows)
    return world, list(findings(world.records, judge_records(world.records, shops), shops))


def is_found(rows: list[Case], strict: dict[str, Json], told: list[Finding]) -> bool:
    """Tell whether one finding is told, with the planted values and what they need beside them.

    A planted value that the plain request has, too, need not be told.
    """
    if len(told) != 1:
        return False
    record = told[0].record
    operation = shipped(rows[0].provider).operation("generate")
    base = assignment(operation, rows[0].arguments)
    held = changes(base, assignment(operation, record.shot.case.arguments))
    wanted = {name for name in strict if rows[0].arguments.get(name) != strict[name]}
    partners = {
        rule.argument
        for name in wanted
        for rule in [operation.arguments[name].only_with]
        if rule is not None
    }
    return holds(record.shot.case, strict) and wanted <= held <= wanted | partners


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.nested_given,
    ],  # rows are drawn, numbers are shrunk
)
@given(seed=st.integers(0, 2**20), size=st.integers(1, 3), count=st.integers(4, 16))
def test_a_planted_interaction_is_found_within_the_cap(
    name: str, seed: int, size: int, count: int
) -> None:
    dice = Random(seed)
    rows = drawn_rows(name, count, seed)
    strict = planted(rows, size, dice) if len(rows) > 1 else None
    if strict is None:
        return

    world, told = hunted(rows, strict)

    probes = world.asked("isolate", "shrink")
    per_finding = [sum(one.follows == case.follows for one in probes) for case in probes]
    assert max(per_finding, default=0) <= CAP
    assert len(world.paid_bodies()) == len(set(world.paid_bodies()))
    assert told
    if len(probes) < CAP:
        assert is_found(rows, strict, told)
        assert told[0].standing == "confirmed"


@pytest.mark.parametrize("name", NAMES)
def test_nearly_every_planted_interaction_is_found_within_ten_requests(name: str) -> None:
    dice, found, tried = Random(1), 0, 0
    for seed in range(4):
        rows = drawn_rows(name, 10, seed)
        strict = planted(rows, dice.randint(1, 3), dice)
        if strict is not None:
            tried += 1
            found += is_found(rows, strict, hunted(rows, strict)[1])

    assert found >= 0.9 * tried > 0


@pytest.fixture(scope="module")
def plan() -> tuple[Case, ...]:
    """A plan of generations, made ahead: Hypothesis draws it, and cannot within another draw."""
    made = plan_of("sub2api", seed=0, operations=("generate",))
    return tuple(shot.case for shot in made.shots)


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
)
@given(
    hidden=st.lists(
        st.sampled_from(boundaries("sub2api", "generate")),
        min_size=2,
        max_size=2,
        unique_by=lambda token: token.partition(".")[0],
    ).map(set)
)
def test_two_faults_that_hide_each_other_are_both_found_and_no_innocent_one(
    plan: tuple[Case, ...], hidden: set[str]
) -> None:
    def answer(case: Case) -> Outcome:
        if case.expect == "refuse":
            return refused("Invalid value", parameter=case.breaks and case.breaks.split(".")[0])
        return REFUSED if hidden & set(case.covers) else fine(case)

    shops = {"sub2api": shipped("sub2api")}
    world = World(answer)

    world.run(FailureReducer(shops["sub2api"], max_shrink=CAP), plan)

    told = findings(world.records, judge_records(world.records, shops), shops)
    accepts = {one.constraint for one in told if one.check == "accepts_what_it_documents"}
    assert accepts == {token.partition("=")[0] for token in hidden}
