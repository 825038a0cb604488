from dataclasses import replace

from harness.core.case import Stage
from harness.core.jsonvalue import Json
from harness.core.record import Record
from harness.report.labels import cases_text, failure_rate, finding_name
from tests.report import builders as b

BASE: dict[str, Json] = {"model": "gpt-image-2", "prompt": "a red fox", "n": 1, "user": "u"}


def asked(name: str, arguments: dict[str, Json], stage: Stage = "plan") -> Record:
    case = replace(b.case(id=f"generate/{name}", arguments=arguments), stage=stage)
    return b.record(case, b.images())


def test_a_combination_reads_as_words() -> None:
    finding = b.finding(asked("row/1", BASE), constraint=None)
    pair = replace(finding, combination=("quality=high", "output_format=jpeg"))
    three = replace(finding, combination=("quality=high", "output_format=jpeg", "n=10"))

    assert finding_name(pair) == "quality=high with output_format=jpeg"
    assert finding_name(three) == "quality=high with output_format=jpeg and n=10"


def test_a_promise_is_called_by_its_id_and_a_claim_on_the_reply_by_its_check() -> None:
    assert finding_name(b.finding(asked("x", BASE))) == "n.range"
    assert finding_name(b.finding(asked("x", BASE), constraint=None, check="usage_adds_up")) == (
        "usage_adds_up"
    )


def test_a_row_is_told_by_what_it_sets_beside_the_plain_request() -> None:
    row: dict[str, Json] = {"model": "gpt-image-2", "prompt": "another", "n": 10, "quality": "high"}
    told = dict(cases_text([asked("base", BASE), asked("row/1a", row)]))

    assert told == {("sub2api", "generate/row/1a"): "n=10, quality=high, no user"}


def test_a_long_prompt_a_list_of_files_and_a_file_are_told_by_their_size_or_name() -> None:
    file = b.file_arguments("png-rgb-64x64-1.png")
    row = BASE | {"prompt": "x" * 32_000, "images": [file, file], "mask": file}
    told = dict(cases_text([asked("base", BASE), asked("row/1a", row)]))

    assert told["sub2api", "generate/row/1a"] == (
        "prompt=32,000 characters, images=2 items, mask=png-rgb-64x64-1.png"
    )


def test_what_was_asked_after_the_plan_says_why_in_a_word() -> None:
    again = asked("n.range/11/again", BASE | {"n": 11}, "confirm")
    told = dict(cases_text([asked("base", BASE), again, asked("n.range/12", BASE, "discover")]))

    assert told == {
        ("sub2api", "generate/n.range/11/again"): "asked again: n=11",
        ("sub2api", "generate/n.range/12"): "looking for a limit",
    }


def test_a_case_with_a_telling_id_needs_no_words() -> None:
    told = b.record(b.case(id="generate/n.range/11", expect="refuse", breaks="n.range"), None)

    assert dict(cases_text([asked("base", BASE), told])) == {}


def test_a_rate_is_told_only_of_what_was_asked_more_than_once() -> None:
    once = b.finding(asked("x", BASE))

    assert failure_rate(once) == ""
    assert failure_rate(replace(once, failed=1, tried=3)) == "1 of 3 times"
