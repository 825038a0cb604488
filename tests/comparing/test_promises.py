"""What is said of a promise by what each of two runs saw of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparing.compare import compare
from harness.comparing.model import DeviationShown, PromiseShown, PromiseState
from harness.comparing.promises import FAILS, compare_flaky
from harness.comparing.scope import scope_of
from harness.known.model import KnownDeviation, KnownShown
from tests.comparing import baselines as b

OTHER_PLAN = {"sub2api": "c" * 64}


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (
            b.promise("held"),
            "2 of 2 times (HTTP 200 with 11 images); held in BASE (2 cases)",
        ),
        (b.promise("inconclusive"), "BASE asked for it, but learned nothing because of faults"),
        (b.promise("not tried"), "BASE planned the same request and has no answer to it"),
        (b.promise("undocumented"), "not seen in BASE (2 cases)"),
        (None, "BASE planned the same request and did not see it"),
        (
            b.promise("broken", b.broken("charges_the_list_price")),
            "in BASE only charges_the_list_price found it broken",
        ),
        (b.promise("unconfirmed", b.unconfirmed("images_decode")), "in BASE only images_decode"),
    ],
)
def test_what_base_did_not_see_broken_is_newly_broken(
    before: PromiseShown | None, words: str
) -> None:
    others = [b.promise(promise="n.integer"), b.promise(promise="size.format")]
    base = b.run([*others, *([before] if before else [])])

    diff = compare(base, b.run([*others, b.promise("broken", b.broken())]))
    first = diff.failing[0]

    assert (first.kind, first.direction, first.standing) == ("broken", "worse", "certain")
    assert (first.promise, first.check) == ("n.range", b.CHECK)
    assert words in first.sentence
    assert "(HTTP 200 with 11 images)" in first.sentence


def test_what_base_never_asked_for_is_not_newly_broken() -> None:
    base = replace(b.run([b.promise("not tried")]), plan_digests=OTHER_PLAN)

    (change,) = (
        each
        for each in b.changes(base, b.run([b.promise("broken", b.broken())]))
        if each.kind == "broken"
    )

    assert (change.direction, change.standing) == ("worse", "suspected")
    assert "BASE had not tried it, so it may not be new" in change.sentence


def test_what_a_run_that_was_cut_off_never_asked_for_is_not_newly_broken() -> None:
    other = b.promise(promise="size.format")
    base = replace(b.run([other, b.promise("not tried")]), finished=None, interrupted=True)

    diff = compare(base, b.run([other, b.promise("broken", b.broken())]))

    assert not diff.failing


@pytest.mark.parametrize("state", ["inconclusive", "not tried"])
def test_an_outage_in_base_makes_nothing_newly_broken(state: PromiseState) -> None:
    held = [b.promise(promise=f"parameter_{at}.range") for at in range(3)]
    down = [replace(each, state=state, tried=0, refusals=0) for each in (*held, b.promise())]
    head = b.run([*held, b.promise("broken", b.broken())])

    diff = compare(b.run(down), head)

    assert not diff.failing
    assert any(each.standing == "suspected" for each in diff.changes)


def test_what_was_served_tells_nothing_of_what_is_to_be_refused() -> None:
    served = replace(b.promise(), refusals=0)
    base = replace(b.run([served]), plan_digests=OTHER_PLAN)

    diff = compare(base, b.run([b.promise("broken", b.broken())]))

    assert not diff.failing
    assert "BASE had not tried it" in diff.changes[0].sentence


def test_a_lost_answer_is_no_news_where_base_broke_the_same_at_another_operation() -> None:
    at_edit = replace(b.promise("broken", b.broken()), operation="edit")
    lost = replace(b.promise(), refusals=0)
    head = b.run([at_edit, b.promise("broken", b.broken())])

    assert not compare(b.run([at_edit, lost]), head).failing
    assert compare(b.run([replace(b.promise(), operation="edit"), lost]), head).failing


def test_what_another_plan_held_is_newly_broken() -> None:
    base = replace(b.run([b.promise("held")]), plan_digests=OTHER_PLAN, seed=8)

    diff = compare(base, b.run([b.promise("broken", b.broken())]))

    assert [each.promise for each in diff.failing] == ["n.range"]


@pytest.mark.parametrize(
    ("before", "fails"),
    [
        (b.flaky(), False),  # one of three, and two of two: chance may be all
        (b.flaky(failed=1, tried=40), True),
        (b.unconfirmed(), False),  # it was seen
    ],
)
def test_what_base_saw_now_and_then_or_once_may_be_nothing_new(
    before: DeviationShown, *, fails: bool
) -> None:
    base = b.run([b.promise("flaky", before)])

    diff = compare(base, b.run([b.promise("broken", b.broken())]))

    assert bool(diff.failing) is fails
    assert any(each.kind == "broken" and each.direction == "worse" for each in diff.changes)


def test_a_single_fault_in_base_is_no_reason_why_a_failure_is_old() -> None:
    base = b.run([b.promise("unconfirmed", b.unconfirmed(FAILS))])

    diff = compare(base, b.run([b.promise("broken", b.broken(FAILS, failed=5, tried=5))]))

    assert [each.check for each in diff.failing] == [FAILS]


@pytest.mark.parametrize(
    ("after", "fails"),
    [
        (b.unconfirmed(), False),
        (b.unconfirmed(failed=3, tried=3), True),
        (b.unconfirmed(failed=1, tried=9), False),
        (b.unconfirmed(FAILS, failed=3, tried=3), False),
    ],
)
def test_a_suspicion_is_sure_where_each_request_that_asked_the_same_failed(
    after: DeviationShown, *, fails: bool
) -> None:
    diff = compare(b.run([b.promise()]), b.run([b.promise("unconfirmed", after)]))

    assert bool(diff.failing) is fails
    assert [each.kind for each in diff.changes] == ["broken"]
    assert ("requests for it failed, and none was repeated" in diff.changes[0].sentence) is fails


def test_one_failure_of_many_that_ask_the_same_is_not_sure() -> None:
    once = b.broken(failed=1, tried=125)
    often = b.broken(failed=30, tried=125)
    base = b.run([b.promise(tried=125)])

    assert not compare(base, b.run([b.promise("broken", once)])).failing
    assert compare(base, b.run([b.promise("broken", often)])).failing


def test_each_check_of_a_promise_has_its_own_change_and_one_known_never_hides_another() -> None:
    head = b.run([b.promise("broken", b.broken(), b.broken("images_decode"))])
    known = KnownDeviation(
        provider="sub2api",
        operation="generate",
        promise="n.range",
        check=b.CHECK,
        reason="ticket 7",
        expires="2027-01-01",
    )
    shown = KnownShown(known=known, state="expected", sentence="still broken")

    diff = compare(b.run([b.promise()]), head, known=[shown])

    assert [each.check for each in diff.failing] == ["images_decode"]
    assert [each.known for each in diff.changes if each.check == b.CHECK] == [known]


def test_a_promise_about_a_reply_is_known_by_its_check() -> None:
    shown = b.promise("broken", b.broken("images_decode"), promise="images_decode")
    known = KnownDeviation(
        provider="sub2api",
        operation="generate",
        promise="",
        check="images_decode",
        reason="ticket 8",
        expires="2027-01-01",
    )

    diff = compare(
        b.run([b.promise(promise="images_decode")]),
        b.run([shown]),
        known=[KnownShown(known=known, state="expected", sentence="still broken")],
    )

    assert not diff.failing
    assert "sub2api generate images_decode: newly broken" in diff.changes[0].sentence


def test_values_together_are_known_by_either_spelling() -> None:
    shown = b.promise("broken", b.broken(), promise="quality=high with n=4")
    known = KnownDeviation(
        provider="sub2api",
        operation="generate",
        promise="quality=high+n=4",
        check=b.CHECK,
        reason="ticket 9",
        expires="2027-01-01",
    )

    diff = compare(
        b.run(),
        b.run([shown]),
        known=[KnownShown(known=known, state="expected", sentence="still broken")],
    )

    assert [each.known for each in diff.changes] == [known]
    assert not diff.failing


def test_equal_runs_are_compared_though_nothing_is_to_be_said() -> None:
    diff = compare(b.run([b.promise()]), b.run([b.promise()]))

    assert (diff.changes, diff.comparisons) == ((), ())
    assert diff.compared


# ------------------------------------------------------------------------- moved documents
def test_a_promise_whose_rule_moved_is_not_newly_broken() -> None:
    base = b.run([b.promise(fingerprint="0" * 16)])

    diff = compare(base, b.run([b.promise("broken", b.broken())]))

    assert not diff.failing
    assert [each.direction for each in diff.changes] == ["other"]
    assert "the documents moved its rule" in diff.changes[0].sentence


def test_a_request_that_base_was_served_is_newly_broken_whatever_moved() -> None:
    base = b.run([b.promise(fingerprint="0" * 16)], [b.sample(question="q-11")])

    diff = compare(base, b.run([b.promise("broken", b.broken())]))

    assert [each.promise for each in diff.failing] == ["n.range"]


# ------------------------------------------------------------------------------- newly kept
def test_a_promise_that_holds_again_is_newly_kept() -> None:
    (change,) = b.changes(b.run([b.promise("broken", b.broken())]), b.run([b.promise()]))

    assert (change.kind, change.direction, change.standing) == ("broken", "better", "certain")
    assert "newly kept: held in HEAD (2 cases); BASE broke it 2 of 2 times" in change.sentence


@pytest.mark.parametrize("state", ["inconclusive", "not tried"])
def test_a_broken_promise_that_head_cannot_tell_of_is_not_kept(state: PromiseState) -> None:
    changes = b.changes(b.run([b.promise("broken", b.broken())]), b.run([b.promise(state)]))

    assert {each.direction for each in changes} == {"other"}
    assert any("broken in BASE; HEAD" in each.sentence for each in changes)


def test_a_refusal_that_got_no_answer_in_head_is_not_kept() -> None:
    head = b.run([replace(b.promise(), refusals=0)])

    (change,) = b.changes(b.run([b.promise("broken", b.broken())]), head)

    assert (change.kind, change.direction) == ("tried", "other")
    assert "HEAD asked for it, but learned nothing" in change.sentence


def test_values_together_are_kept_only_where_head_was_served_them() -> None:
    pair = b.promise("broken", b.broken(), promise="quality=high with n=4")
    base = b.run([pair])

    (kept,) = b.changes(base, b.run([], [b.sample(question="q-11")]))
    (unknown,) = b.changes(base, b.run([], [b.sample()]))

    assert (kept.kind, kept.direction) == ("broken", "better")
    assert (unknown.kind, unknown.direction) == ("tried", "other")


# --------------------------------------------------------------------------------- no change
def test_what_faults_left_open_is_no_change() -> None:
    base, head = b.run([b.promise()]), b.run([b.promise("inconclusive")])

    diff = compare(base, head)

    assert diff.changes == ()
    assert any("1 promise is inconclusive in HEAD" in each for each in diff.not_compared)


def test_a_promise_that_is_broken_otherwise_is_told_and_fails_nothing() -> None:
    def came(observed: str) -> PromiseShown:
        return b.promise("broken", b.broken(observed=observed))

    base = b.run([came("HTTP 200 with 11 images, id 8f3a-77")])
    (change,) = b.changes(base, b.run([came("HTTP 500, an error of another shape")]))

    assert (change.kind, change.direction) == ("broken", "other")
    assert "broken in both, but differently" in change.sentence
    assert b.changes(base, b.run([came("HTTP 200 with 12 images, id 9c01-12")])) == ()


def test_many_promises_that_one_run_tried_are_one_sentence() -> None:
    names = [f"parameter_{at}.range" for at in range(200)]
    base = b.run([b.promise("not tried", promise=name) for name in names])

    (change,) = b.changes(base, b.run([b.promise(promise=name) for name in names]))

    assert change.kind == "tried"
    assert change.sentence.startswith("sub2api: 200 promises newly tried: generate parameter_0")
    assert change.sentence.endswith("and 197 more")


STATES: tuple[PromiseState, ...] = (
    *("held", "broken", "flaky", "unconfirmed", "undocumented"),
    *("inconclusive", "not tried", "absent"),
)
DEVIATIONS = {"broken": b.broken(), "flaky": b.flaky(), "unconfirmed": b.unconfirmed()}


def _shown(state: PromiseState) -> PromiseShown:
    return b.promise(state, *([DEVIATIONS[state]] if state in DEVIATIONS else []))


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_only_what_head_shows_broken_fails_a_build(
    before: PromiseState, after: PromiseState
) -> None:
    diff = compare(b.run([_shown(before)]), b.run([_shown(after)]))

    known = before in ("held", "undocumented", "absent")
    assert bool(diff.failing) is (after == "broken" and known)
    assert before != after or not diff.changes


# --------------------------------------------------------------------------------- flaky
def test_flaky_rates_count_first_askings() -> None:
    base = b.run([replace(b.promise(tried=40), failed=0)])
    head = b.run([replace(b.promise("flaky", b.flaky(), tried=40), failed=12)])

    (comparison,) = compare_flaky(scope_of(base, head))

    assert (comparison.base.value, comparison.head.value) == (0.0, 0.3)
    assert comparison.change.value == pytest.approx(30)
    assert comparison.p is not None
    assert comparison.p < 1e-3
    assert comparison.p_better == 1.0
