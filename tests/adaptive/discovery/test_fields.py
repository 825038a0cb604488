from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.adaptive.discovery.question import place_of
from harness.core.case import PlannedRequest
from harness.core.exchange import Picture
from harness.core.outcome import Images, Outcome
from tests.adaptive.discover_world import FAULT, World, drive, refusal
from tests.shipped import shipped_provider

TOGETHER = (
    *("size", "n", "quality", "output_format", "output_compression", "background", "moderation"),
    *("user", "style", "input_fidelity", "safety_identifier"),
)
SEEN = ("size", "n", "output_format", "background")
DOES = st.dictionaries(st.sampled_from(TOGETHER), st.sampled_from(("refused", "honoured")))


def told(observed: str) -> dict[str, set[str]]:
    """Read `ignored: size, n; refused: user` back."""
    parts = (part.split(": ") for part in observed.split("; "))
    return {kind.split(",")[0]: set(names.split(", ")) for kind, names in parts}


@given(does=DOES, named=st.booleans())
@settings(max_examples=10, deadline=None)
def test_what_becomes_of_each_unknown_field_is_found(does: dict[str, str], named: bool) -> None:  # noqa: FBT001 - drawn
    driven = drive(World(name="buble", fields=does, named=named))
    rows = {row.parameter: row for row in driven.rows if row.rule == "argument"}
    honoured = {name for name in SEEN if does.get(name) == "honoured"}
    refused = {name for name, what in does.items() if what == "refused"}
    (rest,) = [row for row in driven.rows if row.parameter == "fields"]
    plain = told(rest.observed)

    assert set(rows) == honoured
    assert plain.get("refused", set()) == refused
    assert plain.get("ignored", set()) == set(SEEN) - honoured - refused
    assert rest.documents == "silent"


def test_one_image_tells_of_all_fields_that_are_tolerated() -> None:
    driven = drive(World(name="buble"))

    assert [shot.case.id.split("/")[2] for shot in driven.shots] == ["fields", "fields"]
    assert len(driven.rounds) == 1  # response_format moves the image, so it is asked alone


def test_fields_that_are_all_refused_cost_no_image() -> None:
    driven = drive(
        World(name="buble", fields=dict.fromkeys((*TOGETHER, "response_format"), "refused"))
    )

    assert driven.images == 0
    assert len(driven.shots) <= 2 * len(TOGETHER)


def test_a_field_that_is_named_in_a_refusal_is_asked_alone_before_it_is_called_refused() -> None:
    driven = drive(World(name="buble", fields={"style": "refused"}))

    assert driven.rounds[1][0].case.id.endswith("/style")
    assert len(driven.rounds) == 2


def test_a_field_goes_where_its_like_stand() -> None:
    apiframe = drive(World(name="apiframe")).shots[0].case.arguments
    responses = drive(World(name="sub2api", operation="respond")).shots[0].case.arguments

    assert "gptImage2Params.size" in apiframe
    assert "tools[0].background" in responses
    assert "tools[0].n" not in responses  # its price could not be set aside


def test_a_refusal_that_names_something_else_tells_nothing_of_a_field() -> None:
    driven = drive(World(name="buble", fields={"model": "refused"}))

    assert driven.rows == ()  # the plain request itself is refused


def test_a_field_that_changes_the_image_otherwise_than_asked_is_not_called_ignored() -> None:
    def three(shot: PlannedRequest) -> Outcome | None:
        picture = Picture(digest="", format="png", size_bytes=1, state="decoded", width_px=1024)
        return Images(pictures=(picture,) * 3) if "/fields/" in shot.case.id else None

    driven = drive(World(name="buble", trouble=three))
    observed = {row.parameter: row.observed for row in driven.rows}

    assert observed["n"] == "n = 2: not honoured: 3 instead of 1"


def test_a_silence_leaves_the_fields_open() -> None:
    def trouble(shot: PlannedRequest) -> Outcome | None:
        return FAULT if "/fields/" in shot.case.id else None

    driven = drive(World(name="buble", trouble=trouble))
    (row,) = [row for row in driven.rows if row.parameter == "fields"]

    assert row.observed.startswith("left open, no clear answer: size, n, ")
    assert len(driven.shots) == 2


@pytest.mark.parametrize(
    ("refused", "observed"),
    [
        ((), "served: low, medium, high, auto, standard, hd, xhigh"),
        (("hd", "high"), "served: low, medium, auto, standard, xhigh; refused: high, hd"),
    ],
)
def test_each_value_of_an_open_list_is_tried(refused: tuple[str, ...], observed: str) -> None:
    driven = drive(World(name="aimlapi", refused={"quality": refused}))
    row = driven.row("one_of", "quality")

    assert row.observed == observed
    assert row.documents == "contradicts"
    assert set(row.values) == set(observed.partition(";")[0].removeprefix("served: ").split(", "))


def test_a_value_that_is_served_as_something_else_is_said_to_be() -> None:
    row = drive(World(name="aimlapi", sizes_ignored=True)).row("one_of", "size")

    assert "1536x1024 (delivered 1024x1024)" in row.observed


def test_what_is_left_out_is_read_from_the_plain_request_for_nothing() -> None:
    driven = drive(World(name="buble"))
    left_out = {
        row.parameter: (row.observed, row.requests)
        for row in driven.rows
        if row.question == "what leaving it out means"
    }

    assert left_out == {
        "size": ("1024x1024 delivered", 0),
        "output_format": ("png delivered", 0),
    }


def test_a_field_that_multiplies_the_price_is_not_put_where_no_price_sees_it() -> None:
    nested, flat = (
        shipped_provider("sub2api").operation("respond"),
        shipped_provider("buble").operation("generate"),
    )

    assert place_of("n", nested) is None
    assert place_of("user", nested) == "tools[0].user"
    assert place_of("n", flat) == "n"


@pytest.mark.parametrize(
    ("prompts", "documents"),
    [((None, ""), "agrees"), ((None,), "agrees"), (("",), "silent")],
)
def test_an_open_case_of_the_plan_is_no_word_for_or_against_a_rule_that_it_keeps(
    prompts: tuple[str | None, ...], documents: str
) -> None:
    world = World(name="sub2api", operation="respond")
    plain = world.base()
    before = []
    for said in prompts:
        arguments = {
            key: value for key, value in plain.shot.case.arguments.items() if key != "prompt"
        }
        if said is not None:
            arguments["prompt"] = said
        case = replace(
            plain.shot.case,
            id=f"respond/prompt.required/observe/{said!r}",
            expect="observe",
            breaks="prompt.required",
            arguments=arguments,
        )
        before.append(replace(plain, shot=replace(plain.shot, case=case), outcome=refusal("input")))
    row = drive(world, before=before).row("prompt.required")

    assert row.documents == documents
    assert row.observed.startswith("refused: ")
