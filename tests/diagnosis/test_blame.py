from collections.abc import Callable

import pytest

from harness.core.case import Plan, PlannedRequest
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.diagnosis.attribution import blamed
from harness.spec.evaluate import tokens
from tests.checks.build import LIVE, case, picture, record, refused, served
from tests.plans import boundaries, boundaries_of, plan_of
from tests.shipped import shipped_provider as shipped

SUB2API = shipped("sub2api")
GENERATE = SUB2API.operation("generate")
SERVED = served(picture())


def plan() -> Plan:
    return plan_of("sub2api", seed=0, operations=("generate",))


def accepting(size: str, outcome: Outcome, *, about: str | None = None) -> Record:
    arguments = {"model": "gpt-image-2", "prompt": "a fox", "size": size}
    asked = case(
        id=f"size/{size}",
        about=about,
        covers=tokens(GENERATE, arguments),
        n=None,
        quality=None,
        size=size,
    )
    return record(asked, outcome)


def blame(*records: Record) -> dict[str, str | None]:
    wrong = [one for one in records if one.outcome is not SERVED]
    return blamed(wrong, records, GENERATE)


def test_a_corner_of_two_rules_is_blamed_on_the_one_that_nobody_served() -> None:
    refused_ = accepting("2160x3840", refused())
    edge_is_fine = accepting("3840x1280", SERVED)
    plain = accepting("1040x1024", SERVED)

    told = blame(refused_, edge_is_fine, plain)

    assert told == {"generate/size/2160x3840": "size.max_pixels"}


def test_the_other_way_round_the_edge_is_blamed() -> None:
    refused_ = accepting("2160x3840", refused())
    pixels_are_fine = accepting("2880x2880", SERVED)
    plain = accepting("1040x1024", SERVED)

    told = blame(refused_, pixels_are_fine, plain)

    assert told == {"generate/size/2160x3840": "size.max_edge"}


def test_one_boundary_that_explains_all_refusals_is_blamed_for_all() -> None:
    both = [accepting(size, refused()) for size in ("2160x3840", "1280x3840", "3840x1280")]
    plain = accepting("1040x1024", SERVED)

    told = blame(*both, plain)

    assert set(told.values()) == {"size.max_edge"}


def test_where_every_boundary_was_served_elsewhere_only_the_combination_failed() -> None:
    refused_ = accepting("2160x3840", refused())
    fine = [accepting(size, SERVED) for size in ("3840x1280", "2880x2880", "1040x1024")]

    told = blame(refused_, *fine)

    assert told == {"generate/size/2160x3840": None}


def test_the_parameter_that_an_error_names_wins_over_the_rest() -> None:
    asked = case(id="x", covers=("n.range=10", "quality.one_of=high"), n=10, quality="high")
    other = case(id="y", covers=("quality.one_of=high",), n=10, quality="high")

    named = record(asked, refused(parameter="n"))
    told = blame(named, record(other, refused(parameter="quality")))

    assert told == {"generate/x": "n.range", "generate/y": "quality.one_of"}


def test_a_named_parameter_is_blamed_even_where_its_boundary_was_served() -> None:
    asked = case(id="x", covers=("n.range=10", "quality.one_of=high"), n=10, quality="high")
    fine = case(id="y", covers=("n.range=10",), n=10)

    told = blame(record(asked, refused(parameter="n")), record(fine, SERVED))

    assert told == {"generate/x": "n.range"}


def test_a_served_forbidden_request_clears_no_boundary() -> None:
    covers = ("n.range=10",)
    wrongly = case(id="z", expect="refuse", breaks="size.max_edge", covers=covers)
    asked = case(id="x", covers=covers, n=10)

    told = blame(record(asked, refused()), record(wrongly, SERVED))

    assert told == {"generate/x": "n.range"}


def _play(judges: Callable[[PlannedRequest], Outcome]) -> list[Record]:
    return [Record(shot=shot, evidence=LIVE, outcome=judges(shot)) for shot in plan().shots]


def _serves_all_but(token: str) -> list[Record]:
    def answer(shot: PlannedRequest) -> Outcome:
        if shot.case.expect == "refuse" or token in shot.case.covers:
            return refused("Invalid value", parameter=None)
        return SERVED

    return _play(answer)


BOUNDARIES = boundaries("sub2api", "generate")


def test_these_are_the_boundaries_that_a_plan_promises() -> None:
    cases = [shot.case for shot in plan().shots]

    assert boundaries_of(cases[0], cases) == BOUNDARIES
    assert cases[0].id == "generate/base"


@pytest.mark.parametrize("token", BOUNDARIES)
def test_every_boundary_of_the_plan_is_found_when_it_alone_is_refused(token: str) -> None:
    records = _serves_all_but(token)
    strict = [
        one for one in records if one.shot.case.expect == "accept" and one.outcome is not SERVED
    ]

    told = blamed(strict, records, GENERATE)

    assert strict
    assert set(told.values()) == {token.partition("=")[0]}
