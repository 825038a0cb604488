"""The map of coverage counts what was served of documented values and of their pairs."""

import re
from dataclasses import replace

import pytest

from harness.core.jsonvalue import Json
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.report.formats.html import html
from harness.report.pictures.coverage import CoverageMap, coverage_maps
from harness.report.pictures.coverage_places import Standing, drawing
from tests.report.builders import Arguments, case, fault, images, record, refused, report
from tests.shipped import PROVIDERS

PLAIN: Arguments = {"model": "gpt-image-2", "prompt": "a fox", "n": 1, "quality": "low"}


def asking(outcome: Outcome, **arguments: Json) -> Record:
    return record(case(id=f"{arguments}", arguments=PLAIN | arguments), outcome)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [
        asking(images()),
        asking(images()),
        asking(images(), quality="high", output_format="webp"),
        asking(refused(), quality="medium"),
        asking(fault("timeout"), background="opaque"),
    ]


@pytest.fixture(scope="module")
def covered(records: list[Record]) -> CoverageMap:
    (found,) = coverage_maps(records, PROVIDERS)
    return found


def standing(covered: CoverageMap, parameter: str, value: str) -> Standing:
    return next(
        one.standing for one in covered.values if (one.parameter, one.text) == (parameter, value)
    )


def test_each_value_knows_how_often_it_was_served_and_tried(covered: CoverageMap) -> None:
    assert standing(covered, "quality", "low") == Standing(served=2, tried=3, faults=1)
    assert standing(covered, "quality", "high") == Standing(served=1, tried=1)
    assert standing(covered, "quality", "auto") == Standing()


def test_what_was_refused_is_told_apart_from_what_was_never_tried(covered: CoverageMap) -> None:
    unserved = [(one.parameter, one.text) for one in covered.unserved]

    assert unserved == [("quality", "medium"), ("background", "opaque")]
    assert ("quality", "auto") in [(one.parameter, one.text) for one in covered.untried]


def test_the_three_groups_of_pairs_are_all_pairs(covered: CoverageMap) -> None:
    assert covered.served_pairs > 0
    assert covered.unserved_pairs > 0
    assert covered.served_pairs + covered.unserved_pairs + covered.untried_pairs == covered.pairs


def test_what_the_documents_forbid_does_not_count() -> None:
    forbidden = record(case(breaks="n.range", expect="refuse", arguments=PLAIN), images())

    assert coverage_maps([forbidden], PROVIDERS) == ()


def test_an_operation_that_served_nothing_has_no_map() -> None:
    assert coverage_maps([asking(refused())], PROVIDERS) == ()


@pytest.mark.parametrize(
    ("standing", "shade", "sign"),
    [
        (Standing(), "untried", "_"),
        (Standing(tried=2), "refused", "!"),
        (Standing(tried=2, faults=2), "unknown", "?"),
        (Standing(served=1, tried=2), "served1", "1"),
        (Standing(served=3, tried=3), "served2", "3"),
        (Standing(served=4, tried=4), "served3", "4"),
        (Standing(served=400, tried=400), "served4", "z"),
    ],
)
def test_a_cell_has_a_shade_and_a_sign(standing: Standing, shade: str, sign: str) -> None:
    assert (standing.shade, standing.sign) == (shade, sign)


def test_two_values_that_exclude_each_other_have_no_cell() -> None:
    drawn = drawing(["a", "a", "b"], lambda one, other: Standing() if one == other else None)

    assert drawn.signs == "_ -_ --_"
    assert drawn.rules == (2,)
    assert [path.count("M") for _, path in drawn.paths] == [3]


def test_the_largest_map_stays_small_on_the_page() -> None:
    records = [
        replace(asking(images(), quality=quality), evidence=asking(images()).evidence)
        for quality in ("low", "medium", "high")
    ]
    page = html(report(records))
    found = re.search(r'<section id="coverage">.*?</section>', page, re.DOTALL)

    assert found is not None
    assert len(found[0]) < 60_000
    assert " style=" not in found[0]
    assert "of 53 values" in found[0]
