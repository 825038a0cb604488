import re
from dataclasses import replace

import pytest

from harness.core.workload import Difference, Workload
from harness.report.benchmark.answers import benchmarked
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.report.formats.test_html import EVIL, STYLE, Page, contrast


def test_the_benchmark_stands_before_the_conformance_parts() -> None:
    text = Page(html(bm.report())).text

    assert text.index("1. sub2api (median 9.8 s") < text.rindex("No broken promise was confirmed")
    assert text.index("Who is fastest is decided at") < text.index("caution about the measurement")


def test_a_conformance_report_has_no_word_of_a_benchmark() -> None:
    text = html(b.sample())

    assert 'id="benchmark"' not in text
    assert 'id="latency"' in text


def test_a_benchmark_has_no_latency_that_leaves_timeouts_out() -> None:
    assert 'id="latency"' not in html(bm.report())
    assert "## Latency" not in markdown(bm.report())


def test_tags_are_balanced_and_links_lead_somewhere() -> None:
    page = Page(html(bm.report()))
    places = {attributes["id"] for _, attributes in page.tags if "id" in attributes}

    assert (page.unbalanced, page.open) == ([], [])
    for tag, attributes in page.tags:
        if tag == "a":
            assert (attributes["href"] or "").removeprefix("#") in places


def test_each_emulated_row_is_labelled_in_every_table() -> None:
    value = bm.shown(emulated=True)
    report = bm.report(value, emulated=True)
    section = html(report).partition('<section id="benchmark">')[2].partition("</section>")[0]
    rows = re.findall(r'<th scope="row"><bdi>(.*?)</th>', section)
    named = [row for row in rows if row.partition("<")[0] in value.providers]

    assert len(named) > 30
    assert [row for row in named if "(emulator)" not in row] == []
    assert [row for row in rows if " : " in row and "(emulator)" not in row] == []
    for caption in re.findall(r"<h4>([^<]*)</h4>\s*<figure", section):
        assert caption.endswith("(emulator)")
    assert section.count("<figure") == 2
    assert section.count("which says nothing about the real providers") == 2


def test_a_live_benchmark_has_no_word_of_an_emulator() -> None:
    assert "emulator" not in Page(html(bm.report())).text.lower()
    assert "emulator" not in markdown(bm.report()).lower()


def test_what_users_and_providers_say_is_shown_and_acts_as_nothing() -> None:
    odd = Workload(name=EVIL, operation="generate", size=EVIL, quality=EVIL)
    made = bm.design((odd,))
    measured = bm.measured(made)
    hostile = replace(
        measured,
        speeds=tuple(
            replace(one, basis=EVIL, server={EVIL: one.median}) for one in measured.speeds
        ),
        rankings=tuple(replace(one, workload=EVIL, why=EVIL) for one in measured.rankings[:1]),
        comparisons=tuple(replace(one, workload=EVIL) for one in measured.comparisons),
    )
    worse = Difference(parameter=EVIL, asked=EVIL, sent=EVIL, why=EVIL)
    fits = tuple(replace(one, differences=(worse,)) for one in made.fits)
    held = replace(bm.benchmark(replace(made, fits=fits)), stopped={EVIL: EVIL})
    report = bm.report(benchmarked(held, hostile))
    page = Page(html(report))

    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert "\u202e" not in html(report)
    assert "<script>" in page.text
    assert "<script" not in markdown(report)
    assert (
        "https://" not in markdown(report).partition("## Benchmark")[2].partition("| Provider")[0]
    )


def test_every_table_of_the_comment_has_as_many_cells_in_every_row() -> None:
    tables = [block for block in markdown(bm.report()).split("\n\n") if block.startswith("| ")]

    assert len(tables) > 10
    for block in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}) == 1


def test_the_comment_says_the_answers_first() -> None:
    text = markdown(bm.report())

    assert text.index("- **square-draft**: 1. sub2api") < text.index("### What each was asked for")


def test_an_answer_names_what_differs_and_the_table_why() -> None:
    text = Page(html(bm.report())).text

    assert text.count("buble (1K at 16:9 in place of 1536x864; quality cannot be asked for)") == 2
    assert text.count("1K at 16:9 in place of 1536x864: its pixels are not documented;") == 2


def test_the_footnotes_of_the_columns_are_the_methods_that_made_them() -> None:
    page = Page(html(bm.report()))
    cited = re.findall(r"median(\d)", page.text)

    assert set(cited) == {str(bm.shown().methods.index(bm.KM) + 1)}
    assert sum(attributes.get("id") == "method-1" for _, attributes in page.tags) == 1


@pytest.mark.parametrize("theme", [0, 1, 2])
def test_each_providers_colour_can_be_read_on_the_page(theme: int) -> None:
    colours = dict(
        re.findall(
            r"--([\w-]+): (#\w+);", re.findall(r":root \{(.*?)\n *\}", STYLE, re.DOTALL)[theme]
        )
    )
    tones = [colours[f"tone{at}"] for at in range(6)]

    assert len(set(tones)) == 6
    assert min(contrast(tone, colours["paper"]) for tone in tones) >= 4.5
