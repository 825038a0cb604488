"""Runs that may buy six or eight images: what was seen is confirmed, or a suspicion by its name."""

from pathlib import Path

import pytest

from harness.adaptive.strategies import follow_up_strategy
from harness.planning.conformance import plan_for
from harness.planning.options import EmulatorOptions, Options, Output, RunLimits, Target
from harness.policy import Conclusion
from harness.runner import plans
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.run import execute_run
from tests.faults.expectation import expected
from tests.faults.runs import SCALE, concluded, ledger
from tests.shipped import SHIPPED


@pytest.fixture(autouse=True)
def _plans_within_limits(_runs_on_it: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "plan_for", plan_for)


def _limited(out: Path, provider: str, fault: str, images: int) -> Conclusion:
    options = Options(
        target=Target(against="emulator", providers=(provider,), operations=("generate",)),
        limits=RunLimits(max_images=images),
        emulator=EmulatorOptions(time_scale=SCALE, faults=(f"{provider}:{fault}",)),
        output=Output(out=out),
    )
    return concluded(
        execute_run(
            options, ProgressListener(), catalogue=SHIPPED, strategy=follow_up_strategy(options)
        )
    )


@pytest.mark.parametrize("images", [6, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("sub2api", "wrong_dimensions"),
        ("sub2api", "swapped_dimensions"),
        ("sub2api", "wrong_format"),
        ("sub2api", "wrong_declared_size"),
        ("apiframe", "wrong_format"),
        ("aimlapi", "swapped_dimensions"),
        ("buble", "wrong_dimensions"),
        ("nanobanana", "overcharge"),
    ],
)
def test_wrong_content_is_confirmed_within_a_few_images(
    provider: str, fault: str, images: int, tmp_path: Path
) -> None:
    report = _limited(tmp_path / "run", provider, fault, images).report

    found = {
        (shown.finding.operation, shown.finding.constraint, shown.finding.check)
        for shown in report.findings
    }
    assert found == expected(provider, fault, ("generate",)).promises


@pytest.mark.parametrize("images", [3, 6, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "fault", ["lower_quality_served", "lower_quality_declared", "fewer_images", "capped_images"]
)
def test_what_was_seen_is_confirmed_or_named(
    fault: str, images: int, served: dict[str, str], tmp_path: Path
) -> None:
    conclusion = _limited(tmp_path / "run", "sub2api", fault, images)

    report = conclusion.report
    failed = {verdict.case for verdict in report.verdicts if verdict.status == "fail"}
    named = [*report.findings, *report.flaky, *report.unconfirmed]
    assert failed == {case for shown in named for case in shown.finding.cases}
    assert all(shown.finding.doubt for shown in report.unconfirmed)
    assert sum(entry["images"] for entry in ledger(served["sub2api"])["entries"]) <= images
