from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.jsonvalue import Json
from harness.core.record import Provenance
from harness.report.formats.terminal import (
    BY_OPERATION,
    HEADER,
    operation_rows,
    provider_rows,
    request_line,
)
from harness.report.model import Report, Shown
from tests.report import builders as b
from tests.shipped import NAMES


def test_there_is_one_row_for_each_provider_under_the_header() -> None:
    header, rows = provider_rows(b.sample())

    assert header == (*HEADER[:2], "faults", *HEADER[2:])
    assert [row[0] for row in rows] == list(NAMES)
    assert {len(row) for row in rows} == {len(header)}


_REST = ("8", "2", "0", "6", "8", "7", "7 images")


def test_a_row_says_what_it_rests_on_and_how_much_was_asked() -> None:
    _, rows = provider_rows(_timed())

    assert rows[0] == ("sub2api", "live", "1 of 8 (1 unsettled)", *_REST)


def test_an_operation_says_how_long_its_images_took_and_how_sure_that_is() -> None:
    header, rows = operation_rows(_timed())

    assert header == BY_OPERATION
    assert rows == (("sub2api", "generate", "2", "0", "6", "8", "13.5 s [> 10.9 s] (1 timeout)"),)


def test_every_operation_with_a_case_has_a_row_in_the_order_of_the_documents() -> None:
    asked = [
        b.case(operation="respond"),
        b.case(name="buble", operation="edit"),
        b.case(operation="generate"),
        b.case(name="buble"),
    ]
    made = b.report([b.record(one, b.images()) for one in asked], names=["buble", "sub2api"])
    _, rows = operation_rows(made)

    assert [row[:2] for row in rows] == [
        ("buble", "generate"),
        ("buble", "edit"),
        ("sub2api", "generate"),
        ("sub2api", "respond"),
    ]


def test_too_few_samples_show_their_number_and_no_interval() -> None:
    _, rows = operation_rows(b.report([b.record(b.case(), b.images(), seconds=20.0)]))

    assert rows[0][-2:] == ("1", "20.0 s")


def test_an_operation_without_images_has_no_latency() -> None:
    skipped = b.report([b.record(b.case(), None, skipped="budget")])

    assert provider_rows(skipped)[1][0][2] == "0 (+1 skipped)"
    assert operation_rows(skipped)[1][0][-2:] == ("0", "-")


def test_no_cell_can_upset_a_terminal() -> None:
    odd = Provenance(kind="recorded", source="https://x", date="\x1b[2J\u202e", by="q")
    _, rows = provider_rows(b.report([b.record(b.case(), b.images(), evidence=odd)]))

    assert all(cell.isprintable() for cell in rows[0])


def _timed() -> Report:
    records = [
        b.record(b.case(id=str(at), covers=("n.range",)), b.images(), seconds=10.0 + at)
        for at in range(7)
    ]
    records.append(b.record(b.case(id="late"), b.fault("timeout", may_be_paid=True)))
    return b.report(records, [b.verdict(item) for item in records[:7]])


@cache
def some() -> Shown:
    made = b.record(b.case(breaks="n.range", expect="refuse"), b.images())
    (found,) = b.report([made], [], [b.finding(made)]).all_findings
    return found


def shown(about: str, **arguments: Json) -> Shown:
    asked = b.case(breaks=about, expect="refuse", arguments={"model": "gpt-image-2", **arguments})
    record = b.record(asked, b.images())
    return replace(some(), name=about, finding=replace(some().finding, record=record))


def test_a_request_is_one_line_and_what_it_is_about_comes_first() -> None:
    found = shown("size.max_edge", prompt="a red fox", quality="low", size="4096x4096", n=1)

    assert request_line(found, 76) == ("POST /v1/images/generations size=4096x4096 quality=low n=1")
    assert request_line(found, 60).endswith("size=4096x4096 quality=low n=1")
    assert request_line(found, 57) == "POST /v1/images/generations size=4096x4096 and 2 more"


def test_a_prompt_is_shown_only_where_it_is_what_is_wrong() -> None:
    found = shown("prompt.length", prompt="x" * 5_000, n=1)

    assert request_line(found, 76) == f"POST /v1/images/generations prompt={'x' * 30}… n=1"


def test_nothing_in_a_request_is_hidden_and_files_have_their_names() -> None:
    files = [b.file_arguments("png-rgb-64x64-1.png"), b.file_arguments("png-rgb-64x64-2.png")]
    found = shown("n.range", prompt="a", n=11, images=files, user="a\u202e\x1b[31m\n")

    line = request_line(found, 200)
    assert "n=11 images=png-rgb-64x64-1.png+png-rgb-64… user=a\\u202e\\u001b[31m" in line


@settings(max_examples=40, deadline=None)
@given(st.integers(50, 120), st.dictionaries(st.sampled_from("abcdef"), st.text(), max_size=6))
def test_a_request_never_takes_more_than_its_line(longest: int, arguments: dict[str, str]) -> None:
    line = request_line(shown("n.range", prompt="a", n=11, **arguments), longest)

    assert len(line) <= longest
    assert line.isprintable()
