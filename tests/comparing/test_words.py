"""The sentence over a diff, the groups of its changes, and the exit code that both explain."""

import pytest
from hypothesis import given, settings

from harness.comparing.model import FAIL_ON, HELD, NOTHING, REGRESSED, UNCLEAR, Diff
from harness.comparing.words import HEADINGS, confirming, ground, group_of, groups, sentence
from harness.core.record import Provenance
from harness.planning import diff_options
from harness.policy import BROKEN
from harness.policy import HELD as RUN_HELD
from harness.policy import NOTHING as RUN_NOTHING
from harness.policy import UNCLEAR as RUN_UNCLEAR
from tests.comparing import diffs as d

FOUR = tuple(d.comparison(workload=name) for name in "abcd")


def test_exit_codes_are_those_of_a_run() -> None:
    assert (HELD, REGRESSED, NOTHING, UNCLEAR) == (RUN_HELD, BROKEN, RUN_NOTHING, RUN_UNCLEAR)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (d.diff(), HELD),
        (d.diff(d.change("broken")), REGRESSED),
        (d.diff(d.change("broken", standing="confirmed")), REGRESSED),
        (d.diff(d.change("broken", standing="suspected")), HELD),
        (d.diff(d.change("broken", standing="refuted")), HELD),
        (d.diff(d.change("broken", direction="better")), HELD),
        (d.diff(d.change("broken", known=d.known())), HELD),
        (d.diff(d.change("broken"), d.change("broken", known=d.known())), REGRESSED),
        (d.diff(d.change("flaky")), HELD),
        (d.diff(d.change("flaky"), fail_on=("flaky",)), REGRESSED),
        (d.diff(d.change("document", direction="other"), fail_on=("document",)), REGRESSED),
        (d.diff(d.change("broken"), fail_on=()), HELD),
        (d.diff(known=(d.shown("expected"), d.shown("not tried"), d.shown("unclear"))), HELD),
        (d.diff(known=(d.shown("stale"),)), REGRESSED),
        (d.diff(known=(d.shown("expired"),), fail_on=()), REGRESSED),
        (d.diff(promises_compared=0), NOTHING),
        (d.diff(promises_compared=0, comparisons=FOUR), HELD),
        (d.diff(promises_compared=0, known=(d.shown("stale"),)), REGRESSED),
        (d.diff(promises_compared=0, unclear="nobody answered"), UNCLEAR),
        (d.diff(d.change("failing"), unclear="nobody answered"), UNCLEAR),
        (d.diff(d.change("errors"), unclear="nobody", fail_on=("errors",)), UNCLEAR),
        (d.diff(d.change("document"), unclear="no", fail_on=("document",)), REGRESSED),
    ],
)
def test_the_exit_code_says_whether_anything_fails(found: Diff, code: int) -> None:
    assert found.exit_code == code


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            d.diff(d.change("broken"), d.change("slower"), comparisons=FOUR),
            (
                "HEAD newly breaks 1 promise, and is slower at 1 of 4 workloads: "
                "fails on broken, slower."
            ),
        ),
        (
            d.diff(
                d.change("broken"),
                d.change("failing"),
                d.change("dearer"),
                comparisons=(
                    *(d.comparison("failing", "", operation=name) for name in ("a", "b")),
                    d.comparison("dearer"),
                    d.comparison("dearer", provider="buble"),
                ),
            ),
            (
                "HEAD newly breaks 1 promise, fails more often at 1 of 2 operations, "
                "and is dearer in 1 of 2 comparisons: fails on broken, failing, dearer."
            ),
        ),
        (
            d.diff(d.change("slower"), d.change("slower"), known=(d.shown("expired"),)),
            (
                "HEAD is slower at 2 places; 1 known deviation expired: "
                "fails on slower, an expired known deviation."
            ),
        ),
        (
            d.diff(known=(d.shown("stale"), d.shown("stale"))),
            (
                "2 promises listed as known deviations are kept again: "
                "fails on a stale known deviation."
            ),
        ),
        (d.diff(), "Nothing changed from BASE to HEAD: 40 promises were compared."),
        (
            d.diff(promises_compared=1),
            "Nothing changed from BASE to HEAD: 1 promise was compared.",
        ),
        (
            d.diff(d.change("slower", standing="suspected"), comparisons=FOUR),
            (
                "Nothing fails (broken, slower, dearer, failing); 1 suspected regression from "
                "BASE to HEAD: 40 promises and 4 figures were compared."
            ),
        ),
        (
            d.diff(d.change("tried"), d.change("dearer", direction="better")),
            (
                "Nothing fails (broken, slower, dearer, failing); 1 other change, and 1 "
                "improvement from BASE to HEAD: 40 promises were compared."
            ),
        ),
        (
            d.diff(d.change("broken"), fail_on=()),
            (
                "Nothing fails (--fail-on none); 1 other change from BASE to HEAD: "
                "40 promises were compared."
            ),
        ),
        (
            d.diff(promises_compared=0, not_compared=("buble: BASE did not ask it.",)),
            "Nothing of BASE and HEAD could be compared: buble: BASE did not ask it.",
        ),
        (
            d.diff(unclear="none of 40 valid requests was served (network 40)"),
            "HEAD tells nothing: none of 40 valid requests was served (network 40).",
        ),
        (
            d.diff(d.change("document"), unclear="nobody answered", fail_on=("document",)),
            (
                "HEAD goes by documents with 1 change: fails on document. "
                "Otherwise HEAD tells nothing: nobody answered."
            ),
        ),
    ],
)
def test_one_sentence_says_what_it_comes_to(found: Diff, words: str) -> None:
    assert sentence(found) == words


def test_each_change_stands_in_the_group_that_says_what_to_do() -> None:
    found = d.diff(
        d.change("broken"),
        d.change("slower", standing="suspected"),
        d.change("slower", standing="suspected", direction="better", sentence="faster, maybe"),
        d.change("flaky"),
        d.change("failing", standing="refuted", sentence="failing."),
        d.change("dearer", direction="better", sentence="cheaper"),
        d.change("tried", direction="other", sentence="tried"),
        d.change("broken", known=d.known(), sentence="as expected"),
        known=(d.shown("expected"), d.shown("stale", promise="size.one_of"), d.shown("unclear")),
    )
    by_name = {group.name: group for group in groups(found)}

    assert [*by_name] == [*HEADINGS]
    assert len(by_name["fails"].sentences) == 2
    assert by_name["suspected"].sentences == ("nanobanana generate: slower.",)
    assert by_name["suspected"].command == "harness diff reports/base reports/head --confirm"
    assert by_name["known"].sentences == (
        "nanobanana n.range: expected.",
        "nanobanana n.range: unclear.",
    )
    assert "not confirmed: failing." in by_name["other"].sentences
    assert by_name["better"].sentences == ("faster, maybe", "cheaper")
    assert all(not group.command for group in by_name.values() if group.name != "suspected")


@settings(max_examples=40)
@given(d.diffs())
def test_every_change_is_told_once_and_the_failing_ones_fail(found: Diff) -> None:
    told = groups(found)
    number = sum(len(group.sentences) for group in told)
    listed = {shown.known for shown in found.known}
    twice = [
        each for each in found.changes if group_of(found, each) == "known" and each.known in listed
    ]

    assert number == len(found.changes) - len(twice) + len(found.known)
    assert (found.exit_code == REGRESSED) == any(group.name == "fails" for group in told)
    assert sentence(found)
    assert (found.exit_code == REGRESSED) == ("fails on " in sentence(found).split("HEAD tells")[0])


def test_a_promise_that_may_be_broken_is_said_where_nothing_fails() -> None:
    found = d.diff(d.change("broken", standing="suspected"))

    assert found.exit_code == HELD
    assert sentence(found).endswith(
        " HEAD may break 1 promise, which was not confirmed and fails nothing; "
        "to find out: harness diff reports/base reports/head --confirm"
    )


def test_the_command_that_confirms_says_of_whom_and_what_fails() -> None:
    found = d.diff(
        d.change("broken", standing="suspected"),
        d.change("flaky", standing="suspected", provider="buble"),
        head=d.side(evidence={"nanobanana": d.LIVE, "buble": d.LIVE}),
        fail_on=("broken", "document"),
    )

    assert confirming(found) == (
        "harness diff reports/base reports/base --fail-on broken,document --confirm "
        "--base-url nanobanana=https://images.example --max-images 5"
    )


def test_the_command_that_confirms_can_be_pasted() -> None:
    found = d.diff(
        d.change(standing="suspected"), base=d.side(source="my base"), head=d.side(source="$(rm)")
    )

    assert groups(found)[0].command == "harness diff 'my base' '$(rm)' --confirm"


def test_the_ground_names_both_runs_and_what_they_do_not_tell() -> None:
    recorded = Provenance(kind="recorded", source="live", date="2026-10-01", by="us")
    found = d.diff(
        base=d.side(evidence={"nanobanana": d.EMULATOR, "buble": d.LIVE}),
        head=d.side(evidence={"nanobanana": d.EMULATOR, "buble": recorded}, exit_why="2 broken"),
    )
    lines = ground(found)

    assert lines[0].startswith(
        "BASE is reports/base (run 2026-11-01T093000-emulator): 2026-11-01 09:30,"
    )
    assert "buble: live, https://images.example, 2026-11-30" in lines[0]
    assert lines[1].endswith("It ended so: 2 broken.")
    assert "answered for nanobanana: this says nothing about the real provider" in lines[2]
    assert "Times of buble are those of a recording" in lines[3]
    assert "slower 10 %, dearer 1 %" in lines[4]


def test_a_run_without_emulator_has_no_caution() -> None:
    live = d.side(evidence={"buble": d.LIVE})

    assert not any("emulator" in line for line in ground(d.diff(base=live, head=live))[2:])


def test_the_kinds_that_an_option_takes_are_those_of_a_diff() -> None:
    assert diff_options.KINDS == FAIL_ON
