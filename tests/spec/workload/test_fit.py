from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cases.prompts import plain_prompt
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.core.workload import Fit, Workload
from harness.spec import price
from harness.spec.evaluate import broken_when_sent
from harness.spec.rules import edges
from harness.spec.workload.fit import fit
from harness.spec.workload.workloads import SETS, shipped_workloads
from tests.cases import served
from tests.shipped import NAMES, shipped_provider
from tests.workloads import workloads

DRAFT = Workload(name="draft", operation="generate")
SHIPPED = [one for name in SETS for one in shipped_workloads(name)]


def kinds(one: Workload) -> dict[str, str]:
    return {name: fit(shipped_provider(name), one).kind for name in NAMES}


def whys(found: Fit) -> str:
    return "; ".join(one.why for one in found.differences)


@cache
def asked(name: str, one: Workload) -> Case:
    """The request that a fit stands for, with a prompt of the longest length."""
    arguments = fit(shipped_provider(name), one).arguments
    return Case(
        id="one",
        provider=name,
        operation=one.operation,
        expect="accept",
        about=None,
        breaks=None,
        covers=(),
        arguments={**arguments, "prompt": plain_prompt(max(one.prompt_lengths))},
    )


# ----------------------------------------------------------------------------------- shipped sets
def test_every_provider_can_be_asked_for_the_default_set() -> None:
    found = {one.name: kinds(one) for one in shipped_workloads("default")}

    assert found == {
        "square-draft": {
            "buble": "nearest", "sub2api": "exact", "apiframe": "nearest", "nanobanana": "exact",
            "aimlapi": "exact", "openai": "exact",
        },
        "any-size-draft": {
            "buble": "nearest", "sub2api": "exact", "apiframe": "exact", "nanobanana": "exact",
            "aimlapi": "exact", "openai": "exact",
        },
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_default_set_costs_what_a_provider_asks_at_least(name: str) -> None:
    prices = shipped_provider(name).prices
    least = min(row.amount for row in (*prices.rows, *prices.at_most))

    for one in shipped_workloads("default"):
        found = fit(shipped_provider(name), one).price

        assert found is not None
        assert (found.amount, found.images) == (least, 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "one", [one for name in SETS for one in shipped_workloads(name)], ids=lambda w: w.name
)
def test_the_emulator_serves_what_a_shipped_workload_comes_to(name: str, one: Workload) -> None:
    if fit(shipped_provider(name), one).kind != "unsupported":
        assert served.disagreement(asked(name, one)) is None


# -------------------------------------------------------------------------------------- any at all
@settings(max_examples=150, deadline=None)
@given(workloads(), st.sampled_from(NAMES))
def test_a_fit_is_valid_by_the_documents_and_says_all_in_which_it_differs(
    one: Workload, name: str
) -> None:
    found = fit(shipped_provider(name), one)

    if found.kind == "unsupported":
        assert (found.arguments, found.price) == ({}, None)
        assert found.differences
        return
    operation, sent = shipped_provider(name).operation(one.operation), asked(name, one).arguments
    assert broken_when_sent(operation, sent) == ((), ())
    assert served.said(asked(name, one)) is None
    assert found.price == price.price_of(shipped_provider(name), operation, found.arguments)
    assert found.price.images == one.n
    assert (found.kind == "exact") == (not found.differences)
    told: dict[str, Json] = {item.parameter: item.asked for item in found.differences}
    wanted = {"size": one.size, "quality": one.quality, "output_format": one.output_format}
    for parameter, value in wanted.items():
        assert told.get(parameter, found.arguments.get(parameter)) == value
    assert len(found.arguments.get("images") or ()) == one.references  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(NAMES))
def test_a_nearest_size_is_the_same_job_for_a_buyer(wide: int, high: int, name: str) -> None:
    found = fit(shipped_provider(name), replace(DRAFT, size=f"{wide}x{high}"))

    if found.kind != "unsupported" and (size := edges(found.arguments.get("size"))):
        times = size[0] * size[1] / (wide * high)
        bend = (size[0] / size[1]) / (wide / high)
        assert 0.4999 < times < 2.0001
        assert 0.952 < bend < 1.0501


# ------------------------------------------------------------------------------------- one by one
def test_a_provider_without_sizes_is_asked_for_a_class_and_a_ratio() -> None:
    found = fit(shipped_provider("buble"), replace(DRAFT, size="1536x864"))

    assert found.kind == "nearest"
    assert found.arguments["resolution"] == "1K"
    assert found.arguments["aspect_ratio"] == "16:9"
    (difference,) = found.differences
    assert (difference.asked, difference.sent) == ("1536x864", "1K at 16:9")
    assert "the pixel sizes this produces are not documented" in difference.why


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ("1024x1024", "1K at 1:1"),
        ("2048x2048", "2K at 1:1"),
        ("2048x1152", "2K at 16:9"),
        ("2160x3840", "4K at 9:16"),
        ("1024x768", "1K at 4:3"),
        ("1068x1024", "1K at 1:1"),
        ("1536x1024", None),
        ("3072x1024", None),
        ("512x512", None),
        ("8192x8192", None),
    ],
)
def test_a_class_is_within_twice_the_pixels_and_a_ratio_within_a_twentieth(
    size: str, sent: str | None
) -> None:
    found = fit(shipped_provider("buble"), replace(DRAFT, size=size))

    assert found.differences[0].sent == sent
    assert found.kind == ("unsupported" if sent is None else "nearest")


@pytest.mark.parametrize(
    ("size", "kind"),
    [("1024x1024", "nearest"), ("1536x1024", "unsupported"), ("2048x2048", "unsupported")],
)
def test_where_no_shape_can_be_asked_for_a_square_megapixel_is_expected(
    size: str, kind: str
) -> None:
    found = fit(shipped_provider("apiframe"), replace(DRAFT, size=size))

    assert found.kind == kind
    assert "aspect_ratio" not in found.arguments  # documents disagree about it
    assert "contradictory" in whys(found)


@pytest.mark.parametrize(
    ("name", "size", "sent"),
    [
        ("sub2api", "1000x1000", "1008x1008"),
        ("nanobanana", "1000x1000", "1008x1008"),
        ("aimlapi", "1000x1000", "1024x1024"),
        ("sub2api", "640x640", "816x816"),
        ("sub2api", "3200x1024", "3072x1024"),
    ],
)
def test_the_nearest_allowed_size_is_sent_where_it_is_near(name: str, size: str, sent: str) -> None:
    found = fit(shipped_provider(name), replace(DRAFT, size=size))

    assert found.kind == "nearest"
    assert found.arguments["size"] == sent
    assert whys(found).startswith(f"{sent} in place of {size}: size ")


@pytest.mark.parametrize(
    ("name", "one", "why"),
    [
        ("buble", replace(DRAFT, n=4), "4 images cannot be asked for: its documents have no n"),
        ("nanobanana", replace(DRAFT, n=2), "n is 1"),
        ("aimlapi", replace(DRAFT, n=2), "n is one of 1"),
        ("apiframe", replace(DRAFT, n=11), "n is between 1 and 10"),
        ("apiframe", replace(DRAFT, prompt_lengths=(80, 2001)), "at most 2,000 characters"),
        ("nanobanana", replace(DRAFT, operation="respond"), "its documents have generate, edit"),
        ("aimlapi", replace(DRAFT, size="1536x864"), "no allowed size is near"),
        ("sub2api", replace(DRAFT, size="3840x1024"), "a ratio of at most 3:1"),
        ("nanobanana", replace(DRAFT, operation="edit", references=15), "images has 1 to 14"),
        ("apiframe", replace(DRAFT, operation="edit", references=2), "images has 1 to 1"),
    ],
)
def test_what_changes_what_is_bought_is_unsupported(name: str, one: Workload, why: str) -> None:
    found = fit(shipped_provider(name), one)

    assert found.kind == "unsupported"
    assert why in whys(found)


def test_a_value_that_only_a_second_source_lists_is_exact() -> None:
    found = fit(shipped_provider("aimlapi"), replace(DRAFT, quality="low", output_format="jpeg"))

    assert found.kind == "exact"
    assert found.arguments["quality"] == "low"


def test_a_parameter_that_only_a_second_source_knows_is_not_used() -> None:
    found = fit(shipped_provider("sub2api"), replace(DRAFT, operation="respond", quality="low"))

    assert found.kind == "nearest"
    assert "quality" not in found.arguments
    assert whys(found) == (
        "quality low cannot be asked for: whether it has quality is undocumented, so that is not "
        "used; it chooses"
    )


def test_a_quality_that_cannot_be_asked_for_is_nearest() -> None:
    found = fit(shipped_provider("buble"), replace(DRAFT, quality="high"))

    assert found.kind == "nearest"
    assert [(one.parameter, one.asked, one.sent) for one in found.differences] == [
        ("quality", "high", None)
    ]


def test_leaving_a_quality_out_is_near_to_auto() -> None:
    assert fit(shipped_provider("nanobanana"), replace(DRAFT, quality="auto")).kind == "exact"
    assert fit(shipped_provider("aimlapi"), replace(DRAFT, quality="auto")).kind == "nearest"


def test_what_is_left_open_is_left_to_the_provider_but_for_what_it_requires() -> None:
    sent = {name: [*fit(shipped_provider(name), DRAFT).arguments] for name in NAMES}

    assert kinds(DRAFT) == dict.fromkeys(NAMES, "exact")
    assert sent == {
        "buble": ["model", "mode"],
        "sub2api": ["model", "n"],
        "apiframe": ["model"],
        "nanobanana": ["model"],
        "aimlapi": ["model"],
        "openai": ["model"],
    }


def test_references_are_as_many_as_asked_and_no_two_alike() -> None:
    for name in NAMES:
        found = fit(
            shipped_provider(name), replace(DRAFT, operation="edit", references=3)
        ).arguments

        if name != "apiframe":
            held = found["images"]
            assert isinstance(held, list)
            assert len({str(one) for one in held}) == 3
