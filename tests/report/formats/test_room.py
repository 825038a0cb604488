import re
from dataclasses import fields, replace
from functools import cache

import pytest

from harness.report.exhibits.fewer import fewer
from harness.report.formats.html import html
from harness.report.formats.room import (
    FIXED_BYTES,
    MOST_LISTED,
    PAGE_BYTES,
    ROOM_BYTES,
    SHARES,
    Room,
)
from harness.report.model import MatrixCell, Report, Row
from harness.report.pictures.model import Pictures
from tests.report import benchmarks
from tests.report import builders as b

LONG = "every word of it is needed & <none> is short "


@cache
def sample() -> Report:
    return b.sample()


def many(number: int) -> Report:
    """Return a report of which every part has so many times what a run of all providers brings."""
    held = sample()
    pictures = {each.name: getattr(held.pictures, each.name) * number for each in fields(Pictures)}
    cell = MatrixCell(state="held", accepts=9, rule=LONG * 4, source=LONG * 4, note=LONG * 4)
    rows = held.matrix.rows + tuple(
        Row(
            id=f"parameter_{at}.rule",
            kind="constraint",
            parameter=f"parameter_{at}",
            cells=(cell,) * len(held.matrix.columns),
        )
        for at in range(10 * number)
    )
    shown = held.findings[0]
    findings = tuple(
        replace(
            shown,
            name=f"{LONG}{at}",
            curl=LONG * (400 if at % 2 else 20),
            notes=(LONG * 9,) * 9,
            reproduction=replace(shown.reproduction, folder=f"findings/{at:04}"),
        )
        for at in range(10 * number)
    )
    long = [replace(each, why=f"{LONG * 9}{at}") for at, each in enumerate(held.unjudged * number)]
    measured = benchmarks.shown().measured
    several = ("reliability", "spend", "comparisons")
    grown = replace(
        measured,
        **{name: getattr(measured, name) * number for name in several},
    )
    return replace(
        held,
        header=replace(held.header, notes=(LONG * 9,) * 9 * number),
        matrix=replace(held.matrix, rows=rows),
        findings=findings,
        unconfirmed=findings[: number // 2],
        unjudged=tuple(long),
        observations=held.observations * number,
        latency=held.latency * number,
        errors=held.errors * number,
        providers=held.providers,
        pictures=replace(held.pictures, **pictures),
        benchmark=replace(benchmarks.shown(), measured=grown),
    )


@cache
def full() -> str:
    return html(many(20))


def test_the_parts_of_a_page_fit_into_it_with_the_smallest_share() -> None:
    parts = sum(ROOM_BYTES.values())

    assert parts * SHARES[-1] + FIXED_BYTES < PAGE_BYTES < 3_000_000
    assert list(SHARES) == sorted(SHARES, reverse=True)
    assert SHARES[0] == 1


def test_a_page_of_any_report_is_below_its_size_and_says_what_it_leaves_out() -> None:
    told = re.findall(r'class="meta left-out">([^<]*)<', full())

    assert 1_500_000 < len(full().encode()) <= PAGE_BYTES
    for part in ("promises", "source lines", "value maps", "notes"):
        assert any(f" further {part} are not " in each for each in told), part


def test_what_is_left_out_of_a_page_is_linked_from_nowhere() -> None:
    ids = set(re.findall(r' id="([^"]*)"', full()))

    assert set(re.findall(r'href="#([^"]*)"', full())) <= ids
    assert full().count('id="finding-') <= MOST_LISTED + 12


def test_an_ordinary_page_leaves_nothing_out() -> None:
    assert "left-out" not in html(sample())


def test_a_part_is_closed_by_the_first_item_without_room_and_counts_the_rest() -> None:
    room = Room()
    whole = "x" * ROOM_BYTES["note"]

    assert room.within("note", lambda: "first") == "first"
    assert room.within("note", lambda: whole) == ""
    assert room.within("note", lambda: pytest.fail("drawn for nothing")) == ""
    assert "2 further notes are not shown" in room.left_out("note")
    assert room.left_out("note") == ""
    assert room.within("job", lambda: whole) != ""
    with pytest.raises(KeyError):
        room.within("nothing of a page", lambda: "x")


def test_fewer_transcripts_leave_no_case_named_without_its_transcript() -> None:
    chosen = sample().transcripts
    less = fewer(chosen, 0.05)
    named = {(*place[:2], case) for place, detail in less.details.items() for case in detail.cases}

    assert 0 < len(less.by_case) < len(chosen.by_case)
    assert named <= set(less.by_case)
    assert list(less.by_case) == list(chosen.by_case)[: len(less.by_case)]
    for place, detail in less.details.items():
        whole = chosen.details[place]

        assert detail.more + len(detail.cases) == whole.more + len(whole.cases)
        assert bool(detail.such_as) == bool(whole.such_as or (whole.cases and not detail.cases))
    assert less.left_out == sum(bool(each.such_as) for each in less.details.values())
    assert fewer(chosen, 1) == chosen
