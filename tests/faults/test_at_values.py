"""A finding is right where it names the planted values, and wrong where it names others."""

from dataclasses import replace

import pytest

from harness.emulator.faults.planted import planted_fault
from tests.benchmarks.random_faults import drawn
from tests.faults.at_values import Planted, covers_the_values, names_the_values, planted, promises
from tests.report.builders import case, finding, record

PAIR = planted("fails@0.5:quality=high+output_format=jpeg")
ONE = planted("fewer:n=10")
CLASS = planted("fails:prompt=longest+size=portrait")


def test_a_name_is_read_by_its_kind_rate_and_values() -> None:
    assert Planted(kind="fails", rate=0.5, values=("quality=high", "output_format=jpeg")) == PAIR
    assert planted("both:quality=high+output_format=jpeg") is None
    assert planted("wrong_format") is None


@pytest.mark.parametrize(
    ("fault", "constraint", "combination", "word"),
    [
        (PAIR, None, ("output_format=jpeg", "quality=high"), "exact"),
        (PAIR, None, ("output_format=jpeg", "quality=high", "n=2"), "more"),
        (PAIR, None, ("output_format=jpeg", "quality=low"), "wrong"),
        (PAIR, None, ("output_format=jpeg", "size=1024x1024"), "wrong"),
        (PAIR, "quality.one_of", (), "wrong"),
        (PAIR, None, (), "more"),
        (ONE, "n.range", (), "exact"),
        (ONE, None, ("n=10",), "exact"),
        (ONE, "quality.one_of", (), "wrong"),
        (CLASS, None, ("prompt of 2000 characters", "size=1024x1536"), "exact"),
    ],
)
def test_only_the_planted_values_are_the_right_name(
    fault: Planted, constraint: str | None, combination: tuple[str, ...], word: str
) -> None:
    shown = replace(finding(record(case(), None)), constraint=constraint, combination=combination)

    assert names_the_values(shown, fault) is (word == "exact")
    assert covers_the_values(shown, fault) is (word != "wrong")


def test_a_promise_is_broken_where_the_operation_documents_all_values() -> None:
    fails = "fails_where_it_should_serve"

    assert promises("sub2api", "generate", "fails:quality=low") == [("quality.one_of", fails)]
    assert promises("sub2api", "generate", "fails:quality=low+n=2") == [(None, fails)]
    assert promises("sub2api", "respond", "fails:quality=low") == []
    assert promises("aimlapi", "generate", "fewer:n=10") == []  # it makes one image
    assert promises("buble", "generate", "takes:resolution=list") == [
        ("resolution.one_of", "refuses_what_it_forbids")
    ]
    assert promises("nanobanana", "generate", "other_shape:size") == []  # its shape is not shown
    assert promises("sub2api", "generate", "ignore:n.range") is None


def test_a_seed_draws_the_same_valid_faults_of_all_kinds_and_rates() -> None:
    places = drawn(20261128, 50)

    assert drawn(20261128, 50) == places
    assert drawn(20261129, 50) != places
    assert len(set(places)) == 50
    faults = [planted_fault(provider, name) for provider, name in places]
    assert {fault.rate for fault in faults if fault} == {1.0, 0.5, 0.1}
    assert {len(fault.where.traits) for fault in faults if fault} == {1, 2, 3}
    assert len({fault.kind for fault in faults if fault}) == 7
    assert all(planted(name) is not None for _, name in places)
