"""Valid requests that fail: at a value, a pair, three values, now and then, or all of them."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness import Options, RunLimits, Target, api
from harness.adaptive.confirm import FailureReducer
from harness.api import RunResult
from harness.checks.judge import judge_records
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Outcome
from harness.core.verdict import Finding
from harness.diagnosis.findings import findings, settled
from harness.planning.option_values import read_budgets
from harness.planning.options import Output
from harness.policy import BROKEN, HELD, UNCLEAR
from harness.runner.endpoints import emulator_process
from tests.adaptive.failing_proxy import Failing, Kind, before
from tests.adaptive.world import World, fine, holds
from tests.checks.build import refused
from tests.plans import plan_of
from tests.shipped import shipped_provider as shipped

CLAIM = "fails_where_it_should_serve"
DOWN = Fault(error_class="server", why="HTTP 500: request 4711", may_be_paid=False, status=500)
VALUE: dict[str, Json] = {"quality": "medium"}
PLAINS: dict[str, Json] = {"quality": "low"}
PAIR: dict[str, Json] = {"quality": "high", "output_format": "jpeg"}
TRIPLE: dict[str, Json] = {"quality": "high", "output_format": "jpeg", "stream": True}


def hunted(answer: Any, *, seed: int = 0, name: str = "sub2api") -> tuple[World, list[Finding]]:  # noqa: ANN401
    """Ask the default plan's generations, and what follows; return what is found of this claim."""
    cases = [shot.case for shot in plan_of(name, seed=seed, operations=("generate",)).shots]
    world, shops = World(answer), {name: shipped(name)}
    world.run(FailureReducer(shops[name]), cases)
    verdicts = judge_records(world.records, shops)
    return world, [one for one in findings(world.records, verdicts, shops) if one.check == CLAIM]


def strict(case: Case) -> Outcome:
    parameter = (case.breaks or "").partition(".")[0]
    return refused(parameter=parameter) if case.expect == "refuse" else fine(case)


def failing(*values: dict[str, Json], share: float = 1.0, seed: int = 0) -> Any:  # noqa: ANN401
    """A provider that fails at all of these values together, in a share of the requests."""
    dice = Random(seed)

    def answer(case: Case) -> Outcome:
        hit = case.expect == "accept" and any(holds(case, one) for one in values)
        return DOWN if hit and dice.random() < share else strict(case)

    return answer


def named(finding: Finding) -> set[str]:
    """Return the parameters that a finding names."""
    several = {text.partition("=")[0] for text in finding.combination}
    return several or {str(finding.constraint).partition(".")[0]}


@pytest.mark.parametrize("values", [VALUE, PLAINS, PAIR, TRIPLE, {"n": 10}, {"stream": True}])
@pytest.mark.parametrize("seed", range(3))
def test_what_fails_each_time_is_found_by_its_name(values: dict[str, Json], seed: int) -> None:
    world, found = hunted(failing(values), seed=seed)

    if not any(holds(case, values) for case in world.asked("plan")):
        assert found == []  # no plan tries all triples
        return
    (one,) = found
    assert (one.standing, named(one)) == ("confirmed", {*values})
    assert one.failed == one.tried >= 2
    assert one.other_failed == 0 < one.others
    assert len(world.asked("confirm", "isolate", "shrink")) <= 40
    assert len(world.paid_bodies()) == len(set(world.paid_bodies()))


def test_two_values_that_fail_each_time_are_two_findings() -> None:
    _, both = hunted(failing(VALUE, {"output_format": "webp"}))

    assert [one.standing for one in both] == ["confirmed", "confirmed"]
    assert {one.constraint for one in both} == {"quality.one_of", "output_format.one_of"}


def test_no_repetition_leaves_before_a_neighbour_was_served() -> None:
    world, _ = hunted(failing(VALUE))

    failed: set[str] = set()
    for record in world.records:
        case = record.shot.case
        if case.expect == "accept" and record.outcome is not DOWN:
            failed.clear()  # whoever failed before has a served neighbour now
        elif case.expect == "accept":
            assert case.stage != "confirm" or case.follows not in failed
            failed.add(str(case.follows if case.stage == "confirm" else case.id))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.6])
def test_an_outage_of_a_share_of_all_requests_convicts_nobody(share: float) -> None:
    for seed in range(20):
        dice = Random(seed)

        def answer(case: Case, dice: Random = dice) -> Outcome:
            return DOWN if dice.random() < share else strict(case)

        name = ("sub2api", "buble", "apiframe")[seed % 3]
        _, anything = hunted(answer, seed=seed % 4, name=name)

        assert [one for one in anything if one.standing != "unconfirmed"] == []


@pytest.mark.parametrize("seed", range(6))
def test_what_fails_half_the_time_is_flaky_or_nothing(seed: int) -> None:
    _, anything = hunted(failing(VALUE, share=0.5, seed=seed), seed=seed % 3)

    assert {one.standing for one in anything} <= {"flaky", "unconfirmed"}


def test_a_fault_that_no_finding_names_stays_inconclusive() -> None:
    shops = {"sub2api": shipped("sub2api")}
    world, (one,) = hunted(failing(PAIR))
    verdicts = judge_records(world.records, shops)

    after = settled(verdicts, [one])

    failed = {
        verdict.case for verdict in after if (verdict.check, verdict.status) == (CLAIM, "fail")
    }
    assert failed == {*one.cases}
    assert settled(verdicts, []) == verdicts


# ---------------------------------------------------------------------------------- over sockets
@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    with emulator_process(time_scale=0.0002, seed=0) as served:
        yield served["sub2api"]


def run(emulated: str, out: Path, fails: Any, kind: Kind) -> RunResult:  # noqa: ANN401
    with before(emulated, Failing(fails, kind)) as address:
        options = Options(
            target=Target(
                against="live",
                providers=("sub2api",),
                operations=("generate",),
                base_urls={"sub2api": address},
            ),
            limits=RunLimits(budgets=read_budgets(("sub2api=120",)), max_requests=120),
            output=Output(out=out),
        )
        return api.run(options)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUB2API_API_KEY", "k")


def with_all(values: dict[str, Json]) -> Any:  # noqa: ANN401
    return lambda body: all(body.get(name) == text for name, text in values.items())


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param(PLAINS, "500", marks=pytest.mark.slow),
        (PAIR, "200 error"),
        pytest.param(PAIR, "no reply", marks=pytest.mark.slow),
        ({"stream": True}, "half a stream"),
        pytest.param(VALUE, "502 page", marks=pytest.mark.slow),
    ],
)
def test_a_planted_fault_is_found_over_real_sockets(
    emulated: str, tmp_path: Path, values: dict[str, Json], kind: Kind
) -> None:
    result = run(emulated, tmp_path / "run", with_all(values), kind)

    (shown,) = [one for one in result.report.findings if one.finding.check == CLAIM]
    assert named(shown.finding) == {*values}
    assert result.exit_code == BROKEN
    faults = result.report.providers[0].faults
    assert f"{faults.faults} of {faults.valid} valid requests ended in faults" in result.why
    assert (faults.unsettled_images > 0) == (kind in ("no reply", "half a stream", "502 page"))
    page = (tmp_path / "run" / "summary.md").read_text()
    assert "ended in faults" in page.split("\n\n")[1]
    assert "ended in faults" in (tmp_path / "run" / "index.html").read_text()


def test_sixty_percent_of_all_requests_fail_and_the_rate_is_told(
    emulated: str, tmp_path: Path
) -> None:
    dice = Random(5)

    result = run(emulated, tmp_path / "run", lambda _: dice.random() < 0.6, "500")

    assert result.report.findings == ()
    assert result.exit_code == UNCLEAR
    faults = result.report.providers[0].faults
    assert faults.valid >= 10
    assert f"{faults.faults} of {faults.valid} valid requests" in result.why


@pytest.mark.slow
def test_a_faultless_provider_is_not_suspected(emulated: str, tmp_path: Path) -> None:
    result = run(emulated, tmp_path / "run", lambda _: False, "500")

    assert (result.exit_code, result.why) == (HELD, "all promises that were tried held")
    assert result.report.all_findings == ()
