from dataclasses import replace

import pytest

from harness.core.verdict import Finding
from harness.report.model import Report
from harness.report.overview.worst import glance, gravity, request_text, worst
from harness.report.transcripts.model import CellDetail, Quotation, Transcripts
from tests.report import builders as b

SERVED = b.record(
    b.case(expect="refuse", breaks="n.range", arguments={"prompt": "a fox" * 99, "n": 11}),
    b.images(11),
)
ORDER = (
    "charges_the_list_price",
    "images_have_the_asked_dimensions",
    "refuses_what_it_forbids",
    "accepts_what_it_documents",
    "usage_adds_up",
)


def found(check: str, **changes: object) -> Finding:
    made = b.finding(SERVED, check=check, constraint=None)
    return replace(made, **changes)  # type: ignore[arg-type]  # each is a field of its type


def report(*findings: Finding) -> Report:
    return b.report([SERVED], [], findings)


def test_what_is_paid_for_and_unseen_weighs_more_than_wrong_images_and_those_than_refusals() -> (
    None
):
    weights = [gravity(check) for check in ORDER]

    assert weights == sorted(set(weights))
    assert gravity("images_have_the_asked_quality") == gravity("charges_the_list_price")


@pytest.mark.parametrize("at", range(len(ORDER) - 1))
def test_the_graver_finding_is_shown_first_however_many_cases_the_other_has(at: int) -> None:
    lesser = found(ORDER[at + 1], cases=("a", "b", "c"))
    made = report(lesser, found(ORDER[at]))
    first = worst(made)

    assert first is not None
    assert first.finding.check == ORDER[at]


def test_a_confirmed_finding_comes_before_a_graver_suspicion() -> None:
    made = report(found(ORDER[0], standing="unconfirmed"), found(ORDER[-1]))
    first = worst(made)

    assert first is not None
    assert first.finding.check == ORDER[-1]


def test_of_equally_grave_findings_the_one_that_most_cases_show_comes_first() -> None:
    made = report(
        found("refuses_what_it_forbids", constraint="n.range"),
        found("refuses_what_it_forbids", constraint="size.max_side", cases=("a", "b")),
    )
    first = worst(made)

    assert first is not None
    assert first.finding.constraint == "size.max_side"


def test_a_glance_holds_the_request_and_the_reply_cut_to_a_few_lines() -> None:
    made = report(found("refuses_what_it_forbids", constraint="n.range"))
    seen = glance(made, made.findings[0])

    assert seen.request.startswith("POST /v1/images/generations\n{")
    assert len(seen.request) < 700
    assert seen.reply == "HTTP 200, 11 images: png 1024x1024"


def test_a_glance_at_what_no_cell_tells_of_names_the_place_in_the_document_alone() -> None:
    made = report(found("refuses_what_it_forbids", constraint="n.range"))
    untold = replace(made, transcripts=Transcripts())
    seen = glance(untold, untold.findings[0])

    assert (seen.quoted, seen.cell) == ("", "")
    assert seen.place == made.findings[0].source


def test_a_glance_quotes_the_document_and_leads_to_the_cell_where_the_page_has_one() -> None:
    made = report(found("refuses_what_it_forbids", constraint="n.range"))
    words = Quotation(text="n must be between 1 and 10", place="images.md: n")
    detail = CellDetail(
        provider="sub2api",
        operation="generate",
        promise="n.range",
        quotations=(words,),
        cases=(),
    )
    details = {("sub2api", "generate", "n.range"): detail}
    told = replace(made, transcripts=Transcripts(details=details))
    seen = glance(told, told.findings[0])

    assert (seen.quoted, seen.place) == (words.text, words.place)
    assert seen.cell == "cell-sub2api-generate-n.range"


def test_a_refusal_says_its_status() -> None:
    asked = b.record(b.case(), b.refused())
    made = b.report([asked], [], [b.finding(asked, check="accepts_what_it_documents")])

    assert glance(made, made.findings[0]).reply == "HTTP 200, refused"


def test_a_request_without_a_body_is_its_line() -> None:
    assert request_text(b.exchange("poll", 0.0, 1.0).request) == "GET /x"
