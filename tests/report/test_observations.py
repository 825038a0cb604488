import pytest

from harness.core.jsonvalue import Json
from harness.core.placeholders import MISSING
from harness.report.formats.html import html
from tests.report import builders as b

ONE, TWO = "png-rgb-64x64-1.png", "png-rgb-64x64-2-cut.png"


def asked(parameter: str, value: Json) -> str:
    case = b.case(
        operation="edit",
        expect="observe",
        about=f"{parameter}.one_of",
        arguments={parameter: value},
    )
    (row,) = b.report([b.record(case, b.images())]).observations
    return row.asked


def test_a_file_is_worded_by_its_name_its_size_and_its_dimensions() -> None:
    size = b.file_arguments(ONE)["bytes"]  # type: ignore[index,call-overload]  # a description

    assert asked("mask", b.file_arguments(ONE)) == f"mask = {ONE} ({size} bytes, 64x64)"


def test_of_many_files_the_first_ones_are_named_and_the_others_counted() -> None:
    several = [b.file_arguments(ONE), b.file_arguments(TWO), *[b.file_arguments(ONE)] * 15]
    worded = asked("images", several)

    assert worded.startswith(f"images = {ONE} (")
    assert worded.endswith("bytes, 64x64) and 15 more")
    assert "digest" not in worded


@pytest.mark.parametrize(
    ("value", "worded"),
    [
        ([MISSING], f'images = ["{MISSING}"]'),
        ([], "images = []"),
        (True, "images = true"),
        ("x" * 500, 'images = "' + "x" * 80 + '… (500 characters)"'),
    ],
)
def test_what_is_no_file_is_worded_as_json(value: Json, worded: str) -> None:
    assert asked("images", value) == worded


def test_a_case_without_a_promise_shows_its_arguments_with_its_files_in_short() -> None:
    case = b.case(expect="observe", arguments={"images": [b.file_arguments(ONE)], "n": 1})
    (row,) = b.report([b.record(case, b.images())]).observations

    assert row.asked.startswith(f'{{"images":["{ONE} (')


def test_operations_are_observed_in_the_order_of_the_documents() -> None:
    kinds = ["respond", "edit", "generate"]
    cases = [b.case(operation=one, expect="observe", about="size.one_of") for one in kinds]
    made = b.report([b.record(one, b.refused()) for one in cases])

    assert [row.operation for row in made.observations] == ["generate", "edit", "respond"]
    assert "validation: invalid_value: Invalid value" in html(made)
