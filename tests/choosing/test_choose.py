from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest

from harness.choosing.choose import choose
from harness.choosing.model import Candidate, Choice, MeasuredRun
from harness.core.benchmark import Purchase
from harness.core.rate import Rate
from harness.core.workload import Workload
from harness.spec.provider import Provider
from tests.choosing.runs import MINUTE, SQUARE, attempts, run
from tests.shipped import shipped_provider

CREDIT = {"nanobanana": Rate(usd=Decimal("0.04"))}
BOTH = {**CREDIT, "sub2api": Rate(usd=Decimal("0.03"))}
TIMED = Purchase(slo=MINUTE)


def providers(*names: str) -> list[Provider]:
    return [shipped_provider(name) for name in names]


def of(choice: Choice, name: str) -> Candidate:
    (found,) = [each for each in choice.candidates if each.provider == name]
    return found


@cache
def fast() -> MeasuredRun:
    """nanobanana and sub2api, both certainly below a minute; sub2api twice as fast."""
    slow = [20.0 + each / 10 for each in range(80)]
    return run(
        {
            "nanobanana": attempts("nanobanana", slow),
            "sub2api": attempts("sub2api", [each / 2 for each in slow]),
        },
        name="fast",
    )


@cache
def late() -> MeasuredRun:
    """nanobanana, certainly above a minute, and on one in four it brings nothing usable."""
    return run({"nanobanana": attempts("nanobanana", [90.0] * 40, failed=10)}, name="late")


@cache
def emulated() -> MeasuredRun:
    rows = attempts("nanobanana", [1.0] * 80, emulated=True)
    return run({"nanobanana": rows}, name="pretended", emulated=True)


# ------------------------------------------------------------------------------- by the documents
def test_without_a_run_and_a_ceiling_the_documents_decide() -> None:
    choice = choose([SQUARE], providers("nanobanana"), rates=CREDIT)

    assert choice.sentence == "Only nanobanana qualifies: 0.04 usd a usable image."
    assert of(choice, "nanobanana").reasons == ("by its documents; not measured",)
    assert choice.exit_code == 0


def test_who_cannot_be_asked_is_excluded_for_the_documents_reason() -> None:
    many = Workload(name="many", operation="edit", references=50)
    choice = choose([many], providers("buble"))

    assert of(choice, "buble").standing == "excluded"
    assert "references of 50 cannot be asked for" in of(choice, "buble").reasons[0]
    assert choice.sentence == "No provider can do this work: the only one is excluded."
    assert choice.exit_code == 1


def test_who_only_comes_near_is_neither_in_nor_out() -> None:
    choice = choose([SQUARE], providers("buble"))

    assert of(choice, "buble").standing == "near"
    assert "1K at 1:1 in place of 1024x1024" in of(choice, "buble").reasons[0]
    assert choice.exit_code == 4


def test_a_provider_has_to_serve_every_workload() -> None:
    wide = replace(SQUARE, name="wide", size="3000x16")
    choice = choose([SQUARE, wide], providers("nanobanana"), rates=CREDIT)

    assert of(choice, "nanobanana").standing == "excluded"


# ------------------------------------------------------------------------------------------ money
def test_a_price_without_a_rate_stays_in_its_own_unit_and_out_of_the_ranking() -> None:
    choice = choose([SQUARE], providers("nanobanana"), purchase=Purchase(images_per_month=1000))
    only = of(choice, "nanobanana")

    assert only.usd is None
    assert only.price is not None
    assert only.price.unit == "credit"
    assert only.month is not None
    assert only.month.value == 1000
    assert only.place is None
    assert choice.sentence == (
        "nanobanana qualifies; not ranked by price: --exchange-rate nanobanana=USD would decide."
    )


def test_a_rate_makes_a_price_and_what_no_document_prices_is_the_users_word() -> None:
    choice = choose([SQUARE], providers("nanobanana", "sub2api"), rates=BOTH)

    assert [(each.provider, each.place) for each in choice.candidates] == [
        ("sub2api", 1),
        ("nanobanana", 2),
    ]
    said = of(choice, "sub2api").usd
    assert said is not None
    assert (said.value, said.basis) == (Decimal("0.03"), "said")


def test_a_price_that_no_document_states_is_in_no_ranking() -> None:
    choice = choose([SQUARE], providers("aimlapi", "nanobanana"), rates=CREDIT)

    assert of(choice, "aimlapi").place is None
    assert "undocumented" in of(choice, "aimlapi").reasons[-1]
    assert "of 2 that qualify, only nanobanana has a certain price" in choice.sentence.lower()


def test_a_rate_of_another_unit_converts_nothing() -> None:
    dollars = {"nanobanana": Rate(usd=Decimal(1), unit="token")}

    assert of(choose([SQUARE], providers("nanobanana"), rates=dollars), "nanobanana").usd is None


@pytest.mark.parametrize(
    ("most", "standing", "code"), [("0.04", "qualifies", 0), ("0.039", "excluded", 1)]
)
def test_a_price_ceiling_is_met_at_the_price_and_exceeded_below(
    most: str, standing: str, code: int
) -> None:
    asked = Purchase(usd_per_image=Decimal(most))
    choice = choose([SQUARE], providers("nanobanana"), purchase=asked, rates=CREDIT)

    assert of(choice, "nanobanana").standing == standing
    assert choice.exit_code == code


def test_a_ceiling_on_a_month_counts_its_images() -> None:
    asked = Purchase(images_per_month=10_000, usd_per_month=Decimal(399))
    choice = choose([SQUARE], providers("nanobanana"), purchase=asked, rates=CREDIT)

    assert of(choice, "nanobanana").reasons == ("400 usd for a month, above 399 usd",)


def test_a_price_ceiling_without_a_rate_is_not_decided_and_says_what_would() -> None:
    asked = Purchase(usd_per_image=Decimal(1))
    choice = choose([SQUARE], providers("nanobanana"), purchase=asked)

    assert of(choice, "nanobanana").standing == "undecided"
    assert "--exchange-rate nanobanana=USD would decide" in of(choice, "nanobanana").reasons[0]
    assert choice.exit_code == 4


def test_the_mix_of_workloads_costs_by_their_weight() -> None:
    dear = replace(SQUARE, name="dear", quality="medium", weight=3)
    choice = choose([SQUARE, dear], providers("nanobanana"))
    price = of(choice, "nanobanana").price

    assert price is not None
    assert price.value == Decimal("3.25")  # one at 1 credit, three at 4


def test_images_that_were_paid_and_not_usable_make_a_usable_one_dearer() -> None:
    choice = choose([SQUARE], providers("nanobanana"), runs=[late()])
    price = of(choice, "nanobanana").offers[0].measured

    assert price is not None
    assert price.low is not None
    assert round(price.value, 3) == Decimal("1.333")  # 40 credits for 30 images
    assert price.low < price.value < price.high


# --------------------------------------------------------------------------------------- measured
def test_a_ceiling_on_time_that_nobody_measured_decides_nothing() -> None:
    choice = choose([SQUARE], providers("nanobanana"), purchase=TIMED, rates=CREDIT)

    assert of(choice, "nanobanana").reasons == ("p95 not measured",)
    assert choice.exit_code == 4


def test_a_run_that_is_certain_lets_a_provider_qualify() -> None:
    choice = choose([SQUARE], providers("nanobanana"), purchase=TIMED, runs=[fast()], rates=CREDIT)

    assert of(choice, "nanobanana").reasons == ("p95 certainly below 60 s (n 80)",)
    assert not of(choice, "nanobanana").emulated
    assert choice.exit_code == 0


def test_a_run_that_is_certainly_late_or_fails_excludes() -> None:
    asked = Purchase(slo=MINUTE, failure_share=0.05)
    choice = choose([SQUARE], providers("nanobanana"), purchase=asked, runs=[late()])
    time, failures = of(choice, "nanobanana").reasons

    assert time == "p95 certainly above 60 s (n 40)"
    assert failures.startswith("failures certainly above 5 % (25 %, ")
    assert choice.exit_code == 1


def test_few_attempts_leave_a_ceiling_open() -> None:
    few = run({"nanobanana": attempts("nanobanana", [9.0] * 12)})
    choice = choose([SQUARE], providers("nanobanana"), purchase=TIMED, runs=[few])

    assert of(choice, "nanobanana").reasons == ("p95 ceiling open (n 12)",)
    assert choice.exit_code == 4


def test_two_runs_that_contradict_each_other_decide_nothing() -> None:
    choice = choose([SQUARE], providers("nanobanana"), purchase=TIMED, runs=[fast(), late()])

    assert of(choice, "nanobanana").reasons == (
        "p95 ceiling open (fast, c4: n 80; late, c4: n 40)",
    )


def test_at_one_price_the_faster_by_the_pair_tests_comes_first() -> None:
    same = {"nanobanana": Rate(usd=Decimal("0.04")), "sub2api": Rate(usd=Decimal("0.04"))}
    both = providers("nanobanana", "sub2api")
    measured = choose([SQUARE], both, purchase=TIMED, runs=[fast()], rates=same)
    documents = choose([SQUARE], both, rates=same)

    assert [(each.provider, each.place) for each in measured.candidates] == [
        ("sub2api", 1),
        ("nanobanana", 2),
    ]
    assert {each.place for each in documents.candidates} == {1}
    assert "not told apart" in documents.sentence


def test_a_workload_of_another_name_is_the_same_and_one_of_another_size_is_not() -> None:
    renamed, other = replace(SQUARE, name="mine"), replace(SQUARE, size="1536x1024")
    known = choose([renamed], providers("nanobanana"), purchase=TIMED, runs=[fast()])
    unknown = choose([other], providers("nanobanana"), purchase=TIMED, runs=[fast()])

    assert len(of(known, "nanobanana").offers[0].evidence) == 1
    assert of(unknown, "nanobanana").reasons == ("p95 not measured",)
    assert unknown.notes == ("fast measured none of these workloads",)


def test_what_was_asked_otherwise_than_the_documents_have_it_today_counts_for_nothing() -> None:
    measured = fast()
    fits = tuple(replace(each, arguments={"n": 2}) for each in measured.design.fits)
    before = replace(measured, design=replace(measured.design, fits=fits))
    choice = choose([SQUARE], providers("nanobanana"), purchase=TIMED, runs=[before])

    assert of(choice, "nanobanana").reasons == ("p95 not measured",)
    assert "otherwise than the documents have it today" in choice.notes[0]


def test_a_run_that_is_no_benchmark_is_named() -> None:
    choice = choose([SQUARE], providers("nanobanana"), unmeasured=["conformance"])

    assert choice.notes == ("conformance is no benchmark: it measured none of these workloads",)


# --------------------------------------------------------------------------------------- emulated
def test_the_emulator_lets_nobody_qualify_without_saying_so() -> None:
    choice = choose(
        [SQUARE], providers("nanobanana"), purchase=TIMED, runs=[emulated()], rates=CREDIT
    )

    assert choice.emulated
    assert of(choice, "nanobanana").emulated
    assert choice.sentence.startswith("Measured on the emulator, which says nothing about the real")
    assert choice.exit_code == 4


def test_beside_a_real_run_the_emulators_decides_nothing() -> None:
    choice = choose(
        [SQUARE], providers("nanobanana"), purchase=TIMED, runs=[emulated(), late()], rates=CREDIT
    )

    assert not choice.emulated
    assert of(choice, "nanobanana").reasons == ("p95 certainly above 60 s (n 40)",)
    assert any(note.startswith("pretended was measured on the emulator") for note in choice.notes)


def test_what_the_emulator_charged_is_no_price() -> None:
    choice = choose([SQUARE], providers("nanobanana"), runs=[emulated()], rates=CREDIT)

    assert of(choice, "nanobanana").offers[0].measured is None


def test_equal_input_gives_an_equal_choice() -> None:
    def once() -> Choice:
        return choose(
            [SQUARE], providers("sub2api", "nanobanana"), purchase=TIMED, runs=[fast()], rates=BOTH
        )

    assert once() == once()
