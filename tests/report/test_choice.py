import json
from dataclasses import replace
from functools import cache

import pytest

from harness.choosing.choose import of_one_run
from harness.core.benchmark import Purchase
from harness.report.choosing import choice_section
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_document
from harness.report.model import Report
from tests.choosing.runs import MINUTE, attempts, run
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.report.formats.test_html import Page
from tests.shipped import shipped_provider

EVIL = "<script>alert(1)</script>\u202e\x1b[31m`|"


@cache
def made() -> Report:
    """A benchmark of nanobanana, certainly late for a minute, with a stranger's words in it."""
    measured = run({"nanobanana": attempts("nanobanana", [90.0] * 40)}, name=EVIL)
    design = replace(measured.design, purchase=Purchase(slo=MINUTE, images_per_month=1000))
    providers = [shipped_provider(name) for name in ("nanobanana", "buble")]
    choice = of_one_run(replace(measured, design=design), providers)
    evil = replace(choice.candidates[0], provider=EVIL, reasons=(EVIL,))
    choice = replace(choice, candidates=(*choice.candidates, evil), notes=(EVIL,))
    return replace(bm.report(), choice=choice)


@cache
def plain() -> Report:
    return b.report([b.record(b.case(), b.images())])


def test_the_page_says_who_can_at_what_price_and_why_others_are_out() -> None:
    text = " ".join(Page(html(made())).text.split())

    assert "Which provider for this work" in text
    assert "p95 certainly above 60 s (n 40)" in text
    assert "n 40, median 90.0 s" in text
    assert "Asked: 1,000 images a month; p95 < 60 s." in text
    assert "1,000 credits" in text


def test_tags_are_balanced_and_nothing_of_a_stranger_runs() -> None:
    page = html(made())

    assert (Page(page).unbalanced, Page(page).open) == ([], [])
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert 'href="#choice"' in page


def test_a_run_without_a_choice_has_no_word_of_it() -> None:
    assert 'id="choice"' not in html(plain())
    assert choice_section(None) is None
    assert "Which provider" not in markdown(plain())
    assert "choice" not in summary_document(plain())


def test_the_comment_and_the_summary_hold_the_same_choice() -> None:
    text, summary = markdown(made()), summary_document(made())
    found = json.loads(json.dumps(summary["choice"]))

    assert "## Which provider for this work" in text
    assert "<script" not in text
    assert found["sentence"].split(":")[0] in text
    assert [each["n"] for each in found["candidates"][1]["offers"][0]["evidence"]] == [40]


@pytest.mark.parametrize("purchase", [None, Purchase(images_per_month=10)])
def test_the_ceiling_of_a_benchmark_is_one_of_its_choice(purchase: Purchase | None) -> None:
    measured = run({"nanobanana": attempts("nanobanana", [90.0] * 40)})
    design = replace(measured.design, slo=MINUTE, purchase=purchase)
    choice = of_one_run(replace(measured, design=design), [shipped_provider("nanobanana")])

    assert choice.purchase.slo == MINUTE
    assert choice.candidates[0].standing == "excluded"
