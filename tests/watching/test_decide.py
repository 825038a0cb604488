"""What a watch alerts: once, only what came again, and once more when it is back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.comparing.model import ChangeKind
from harness.known.model import KnownDeviation
from harness.watching.decide import decided, suspicions
from harness.watching.model import Day, State
from tests.watching.showing import passed, quiet, shown

CHANGES: dict[ChangeKind, dict[str, Any]] = {
    "broken": {"state": "broken"},
    "slower": {"slow": 1.5},
    "dearer": {"cost": "0.05"},
    "failing": {"failed": 4},
}


def _day(number: int, *, again: bool = True, **how: Any) -> Day:  # noqa: ANN401 - as shown takes it
    run = f"2026-12-{number:02}"
    rounds = (shown(f"{run}-again", times=2, **how),) if again else ()
    return Day(run=run, shown=shown(run, **how), again=rounds)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_comes_again_is_alerted_once_however_long_it_stays(kind: ChangeKind) -> None:
    state, days = quiet(14)
    alerts = []
    for number in range(15, 25):
        come_to = passed(state, days, _day(number, **CHANGES[kind]))
        state = come_to.state
        alerts += [(number, each.kind) for each in (come_to.alert.changes if come_to.alert else ())]

    assert [number for number, _ in alerts] == [15]
    assert (15, kind) in alerts


@pytest.mark.parametrize("kind", CHANGES)
def test_what_does_not_come_again_is_no_alert(kind: ChangeKind) -> None:
    state, days = quiet(14)
    run = "2026-12-15"
    today = Day(run=run, shown=shown(run, **CHANGES[kind]), again=(shown(f"{run}-again"),))

    assert any(each.kind == kind for each in suspicions(state, days, today))
    assert not passed(state, days, today).messages


def test_a_promise_that_is_kept_again_is_told_once_and_alerted_anew_when_it_breaks() -> None:
    state, days = quiet(5)
    kinds = []
    for number, broken in enumerate([True, True, False, False, False, True], 6):
        how: dict[str, Any] = {"state": "broken"} if broken else {}
        come_to = passed(state, days, _day(number, again=broken, **how))
        state = come_to.state
        kinds.append([each.kind for each in come_to.messages])

    assert kinds == [["alert"], [], [], ["back"], [], ["alert"]]


def test_an_edited_document_is_alerted_at_once_and_is_the_usual_one_then() -> None:
    state, days = quiet(5)
    first = passed(state, days, _day(6, again=False, spec="b"))
    second = passed(first.state, days, _day(7, again=False, spec="b"))

    assert first.alert is not None
    assert [each.kind for each in first.alert.changes] == ["document"]
    assert not second.messages
    assert not second.state.open


def test_without_a_second_asking_the_next_day_confirms() -> None:
    state, days = quiet(14)
    first = passed(state, days, _day(15, again=False, state="broken"))
    second = passed(first.state, days, _day(16, again=False, state="broken"))

    assert first.alert is None
    assert second.alert is not None


def test_a_known_deviation_is_no_alert_and_hides_no_other_check() -> None:
    state, days = quiet(5)
    known = KnownDeviation(
        provider="p",
        operation="generate",
        promise="size.format",
        check="images_have_the_size",
        reason="",
        expires="2026-12-31",
    )
    alone = _day(6, state="broken")
    beside = _day(6, state="broken", checks=("images_have_the_size", "images_decode"))

    assert decided(state, days, alone, known=[known]).alert is None
    assert decided(state, days, beside, known=[known]).alert is not None
    assert decided(state, days, alone, known=[replace(known, expires="2026-12-05")]).alert


def test_a_promise_asked_for_the_first_time_is_no_change() -> None:
    _, days = quiet(5)
    never = [replace(day, shown=replace(day.shown, promises=())) for day in days]

    assert decided(State(), never, _day(6, state="broken")).alert is None


def test_the_new_level_is_the_usual_one_after_an_alert_for_time() -> None:
    state, days = quiet(14)
    for number in range(15, 20):
        state = passed(state, days, _day(number, again=number == 15, slow=1.5)).state
    slow = [each for each in state.open if each.kind == "slower"]
    told = []
    for number in range(20, 25):
        come_to = passed(state, days, _day(number, again=False))
        state = come_to.state
        told += [each.kind for each in come_to.messages]

    assert [each.since for each in slow] == ["2026-12-15"]
    assert told == ["back"]
    assert not any(each.kind == "slower" for each in state.open)


def test_an_edited_document_is_told_in_the_words_of_a_changelog() -> None:
    text = Path(harness.__file__).with_name("providers").joinpath("apiframe.toml").read_text()
    edited = text.replace("characters = 2000", "characters = 1800").replace(
        "says 2,000", "says 1,800"
    )
    state, days = quiet(5)
    days = [replace(day, shown=replace(day.shown, documents={"p": text})) for day in days]
    today = _day(6, again=False, spec="b")
    alert = decided(
        state, days, replace(today, shown=replace(today.shown, documents={"p": edited}))
    ).alert

    assert alert is not None
    assert "2,000" in alert.sentences[0] or "2000" in alert.sentences[0]
    assert "1,800" in alert.sentences[0] or "1800" in alert.sentences[0]
