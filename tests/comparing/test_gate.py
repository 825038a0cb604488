"""What is typed for a comparison, as values: kinds of changes, percentages, thresholds."""

import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparing.gate import gate_of
from harness.comparing.model import DEFAULT_FAIL_ON, Thresholds
from harness.core.errors import UsageError
from harness.planning.diff_options import (
    KINDS,
    DiffLimits,
    Percent,
    read_fail_on,
    read_number,
    read_percent,
)
from harness.planning.flags import FLAG


def test_without_a_choice_the_defaults_hold_and_the_help_names_them() -> None:
    gate, plain = gate_of(DiffLimits()), Thresholds()
    helps = {each.name: each.metadata[FLAG].help for each in fields(DiffLimits)}

    assert (gate.fail_on, gate.thresholds) == (DEFAULT_FAIL_ON, plain)
    assert helps["fail_on"].endswith(f"[{','.join(DEFAULT_FAIL_ON)}].")
    assert helps["slower"].endswith(f"[{Percent(plain.slower)}].")
    assert helps["dearer"].endswith(f"[{Percent(plain.dearer)}].")
    assert helps["failing"].endswith(f"[{plain.failing:g}].")
    assert helps["alarm"].endswith(f"[{plain.alarm:g}].")
    assert helps["suspicion"].endswith(f"[{plain.suspicion:g}].")


def test_what_is_chosen_holds_be_it_nothing() -> None:
    limits = DiffLimits(fail_on=(), slower=Percent(0), failing=0.0)
    gate = gate_of(limits)

    assert gate.fail_on == ()
    assert (gate.thresholds.slower, gate.thresholds.failing) == (0, 0)


def test_a_larger_alarm_takes_the_suspicion_along_and_contradicts_a_typed_one() -> None:
    assert gate_of(DiffLimits(alarm=0.2)).thresholds.suspicion == 0.2
    with pytest.raises(UsageError, match=r"--alarm 0\.2 is above --suspicion 0\.05"):
        gate_of(DiffLimits(alarm=0.2, suspicion=0.05))


@pytest.mark.parametrize(
    ("texts", "kinds"),
    [
        (["broken"], ("broken",)),
        (["slower,broken", " document "], ("broken", "slower", "document")),
        (["broken,broken"], ("broken",)),
        (["none"], ()),
        ([",".join(KINDS)], KINDS),
    ],
)
def test_kinds_are_read_once_each(texts: list[str], kinds: tuple[str, ...]) -> None:
    assert read_fail_on(texts) == kinds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slow", "did you mean slower?"),
        ("Broken", "did you mean broken?"),
        ("tried", "no kind of change"),
        ("", "no kind of change"),
        ("broken,", "no kind of change"),
        ("none,broken", "it stands alone"),
        ("everything", "one of broken, slower"),
    ],
)
def test_an_unknown_kind_is_refused_and_the_nearest_named(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_fail_on([text])

    assert says in str(raised.value)


@given(st.integers(0, 100_000))
def test_percentages_read_as_they_are_written(hundredths: int) -> None:
    share = Percent(hundredths / 10_000)

    assert math.isclose(read_percent("--slower", f"{hundredths / 100:g}%"), share)


@pytest.mark.parametrize(
    "text",
    [
        *("10", "0.1", "-5%", "+5%", "10%%", "%", "1e1%", "nan%", "inf%", "10 percent", "1001%"),
        *("\uff11\uff10%", " 10%", "10%\n", "1,5%", "99999%", ""),
    ],
)
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a percentage"):
        read_percent("--slower", text)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(UsageError, match="not a finite number"):
        read_number("--failing", number)
