import re
from functools import cache

from harness.report.formats.columns import column_classes, column_groups, filter_rules
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.model import Report
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

ALL = [(name, kind) for name in NAMES for kind in shipped_provider(name).operations]


@cache
def wide() -> Report:
    """Compose a run over every operation of every provider."""
    records = [b.record(b.case(name=name, operation=kind), b.images()) for name, kind in ALL]
    return b.report(records, [b.verdict(one) for one in records], names=NAMES)


def test_columns_are_grouped_by_provider_in_the_order_of_the_documents() -> None:
    found = column_groups(wide().matrix)

    assert [(group.provider, one) for group in found for one in group.operations] == ALL
    assert [group.provider for group in found] == list(NAMES)


def test_each_column_knows_its_group_and_where_a_group_begins() -> None:
    found = column_groups(wide().matrix)
    names = [name for name, _ in ALL]

    assert [int(place[-1]) for place in column_classes(found)] == [
        NAMES.index(name) for name in names
    ]
    assert [place.startswith("p ") for place in column_classes(found)] == [
        names.index(name) == at for at, name in enumerate(names)
    ]


def test_the_head_spans_each_provider_over_its_operations() -> None:
    head = html(wide()).partition('<table class="matrix dense">')[2].partition("</thead>")[0]
    spans = re.findall(r'scope="colgroup" colspan="(\d)" class="p p(\d)">(\w+)<', head)
    beneath = re.findall(r'scope="col" class="p\d(?: p)?">(\w+)<', head)

    assert [(name, int(count)) for count, _, name in spans] == [
        (name, len(shipped_provider(name).operations)) for name in NAMES
    ]
    assert beneath == [kind for _, kind in ALL]


def test_every_row_of_the_page_has_a_cell_for_each_operation() -> None:
    body = html(wide()).partition('<table class="matrix dense">')[2].partition("</table>")[0]

    for row in body.partition("<tbody>")[2].split("</tr>")[:-1]:
        assert row.count("<td class=") == len(ALL)


def test_one_provider_can_be_shown_alone_without_a_script() -> None:
    page = html(wide())

    for at, name in enumerate(NAMES):
        assert f'<input type="radio" name="of" value="p{at}" data-name="{name}">' in page
        assert f'section:has(input[value="p{at}"]:checked)' in page


def test_a_run_of_one_provider_offers_no_choice_of_providers() -> None:
    alone = b.report([b.record(b.case(), b.images())])

    assert filter_rules(column_groups(alone.matrix)) == ""
    assert 'name="of"' not in html(alone)


def test_a_search_that_takes_a_script_is_not_offered_without_one() -> None:
    page = html(wide())
    offered = page.partition('<fieldset class="filter finder" hidden>')[2].partition("</fieldset>")

    assert '<input type="search" name="q"' in offered[0]
    assert '<option value="aspect_ratio">aspect_ratio</option>' in offered[0]
    assert page.count('data-parameter="aspect_ratio"') > 0


def test_few_operations_have_room_for_words() -> None:
    alone = b.report([b.record(b.case(), b.images())])

    assert '<table class="matrix">' in html(alone)
    assert '<p class="cue">' not in html(alone)


def test_markdown_names_provider_and_operation_above_each_column() -> None:
    head = next(line for line in markdown(wide()).splitlines() if line.startswith("| Promise"))

    assert [cell.strip() for cell in head.strip("|").split("|")][1:] == [
        f"{name}<br>{operation}".replace("_", r"\_") for name, operation in ALL
    ]
