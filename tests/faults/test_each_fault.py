import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.conclude import Conclusion, conclude
from harness.core.verdict import Finding
from harness.runner.options import Options
from harness.runner.run import Watch, run
from harness.spec.load import provider as shipped
from tests.faults.expectation import expected


def _catalogue() -> list[tuple[str, str]]:
    command = [sys.executable, "-m", "harness.emulator", "--list-faults", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return [(row["provider"], row["name"]) for row in rows]


def _conclude(out: Path, provider: str, *, fault: str = "", seed: int = 0) -> Conclusion:
    options = Options(
        against="emulator",
        providers=(provider,),
        seed=seed,
        out=out,
        cassettes=out,
        faults=(f"{provider}:{fault}",) if fault else (),
        time_scale=0.0002,
    )
    done = run(options, Watch())
    return conclude(done.header, done.records)


def _run(out: Path, provider: str, *, fault: str = "", seed: int = 0) -> tuple[int, list[Finding]]:
    concluded = _conclude(out, provider, fault=fault, seed=seed)
    return concluded.code, [shown.finding for shown in concluded.report.findings]


@pytest.mark.parametrize(("provider", "fault"), _catalogue())
def test_each_fault_breaks_exactly_its_own_promise(
    provider: str, fault: str, tmp_path: Path
) -> None:
    code, found = _run(tmp_path / "run", provider, fault=fault)

    promises = {(finding.constraint, finding.check) for finding in found}
    awaited = expected(provider, fault)
    assert promises == awaited.promises, [finding.observed for finding in found]
    assert len(found) == len(promises)
    assert code == awaited.code


@pytest.mark.parametrize("provider", ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi"])
@pytest.mark.parametrize("seed", [1, 20261121])
def test_a_faultless_emulator_breaks_nothing_at_any_seed(
    provider: str, seed: int, tmp_path: Path
) -> None:
    code, found = _run(tmp_path / "run", provider, seed=seed)

    assert found == []
    assert code == 0


@pytest.mark.parametrize("provider", ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi"])
def test_every_documented_rule_is_held_by_a_served_and_a_refused_request(
    provider: str, tmp_path: Path
) -> None:
    report = _conclude(tmp_path / "run", provider).report

    documented = {
        item.id for item in shipped(provider).operation("generate").constraints if item.documented
    }
    held = {
        row.id
        for row in report.matrix.rows
        if row.cells[0].state == "held" and row.cells[0].accepts and row.cells[0].refuses
    }
    assert documented - held == set()
