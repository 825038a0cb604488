"""Wrong content that is planted: for some values, pairs or triples, under a limit or without."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from harness.adaptive.confirm import FailureReducer
from harness.checks.judge import judge_records
from harness.core.case import Case, PlannedRequest
from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.core.outcome import Declared, Images, Outcome, Usage
from harness.core.record import Record
from harness.core.verdict import Finding
from harness.diagnosis.findings import findings
from harness.planning.plan import planned_request
from harness.spec import price
from harness.spec.price import images_asked
from tests.adaptive.world import World, base, fine, row, shuffled
from tests.checks.build import LIVE
from tests.shipped import shipped_provider as shipped

Wrong = Callable[[Case, Images], Images]


def _pictures(change: Callable[[Picture], Picture]) -> Wrong:
    def wrong(_case: Case, images: Images) -> Images:
        return replace(images, pictures=tuple(map(change, images.pictures)))

    return wrong


def _last(change: Callable[[Picture], Picture]) -> Wrong:
    """Let the last of several images be wrong, and never the first."""

    def wrong(_case: Case, images: Images) -> Images:
        *first, last = images.pictures
        return replace(images, pictures=(*first, change(last) if first else last))

    return wrong


def _reformatted(picture: Picture) -> Picture:
    return replace(picture, format="gif")


def _halved(picture: Picture) -> Picture:
    return replace(picture, width_px=(picture.width_px or 0) // 2)


def _broken(picture: Picture) -> Picture:
    return replace(picture, state="undecodable", why="truncated", format="", width_px=None)


def _fewer(_case: Case, images: Images) -> Images:
    return replace(images, pictures=images.pictures[:-1] or images.pictures)


def _declared(_case: Case, images: Images) -> Images:
    return replace(images, declared=Declared(quality="low"))


def _asked(quality: str) -> Wrong:
    def wrong(_case: Case, images: Images) -> Images:
        return replace(images, declared=Declared(quality=quality))

    return wrong


def _lacking(_case: Case, images: Images) -> Images:
    return replace(images, missing=("created",))


def _charged(_case: Case, images: Images) -> Images:
    return replace(images, charged=(images.charged or Decimal(0)) + 1)


def _costs(case: Case, images: Images) -> Images:
    """Add the listed charge, the declared quality, and the output tokens that it takes."""
    shop = shipped(case.provider)
    listed = price.price_of(shop, shop.operation(case.operation), case.arguments)
    number = images_asked(shop.operation(case.operation), case.arguments)
    tokens = {"high": 4000, "medium": 1000}.get(str(case.arguments.get("quality")), 200)
    usage = Usage(input=10, output=tokens * number, total=None)
    quality = str(case.arguments.get("quality", "low"))
    declared = Declared(quality=quality)
    return replace(images, charged=listed.amount, usage=usage, declared=declared)


def planting(wrong: Wrong, values: dict[str, Json]) -> Callable[[Case], Outcome]:
    def answer(case: Case) -> Outcome:
        images = _costs(case, fine(case))
        holds = all(case.arguments.get(name) == value for name, value in values.items())
        return wrong(case, images) if holds else images

    return answer


@dataclass
class Limited(World):
    """A world in which so many images are paid for, and no more."""

    images: int = 1_000

    def ask(self, asked: PlannedRequest) -> Record:
        spent = sum(len(r.outcome.pictures) for r in self.records if isinstance(r.outcome, Images))
        if spent + asked.at_risk.images <= self.images:
            return super().ask(asked)
        why = f"budget: --max-images {self.images} is too low: the next case may need more"
        record = Record(shot=asked, evidence=LIVE, outcome=None, skipped=why)
        self.records.append(record)
        return record


def run(answer: Callable[[Case], Outcome], cases: list[Case], *, images: int = 1_000) -> Limited:
    world = Limited(answer, images=images)
    world.run(FailureReducer(shipped(cases[0].provider)), cases)
    assert len(world.paid_bodies()) == len(set(world.paid_bodies()))
    return world


def found(world: World) -> tuple[Finding, ...]:
    shops = {one.shot.case.provider: shipped(one.shot.case.provider) for one in world.records}
    return findings(world.records, judge_records(world.records, shops), shops)


ROWS = [
    base(),
    row(1, quality="high", output_format="webp", size="1536x1024", n=2, background="opaque"),
    row(2, quality="medium", output_format="webp", size="1024x1536", user="a"),
    row(3, quality="high", output_format="jpeg", size="1024x1536", moderation="low"),
    row(4, quality="low", output_format="jpeg", n=3, background="opaque", output_compression=50),
    row(5, quality="high", output_format="png", size="2048x2048", background="auto"),
    row(6, quality="medium", output_format="png", size="1536x1024", n=2, moderation="low"),
    row(7, quality="low", output_format="webp", size="2048x2048", background="opaque", user="b"),
    row(8, quality="medium", output_format="jpeg", background="opaque", moderation="low"),
]
"""Each value fails in one row and is served in another, most pairs, too."""

CHECKS: dict[str, tuple[Wrong, str, str | None]] = {
    "format": (_pictures(_reformatted), "images_have_the_asked_format", "output_format.one_of"),
    "size": (_pictures(_halved), "images_have_the_asked_dimensions", "size.format"),
    "count": (_fewer, "serves_as_many_images_as_asked", "n.range"),
    "declared": (_declared, "declares_what_was_asked", "quality.one_of"),
    "field": (_lacking, "reply_has_the_documented_fields", None),
    "undecodable": (_pictures(_broken), "images_decode", None),
}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("format", {"output_format": "webp"}),
        ("format", {"output_format": "webp", "quality": "high"}),
        ("format", {"output_format": "webp", "quality": "high", "background": "opaque"}),
        ("undecodable", {"quality": "medium"}),
        ("size", {"size": "1536x1024"}),
        ("size", {"size": "1536x1024", "quality": "high"}),
        ("size", {"size": "1024x1536", "quality": "high", "moderation": "low"}),
        ("count", {"n": 2, "quality": "high"}),
        ("count", {"n": 2, "output_format": "png", "moderation": "low"}),
        ("declared", {"quality": "high"}),
        ("declared", {"quality": "medium", "output_format": "jpeg"}),
        ("declared", {"quality": "high", "output_format": "jpeg", "moderation": "low"}),
        ("field", {"background": "opaque"}),
        ("field", {"output_format": "webp", "background": "opaque"}),
        ("field", {"output_format": "jpeg", "quality": "high", "moderation": "low"}),
        ("undecodable", {"size": "2048x2048"}),
        ("undecodable", {"size": "2048x2048", "background": "opaque"}),
        ("undecodable", {"n": 2, "size": "1536x1024", "moderation": "low"}),
    ],
)
def test_planted_values_are_named_and_confirmed(kind: str, values: dict[str, Json]) -> None:
    wrong, check, constraint = CHECKS[kind]

    world = run(planting(wrong, values), ROWS)

    (finding,) = found(world)
    named = {f"{name}={value}" for name, value in values.items()}
    assert (finding.check, finding.constraint) == (check, constraint)
    assert set(finding.combination) == (named if len(values) > 1 else set())
    assert (finding.standing, finding.not_reduced) == ("confirmed", "")
    arguments, plain = finding.record.shot.case.arguments, ROWS[0].arguments
    beyond = {name for name in arguments if arguments[name] != plain.get(name)} - {"prompt"}
    assert beyond == {*values}


@pytest.mark.parametrize(
    "values", [{"resolution": "2K"}, {"resolution": "2K", "aspect_ratio": "4:3"}]
)
def test_a_wrong_charge_is_named_with_its_values(values: dict[str, Json]) -> None:
    rows = [
        base("buble"),
        row(1, "buble", resolution="2K", aspect_ratio="4:3"),
        row(2, "buble", resolution="4K", aspect_ratio="4:3"),
        row(3, "buble", resolution="2K" if len(values) > 1 else "4K", aspect_ratio="3:4"),
    ]

    (finding,) = found(run(planting(_charged, values), rows))

    assert (finding.check, finding.standing) == ("charges_the_list_price", "confirmed")
    assert len(finding.combination) == (len(values) if len(values) > 1 else 0)
    assert all(f"{name}={value}" in finding.observed for name, value in values.items())


# ------------------------------------------------------------------------------ what it costs
def _paid(world: World, *stages: str) -> int:
    return sum(
        len(one.outcome.pictures)
        for one in world.records
        if one.shot.case.stage in stages and isinstance(one.outcome, Images)
    )


def test_ten_images_of_which_one_is_missing_are_confirmed_with_two() -> None:
    def answer(case: Case) -> Outcome:
        images = _costs(case, fine(case))
        return _fewer(case, images) if case.arguments.get("n", 1) != 1 else images

    world = run(answer, [base(), row(1, n=10, quality="high", size="2048x2048")])

    (finding,) = found(world)
    assert (finding.standing, finding.constraint) == ("confirmed", "n.range")
    assert finding.record.shot.case.arguments["n"] == 2
    assert _paid(world, "confirm", "isolate", "shrink") == 1
    assert finding.not_reduced == ""


def test_a_cap_is_confirmed_with_one_image_more_than_it() -> None:
    def answer(case: Case) -> Outcome:
        images = _costs(case, fine(case))
        return replace(images, pictures=images.pictures[:4])

    world = run(answer, [base(), row(1, n=10, quality="high")])

    (finding,) = found(world)
    assert (finding.standing, finding.record.shot.case.arguments["n"]) == ("confirmed", 5)
    assert [case.arguments["n"] for case in world.asked("isolate")] == [5, 2]


def test_a_smaller_number_that_is_served_narrows_and_does_not_clear() -> None:
    def answer(case: Case) -> Outcome:
        images = _costs(case, fine(case))
        return _fewer(case, images) if case.arguments.get("n") == 10 else images

    world = run(answer, [base(), row(1, n=10, quality="high")])

    (finding,) = found(world)
    assert (finding.standing, finding.failed, finding.tried) == ("confirmed", 2, 2)
    assert [case.arguments["n"] for case in world.asked("confirm", "isolate")][:3] == [2, 2, 10]


def test_where_the_same_number_is_too_dear_less_is_tried_and_the_suspicion_is_named() -> None:
    def answer(case: Case) -> Outcome:
        images = _costs(case, fine(case))
        return _fewer(case, images) if case.arguments.get("n") == 10 else images

    world = run(answer, [base(), row(1, n=10, quality="high")], images=18)

    (finding,) = found(world)
    assert finding.standing == "unconfirmed"
    assert finding.observed.endswith("asked for 10 images, got 9")
    assert "--max-images 18" in finding.doubt
    assert "n=2" in finding.doubt
    assert "n=4" in finding.doubt


def test_a_wrong_image_beside_right_ones_is_asked_for_with_two() -> None:
    values: dict[str, Json] = {"output_format": "webp"}
    rows = [base(), row(1, n=8, output_format="webp", quality="high", size="2048x2048")]

    world = run(planting(_last(_reformatted), values), rows)

    (finding,) = found(world)
    assert set(finding.combination) == {"n=2", "output_format=webp"}
    assert finding.standing == "confirmed"
    assert _paid(world, "confirm") == 0
    first, *_ = world.asked("isolate")
    assert (first.arguments["n"], first.arguments["quality"]) == (2, "low")


def test_an_equal_question_that_passes_makes_it_flaky() -> None:
    def answer(case: Case) -> Outcome:
        images = _costs(case, fine(case))
        return _pictures(_halved)(case, images) if case.id == ROWS[1].id else images

    (finding,) = found(run(answer, ROWS))

    assert (finding.standing, finding.failed, finding.tried) == ("flaky", 1, 2)


# --------------------------------------------------------------------------- when money ends
@pytest.mark.parametrize("images", range(11, 24))
def test_whatever_the_limit_a_suspicion_is_confirmed_or_named(images: int) -> None:
    values: dict[str, Json] = {"output_format": "webp", "quality": "high"}

    world = run(planting(_pictures(_reformatted), values), ROWS, images=images)

    (finding,) = found(world)
    assert finding.constraint == "output_format.one_of"
    assert {"output_format=webp", "quality=high"} <= {*finding.combination}
    if finding.standing == "unconfirmed":
        assert "budget" in finding.doubt
    named = {text.partition("=")[0] for text in finding.combination}
    assert finding.not_reduced or named == {*values}
    assert finding.not_reduced in ("", "the image limit was reached")


def test_what_is_too_dear_does_not_end_what_is_cheap() -> None:
    dear = row(9, n=10, quality="high")
    rows = [base(), dear, row(1, quality="high", size="1536x1024")]
    values: dict[str, Json] = {"size": "1536x1024"}

    world = run(planting(_pictures(_halved), values), rows, images=4)

    (finding,) = found(world)
    assert [one.shot.case.id for one in world.records if one.skipped] == [dear.id]
    assert (finding.standing, finding.record.shot.case.arguments.get("quality")) == (
        "confirmed",
        "low",
    )


def test_two_suspicions_of_one_reply_are_asked_about_at_once() -> None:
    def wrong(case: Case, images: Images) -> Images:
        return _declared(case, _pictures(_halved)(case, images))

    values: dict[str, Json] = {"quality": "high"}
    rows = [base(), row(1, quality="high", size="1536x1024", background="opaque")]

    world = run(planting(wrong, values), rows, images=3)

    told = found(world)
    assert {one.check for one in told} == {
        "images_have_the_asked_dimensions",
        "declares_what_was_asked",
    }
    assert {one.standing for one in told} == {"confirmed"}


def test_another_record_confirms_a_claim_whose_first_one_is_too_dear_to_repeat() -> None:
    shop = shipped("sub2api")
    reducer = FailureReducer(shop)

    def record(case: Case, *, skipped: str = "") -> Record:
        images = fine(case)
        if case.id != "generate/base":
            images = _pictures(_broken)(case, images)
        return Record(
            shot=planned_request(shop, case),
            evidence=LIVE,
            outcome=None if skipped else images,
            skipped=skipped or None,
        )

    reducer.on_record(record(base()))
    (fewer,) = reducer.on_record(record(row(1, n=3)))
    assert fewer.case.arguments["n"] == 2
    assert reducer.on_record(record(fewer.case, skipped="budget: --max-images 5")) == []

    (again,) = reducer.on_record(record(row(2, user="a")))

    assert (again.case.stage, again.case.follows) == ("confirm", "generate/row/2")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("size", {"quality": "high"}),
        ("size", {"background": "opaque"}),
        ("size", {"output_format": "webp", "moderation": "low"}),
        ("format", {"moderation": "low"}),
        ("format", {"output_format": "jpeg", "quality": "low", "background": "opaque"}),
        ("declared", {"quality": "low", "output_format": "jpeg"}),
    ],
)
def test_values_that_break_a_claim_about_another_argument_are_named_alone(
    kind: str, values: dict[str, Json]
) -> None:
    wrong, check, constraint = CHECKS[kind]
    both = row(9, output_format="webp", size="1536x1024", moderation="low")
    fails = planting(_asked("high") if kind == "declared" else wrong, values)

    (finding,) = found(run(fails, [*ROWS, both]))

    assert (finding.check, finding.constraint) == (check, constraint)
    assert set(finding.combination) == {f"{name}={value}" for name, value in values.items()}
    assert finding.standing == "confirmed"


@pytest.mark.parametrize("images", [13, 18, 1_000])
def test_a_run_that_goes_on_sends_nothing_twice(images: int) -> None:
    values: dict[str, Json] = {"output_format": "webp", "quality": "high"}
    world = run(planting(_pictures(_reformatted), values), ROWS, images=images)
    known = {one.shot.case.id for one in world.records}
    later = FailureReducer(shipped("sub2api"))

    wanted = [shot.case.id for one in world.records for shot in later.on_record(one)]

    assert {*wanted} <= known
    assert later.on_idle() == ()


@pytest.mark.parametrize("order", range(4))
def test_the_order_of_completion_does_not_change_what_is_named(order: int) -> None:
    values: dict[str, Json] = {"output_format": "jpeg", "quality": "high", "moderation": "low"}

    (finding,) = found(run(planting(_pictures(_reformatted), values), shuffled(ROWS, order)))

    assert set(finding.combination) == {f"{name}={value}" for name, value in values.items()}
