import json
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser

import pytest

from harness.core.verdict import Estimate
from harness.report.authenticity.sections import evidence_lines
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_json
from harness.report.model import Report
from harness.stats.authenticity.model import Authenticity, Contradiction, Count
from harness.stats.money.model import BillingNote, MakerCost, PriceComparison, PriceRatio
from harness.stats.suspicions.model import Suspicion
from tests.report import builders as b

NONE = Count(count=0, of=0)
HOSTILE = "</td><script>alert(1)</script>\x1b[31m\u202e| **x** [a](http://x.example) @here"


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(
        value=value, low=low, high=high, confidence=0.95, n=8, unit="s", method="a method"
    )


def contradiction(kind: str = "altered", sentence: str = "2 images altered") -> Contradiction:
    return Contradiction(
        kind=kind, label="signed", sentence=sentence, operation="generate", cases=("a", "b")
    )


def row(name: str = "sub2api", **more: object) -> Authenticity:
    plain = Authenticity(
        provider=name,
        images=4,
        drawn_as_asked=Count(count=3, of=4),
        manifests=Count(count=2, of=4),
        signed=Count(count=2, of=2),
        fresh=Count(count=2, of=2),
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # of a test


def suspicion(*, shown: bool = True, sentence: str = "suspicion: 2 of 9 are alike") -> Suspicion:
    share = Estimate(
        value=0.002, low=0.0004, high=0.011, confidence=0.95, n=500, unit="share", method="Wilson"
    )
    return Suspicion(
        provider="sub2api",
        kind="identical_images",
        method="SHA-256 of the bytes",
        sentence=sentence,
        count=2,
        of=9,
        false_positives=share,
        shown=shown,
        cases=("a",),
    )


def bill(*, good: bool = False) -> BillingNote:
    return BillingNote(
        provider="sub2api",
        kind="billed_as_delivered" if good else "billed_as_asked",
        sentence="smaller images cost what the asked size costs",
        count=2,
        of=3,
        unit="credit",
        amount=Decimal("1.5"),
        cases=("a",),
        good=good,
    )


def report(**more: object) -> Report:
    """A report on live providers, with nothing of these sections but what is given."""
    sample = b.sample()
    live = [replace(summary, about_provider=True) for summary in sample.providers]
    nothing = dict.fromkeys(SECTIONS, ())
    return replace(sample, providers=tuple(live), **{**nothing, **more})  # type: ignore[arg-type]  # of a test


SECTIONS = ("authenticity", "suspicions", "billing", "price_comparison", "maker_costs")


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', page, re.DOTALL)
    return unescape(re.sub(r"\s+", " ", found[0])) if found else ""


def lines(drawn: Report) -> Sequence[str]:
    return evidence_lines(drawn.evidence)


def test_a_provider_is_one_line_and_what_there_is_no_evidence_of_is_left_out() -> None:
    found = lines(report(authenticity=(row(overhead=estimate(1.3, 0.9, 2.0)),)))

    assert found[0] == (
        "images of sub2api: drawn as asked: 3 of 4 by arithmetic; signed by the maker: 2 of 2; "
        "fresh: 2 of 2; median overhead 1.3 s [900 ms, 2.0 s] (n = 8)"
    )
    only = row(drawn_as_asked=Count(count=1, of=1), manifests=NONE, signed=NONE, fresh=NONE)
    assert lines(report(authenticity=(only,))) == (
        "images of sub2api: drawn as asked: 1 of 1 by arithmetic",
    )


def test_without_any_evidence_there_is_one_line_and_no_table() -> None:
    nothing = row(drawn_as_asked=NONE, manifests=NONE, signed=NONE, fresh=NONE)
    drawn = report(authenticity=(nothing,))

    assert lines(drawn) == ()
    shown = section(html(drawn), "authenticity")
    assert "No evidence: no reply counts the tokens" in shown
    assert "<table" not in shown
    assert "| provider | images |" not in markdown(drawn)


def test_without_images_there_is_no_section() -> None:
    assert section(html(report(authenticity=(row(images=0),))), "authenticity") == ""


def test_contradictions_stand_before_the_figures() -> None:
    drawn = report(authenticity=(row(contradictions=(contradiction(),)),))
    shown, text = section(html(drawn), "authenticity"), markdown(drawn)

    assert shown.index("2 images altered") < shown.index("<table")
    assert text.index("2 images altered") < text.index("| provider | images |")
    assert lines(drawn)[1] == "sub2api generate: signed: 2 images altered"


def test_a_suspicion_has_its_n_its_method_and_how_often_that_is_wrong() -> None:
    drawn = report(suspicions=(suspicion(),))

    for text in (section(html(drawn), "suspicions"), markdown(drawn)):
        for words in ("2 of 9 are alike", "SHA-256 of the bytes", "0.2 %", "n = 500", "suspicion"):
            assert words in text
    assert lines(drawn)[0].startswith("suspicion: sub2api: 2 of 9 are alike")


def test_what_a_method_is_too_often_wrong_about_stands_behind_a_fold_with_the_reason() -> None:
    drawn = report(suspicions=(suspicion(shown=False),))
    shown = section(html(drawn), "suspicions")

    assert lines(drawn) == ()
    assert shown.index("<details>") < shown.index("2 of 9 are alike")
    assert "wrong on more than 1 % of native images" in shown
    assert "2 of 9 are alike" not in markdown(drawn)
    assert json.loads(summary_json(drawn))["suspicions"][0]["shown"] is False


def test_a_bill_for_what_was_not_delivered_is_told_and_a_good_one_is_a_note() -> None:
    bad, good = report(billing=(bill(),)), report(billing=(bill(good=True),))

    assert lines(bad) == ("billed: sub2api: smaller images cost what the asked size costs",)
    assert lines(good) == ()
    assert '<li class="loud"><b class="basis">billed</b>' in section(html(bad), "money")
    assert "loud" not in section(html(good), "money")
    assert "1.5 credits" in section(html(bad), "money")


def test_a_list_stands_beside_the_makers_prices_with_its_ratio() -> None:
    ratio = PriceRatio(
        provider="sub2api",
        size="1024x1024",
        quality="high",
        listed=Decimal(40),
        unit="credit",
        tokens=7_024,
        maker_usd=Decimal("0.21072"),
        usd=Decimal("0.168"),
        ratio=Decimal("0.797"),
        usd_per_unit=Decimal("0.004214"),
    )
    compared = PriceComparison(provider="sub2api", title="Sub2API", unit="credit", rows=(ratio,))
    cost = MakerCost(
        provider="sub2api",
        images=2,
        of=3,
        maker_usd=Decimal("0.4214"),
        input_usd=Decimal(0),
        charged=Decimal(80),
        unit="credit",
        stated=False,
    )
    shown = section(html(report(price_comparison=(compared,), maker_costs=(cost,))), "money")

    for words in ("80 % (-20 %)", "$0.211", "$0.168", "40 credits", "$0.00421", "2 of 3"):
        assert words in shown
    assert "80 credits (by the price list)" in shown


def test_the_emulators_images_are_never_told_as_the_providers() -> None:
    sample = b.sample()
    emulated = [summary.provider for summary in sample.providers if not summary.about_provider]
    if not emulated:
        pytest.fail("the sample holds no emulated provider")

    line, *_ = lines(replace(sample, authenticity=(row(emulated[0]),)))
    assert line.startswith(f"images of {emulated[0]} (emulator): ")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the library's
        self.found.append(tag)


def test_words_of_a_manifest_act_nowhere() -> None:
    drawn = report(
        authenticity=(row(contradictions=(contradiction(sentence=HOSTILE),), notes=(HOSTILE,)),),
        suspicions=(suspicion(sentence=HOSTILE),),
        billing=(replace(bill(), sentence=HOSTILE),),
    )
    page, plain = html(drawn), html(report())
    tags, before = Tags(), Tags()
    tags.feed(page)
    before.feed(plain)

    assert tags.found.count("script") == before.found.count("script")
    for text in (page, markdown(drawn)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "<script>alert" not in text
    block = markdown(drawn).split("## Authenticity")[1].split("## Promises")[0]
    assert "](http:" not in block
    assert "://" not in block
    assert "@here" not in block
    assert not re.search(r"(?<!\\)\*\*x", block)


def test_a_page_with_everything_is_small_and_loads_nothing() -> None:
    many = tuple(contradiction(sentence=f"{at} images " + "x" * 200) for at in range(500))
    drawn = report(
        authenticity=tuple(row(contradictions=many) for _ in range(6)),
        suspicions=tuple(suspicion() for _ in range(500)),
        billing=tuple(bill() for _ in range(500)),
    )
    page = html(drawn)
    without = html(report())

    assert len(page.encode()) - len(without.encode()) < 60_000
    assert "more stand in summary.json" in page
    assert not re.search(r'(src|href)="(?!#|data:|findings/)', page)
    assert len(lines(drawn)) < 70


def test_the_sections_are_keys_of_the_summary() -> None:
    found = json.loads(
        summary_json(
            report(
                authenticity=(row(overhead=estimate(1.0), contradictions=(contradiction(),)),),
                billing=(bill(),),
            )
        )
    )

    (told,) = found["authenticity"]
    assert told["drawn_as_asked"] == {"count": 3, "of": 4}
    assert told["overhead"]["value"] == 1.0
    assert told["contradictions"][0]["kind"] == "altered"
    assert found["billing"][0]["amount"] == 1.5
    assert found["schema"] == 1
