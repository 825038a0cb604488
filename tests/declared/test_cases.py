"""Cases of declared parameters, put to a server that was written by hand from the same page."""

from collections.abc import Iterable

import pytest

from harness.cases.boundaries import plain_case, single_changes, single_violations
from harness.cases.draw import DrawnRefusals, drawn_cases, valid_arguments
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.spec.request import build_request, read_request
from tests.declared.fluxo import OPERATIONS, builder, fluxo
from tests.declared.server import FAULTS, Fluxo

REFUSED = 422


def written(operation: str) -> list[Case]:
    build = builder(operation)
    return [plain_case(build), *single_changes(build), *single_violations(build)]


def status(server: Fluxo, operation: str, arguments: dict[str, Json]) -> int:
    request = build_request(fluxo(), fluxo().operation(operation), arguments)
    assert isinstance(request.body, dict)
    return server.answer(request.target, request.body)[0]


def judged_wrongly(server: Fluxo, cases: Iterable[Case]) -> list[str]:
    """The cases that a server answers otherwise than its documents promise."""
    return [
        case.id
        for case in cases
        if case.expect != "observe"
        and (status(server, case.operation, case.arguments) != REFUSED) != (case.expect == "accept")
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_written_agrees_with_the_page(operation: str) -> None:
    cases = written(operation)

    assert {case.expect for case in cases} == {"accept", "refuse", "observe"}
    assert judged_wrongly(Fluxo(), cases) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_drawn_agrees_with_the_page(operation: str) -> None:
    build = builder(operation)
    refused = DrawnRefusals(build, 3).first(150)
    valid = drawn_cases(valid_arguments(build), count=80, seed_=5)

    assert len(refused) == 150
    assert judged_wrongly(Fluxo(), refused) == []
    assert {status(Fluxo(), operation, arguments) for arguments in valid} == {200}


def test_draws_reach_every_declared_parameter_and_both_spellings_of_a_size() -> None:
    drawn = drawn_cases(valid_arguments(builder("text_to_image")), count=80, seed_=5)
    guidance = {str(each["guidance_scale"]) for each in drawn if "guidance_scale" in each}

    assert set().union(*drawn) == set(fluxo().operation("text_to_image").arguments)
    assert {"1.0", "20.0"} <= guidance
    assert any(not float(number).is_integer() for number in guidance)
    assert {str(each["size"])[0].isdigit() for each in drawn if "size" in each} == {True, False}
    assert {len(str(each["loras"])) > 2 for each in drawn if "loras" in each} == {True, False}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_request_is_read_back_as_what_it_was_made_of(operation: str) -> None:
    path = fluxo().operation(operation).path
    for case in written(operation):
        request = build_request(fluxo(), fluxo().operation(operation), case.arguments)
        reading = read_request(fluxo(), "POST", path, request.body)

        assert reading is not None
        assert reading.operation == operation
        assert reading.unknown == ()
        present = {name: value for name, value in case.arguments.items() if value is not None}
        assert reading.arguments == present, case.id


ABOUT = {
    "guidance_above": "guidance_scale.range",
    "guidance_as_text": "guidance_scale.number",
    "guidance_whole_only": "guidance_scale.range",
    "seed_below": "seed.range",
    "seed_null_refused": "seed.nullable",
    "negative_prompt_long": "negative_prompt.max_length",
    "loras_any": "loras.one_of",
    "loras_many": "loras.count",
    "loras_alone": "loras.array",
    "layout_as_text": "layout.object",
    "safety_as_text": "safety_checker.boolean",
    "size_off_step": "size.multiple_of",
    "word_refused": "size.format",
    "acceleration_any": "acceleration.one_of",
    "strength_above": "strength.range",
}
"""Which rule each fault breaks; the others are in the images."""


@pytest.mark.parametrize("fault", ABOUT)
def test_a_fault_shows_itself_in_the_written_cases_of_its_rule(fault: str) -> None:
    cases = [case for operation in OPERATIONS for case in written(operation)]
    wrong = judged_wrongly(Fluxo(faults=frozenset((fault,))), cases)

    assert fault in FAULTS
    assert any(f"/{ABOUT[fault]}/" in case_id for case_id in wrong)
