from itertools import combinations

import pytest

from harness.cases.boundaries import single_changes, single_violations
from harness.cases.build import Builder
from harness.core.jsonvalue import Json
from harness.spec.evaluate import is_valid
from harness.spec.load import parse_provider
from harness.spec.provider import Provider
from harness.spec.rules.lattice import Lattice, edges, text
from harness.spec.rules.size import SizeRule, lattice
from tests.cases.independent import FIVE_SIZE_RULES, size_rules
from tests.shipped import shipped_provider
from tests.spec import small

SIZE = shipped_provider("nanobanana").operation("generate").arguments["size"]


def rule(name: str) -> SizeRule:
    found = dict(SIZE.rules)[name]
    assert isinstance(found, SizeRule)
    return found


def grid() -> Lattice:
    found = lattice(SIZE)
    assert found is not None
    return found


def test_there_are_exactly_29146_ordered_sizes() -> None:
    assert len(grid().sizes) == 29_146


def test_the_sizes_are_those_that_break_no_rule() -> None:
    edges = range(1, 3900)
    stepped = [edge for edge in edges if edge % 16 == 0]
    expected = {(w, h) for w in stepped for h in stepped if not size_rules(w, h)}

    assert set(grid().sizes) == expected
    assert len(set(grid().sizes)) == len(grid().sizes)


@pytest.mark.parametrize("name", FIVE_SIZE_RULES)
def test_every_outsider_breaks_exactly_its_rule(name: str) -> None:
    outsiders = rule(name).outsiders(grid())

    assert len(outsiders) >= 4
    assert {frozenset(size_rules(*size)) for size in outsiders} == {frozenset({name})}


@pytest.mark.parametrize("name", FIVE_SIZE_RULES[1:])
def test_the_outsiders_on_the_grid_are_all_there_are(name: str) -> None:
    stepped = range(16, 5200, 16)
    expected = {(w, h) for w in stepped for h in stepped if size_rules(w, h) == {name}}

    assert set(rule(name).outsiders(grid())) == expected


def test_an_edge_off_the_step_breaks_only_that_wherever_it_is_drawn() -> None:
    offsets = ((1, 0), (0, 1), (15, 15), (8, 8), (15, 0), (0, 15), (1, 15))
    broken = {
        frozenset(size_rules(width + right, height + down))
        for width, height in grid().off_step[::7]
        for right, down in offsets
    }

    assert broken == {frozenset({"multiple_of"})}


@pytest.mark.parametrize("name", FIVE_SIZE_RULES)
def test_every_corner_is_an_allowed_size(name: str) -> None:
    corners = rule(name).corners(grid())

    assert corners
    assert all(not size_rules(*corner) for corner in corners)
    assert len(set(corners)) == len(corners)


def test_the_corners_stand_on_their_boundaries_in_both_orientations() -> None:
    least = rule("min_pixels").corners(grid())
    most = rule("max_pixels").corners(grid())
    edge = rule("max_edge").corners(grid())
    ratio = rule("max_ratio").corners(grid())

    assert {w * h for w, h in least} == {655_360}
    assert {w * h for w, h in most} == {8_294_400}
    assert {max(size) for size in edge} == {3840}
    assert {max(size) / min(size) for size in ratio} == {3.0}
    for corners in (least, most, edge, ratio):
        assert {(height, width) for width, height in corners} == set(corners)
    assert {(3840, 2160), (3840, 1280)} <= set(edge) | set(most)


def test_corners_off_the_double_step_tell_16_from_32() -> None:
    corners = rule("multiple_of").corners(grid())

    assert all(width % 32 and height % 32 for width, height in corners)


def test_the_nearest_outsiders_come_first() -> None:
    narrow = rule("max_ratio").outsiders(grid())
    small = rule("min_pixels").outsiders(grid())
    large = rule("max_pixels").outsiders(grid())
    long = rule("max_edge").outsiders(grid())

    assert max(narrow[0]) / min(narrow[0]) == min(max(size) / min(size) for size in narrow)
    assert small[0][0] * small[0][1] == max(w * h for w, h in small)
    assert large[0][0] * large[0][1] == min(w * h for w, h in large)
    assert max(long[0]) == 3856


def test_an_argument_without_a_rule_about_sizes_spans_no_lattice() -> None:
    assert lattice(shipped_provider("aimlapi").operation("generate").arguments["size"]) is None


STATED: dict[str, dict[str, int]] = {
    "multiple_of": {"pixels": 32},
    "max_edge": {"pixels": 1000},
    "max_ratio": {"ratio": 2},
    "min_pixels": {"pixels": 400_000},
    "max_pixels": {"pixels": 600_000},
}
"""Rules about sizes, of which a document may state any."""


@pytest.mark.parametrize("number", range(1, 6))
def test_any_of_the_rules_span_a_lattice_that_keeps_them(number: int) -> None:
    for chosen in combinations(STATED, number):
        raw = small.tables()
        size = raw["operations"]["generate"]["arguments"]["size"]
        size |= {name: {**STATED[name], "source": "page: Generate"} for name in chosen}
        for name in set(STATED) - set(chosen):
            del size[name]
        described = parse_provider(raw)
        assert isinstance(described, Provider), described
        builder = Builder(described, "generate")
        argument = builder.operation.arguments["size"]
        spanned = lattice(argument)

        assert spanned is not None
        assert spanned.sizes
        assert all(is_valid(builder.operation, {"prompt": "A cat", "size": f"{wide}x{high}"})
                   for wide, high in spanned.sizes[::50])  # fmt: skip
        cases = [case for case in single_violations(builder) if case.about in
                 {f"size.{name}" for name in chosen}]  # fmt: skip
        assert {case.about for case in cases} == {f"size.{name}" for name in chosen}


def test_the_longest_edge_is_tried_where_no_step_leads_to_it() -> None:
    raw = small.tables()
    size = raw["operations"]["generate"]["arguments"]["size"]
    for name in set(STATED) - {"max_edge"}:
        del size[name]
    size["max_edge"]["pixels"] = 1000
    described = parse_provider(raw)
    assert isinstance(described, Provider), described
    tried = [case.arguments["size"] for case in single_changes(Builder(described, "generate"))
             if case.about == "size.max_edge"]  # fmt: skip

    assert tried
    assert all("1000" in str(text).split("x") for text in tried)


def test_a_size_is_written_width_first() -> None:
    assert text((1536, 1024)) == "1536x1024"


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("1536x1024", (1536, 1024)),
        ("1x1", (1, 1)),
        ("0x16", None),
        ("016x16", None),
        ("-16x16", None),
        ("16x16x16", None),
        ("16 x 16", None),
        ("1e3x16", None),
        ("1234567x16", None),
        (16, None),
        (None, None),
    ],
)
def test_edges_are_read_from_a_plain_size_only(written: Json, size: tuple[int, int] | None) -> None:
    assert edges(written) == size
