import re
from dataclasses import replace
from functools import cache

from harness.report.anchors import case_anchor, cell_anchor
from harness.report.formats.behind_cells import cell_words, pictured
from harness.report.formats.html import html
from harness.report.model import MatrixCell, Report
from tests.report import builders as b
from tests.report.exhibits.test_exhibits import hostile
from tests.report.formats.test_html import Page


@cache
def sample() -> Report:
    thumbnails = {f"{number:064x}": f"data:image/png;base64,AA{number}" for number in range(3)}
    return replace(b.sample(), thumbnails=thumbnails)


@cache
def text() -> str:
    return html(sample())


def hrefs() -> list[str]:
    return [attributes.get("href") or "" for tag, attributes in Page(text()).tags if tag == "a"]


def test_each_cell_that_is_not_absent_leads_to_what_stands_behind_it() -> None:
    links = set(hrefs())
    report = sample()
    for row in report.matrix.rows:
        for column, cell in zip(report.matrix.columns, row.cells, strict=True):
            place = (column.provider, column.operation, row.id)
            wanted = cell.state != "absent" and place in report.transcripts.details

            assert (f"#{cell_anchor(*place)}" in links) == wanted


def test_a_held_cell_leads_to_its_request_reply_and_curl_line() -> None:
    detail = re.search(
        r'<div class="detail" id="cell-sub2api-generate-n.range".*?</details>', text(), re.DOTALL
    )
    assert detail is not None
    assert 'href="#finding-sub2api-generate-n.range"' in detail[0]
    case = re.search(r'href="#(case-[^"]*)"', detail[0])
    assert case is not None
    shown = text().partition(f'id="{case[1]}"')[2].partition("</details>")[0]

    assert "POST /v1/images/generations" in shown
    assert "HTTP 200" in shown
    assert "curl -sS -X POST" in shown
    assert "journal.jsonl" in shown


def test_a_finding_has_its_reply_beside_its_request_and_a_permanent_link() -> None:
    article = (
        text().partition('id="finding-sub2api-generate-n.range"')[2].partition("</article>")[0]
    )
    request, reply = article.index("Smallest request"), article.index("What came")

    assert request < reply
    assert 'href="#finding-sub2api-generate-n.range" aria-label="Link to this finding"' in article
    assert "The whole transcript" in article


def test_each_small_image_stands_once_in_the_page_however_often_it_is_shown() -> None:
    first = f"{0:064x}"
    below = text().partition('<section id="provenance">')[2]  # the first screen has one of its own

    assert pictured(sample(), 10_000)
    assert pictured(sample(), 10) == ()
    assert below.count("data:image/png;base64,AA0") == 1
    assert below.count(f'<use href="#thumb-{first}"') > 1


def test_ids_stand_once_each() -> None:
    ids = [attributes["id"] for _, attributes in Page(text()).tags if "id" in attributes]

    assert len(ids) == len(set(ids))


def test_a_page_full_of_hostile_replies_stays_small_says_what_it_leaves_out_and_runs_nothing() -> (
    None
):
    records = [hostile(number) for number in range(60)]
    page = html(b.report(records, [b.verdict(each, "inconclusive") for each in records]))
    transcript = case_anchor("sub2api", "generate", records[0].shot.case.id)

    assert len(page.encode()) < 1_700_000
    assert f'id="{transcript}"' in page
    assert not re.search("<script>(?!\n*\\{)|\u202e|\x1b", page)


def test_a_cell_is_told_in_a_sentence() -> None:
    told = [
        cell_words(MatrixCell(state="held", accepts=3, refuses=1)),
        cell_words(MatrixCell(state="unconfirmed", fails=1)),
        cell_words(MatrixCell(state="undocumented", served=2, unanswered=1)),
        cell_words(MatrixCell(state="undocumented")),
        cell_words(MatrixCell(state="not tried")),
    ]

    assert told == [
        "Held: 3 cases accepted, 1 refused.",
        "Suspected in 1 case.",
        "Undocumented, observed only: 2 served, 0 refused, 1 fault.",
        "Undocumented, and not probed.",
        "Not tried.",
    ]
