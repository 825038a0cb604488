"""A conversation that goes on after a crash: what may have been paid is not asked for again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest

from harness.core.case import FollowUp, PlannedRequest
from harness.core.exchange import Exchange, Failure, Request, Times
from harness.core.outcome import Images, Outcome
from harness.core.recipe import Recipe
from harness.reference_images import reference_json
from harness.runner.execution.budget import cost_of
from harness.runner.execution.conversation import drive
from harness.runner.execution.failures import CUT_OFF
from harness.wire.protocol import speak
from harness.wire.retry import Answer
from tests.shipped import shipped_provider
from tests.wire.by_hand import IMAGE, said, shot
from tests.wire.replies import BUSY, done, pending, submitted, uploaded

FILES = [
    reference_json(Recipe(format="png", mode="rgb", width_px=64, height_px=64, seed=seed)).as_json()
    for seed in (1, 2)
]
EDIT = shot("buble", "edit", arguments={"images": [*FILES]})
FOLLOW_UPS: tuple[FollowUp, ...] = get_args(FollowUp)
UNKNOWN = said({"error": "Job not found"}, 404)


class Scripted:
    """A transport that answers in order and keeps what it was asked; never more than it has."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []
        self.pauses = 0

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        self.asked.append(request)
        times = Times(due_s=due_s, sent_s=0, end_s=1)
        return Exchange(request=request, answer=self.answers.pop(0), times=times)

    async def pause(self, seconds: float) -> None:
        self.pauses += seconds > 0

    async def aclose(self) -> None:
        pass


def past(*answers: Answer) -> list[Exchange]:
    times = Times(due_s=0, sent_s=0, end_s=1)
    request = Request(method="GET", target="/")
    return [Exchange(request=request, answer=one, times=times) for one in answers]


def driven(
    asked: PlannedRequest, remembered: Sequence[Answer], live: Sequence[Answer]
) -> tuple[Outcome, Scripted, list[Exchange]]:
    shop = shipped_provider(asked.case.provider)
    transport, kept = Scripted(live), list[Exchange]()

    async def keep(exchange: Exchange) -> None:
        kept.append(exchange)

    wire = speak(shop, shop.operation(asked.case.operation), asked)
    outcome = asyncio.run(
        drive(
            wire,
            transport,
            due_s=0.0,
            on_exchange=keep,
            past=past(*remembered),
            in_doubt=bool(remembered),
        )
    )
    return outcome, transport, kept


@pytest.mark.parametrize(
    ("asked", "remembered"),
    [
        (EDIT, [uploaded(1), uploaded(2)]),
        (EDIT, [uploaded(1), uploaded(2), BUSY]),
        (shot("buble"), [BUSY]),
        (shot("sub2api"), [BUSY, BUSY]),
    ],
)
def test_a_submission_that_may_have_been_under_way_is_not_made_again(
    asked: PlannedRequest, remembered: list[Answer]
) -> None:
    outcome, transport, kept = driven(asked, remembered, [])

    assert outcome == CUT_OFF
    assert transport.asked == []
    assert kept == []


def test_a_submission_whose_files_were_still_under_way_had_not_left() -> None:
    live = [uploaded(2), submitted("buble"), done("buble"), IMAGE]

    outcome, transport, _ = driven(EDIT, [uploaded(1)], live)

    assert isinstance(outcome, Images)
    posts = [one.target for one in transport.asked if one.method == "POST"]
    assert posts == ["/api/v1/files", "/api/v1/generations"]


def test_a_submission_that_comes_too_early_again_after_a_crash_is_repeated_as_usual() -> None:
    live = [uploaded(2), BUSY, submitted("buble"), done("buble"), IMAGE]

    outcome, transport, _ = driven(EDIT, [uploaded(1)], live)

    assert isinstance(outcome, Images)
    assert [one.target for one in transport.asked].count("/api/v1/generations") == 2


@pytest.mark.parametrize("remembered", [1, 2, 3])
def test_polls_and_downloads_go_on_where_they_were(remembered: int) -> None:
    whole = [submitted("buble"), pending("buble"), done("buble"), IMAGE]

    outcome, transport, kept = driven(shot("buble"), whole[:remembered], whole[remembered:])

    assert isinstance(outcome, Images)
    assert len(transport.asked) == len(kept) == len(whole) - remembered
    assert not [one for one in transport.asked if one.method == "POST"]


def test_a_repetition_that_may_have_been_under_way_is_not_made_again_and_counts_as_paid() -> None:
    asked = shot("apiframe", follow_ups=FOLLOW_UPS)
    before = [submitted("apiframe"), done("apiframe"), IMAGE, done("apiframe"), UNKNOWN]

    outcome, transport, _ = driven(asked, before, [])

    assert transport.asked == []
    assert isinstance(outcome, Images)
    assert len(outcome.pictures) == 1
    told = outcome.after[-1]
    assert (told.kind, told.status, told.why) == ("same_key", None, CUT_OFF.why)
    assert cost_of(outcome, asked.at_risk, images=1, twice=True) == asked.at_risk


def test_a_repetition_that_had_not_left_is_made() -> None:
    asked = shot("apiframe", follow_ups=FOLLOW_UPS)
    before = [submitted("apiframe"), done("apiframe"), IMAGE, done("apiframe")]

    outcome, transport, _ = driven(asked, before, [UNKNOWN, submitted("apiframe")])

    assert [one.method for one in transport.asked] == ["GET", "POST"]
    assert isinstance(outcome, Images)
    assert outcome.after[-1].job == "job-1"


def test_a_new_conversation_remembers_nothing_and_waits() -> None:
    whole = [submitted("buble"), pending("buble"), done("buble"), IMAGE]

    outcome, transport, _ = driven(shot("buble"), [], whole)

    assert isinstance(outcome, Images)
    assert transport.pauses == 1
    assert len(transport.asked) == 4


def test_what_was_lost_before_the_crash_is_asked_again_only_where_it_is_free() -> None:
    lost = Failure(kind="network", why="reset", sent=True)

    outcome, transport, _ = driven(shot("buble"), [lost], [])
    assert outcome.kind == "fault"
    assert transport.asked == []

    polled, transport, _ = driven(shot("buble"), [submitted("buble"), lost], [done("buble"), IMAGE])
    assert isinstance(polled, Images)
    assert [one.method for one in transport.asked] == ["GET", "GET"]


def test_half_of_what_is_at_risk_is_the_repetitions_share() -> None:
    asked = shot("apiframe", follow_ups=FOLLOW_UPS)
    once = replace(asked.at_risk, amount=asked.at_risk.amount / 2, images=1)

    assert asked.at_risk.images == 2
    assert cost_of(CUT_OFF, asked.at_risk, images=1, twice=True) == once
    assert cost_of(CUT_OFF, asked.at_risk, images=2) == asked.at_risk
    assert cost_of(Images(pictures=()), asked.at_risk, images=1, twice=True) == once
