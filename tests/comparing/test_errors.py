"""Error classes that one of two runs met."""

from dataclasses import replace

import pytest

from harness.comparing.errors import compare_errors
from harness.comparing.model import Baseline, Change, ErrorShown
from harness.comparing.scope import scope_of
from tests.comparing import baselines as b

CLEAN = b.run([b.promise()])


def _met(count: int, of: int = 200, *operations: str) -> Baseline:
    errors = tuple(
        ErrorShown(provider="sub2api", operation=each, error_class="server", count=count, of=of)
        for each in operations or ("generate",)
    )
    return replace(
        CLEAN, errors=errors, requests={f"sub2api {each.operation}": of for each in errors}
    )


def _changes(base: Baseline, head: Baseline) -> tuple[Change, ...]:
    return tuple(compare_errors(scope_of(base, head)))


@pytest.mark.parametrize(
    ("count", "direction", "standing"),
    [(1, "other", "suspected"), (6, "worse", "suspected"), (30, "worse", "certain")],
)
def test_a_class_is_new_where_chance_does_not_explain_it(
    count: int, direction: str, standing: str
) -> None:
    (change,) = _changes(CLEAN, _met(count))

    assert (change.kind, change.direction, change.standing) == ("errors", direction, standing)
    assert f"errors of class server are new at generate ({count} of 200" in change.sentence
    assert "none of 200 in BASE" in change.sentence
    assert ("which chance may explain" in change.sentence) is (standing == "suspected")


def test_a_class_that_is_gone_is_better() -> None:
    (change,) = _changes(_met(30), CLEAN)

    assert (change.direction, change.standing) == ("better", "certain")
    assert "are gone at generate" in change.sentence


def test_operations_of_one_provider_are_one_sentence() -> None:
    (change,) = _changes(CLEAN, _met(9, 200, "generate", "edit"))

    assert "new at generate, edit (18 of 400 requests" in change.sentence
    assert change.operation == ""


def test_a_class_that_both_met_is_no_news() -> None:
    assert _changes(_met(2), _met(90)) == ()
