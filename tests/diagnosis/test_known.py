"""What a run says of known deviations, and what follows for its exit code."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.known.model import KnownDeviation
from harness.policy import Conclusion, conclude
from tests.known.entries import N_RANGE, known
from tests.report import builders as b
from tests.report.folders import BASE, HEADER, REFUSED, asked, over
from tests.shipped import PROVIDERS

QUALITIES = ("auto", "low", "medium", "high")


def none_asked(outcome: Outcome) -> Record:
    """A request for no image, on the other side of the range."""
    made = over(outcome)
    case = replace(
        made.shot.case,
        id="generate/n.range/refuse/0",
        arguments={**made.shot.case.arguments, "n": 0, "prompt": "a blue fox"},
    )
    return replace(made, shot=replace(made.shot, case=case))


BOTH_REFUSED = [*asked(REFUSED), none_asked(REFUSED)]
BROKEN = asked(b.images(11), b.images(11))


def judged(records: Sequence[Record], *entries: KnownDeviation, **header: object) -> Conclusion:
    made = replace(HEADER, **header)  # type: ignore[arg-type]  # any field's
    return conclude(made, records, PROVIDERS, known=entries)


def state(done: Conclusion) -> str:
    (shown,) = done.report.known
    return shown.state


def test_what_is_broken_as_expected_fails_nothing() -> None:
    done = judged(BROKEN, N_RANGE)

    assert (done.code, state(done)) == (0, "expected")
    assert done.why == "all other promises that were tried held; 1 known deviation, as expected"
    assert done.report.findings[0].known == N_RANGE
    assert done.report.broken == ()


def test_what_holds_again_is_stale_and_its_reason_comes_first() -> None:
    done = judged(BOTH_REFUSED, N_RANGE)

    assert (done.code, state(done)) == (1, "stale")
    assert done.why.startswith("known deviation stale: sub2api generate n.range")
    assert "holds again, in 2 requests; take it out of the file" in done.why


@pytest.mark.parametrize("records", [BROKEN, BOTH_REFUSED, [BASE]])
def test_from_the_day_after_its_last_one_it_has_expired(records: Sequence[Record]) -> None:
    last = HEADER.created[:10]
    expired = judged(records, known(expires="2026-11-30"), created="2026-12-01T00:00:00Z")
    on_its_last_day = judged(BROKEN, known(expires=last))

    assert (expired.code, state(expired)) == (1, "expired")
    assert expired.why.startswith("known deviation expired: sub2api generate n.range")
    assert "1 promise broken: sub2api generate n.range" in expired.why or records is not BROKEN
    assert state(on_its_last_day) == "expected"


def test_a_report_that_is_made_again_goes_by_the_day_of_its_run() -> None:
    assert state(judged(BROKEN, known(expires="1999-12-31"), created="1999-12-31T23:59:59Z")) == (
        "expected"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"promise": "n.integer"},
        {"check": "accepts_what_it_documents"},
        {"operation": "edit"},
        {"promise": ""},
        {"promise": "n=11 with quality=high"},
        {"provider": "buble"},
    ],
)
def test_another_promise_check_or_operation_hides_nothing(other: dict[str, str]) -> None:
    done = judged(BROKEN, known(**other))

    assert done.code == 1
    assert "1 promise broken: sub2api generate n.range" in done.why
    assert state(done) in ("not tried", "unclear")


def test_beside_a_new_one_only_that_is_named_as_broken_and_the_known_ones_are_counted() -> None:
    asks = b.case(
        id="generate/quality.one_of/refuse/1",
        expect="refuse",
        breaks="quality.one_of",
        arguments={"model": "gpt-image-2", "prompt": "a red fox", "quality": "1"},
    )
    new = [b.record(asks, b.images(), evidence=b.EMULATOR)]
    again = replace(asks, id="again", stage="confirm", follows=asks.id)
    new += [b.record(replace(again, arguments={**again.arguments, "prompt": "b"}), b.images())]
    done = judged([*BROKEN, *new], N_RANGE)

    assert done.code == 1
    assert done.why == (
        "1 promise broken: sub2api generate quality.one_of; 1 known deviation, as expected"
    )


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([BASE], "not tried: no request of this run asks for it"),
        ([BASE, over(None, skipped="budget: 1 image is too little")], "not tried: budget: 1 image"),
        (asked(REFUSED), "it is broken in 2 ways, of which 1 were tried"),
        ([BASE, over(b.fault()), none_asked(b.fault())], "could not be judged (network: connect"),
    ],
)
def test_what_was_not_really_asked_is_not_stale(records: Sequence[Record], said: str) -> None:
    done = judged(records, N_RANGE)

    assert state(done) in ("not tried", "unclear")
    assert said in done.report.known[0].sentence
    assert done.code != 1


@pytest.mark.parametrize(
    ("outcomes", "word"), [((b.images(11), REFUSED), "now and then"), ((b.images(11),), "seen")]
)
def test_one_that_is_flaky_or_unconfirmed_is_still_expected(
    outcomes: tuple[Outcome, ...], word: str
) -> None:
    done = judged(asked(*outcomes), N_RANGE)

    assert (done.code, state(done)) == (0, "expected")
    assert f"{word}" in done.report.known[0].sentence


def served(quality: str, outcome: Outcome) -> Record:
    """A request for one quality, as a plan has it."""
    case = b.case(
        id=f"generate/quality.one_of/accept/{quality}",
        about="quality.one_of",
        covers=("quality.one_of", f"quality.one_of={quality}"),
        arguments={"model": "gpt-image-2", "prompt": f"a {quality} fox", "quality": quality},
    )
    return b.record(case, outcome, evidence=b.EMULATOR)


def test_a_list_is_kept_only_where_each_of_its_values_was_served() -> None:
    entry = known(promise="quality.one_of", check="accepts_what_it_documents")
    whole = [BASE, *(served(quality, b.images()) for quality in QUALITIES)]
    short = judged(whole[:-1], entry)

    assert state(judged(whole, entry)) == "stale"
    assert state(short) == "unclear"
    assert short.report.known[0].sentence.endswith("not served: quality.one_of=high")
    assert short.code == 0


def test_a_combination_is_kept_where_its_very_values_were_served_together() -> None:
    entry = known(promise="output_format=jpeg and quality=high", check="accepts_what_it_documents")
    both = served("high", b.images())
    arguments = {**both.shot.case.arguments, "output_format": "jpeg"}
    together = replace(
        both, shot=replace(both.shot, case=replace(both.shot.case, arguments=arguments))
    )

    assert state(judged([BASE, both], entry)) == "not tried"
    assert state(judged([BASE, together], entry)) == "stale"


def test_an_entry_on_a_provider_that_is_not_part_of_the_run_is_not_tried_nor_expired() -> None:
    done = judged(asked(REFUSED), known(provider="buble", expires="2000-01-01"))

    assert (done.code, state(done)) == (0, "not tried")
