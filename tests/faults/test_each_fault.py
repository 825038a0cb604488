import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.conclude import Conclusion, conclude
from harness.core.verdict import Finding
from harness.runner.options import Options
from harness.runner.run import Watch, run
from harness.spec.load import NAMES
from harness.spec.load import provider as shipped
from harness.spec.provider import OPERATIONS
from tests.faults.conftest import SCALE
from tests.faults.expectation import expected, only_text


def _catalogue() -> list[tuple[str, str, str]]:
    """Return every fault with the first operation that it shows on, if it breaks any promise there.

    All faults on all operations, also those rules that no document has, are the exam's question
    (`make exam`): that takes longer than a test may.
    """
    command = [sys.executable, "-m", "harness.emulator", "--list-faults", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    found = [(row["provider"], row["name"], row["operations"][0]) for row in rows]
    return [one for one in found if ":" not in one[1] or expected(*one[:2], one[2:]).promises]


def _conclude(
    out: Path,
    provider: str,
    operations: tuple[str, ...] = OPERATIONS,
    *,
    fault: str = "",
    seed: int = 0,
) -> Conclusion:
    options = Options(
        against="emulator",
        providers=(provider,),
        seed=seed,
        out=out,
        cassettes=out,
        faults=(f"{provider}:{fault}",) if fault else (),
        time_scale=SCALE,
        operations=operations,
    )
    done = run(options, Watch())
    return conclude(done.header, done.records)


def _found(concluded: Conclusion) -> list[Finding]:
    return [shown.finding for shown in concluded.report.findings]


@pytest.mark.parametrize(("provider", "fault", "operation"), _catalogue())
def test_each_fault_breaks_exactly_its_own_promise(
    provider: str,
    fault: str,
    operation: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if not fault.endswith("max_bytes") and fault != "mask_ignored":
        request.getfixturevalue("light")
    concluded = _conclude(tmp_path / "run", provider, (operation,), fault=fault)

    found = _found(concluded)
    promises = {(finding.operation, finding.constraint, finding.check) for finding in found}
    awaited = expected(provider, fault, (operation,))
    assert promises == awaited.promises, [finding.observed for finding in found]
    assert len(found) == len(promises)
    assert concluded.code == awaited.code


@pytest.mark.parametrize("provider", NAMES)
@pytest.mark.parametrize("seed", [1, 20261121])
def test_a_faultless_emulator_breaks_nothing_at_any_seed(
    provider: str, seed: int, tmp_path: Path
) -> None:
    concluded = _conclude(tmp_path / "run", provider, seed=seed)

    assert _found(concluded) == []
    assert concluded.code == 0


@pytest.mark.parametrize("provider", NAMES)
def test_every_documented_rule_is_held_by_a_served_and_a_refused_request(
    provider: str, tmp_path: Path
) -> None:
    matrix = _conclude(tmp_path / "run", provider).report.matrix

    for place, column in enumerate(matrix.columns):
        operation = shipped(provider).operation(column.operation)
        documented = {item.id for item in operation.constraints if item.documented}
        cells = {row.id: row.cells[place] for row in matrix.rows}
        both = {name for name, cell in cells.items() if cell.accepts and cell.refuses}
        alone = {name for name, cell in cells.items() if cell.refuses and name in ONE_SIDED}
        alone |= {name for name in documented if only_text(operation, name)}
        held = {name for name, cell in cells.items() if cell.state == "held"}
        assert documented - held == set()
        assert documented - both - alone == set()


ONE_SIDED = frozenset(["input_fidelity.absent"])
"""What must be left out is kept by every other request, and exercised by none."""
