"""What of two runs is compared, and what is said of the rest."""

from dataclasses import replace

import pytest

from harness.comparing.model import Baseline
from harness.comparing.scope import scope_of
from harness.core.errors import NothingTested
from tests.comparing import baselines as b

RUN = b.run([b.promise()])


def _said(base: Baseline, head: Baseline) -> str:
    return "\n".join(scope_of(base, head).not_compared)


def test_equal_runs_leave_nothing_out() -> None:
    scope = scope_of(RUN, RUN)

    assert scope.not_compared == ()
    assert scope.providers == scope.timed == scope.documented == scope.same_plan == ("sub2api",)


def test_an_emulator_is_not_compared_with_the_provider() -> None:
    with pytest.raises(NothingTested, match="an emulator says nothing about the provider"):
        scope_of(b.run(evidence=b.EMULATED), RUN)


def test_a_replay_has_promises_and_no_times() -> None:
    scope = scope_of(b.run([b.promise()], evidence=b.TAPED), RUN)

    assert (scope.providers, scope.timed) == (("sub2api",), ())
    assert "those of a replay are those of its recording" in "\n".join(scope.not_compared)


def test_providers_of_one_run_only_are_named() -> None:
    both = replace(
        RUN,
        evidence={"sub2api": b.LIVE, "buble": b.LIVE},
        requests={"sub2api generate": 3, "buble generate": 3},
    )

    assert _said(both, RUN) == "buble is in BASE only"
    assert scope_of(both, RUN).providers == ("sub2api",)


def test_runs_without_a_common_provider_are_not_compared() -> None:
    with pytest.raises(NothingTested, match="sub2api is in BASE only; mine is in HEAD only") as e:
        scope_of(RUN, b.run(name="mine"))

    assert e.value.exit_code == 2
    assert "\n" not in str(e.value)


def test_a_run_that_sent_nothing_is_not_compared() -> None:
    empty = replace(RUN, requests={}, promises=(), interrupted=True)

    with pytest.raises(NothingTested, match="HEAD received nothing from it before it was inter"):
        scope_of(RUN, empty)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (replace(RUN, seed=8), "BASE has seed 7, HEAD seed 8"),
        (replace(RUN, plan_digests={}), "the plans of sub2api differ"),
        (replace(RUN, harness="0.9"), "version 0.1.0, HEAD by 0.9"),
        (replace(RUN, spec_digests={}), "do not keep both: what moved in them cannot be told"),
        (replace(RUN, finished=None, interrupted=True), "HEAD was cut off or is still under way"),
        (replace(RUN, interrupted=True), "HEAD was interrupted: it is compared as far as it went"),
        (replace(RUN, created="2025-01-01T00:00:00+00:00"), "HEAD is older than BASE"),
        (replace(RUN, finished="2026-12-01T08:00:00+00:00"), "the clock went backwards while HEAD"),
        (replace(RUN, created="yesterday"), "the day of HEAD is unreadable: 'yesterday'"),
        (replace(RUN, finished="soon"), "when HEAD ended is unreadable: 'soon'"),
        (replace(RUN, benchmark=True), "only HEAD is a benchmark"),
    ],
)
def test_what_differs_is_said_and_refused_by_nobody(head: Baseline, words: str) -> None:
    assert words in _said(RUN, head)
    assert scope_of(RUN, head).providers == ("sub2api",)


def test_a_journal_with_a_gap_is_said_and_asked_less_than_its_plan() -> None:
    torn = replace(RUN, notes=("left out: buble", "journal.jsonl: 12 of its lines were removed"))

    assert _said(torn, RUN) == "BASE: journal.jsonl: 12 of its lines were removed"
    assert scope_of(torn, RUN).same_plan == ()


def test_dates_without_a_zone_are_no_reason_to_fail() -> None:
    assert "unreadable" in _said(RUN, replace(RUN, created="2026-12-01T09:30:00"))


def test_moved_documents_that_both_runs_keep_are_said() -> None:
    old = replace(RUN, documents={"sub2api": 'name = "sub2api"'})
    new = replace(old, spec_digests={"sub2api": "9" * 64})

    assert "the documents of sub2api moved: a promise whose rule moved" in _said(old, new)
