"""A conversation ends within its total time, whatever is answered, and however slowly."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.exchange import Exchange, Failure, Reply, Request, Times
from harness.core.outcome import Fault, Images, Outcome
from harness.wire.deadline import BESIDE_S, TotalTime
from harness.wire.protocol import speak
from harness.wire.retry import JITTER, JITTER_AT_MOST_S, Answer, Pause, jittered
from tests.shipped import shipped_provider
from tests.wire.by_hand import IMAGE, SHOTS, said
from tests.wire.replies import JOBS, done, pending, submitted

REQUEST = Request(method="POST", target="/v1/x", body={"prompt": "a cat"}, timeout_s=300.0)
TOTAL_S = 300.0 + BESIDE_S


def trip(seconds: float) -> Exchange:
    times = Times(due_s=0.0, sent_s=5.0, end_s=5.0 + seconds)
    return Exchange(request=REQUEST, answer=Reply(status=200), times=times)


def slowly(name: str, answers: list[Answer], *, each_s: float) -> tuple[Outcome, float, int]:
    """Drive a conversation whose round trips take so long; the last answer is given for ever."""
    shot, total = SHOTS[name], TotalTime()
    shop = shipped_provider(name)
    wire = speak(shop, shop.operation(shot.case.operation), shot)
    answer: Answer | None = None
    passed_s, sends = 0.0, 0
    for _ in range(100_000):
        try:
            step = wire.send(answer)
        except StopIteration as ended:
            return ended.value, passed_s, sends
        if isinstance(step, Pause):
            answer = total.pause(step.seconds, bound=True)
            passed_s += step.seconds if answer is None else 0.0
            continue
        answer = total.late(step.request)
        if answer is None:
            answer = answers[min(sends, len(answers) - 1)]
            sends += 1
            passed_s += each_s
            total.took(trip(each_s))
    raise AssertionError("the conversation does not end")


@pytest.mark.parametrize("each_s", [0.01, 3.0, 299.0])
@pytest.mark.parametrize("retry_after", [None, "100", "1000000000"])
@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_never_done_is_given_up_in_time_and_can_be_picked_up(
    name: str, each_s: float, retry_after: str | None
) -> None:
    headers = {} if retry_after is None else {"retry_after": retry_after}
    answers: list[Answer] = [submitted(name), pending(name, **headers)]

    outcome, passed_s, _ = slowly(name, answers, each_s=each_s)

    assert isinstance(outcome, Fault)
    assert (outcome.error_class, outcome.may_be_paid) == ("timeout", True)
    assert outcome.can_be_picked_up
    assert passed_s <= SHOTS[name].request.timeout_s + BESIDE_S + each_s


def test_polls_are_not_sent_without_a_pause_once_the_time_is_nearly_over() -> None:
    _, _, often = slowly("apiframe", [submitted("apiframe"), pending("apiframe")], each_s=3.7)

    assert often <= 2 + TOTAL_S / 3.7


@pytest.mark.parametrize("status", [403, 404, 425, 500, 503])
def test_results_that_are_never_there_are_given_up_in_time(status: int) -> None:
    answers: list[Answer] = [submitted("buble"), done("buble"), said({}, status)]

    outcome, passed_s, _ = slowly("buble", answers, each_s=100.0)

    assert isinstance(outcome, Images | Fault)
    assert passed_s <= TOTAL_S + 100.0


def test_what_is_slow_and_ends_in_time_is_served() -> None:
    answers: list[Answer] = [submitted("buble"), *[pending("buble")] * 20, done("buble"), IMAGE]

    outcome, _, sends = slowly("buble", answers, each_s=30.0)

    assert isinstance(outcome, Images)
    assert sends == 23


def test_a_pause_counts_as_it_was_asked_for_and_a_round_trip_as_it_took() -> None:
    total = TotalTime([trip(400.0)])

    assert total.late(REQUEST) is None
    assert total.pause(500.0, bound=True) is None
    late = total.pause(0.1, bound=True)
    assert isinstance(late, Failure)
    assert (late.kind, late.sent) == ("timeout", False)
    assert total.late(REQUEST) is late  # nothing follows without the pause


def test_a_round_trip_that_took_too_long_is_the_last() -> None:
    total = TotalTime()

    assert total.late(REQUEST) is None
    total.took(trip(TOTAL_S + 1))
    late = total.late(REQUEST)
    assert isinstance(late, Failure)
    assert "901 s, more than the 900 s of one request" in late.why


def test_a_pause_that_an_earlier_run_waited_is_not_refused_now() -> None:
    total = TotalTime()

    assert total.late(REQUEST) is None
    assert total.pause(1e9, bound=False) is None
    assert total.late(REQUEST) is None


@given(
    seconds=st.floats(0, 1e9), prompt=st.text(), attempt=st.integers(0, 3), other=st.integers(0, 9)
)
def test_a_pause_is_made_longer_by_what_the_request_says_and_never_shorter(
    seconds: float, prompt: str, attempt: int, other: int
) -> None:
    request = replace(REQUEST, body={"prompt": prompt, "n": other})

    pause_s = jittered(seconds, request, attempt)

    assert seconds <= pause_s <= seconds + min(seconds * JITTER, JITTER_AT_MOST_S)
    assert pause_s == jittered(seconds, request, attempt)


def test_workers_that_are_turned_away_together_come_back_apart() -> None:
    prompts = [f"a cat, take {number}" for number in range(100)]
    back = {jittered(8.0, replace(REQUEST, body={"prompt": one}), 0) for one in prompts}

    assert len(back) == len(prompts)
    assert max(back) - min(back) > 1.0
