"""The plain request without the user's key, as it is planned."""

import json
from pathlib import Path

import pytest

from harness.cases.build import Builder
from harness.cases.keys import TRIED, key_cases
from harness.core.errors import RecordingError
from harness.core.jsonvalue import canonical
from harness.core.workload import Workload
from harness.planning.benchmark_options import Measuring
from harness.planning.plan import Limits, dumped, plan_from_json, plan_to_json, read_plan
from tests.plans import benchmark_plan, new_plan
from tests.shipped import NAMES
from tests.shipped import shipped_provider as shipped
from tests.workloads import options


@pytest.mark.parametrize("name", NAMES)
def test_the_default_plan_tries_each_once_right_after_the_plain_requests(name: str) -> None:
    plan = new_plan(name, seed=3)

    first = sum(shot.case.id.endswith("/base") for shot in plan.shots)
    keys = plan.shots[first : first + len(TRIED)]
    assert tuple(shot.case.credential for shot in keys) == TRIED
    assert {shot.request.credential for shot in keys} == {*TRIED}
    assert not [shot for shot in plan.shots if shot.case.credential != "own" and shot not in keys]
    plain = plan.shots[0]
    for shot in keys:
        assert (shot.case.expect, shot.case.breaks) == ("refuse", "auth.required")
        assert shot.case.depends_on == (plain.case.id,)
        assert (float(shot.price.amount), shot.price.images) == (0.0, 0)
        assert shot.at_risk.images == 1
        changed = {**shot.case.arguments, "prompt": plain.case.arguments["prompt"]}
        assert changed == plain.case.arguments
    bodies = [canonical([shot.request.target, shot.request.body]) for shot in plan.shots]
    assert len({*bodies[: first + len(TRIED)]}) == first + len(TRIED)


def test_few_requests_leave_room_for_few_of_them() -> None:
    plan = new_plan("sub2api", seed=0, operations=("generate",), limits=Limits(requests=20))

    assert [shot.case.credential for shot in plan.shots[1:4]] == ["none", "wrong", "own"]
    assert len(plan.shots) <= 20


def test_a_plan_is_read_back_with_its_keys_and_one_without_them_is_as_before(
    tmp_path: Path,
) -> None:
    plan = new_plan("buble", seed=0, operations=("generate",))
    (tmp_path / "plan.json").write_bytes(dumped(plan))

    assert read_plan(tmp_path / "plan.json", provider=shipped("buble"), hint="") == plan
    rows = json.loads(dumped(plan))["cases"]
    assert [row["credential"] for row in rows if "credential" in row] == [*TRIED]


def test_a_plan_whose_key_case_was_made_one_to_accept_is_not_read() -> None:
    saved = plan_to_json(new_plan("buble", seed=0, operations=("generate",)))
    cases = saved["cases"]
    assert isinstance(cases, list)
    row = next(one for one in cases if isinstance(one, dict) and "credential" in one)
    assert isinstance(row, dict)
    row |= {"expect": "accept", "price": row["at_risk"]}

    with pytest.raises(RecordingError, match=r"none expects accept"):
        plan_from_json(saved, provider=shipped("buble"), where="plan")


def test_the_prompts_differ_from_seed_to_seed() -> None:
    builder = Builder(shipped("aimlapi"), "generate")
    first, second = (key_cases(builder, count=6, seed=seed) for seed in (1, 2))

    prompts = [case.arguments["prompt"] for case in (*first, *second)]
    assert len({*map(str, prompts)}) == 12


def test_a_benchmark_sends_none() -> None:
    draft = Workload(name="draft", operation="generate", size="1024x1024", quality="low")
    _, plans = benchmark_plan(options(Measuring(workloads=(draft,), blocks=2)))

    assert {*plans} == {*NAMES}
    assert all(shot.case.credential == "own" for plan in plans.values() for shot in plan.shots)
