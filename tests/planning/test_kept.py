from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.planning.kept import keeps_limits, kept_choices, owners_flags, with_kept
from harness.planning.options import EmulatorOptions, Options, Output, Planning, RunLimits, Target

CHOSEN = Options(
    target=Target(operations=("edit",), base_urls={"buble": "http://127.0.0.1:1"}),
    planning=Planning(discover=True),
    limits=RunLimits(
        budgets={"buble": Decimal("2.5")},
        max_images=7,
        max_minutes=1.5,
        max_shrink=0,
        concurrency=3,
    ),
    emulator=EmulatorOptions(faults=("buble:wrong_format",), time_scale=0.5),
)

LISTS = (Path("/lists/a.pem"), Path("/lists/b c.pem"))


def test_what_was_chosen_holds_again_and_no_address_is_kept() -> None:
    kept = kept_choices(CHOSEN, measured=False)

    assert with_kept(Options(), kept).limits == CHOSEN.limits
    assert with_kept(Options(), kept).planning.discover
    assert with_kept(Options(), kept).emulator == CHOSEN.emulator
    assert with_kept(Options(), kept).target == Target(operations=("edit",))


def test_what_is_typed_holds_instead() -> None:
    typed = Options(limits=RunLimits(max_images=9, budgets={"aimlapi": Decimal(1)}))

    limits = with_kept(typed, kept_choices(CHOSEN, measured=False)).limits

    assert (limits.max_images, limits.concurrency) == (9, 3)
    assert limits.budgets == {"aimlapi": Decimal(1), "buble": Decimal("2.5")}


def test_a_folder_without_choices_changes_nothing() -> None:
    assert kept_choices(Options(), measured=False) == {}
    assert with_kept(CHOSEN, {}) == CHOSEN


def test_a_benchmark_keeps_its_concurrency_in_its_design() -> None:
    assert "concurrency" not in kept_choices(CHOSEN, measured=True)


@pytest.mark.parametrize(
    "kept",
    [
        {"max_images": "many"},
        {"max_requests": -1},
        {"concurrency": 0},
        {"max_minutes": float("inf")},
        {"time_scale": float("nan")},
        {"budgets": {"buble": "NaN"}},
        {"budgets": {"buble": "Infinity"}},
    ],
)
def test_a_choice_that_is_none_is_named(kept: dict[str, Json]) -> None:
    with pytest.raises(UsageError, match="choices"):
        with_kept(Options(), kept)


def test_what_only_an_owner_may_choose_is_not_taken_over_from_another() -> None:
    places = Target(
        assets_url="https://a.example",
        webhook_url="https://b.example",
        receive_port=2000,
        allow_private=True,
    )
    chosen = replace(CHOSEN, target=places, planning=Planning(quick=True, discover=True))
    kept = kept_choices(chosen, measured=False)

    own, others = with_kept(Options(), kept), with_kept(Options(), kept, owned=False)

    assert keeps_limits(kept)
    assert own.target == places
    assert own.planning.quick
    assert (others.limits.budgets, others.limits.max_images) == ({}, None)
    assert others.target == Target()
    assert others.planning == Planning(discover=True)


def test_a_trust_list_is_kept_for_its_owner_alone() -> None:
    kept = kept_choices(Options(output=Output(trust_anchors=LISTS)), measured=False)

    assert with_kept(Options(), kept).output.trust_anchors == LISTS
    assert with_kept(Options(), kept, owned=False) == Options()
    typed = Options(output=Output(trust_anchors=LISTS[:1]))
    assert with_kept(typed, kept) == typed
    assert owners_flags(kept) == (
        "--trust-anchors /lists/a.pem",
        "--trust-anchors '/lists/b c.pem'",
    )
