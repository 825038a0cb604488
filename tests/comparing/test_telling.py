"""Whether a run tells anything, and of how many promises two runs know."""

from decimal import Decimal
from typing import Any

import pytest

from harness.comparing.model import Baseline, Sample
from harness.comparing.scope import scope_of
from harness.comparing.telling import promises_compared, unclear
from tests.comparing.test_known import head, promise


def sample(end: Any = "served", **more: Any) -> Sample:  # noqa: ANN401 - any end
    whole: dict[str, Any] = {
        "provider": "nanobanana",
        "operation": "generate",
        "workload": "",
        "place": "a",
        "question": "q",
        "end": end,
        "seconds": 1.0,
        "error_class": None if end == "served" else "network",
        "images": 1,
        "spent": None,
        "listed": Decimal(0),
        "unit": "usd",
    }
    return Sample(**{**whole, **more})


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (head(), ""),
        (head(promise("not tried")), ""),
        (head(promise("held")), ""),
        (head(promise("held"), samples=(sample("failed"),)), ""),
        (head(promise("inconclusive"), samples=(sample(), sample("failed"))), ""),
        (
            head(promise("inconclusive"), samples=(sample("failed"),)),
            "the 1 valid request was not served (network 1)",
        ),
        (
            head(
                samples=(
                    sample("failed"),
                    sample("failed"),
                    sample("cut_off", error_class=None),
                )
            ),
            "none of 3 valid requests was served (network 2, cut off 1)",
        ),
        (head(promise("inconclusive"), promise("not tried")), "every verdict is inconclusive"),
    ],
)
def test_a_run_that_asked_and_learned_nothing_says_so(run: Baseline, why: str) -> None:
    assert unclear(run) == why


def test_promises_are_compared_of_which_both_runs_know() -> None:
    base = head(promise("held"), promise("broken", promise="a.b"), promise("held", promise="c.d"))
    later = head(
        promise("flaky"), promise("held", promise="a.b"), promise("not tried", promise="c.d")
    )

    assert promises_compared(scope_of(base, later)) == 2
    assert promises_compared(scope_of(base, head(promise("inconclusive")))) == 0
