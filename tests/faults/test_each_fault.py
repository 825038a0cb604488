from pathlib import Path
from zlib import crc32

import pytest

from harness.core.verdict import Finding
from harness.emulator.faults.catalogue import catalogue
from harness.policy import Conclusion
from tests.faults.at_values import SHAPE, covers_the_values, names_the_values, planted
from tests.faults.expectation import SIGNATURES, expected, only_text
from tests.faults.runs import concluded, performed
from tests.shipped import NAMES
from tests.shipped import shipped_provider as shipped

AT_VALUES = ("valid_request", "content_interaction", "count", "type", "refusal_shape")


IN_CI = 60
"""One in so many faults of the catalogue is switched on in each test run, the others by
`make slow`."""


def _catalogue() -> list[object]:
    """Return each fault once, on one provider and the first operation that it shows on.

    A fault that several providers have takes its turn at one of them. All faults at all providers
    on all operations, also those rules that no document has, are the exam's question (`make exam`):
    that takes longer than a test may. Combinations have a test of their own, and so have faults
    that are planted at values.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    for one in catalogue():
        place = (one.provider, one.name, one.operations[0])
        # these have tests of their own
        elsewhere = one.name.startswith("outage@") or one.name in SIGNATURES
        if (
            not elsewhere
            and one.family not in ("interaction", *AT_VALUES)
            and (":" not in one.name or expected(*place[:2], place[2:]).promises)
        ):
            found.setdefault(one.name, []).append(place)
    return [
        pytest.param(
            *places[crc32(name.encode()) % len(places)],
            marks=[pytest.mark.slow] if crc32(name.encode()[::-1]) % IN_CI else [],
        )
        for name, places in found.items()
    ]


def _conclude(
    out: Path,
    provider: str,
    operations: tuple[str, ...] = (),
    *,
    fault: str = "",
    seed: int = 0,
) -> Conclusion:
    return concluded(performed(out, provider, operations, fault=fault, seed=seed))


def _found(conclusion: Conclusion) -> list[Finding]:
    return [shown.finding for shown in conclusion.report.findings]


@pytest.mark.parametrize(("provider", "fault", "operation"), _catalogue())
def test_each_fault_breaks_exactly_its_own_promise(
    provider: str, fault: str, operation: str, tmp_path: Path
) -> None:
    conclusion = _conclude(tmp_path / "run", provider, (operation,), fault=fault)

    found = _found(conclusion)
    promises = {(finding.operation, finding.constraint, finding.check) for finding in found}
    awaited = expected(provider, fault, (operation,))
    assert promises == awaited.promises, [finding.observed for finding in found]
    assert len(found) == len(promises)
    assert conclusion.code in awaited.codes


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("sub2api", "both:quality=high+output_format=jpeg"),
        ("apiframe", "both:background=opaque+output_format=png"),
        ("aimlapi", "both:size=1536x1024+output_format=jpeg"),
    ],
)
def test_combinations_that_fail_are_named_by_what_fails_and_nothing_else(
    provider: str, fault: str, tmp_path: Path
) -> None:
    conclusion = _conclude(tmp_path / "run", provider, ("generate",), fault=fault)

    found = _found(conclusion)
    parameters = {one.partition("=")[0] for one in fault.partition(":")[2].split("+")}
    assert found
    for finding in found:
        assert {one.partition("=")[0] for one in finding.combination} == parameters
        assert finding.constraint is None
        assert finding.failed == finding.tried > 1
    assert conclusion.code == 1


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("sub2api", "fails:quality=medium"),
        pytest.param("nanobanana", "unanswered:size=1536x1024", marks=pytest.mark.slow),
        ("apiframe", "ends_failed:quality=high"),
        pytest.param("sub2api", "unfinished_stream:stream=true", marks=pytest.mark.slow),
        pytest.param(
            "sub2api", "error_200:moderation=low+output_format=webp", marks=pytest.mark.slow
        ),
        ("sub2api", "fails:quality=high+output_format=jpeg+stream=true"),
        pytest.param(
            "sub2api", "other_format:output_format=webp+quality=high", marks=pytest.mark.slow
        ),
        ("apiframe", "fewer:n=10"),
    ],
)
def test_a_fault_planted_at_values_is_named_by_all_of_these_values(
    provider: str, fault: str, tmp_path: Path
) -> None:
    conclusion = _conclude(tmp_path / "run", provider, ("generate",), fault=fault)

    at = planted(fault)
    assert at is not None
    ((_, _, check),) = expected(provider, fault, ("generate",)).promises
    found = _found(conclusion)
    assert {finding.check for finding in found} == {check}
    for finding in found:
        wide = bool(finding.combination) and covers_the_values(finding, at)  # not made smaller
        assert names_the_values(finding, at) or wide, finding
    assert conclusion.code == 1


@pytest.mark.parametrize(
    ("provider", "fault"),
    [("sub2api", "takes:n=text"), ("sub2api", "takes:stream=text"), ("buble", "takes:images=text")],
)
def test_a_wrong_type_that_is_taken_is_found_under_the_rule_of_the_type(
    provider: str, fault: str, tmp_path: Path
) -> None:
    operation = "edit" if "images" in fault else "generate"
    conclusion = _conclude(tmp_path / "run", provider, (operation,), fault=fault)

    promises = {(one.operation, one.constraint, one.check) for one in _found(conclusion)}
    assert promises == expected(provider, fault, (operation,)).promises
    assert conclusion.code == 1


@pytest.mark.parametrize(
    ("provider", "parameter"), [("sub2api", "n"), ("apiframe", "n"), ("buble", "resolution")]
)
def test_a_refusal_in_another_shape_is_a_finding_where_the_document_shows_the_shape(
    provider: str, parameter: str, tmp_path: Path
) -> None:
    fault = f"other_shape:{parameter}"
    conclusion = _conclude(tmp_path / "run", provider, ("generate",), fault=fault)

    assert {finding.check for finding in _found(conclusion)} == {SHAPE}


@pytest.mark.parametrize(
    ("provider", "share"), [("sub2api", "0.05"), ("buble", "0.2"), ("nanobanana", "0.6")]
)
def test_an_outage_of_a_share_of_all_requests_convicts_nobody(
    provider: str, share: str, tmp_path: Path
) -> None:
    fault = f"outage@{share}"
    conclusion = _conclude(tmp_path / "run", provider, ("generate",), fault=fault)

    assert _found(conclusion) == []
    assert conclusion.code in (0, 4)


@pytest.mark.slow
@pytest.mark.parametrize("provider", NAMES)
@pytest.mark.parametrize("seed", [20261121])
def test_a_faultless_emulator_breaks_nothing_at_any_seed(
    provider: str, seed: int, tmp_path: Path
) -> None:
    conclusion = _conclude(tmp_path / "run", provider, seed=seed)

    assert _found(conclusion) == []
    assert conclusion.code == 0


@pytest.mark.parametrize("provider", NAMES)
def test_every_documented_rule_is_held_by_a_served_and_a_refused_request(
    provider: str, tmp_path: Path
) -> None:
    conclusion = _conclude(tmp_path / "run", provider)
    matrix = conclusion.report.matrix

    assert _found(conclusion) == []
    assert conclusion.code == 0
    # What must be left out is kept by every other request and exercised by none; a null that means
    # left out breaks nothing.
    for place, column in enumerate(matrix.columns):
        operation = shipped(provider).operation(column.operation)
        documented = {item.id for item in operation.constraints if item.documented}
        cells = {row.id: row.cells[place] for row in matrix.rows}
        both = {name for name, cell in cells.items() if cell.accepts and cell.refuses}
        alone = {name for name, cell in cells.items() if cell.refuses and name.endswith(".absent")}
        alone |= {
            name for name, cell in cells.items() if cell.accepts and name.endswith(".nullable")
        }
        alone |= {name for name in documented if only_text(operation, name)}
        held = {name for name, cell in cells.items() if cell.state == "held"}
        assert documented - held == set()
        assert documented - both - alone == set()
