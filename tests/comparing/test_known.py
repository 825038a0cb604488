"""Known deviations beside a baseline: expected, stale, expired; one never hides another."""

from typing import Any

import pytest

from harness.comparing.known import known_by_baseline, with_known
from harness.comparing.model import Baseline, DeviationShown, PromiseShown
from tests.comparing import diffs as d


def head(*promises: PromiseShown, **more: Any) -> Baseline:  # noqa: ANN401 - fields of the value
    whole: dict[str, Any] = {
        "run": "head",
        "harness": "0.1.0",
        "created": "2026-12-01T09:30:00+00:00",
        "finished": "2026-12-01T09:40:00+00:00",
        "interrupted": False,
        "against": "emulator",
        "seed": 0,
        "benchmark": False,
        "evidence": {"nanobanana": d.EMULATOR},
        "spec_digests": {},
        "plan_digests": {},
        "promises": promises,
        "requests": {"nanobanana generate": 4} if promises or "samples" in more else {},
    }
    return Baseline(**{**whole, **more})


def promise(state: Any = "held", checks: tuple[str, ...] = (), **more: Any) -> PromiseShown:  # noqa: ANN401 - any state
    whole: dict[str, Any] = {
        "provider": "nanobanana",
        "operation": "generate",
        "promise": "n.range",
        "kind": "constraint",
        "state": state,
        "checks": checks,
        "failed": 2 if checks else 0,
        "tried": 2,
        "deviations": tuple(
            DeviationShown(check=each, state="broken", failed=2, tried=2, observed="11 images")
            for each in checks
        ),
    }
    return PromiseShown(**{**whole, **more})


MINE, OTHER = "refuses_what_it_forbids", "sends_the_size_it_was_asked_for"


@pytest.mark.parametrize(
    ("promises", "expires", "state"),
    [
        ([promise("broken", (MINE,))], "2027-01-31", "expected"),
        ([promise("broken", (MINE,))], "2026-12-01", "expected"),
        ([promise("broken", (MINE,))], "2026-11-30", "expired"),
        ([promise("flaky", (MINE,))], "2027-01-31", "expected"),
        ([promise("held")], "2027-01-31", "stale"),
        ([promise("held")], "2026-11-30", "expired"),
        ([promise("broken", (OTHER,))], "2027-01-31", "unclear"),
        ([promise("inconclusive")], "2027-01-31", "unclear"),
        ([promise("not tried")], "2027-01-31", "not tried"),
        ([promise("broken", (MINE,), operation="edit")], "2027-01-31", "not tried"),
        ([promise("broken", (MINE,), promise="n.integer")], "2027-01-31", "not tried"),
        ([], "2027-01-31", "not tried"),
    ],
)
def test_what_head_says_of_a_known_deviation(
    promises: list[PromiseShown], expires: str, state: str
) -> None:
    (found,) = known_by_baseline(head(*promises), [d.known(expires=expires)])

    assert found.state == state
    assert "nanobanana generate n.range" in found.sentence


def test_a_provider_that_head_did_not_ask_expires_nothing() -> None:
    run = head(evidence={"buble": d.EMULATOR})

    assert known_by_baseline(run, [d.known(expires="2020-01-01")])[0].state == "not tried"


def test_a_known_deviation_expects_its_own_check_and_no_other() -> None:
    mine, other = d.change(check=MINE), d.change(check=OTHER)
    known = known_by_baseline(head(promise("broken", (MINE, OTHER))), [d.known()])
    found = [*with_known([mine, other, d.change("flaky")], known)]

    assert [each.known is not None for each in found] == [True, False, False]
    assert d.diff(*found).failing == (other,)


def test_an_expired_one_expects_nothing() -> None:
    known = known_by_baseline(head(promise("broken", (MINE,))), [d.known(expires="2026-01-01")])

    assert next(iter(with_known([d.change()], known))).known is None
