from collections.abc import Sequence
from dataclasses import replace
from math import isqrt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.adaptive.discovery.limits import Bracket, next_step
from harness.adaptive.discovery.questions import LONGEST_PROMPT, MOST_REFERENCES
from tests.adaptive.discover_world import UNITS, World, drive, refusal

ROUND = (256, 1000, 1024, 2000, 2500, 4000, 4096, 8000, 8192, 32_000, 65_536, 131_072)


@given(
    limit=st.integers(0, 500),
    hint=st.integers(0, 500) | st.none(),
    marks=st.sets(st.integers(1, 500)),
)
@example(limit=0, hint=None, marks=set())
@example(limit=500, hint=500, marks={500})
def test_a_search_ends_at_the_limit_exactly(limit: int, hint: int | None, marks: set[int]) -> None:
    known, steps = Bracket(low=0), 0
    while (step := next_step(known, top=500, hint=hint, marks=marks)) is not None:
        steps += 1
        assert known.low < step <= 500
        high = known.high if step <= limit else step
        known = Bracket(low=step if step <= limit else known.low, high=high)

    assert known.low == limit
    assert known.exact or limit == 500
    assert steps <= 20 + 2 * len(marks)


def test_a_search_asks_first_for_what_should_be_refused() -> None:
    assert next_step(Bracket(low=1), top=100, hint=10) == 11
    assert next_step(Bracket(low=1, high=11), top=100, hint=10) == 10


def test_a_search_goes_on_below_one_silence_and_ends_at_the_second() -> None:
    below = next_step(Bracket(low=1, unclear=frozenset({50})), top=100)

    assert below is not None
    assert 1 < below < 50
    assert next_step(Bracket(low=1, unclear=frozenset({50, 20})), top=100) is None


def test_a_bracket_that_is_narrow_enough_ends_a_search_but_not_over_a_round_value() -> None:
    known = Bracket(low=95, high=105)

    assert next_step(known, top=200, near=lambda low, high: high - low <= 16) is None
    assert next_step(known, top=200, near=lambda _l, _h: True, marks=(100,)) == 101


@given(limit=st.integers(100, 250_000), place=st.sampled_from(["apiframe", "sub2api"]))
@settings(max_examples=10, deadline=None)
def test_the_planted_length_of_a_prompt_is_found(limit: int, place: str) -> None:
    operation = "respond" if place == "sub2api" else "generate"
    row = drive(World(name=place, operation=operation, prompt=limit)).row("max_length")

    assert row.low is not None
    if limit >= LONGEST_PROMPT:
        assert (row.low, row.high) == (LONGEST_PROMPT, None)
    else:
        assert row.high is not None
        assert row.low <= limit < row.high
        assert row.high - row.low <= max(16, row.low // 100)


@pytest.mark.parametrize("limit", ROUND)
def test_a_round_length_is_found_to_the_character_for_a_few_images(limit: int) -> None:
    driven = drive(World(name="apiframe", prompt=limit))
    row = driven.row("max_length")

    assert (row.low, row.high) == (limit, limit + 1)
    assert row.images <= 5  # one of them tells the unit
    assert row.observed == f"{limit:,} characters served, {limit + 1:,} refused"


@pytest.mark.parametrize("unit", list(UNITS))
@pytest.mark.parametrize("limit", [2000, 7777])
def test_what_a_prompt_is_counted_in_is_found(unit: str, limit: int) -> None:
    driven = drive(World(name="apiframe", prompt=limit, unit=unit))

    assert driven.row("what its limit counts").observed == f"counted in {unit}"


@pytest.mark.parametrize(
    ("limit", "documents"), [(2000, "agrees"), (1999, "contradicts"), (4000, "contradicts")]
)
def test_a_figure_that_promises_nothing_is_compared_with_what_was_seen(
    limit: int, documents: str
) -> None:
    row = drive(World(name="apiframe", prompt=limit)).row("max_length")

    assert row.documents == documents
    assert row.said == (
        "2,000 characters (provider_facts.md: 4. Apiframe v2 (api.apiframe.ai), undocumented)"
    )


@given(limit=st.integers(1, 40))
@settings(max_examples=8, deadline=None)
def test_the_planted_number_of_references_is_found_exactly(limit: int) -> None:
    row = drive(World(name="apiframe", operation="edit", references=limit)).row("count")

    assert row.low == min(limit, MOST_REFERENCES)
    assert row.high == (limit + 1 if limit < MOST_REFERENCES else None)
    assert row.documents == "contradictory"


@given(limit=st.integers(1, 12))
@settings(deadline=None)
def test_the_planted_number_of_images_is_found_exactly(limit: int) -> None:
    row = drive(World(name="aimlapi", n=limit)).row("range")

    assert row.low == min(limit, 11)
    assert row.high == (limit + 1 if limit < 11 else None)


def test_an_n_that_is_served_and_not_honoured_is_a_limit() -> None:
    driven = drive(World(name="aimlapi", n_delivered=1))

    assert driven.row("range").observed == (
        "1 images served, 2 served and not honoured (delivered 1 of 1024x1024)"
    )
    assert [shot.case.arguments["n"] for shot in driven.shots if "/n.range/" in shot.case.id] == [2]


@given(
    step=st.sampled_from((1, 8, 16)),
    ratio=st.sampled_from((1.5, 2, 3, 4, 8)),
    most=st.integers(1_500_000, 20_000_000),
    least=st.integers(0, 1_000_000),
    edge=st.integers(3072, 9000),
)
@settings(max_examples=5, deadline=None)
def test_the_planted_bounds_of_sizes_are_found(
    step: int, ratio: float, most: int, least: int, edge: int
) -> None:
    world = World(
        name="sub2api", operation="respond", step=step, ratio=ratio, most=most, least=least,
        edge=edge,
    )  # fmt: skip
    driven = drive(world)
    rows = {row.question: row for row in driven.rows if row.parameter == "size"}

    squares = [side * side for side in range(16, 4097, 16)]

    assert rows["which step the edges keep"].high == step
    few, many = rows["the fewest pixels, of squares"], rows["the most pixels, of squares"]
    assert within(least - 1, few.low or -1, few.high, [one for one in squares if one <= 1088**2])
    side = min(isqrt(most), edge)
    assert within(side * side, many.low, many.high, squares)
    assert many.rule == ("max_pixels" if isqrt(most) + 16 <= edge else many.rule)
    assert (rows["the largest ratio of the edges"].low or 0) <= 1000 * ratio
    longest = rows["the longest edge"]
    assert (longest.low or 0) <= edge
    assert longest.high is None or longest.high > edge


def test_where_no_longer_edge_is_served_a_limit_of_squares_is_no_limit_of_pixels() -> None:
    driven = drive(World(name="sub2api", operation="respond", edge=2048))

    row = driven.row("the most pixels, of squares")
    assert row.rule == ""
    assert row.observed.endswith("no edge as long was served: it may be the edge")
    assert driven.row("max_edge").observed == "2,048 px served, 2,064 refused"


def test_where_no_longer_edge_is_served_a_refused_ratio_tells_of_no_ratio() -> None:
    driven = drive(World(name="sub2api", operation="respond", edge=1300))

    row = driven.row("the largest ratio of the edges")
    assert row.rule == ""
    assert row.observed == (
        "1.5:1 served, 2:1 refused; no edge as long was served: it may be the edge"
    )


def within(limit: int, low: int | None, high: int | None, rungs: Sequence[int]) -> bool:
    """Tell whether a bracket holds a limit and no rung lies inside it."""
    assert low is not None
    inside = [rung for rung in rungs if low < rung < (high or low)]
    return low <= limit < (high or 10**9) and not inside


def test_a_size_that_is_served_and_not_honoured_ends_the_questions_about_sizes() -> None:
    driven = drive(World(name="sub2api", operation="respond", sizes_ignored=True))
    rows = [row for row in driven.rows if row.parameter == "size" and row.low is not None]

    assert [row.rule for row in rows] == ["format"]
    assert "1088x1088 served and not honoured (delivered 1 of 1024x1024)" in rows[0].observed


def test_where_a_list_is_closed_no_bounds_are_asked_for() -> None:
    driven = drive(World(name="aimlapi", step=1024))
    sizes = [shot.case.id for shot in driven.shots if "discover/size." in shot.case.id]

    assert "generate/discover/size.format/1088x1088" in sizes
    assert not [one for one in sizes if "pixels" in one or "ratio" in one or "edge" in one]


def test_a_refused_empty_prompt_is_no_limit() -> None:
    world = World(name="apiframe", prompt=2000)
    plain = world.base()
    arguments = {**plain.shot.case.arguments, "prompt": ""}
    case = replace(plain.shot.case, id="generate/empty", arguments=arguments)
    empty = replace(plain, shot=replace(plain.shot, case=case), outcome=refusal("prompt"))
    row = drive(world, before=[empty]).row("max_length")

    assert (row.low, row.high) == (2000, 2001)


def test_answers_at_odds_are_said_to_be_so() -> None:
    world = World(name="apiframe", prompt=3000)
    other = World(name="apiframe", prompt=2000)
    first, second = drive(world), drive(other)
    mixed = type(first)(world=world, records=(*first.records, *second.records))

    assert mixed.row("max_length").observed.startswith("at odds: 3,000 characters served, 2,001")
