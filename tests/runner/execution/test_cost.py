from dataclasses import replace
from decimal import Decimal

from harness.core.exchange import Exchange, Failure, Reply, Request, Step, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, FollowUpResult, Images, Outcome
from harness.runner.execution.budget import charged_reservation, cost_of, most_at_risk
from harness.runner.execution.failures import CUT_OFF
from harness.wire.retry import TRIES
from tests.runner.orders import IMAGES, PICTURE, price
from tests.runner.orders import shot as any_shot
from tests.shipped import shipped_provider
from tests.wire.by_hand import shot

PLAIN = any_shot("generate/base")
PROVIDER = shipped_provider(PLAIN.case.provider)


def _images(
    count: int, charged: str | None = None, *, after: tuple[FollowUpResult, ...] = ()
) -> Outcome:
    return Images(
        pictures=(PICTURE,) * count,
        charged=None if charged is None else Decimal(charged),
        job="a job",
        after=after,
    )


def _exchange(method: str, step: Step, status: int = 200) -> Exchange:
    times = Times(due_s=0, sent_s=0, end_s=1)
    request = Request(method=method, target="/")
    return Exchange(request=request, answer=Reply(status=status), times=times, step=step)


def test_an_outcome_costs_what_the_provider_says_or_the_list_price_or_at_worst_all() -> None:
    at_risk = price("2", 1)
    paid = Fault(error_class="timeout", why="", may_be_paid=True)
    free = Fault(error_class="network", why="", may_be_paid=False)

    assert cost_of(_images(1), at_risk, images=1) == at_risk
    assert cost_of(_images(1, "1.5"), at_risk, images=1) == price("1.5", 1)
    assert cost_of(_images(1, "7"), at_risk, images=1) == price("7", 1)
    assert cost_of(_images(3, "-4"), at_risk, images=3) == price("0", 3)
    assert cost_of(paid, at_risk, images=1) == at_risk
    assert cost_of(free, at_risk, images=0) == price("0", 0)


def test_a_repetition_that_made_a_second_job_costs_twice_and_no_less_than_was_charged() -> None:
    at_risk = price("4", 2)
    twice = (FollowUpResult(kind="same_key", status=200, job="another job"),)
    same = (FollowUpResult(kind="same_key", status=200, job="a job"),)

    assert cost_of(_images(1, after=twice), at_risk, images=1, twice=True) == at_risk
    assert cost_of(_images(1, "9", after=twice), at_risk, images=1, twice=True) == price("11", 2)
    assert cost_of(_images(1, after=same), at_risk, images=1, twice=True) == price("2", 1)


def test_each_post_may_be_tried_several_times_and_all_of_them_are_set_aside() -> None:
    plain = shot("apiframe", "generate")
    repeated = replace(plain, case=replace(plain.case, follow_ups=("poll_again", "same_key")))
    files: list[Json] = [{"filename": "a.png"}, {"filename": "b.png"}, {"filename": "a.png"}]
    edit = shot("buble", "edit", arguments={})
    edit = replace(edit, case=replace(edit.case, arguments={"images": files}))

    assert most_at_risk(plain).requests == TRIES
    assert most_at_risk(repeated).requests == 2 * TRIES
    assert most_at_risk(edit).requests == TRIES  # uploads ask for no image


def test_submissions_and_repetitions_count_and_what_follows_them_does_not() -> None:
    exchanges = [
        _exchange("POST", "upload", 503),
        _exchange("POST", "upload"),
        _exchange("POST", "submit", 429),
        _exchange("POST", "submit"),
        _exchange("GET", "poll"),
        _exchange("GET", "download"),
        _exchange("GET", "follow_up"),
        _exchange("POST", "follow_up"),
        _exchange("GET", "deliveries"),
    ]

    assert charged_reservation(PLAIN, IMAGES, exchanges, provider=PROVIDER).requests == 3


def test_what_was_under_way_when_a_run_was_cut_off_counts_though_nobody_saw_its_end() -> None:
    lost = (FollowUpResult(kind="same_key", why=CUT_OFF.why),)
    failed = replace(
        _exchange("POST", "submit"), answer=Failure(kind="network", why="reset", sent=True)
    )

    submitted = [_exchange("POST", "submit")]
    reset = Fault(error_class="network", why="reset", may_be_paid=True)
    cut_off = charged_reservation(PLAIN, CUT_OFF, [], provider=PROVIDER)
    repeated = charged_reservation(PLAIN, _images(1, after=lost), submitted, provider=PROVIDER)

    assert cut_off.requests == 1
    assert repeated.requests == 2
    assert charged_reservation(PLAIN, reset, [failed], provider=PROVIDER) == cut_off
