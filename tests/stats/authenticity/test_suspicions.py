"""Which records are suspicious, which are not, and how sure each method says that it is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.inspection import Inspection, Signs
from harness.core.outcome import Images
from harness.core.record import Provenance, Record
from harness.stats.authenticity.false_positives import MEASURED, SHOWN_UP_TO
from harness.stats.authenticity.model import Suspicion
from harness.stats.authenticity.signals import NEAR_AT_MOST_BITS, near_pairs
from harness.stats.authenticity.suspicions import suspicions, suspicions_of_files
from harness.stats.intervals import proportion_estimate
from tests.checks import build as b
from tests.shipped import PROVIDERS

PAGE = Path(__file__).parents[2] / "benchmarks" / "suspicions.md"
EMULATOR = Provenance(kind="emulator", source="emulator", date="2026-12-01", by="qa")
HASH = int("a5" * 32, 16)


def drawn(
    *numbers: int,
    name: str = "sub2api",
    prompt: str = "a fox",
    kind: str = "png",
    **changes: object,
) -> Record:
    """A request that brought the pictures of these numbers."""
    pictures = tuple(b.picture(number=number, kind=kind) for number in numbers)
    about = f"{name}-{prompt}-{numbers}-{changes}"
    asked = b.case(name, id=about, prompt=prompt, **changes)  # type: ignore[arg-type]  # JSON, all of it
    return b.record(asked, Images(pictures=pictures))


def inspected(**signs: Signs) -> dict[str, Inspection]:
    """Inspections of pictures by their numbers: `_1=Signs(...)`."""
    return {
        (digest := f"{int(number[1:]):064x}"): Inspection(digest=digest, state="none", signs=one)
        for number, one in signs.items()
    }


def hashed(value: int) -> Signs:
    return Signs(perceptual_hash=f"{value:064x}")


def found(records: list[Record], inspections: dict[str, Inspection]) -> dict[str, Suspicion]:
    told = suspicions(records, PROVIDERS, inspections)
    assert len({(one.provider, one.kind) for one in told}) == len(told)
    assert all(one.sentence.startswith("suspicion: ") and one.method for one in told)
    return {one.kind: one for one in told}


# ----------------------------------------------------------------------------------------- copies


def test_the_same_bytes_for_another_prompt_are_told_with_their_cases() -> None:
    records = [drawn(1), drawn(2, prompt="a cat"), drawn(1, prompt="a dog")]

    one = found(records, {})["identical_images"]
    assert (one.count, one.of, one.shown) == (2, 3, True)
    assert one.cases == (records[0].shot.case.id, records[2].shot.case.id)
    assert one.images == (f"{1:064x}",)


def test_the_same_bytes_within_one_reply_are_told() -> None:
    one = found([drawn(1, 1, n=2)], {})["identical_images"]

    assert (one.count, one.of) == (2, 2)


def test_the_same_prompt_asked_twice_is_no_suspicion() -> None:
    near = inspected(_1=hashed(HASH), _2=hashed(HASH ^ 1))

    assert found([drawn(1), drawn(1, quality="high"), drawn(2)], near) == {}


def test_the_same_bytes_from_two_providers_are_told_of_both() -> None:
    told = suspicions([drawn(1), drawn(1, name="aimlapi")], PROVIDERS, {})

    assert {one.provider for one in told} == {"sub2api", "aimlapi"}
    assert any("aimlapi sent some of them, too" in one.sentence for one in told)


def test_what_the_emulator_draws_flat_is_no_suspicion_unless_within_a_reply() -> None:
    flat = [replace(drawn(1, prompt=prompt), evidence=EMULATOR) for prompt in ("a fox", "a cat")]
    copies = replace(drawn(1, 1, n=2), evidence=EMULATOR)

    assert found(flat, {}) == {}
    assert found(flat, inspected(_1=Signs())) == {}
    assert "identical_images" in found(flat, inspected(_1=hashed(HASH)))
    assert "identical_images" in found([copies], {})


def test_the_stand_ins_of_a_recorder_are_no_suspicion() -> None:
    recorded = Provenance(kind="recorded", source="https://images.test", date="", by="qa")
    tiny = Images(pictures=(b.picture(1, 1, number=1),))
    records = [
        replace(drawn(1, prompt=prompt), outcome=tiny, evidence=recorded)
        for prompt in ("a fox", "a cat")
    ]

    assert found(records, {}) == {}
    assert "identical_images" in found([replace(one, evidence=b.LIVE) for one in records], {})


@pytest.mark.parametrize(("bits", "told"), [(1, True), (NEAR_AT_MOST_BITS, True), (17, False)])
def test_pictures_that_look_the_same_are_told_up_to_a_distance(bits: int, *, told: bool) -> None:
    spread = sum(1 << 15 * at for at in range(bits))
    near = inspected(_1=hashed(HASH), _2=hashed(HASH ^ spread))

    assert ("near_identical_images" in found([drawn(1), drawn(2, prompt="a cat")], near)) is told
    assert ("near_identical_images" in found([drawn(1, 2, n=2)], near)) is told


def test_plain_pictures_are_never_near() -> None:
    plain = inspected(_1=Signs(), _2=Signs())

    assert found([drawn(1), drawn(2, prompt="a cat")], plain) == {}


def test_edits_of_the_same_image_may_look_the_same() -> None:
    near = inspected(_1=hashed(HASH), _2=hashed(HASH))

    def edit(number: int, prompt: str, reference: str) -> Record:
        one = drawn(number, prompt=prompt, image=reference)
        return replace(one, shot=replace(one.shot, case=replace(one.shot.case, operation="edit")))

    assert found([edit(1, "red", "a.png"), edit(2, "blue", "a.png")], near) == {}
    assert "near_identical_images" in found(
        [edit(1, "red", "a.png"), edit(2, "blue", "b.png")], near
    )


def test_pairs_by_bands_are_all_pairs_within_reach() -> None:
    values = [HASH ^ (((1 << 12) - 1) << 3 * at) ^ (at * 7919 << 190) for at in range(80)]
    near = {
        tuple(sorted(pair)) for pair in near_pairs(dict(enumerate(f"{v:064x}" for v in values)))
    }

    expected = {
        (a, c)
        for c in range(80)
        for a in range(c)
        if (values[a] ^ values[c]).bit_count() <= NEAR_AT_MOST_BITS
    }
    assert near == expected
    assert 80 < len(expected) < 80 * 79 / 2


# ----------------------------------------------------------------------------------------- pixels


def test_enlarged_pictures_are_counted_of_those_that_can_be_told() -> None:
    signs = inspected(_1=Signs(enlarged=0.9), _2=Signs(enlarged=0.49), _3=Signs())

    one = found([drawn(1, 2, 3)], signs)["enlarged"]
    assert (one.count, one.of, one.images) == (1, 2, (f"{1:064x}",))


def compressed(number: int, asked: int, kind: str = "jpeg") -> Record:
    return drawn(
        number, prompt=f"{number}", kind=kind, output_format=kind, output_compression=asked
    )


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (Signs(jpeg_quality=75), Signs(jpeg_quality=75), True),
        (Signs(jpeg_quality=10), Signs(jpeg_quality=90), False),
        (Signs(webp_quantiser=31), Signs(webp_quantiser=26), True),
        (Signs(webp_quantiser=80), Signs(webp_quantiser=10), False),
        (Signs(layout="VP8L"), Signs(layout="VP8X VP8L"), True),
        (Signs(jpeg_quality=75), Signs(webp_quantiser=31), False),
        (Signs(), Signs(), False),
    ],
)
def test_compression_that_leaves_no_trace_is_told(
    first: Signs, second: Signs, *, told: bool
) -> None:
    records = [compressed(1, 10), compressed(2, 90)]
    signs = inspected(_1=first, _2=second)

    assert ("compression_ignored" in found(records, signs)) is told


def test_near_values_of_compression_prove_nothing() -> None:
    signs = inspected(_1=Signs(jpeg_quality=75), _2=Signs(jpeg_quality=75))

    assert found([compressed(1, 60), compressed(2, 90)], signs) == {}


def test_an_undocumented_compression_cannot_be_ignored() -> None:
    records = [
        drawn(number, name="apiframe", prompt=f"{number}", kind="jpeg", output_compression=asked)
        for number, asked in ((1, 10), (2, 90))
    ]
    signs = inspected(_1=Signs(jpeg_quality=75), _2=Signs(jpeg_quality=75))

    assert found(records, signs) == {}


def test_layouts_of_other_software_are_told_and_not_shown() -> None:
    own = Signs(layout="IHDR caBX IDAT IEND", data_chunks=1)
    other = Signs(layout="IHDR pHYs IDAT IEND", data_chunks=23)

    one = found([drawn(1, 2)], inspected(_1=own, _2=other))["reencoded"]
    assert (one.count, one.of, one.shown) == (1, 2, False)
    assert "any delivery network does that" in one.sentence


# ----------------------------------------------------------------------------------------- models


def test_a_model_that_does_not_exist_and_is_served_is_told() -> None:
    served = drawn(1, model="no-such-image-model", breaks="model.one_of")
    refused = b.record(
        b.case(breaks="model.one_of", model="no-such-image-model", id="refused"), b.refused()
    )

    one = found([served, refused], {})["unknown_model_served"]
    assert (one.count, one.of, one.shown) == (1, 2, True)
    assert "no-such-image-model" in one.sentence
    assert found([refused], {}) == {}


@pytest.mark.parametrize("name", ["gpt-image-1", "openai/gpt-image-1.5"])
def test_an_older_model_of_the_maker_s_exists(name: str) -> None:
    assert found([drawn(1, model=name, breaks="model.one_of")], {}) == {}


@pytest.mark.parametrize(
    "name", ["GPT-IMAGE-2", " gpt-image-2 ", "gpt\u200b-image-2", "\uff47pt-image-2"]
)
def test_another_spelling_is_no_other_model(name: str) -> None:
    assert found([drawn(1, model=name, breaks="model.one_of")], {}) == {}


def test_a_name_without_the_makers_prefix_is_no_other_model() -> None:
    served = drawn(1, name="aimlapi", model="gpt-image-2", breaks="model.one_of")

    assert found([served], {}) == {}


def test_other_models_in_traffic_are_no_suspicion() -> None:
    assert found([drawn(1, model="dall-e-3")], {}) == {}


# ------------------------------------------------------------------------------- files and figures


def test_files_are_compared_by_their_names() -> None:
    files = {
        name: (b.picture(number=number), Inspection(digest="", state="none", signs=signs))
        for name, number, signs in (
            ("a.png", 1, hashed(HASH)),
            ("b.png", 1, hashed(HASH)),
            ("c.png", 2, replace(hashed(HASH ^ 3), enlarged=0.8)),
        )
    }

    told = {one.kind: one for one in suspicions_of_files(files)}
    assert told["identical_images"].cases == ("a.png", "b.png")
    assert set(told["near_identical_images"].cases) == {"a.png", "b.png", "c.png"}
    assert told["enlarged"].cases == ("c.png",)


@pytest.mark.parametrize("kind", MEASURED)
def test_the_bounds_beside_each_method_are_exact(kind: str) -> None:
    measured = MEASURED[kind]

    exact = proportion_estimate(measured.wrong, measured.n, exact=True)
    assert (measured.low, measured.high) == pytest.approx((exact.low, exact.high), abs=5e-5)


@pytest.mark.parametrize("kind", [kind for kind in MEASURED if kind != "reencoded"])
def test_the_figures_beside_each_method_are_those_of_the_page(kind: str) -> None:
    """Of several sections the worst counts: no method is shown that any of them speaks against."""
    rows = re.findall(rf"^\| `{kind}` \| (\d+) of (\d+):", PAGE.read_text(), re.MULTILINE)
    measured = MEASURED[kind]

    assert (str(measured.wrong), str(measured.n)) == max(rows, key=lambda row: int(row[0]))
    assert measured.high <= SHOWN_UP_TO
