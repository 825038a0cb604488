from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from harness.core.exchange import Exchange, Reply, Request, Step, Times
from harness.core.inspection import Inspection, Manifest
from harness.core.outcome import Images, Usage
from harness.core.record import ClockReading, Provenance, Record, RunHeader
from harness.stats.authenticity.authenticity import authenticity
from harness.stats.authenticity.model import Authenticity, Contradiction, Count
from tests.report import builders as b
from tests.shipped import shipped_provider

T0 = datetime(2026, 12, 1, 9, 30, tzinfo=UTC).timestamp()
"""The true time as the run's clock shows 0."""

GENUINE = Manifest(
    signature_valid=True,
    bytes="unaltered",
    chain="trusted",
    signer="OpenAI OpCo, LLC",
    time="trusted",
    agents=("gpt-image 2.0",),
    actions=("c2pa.created", "c2pa.converted"),
)
PROVIDERS = {name: shipped_provider(name) for name in ("sub2api", "openai")}
EMULATED = Provenance(kind="emulator", source="emulator", date="2026-12-01", by="harness 0.1.0")


def moment(at_s: float) -> str:
    return datetime.fromtimestamp(T0 + at_s, UTC).isoformat(timespec="milliseconds")


def exchange(
    step: Step, sent_s: float, end_s: float, date_s: float | None, **headers: str
) -> Exchange:
    """A round trip on the run's clock, whose reply's Date is `date_s` on the true one."""
    dated = {} if date_s is None else {"date": at_date(date_s)}
    every = tuple((name.replace("_", "-"), text) for name, text in (dated | headers).items())
    return Exchange(
        request=Request(method="POST", target="/x"),
        answer=Reply(status=200, headers=every),
        times=Times(due_s=sent_s, sent_s=sent_s, end_s=end_s, headers_s=end_s),
        step=step,
    )


def at_date(at_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(T0 + at_s), UTC), usegmt=True)


def record(  # noqa: PLR0913 - what a request and its clocks consist of
    name: str = "a",
    *,
    sent_s: float = 0.0,
    end_s: float = 20.0,
    date_s: float | None = None,
    exchanges: Sequence[Exchange] | None = None,
    digests: Sequence[int] = (1,),
    tokens: int | None = None,
    provider: str = "sub2api",
    evidence: Provenance = b.LIVE,
    quality: str = "high",
    model: str = "gpt-image-2",
) -> Record:
    asked = b.case(
        name=provider,
        id=name,
        arguments={
            "model": model,
            "prompt": "a red fox",
            "n": len(digests),
            "size": "1024x1024",
            "quality": quality,
        },
    )
    usage = None if tokens is None else Usage(input=10, output=tokens, total=10 + tokens)
    outcome = Images(pictures=tuple(map(b.picture, digests)), usage=usage)
    dated = end_s if date_s is None else date_s
    made = b.record(asked, outcome, evidence=evidence)
    trips = [exchange("submit", sent_s, end_s, dated)] if exchanges is None else exchanges
    return replace(made, exchanges=tuple(trips))


def inspections(manifests: dict[int, Manifest | None]) -> dict[str, Inspection]:
    return {
        f"{number:064x}": Inspection(
            digest=f"{number:064x}", state="read" if manifest else "none", manifest=manifest
        )
        for number, manifest in manifests.items()
    }


def header(ours_s: float = 0.0, *, names: Sequence[str] = ("sub2api", "openai")) -> RunHeader:
    """The header of a run on whose machine the wall clock is `ours_s` ahead of the true time."""
    reading = ClockReading(at_s=0.0, unix_s=T0 + ours_s)
    return replace(b.header(), clocks=dict.fromkeys(names, (reading,)))


def row(
    records: Sequence[Record],
    manifests: dict[int, Manifest | None] | None = None,
    *,
    run: RunHeader | None = None,
    provider: str = "sub2api",
) -> Authenticity:
    found = inspections(manifests or {})
    rows = authenticity(header() if run is None else run, records, PROVIDERS, found)
    return next(row for row in rows if row.provider == provider)


def only(found: Authenticity) -> Contradiction:
    (contradiction,) = found.contradictions
    return contradiction


def signed(at_s: float, **more: object) -> Manifest:
    return replace(GENUINE, signed_at=moment(at_s), **more)  # type: ignore[arg-type]  # of a test


# --------------------------------------------------------------------------------- arithmetic
def test_tokens_of_the_asked_quality_are_as_asked_and_those_of_another_are_told() -> None:
    found = row([record("a", tokens=7_024), record("b", tokens=1_756), record("c", tokens=196)])

    assert found.drawn_as_asked == Count(count=1, of=3)
    assert {one.kind for one in found.contradictions} == {"drawn_as_other_quality"}
    assert {one.cases for one in found.contradictions} == {("b",), ("c",)}
    assert "drawn as medium" in str([one.sentence for one in found.contradictions])


def test_four_in_medium_are_not_one_in_high_where_other_replies_count_all() -> None:
    doubted = record("four", tokens=4 * 1_756, digests=(1, 2, 3, 4))
    pair = record("pair", tokens=2 * 7_024, digests=(5, 6))

    assert row([doubted]).drawn_as_asked == Count(count=0, of=0)
    assert row([doubted, pair]).drawn_as_asked == Count(count=1, of=2)
    assert only(row([doubted, pair])).cases == ("four",)


def test_equal_contradictions_are_one_with_all_its_cases() -> None:
    found = row([record(name, tokens=196) for name in "abc"])

    assert only(found).cases == ("a", "b", "c")
    assert only(found).sentence.startswith("3 requests, the first: ")


def test_tokens_of_another_model_say_nothing() -> None:
    found = row([record("a", tokens=196, model="gpt-image-3")])

    assert found.drawn_as_asked == Count(count=0, of=0)
    assert found.contradictions == ()


def test_an_older_model_that_was_asked_for_is_judged_by_its_own_table_and_family() -> None:
    older = signed(1.0, agents=("gpt-image pre-2.0",))
    asked = [record("a", tokens=4_160, model="gpt-image-1"), record("b", tokens=1_056)]
    found = row(asked, {1: older})

    assert found.drawn_as_asked == Count(count=1, of=1)
    assert [(each.kind, each.label, each.cases) for each in found.contradictions] == [
        ("other_family", "signed", ("b",)),
        ("fits_other_model", "arithmetic", ("b",)),
    ]


# ------------------------------------------------------------------------------------- signers
def test_only_what_the_maker_signed_by_the_trust_list_counts_as_signed_by_the_maker() -> None:
    unchecked = replace(GENUINE, chain="unchecked", time="unchecked")
    found = row([record(digests=(1, 2, 3))], {1: GENUINE, 2: unchecked, 3: None})

    assert found.manifests == Count(count=2, of=3)
    assert found.signed == Count(count=1, of=1)
    assert found.contradictions == ()
    notes = " ".join(found.notes)
    assert "signed by OpenAI OpCo, LLC, chain not checked (give the public trust list" in notes
    assert "no manifest in 1 of 3 images; this says nothing" in notes


def test_images_without_a_manifest_are_no_evidence() -> None:
    found = row([record(digests=(1, 2))], {1: None, 2: None})

    assert not found.has_evidence
    assert found.signed == found.fresh == Count(count=0, of=0)
    assert "no manifest in 2 images; this says nothing" in found.notes


@pytest.mark.parametrize(
    ("manifest", "kind", "label", "words"),
    [
        (replace(GENUINE, bytes="altered"), "altered", "signed", "altered since"),
        (
            replace(GENUINE, bytes="altered", chain="untrusted"),
            "altered",
            "says",
            "the manifest of another image",
        ),
        (replace(GENUINE, signature_valid=False), "broken_signature", "says", "broken"),
        (
            replace(GENUINE, signer="Google LLC", agents=()),
            "signed_by_other",
            "signed",
            "signed by Google LLC; gpt-image-2 is signed by OpenAI OpCo, LLC",
        ),
        (
            replace(GENUINE, signer="Google LLC", agents=(), chain="unchecked"),
            "signed_by_other",
            "says",
            "Google LLC, chain not checked",
        ),
        (
            replace(GENUINE, chain="untrusted", failures=("signingCredential.untrusted",)),
            "signed_by_other",
            "says",
            "anybody can make one",
        ),
        (
            replace(GENUINE, agents=("gpt-image pre-2.0",)),
            "other_family",
            "signed",
            "drawn by gpt-image pre-2.0",
        ),
        (
            replace(GENUINE, agents=("gpt-image pre-2.0",), chain="unchecked"),
            "other_family",
            "says",
            "said to be drawn by gpt-image pre-2.0",
        ),
    ],
)
def test_a_manifest_that_contradicts_is_told_with_what_it_rests_on(
    manifest: Manifest, kind: str, label: str, words: str
) -> None:
    found = row([record()], {1: manifest})

    assert (only(found).kind, only(found).label) == (kind, label)
    assert words in only(found).sentence
    assert only(found).images == (f"{1:064x}",)


@pytest.mark.parametrize(
    "manifest",
    [
        replace(GENUINE, agents=()),
        replace(GENUINE, agents=("gpt-image 2.0", "gpt-image pre-2.0")),  # an edit of an older one
        replace(GENUINE, signer="Cloudflare, Inc."),  # signed again on its way
        replace(GENUINE, chain="untrusted", failures=("signingCredential.expired",)),
        replace(GENUINE, bytes="unknown"),
    ],
)
def test_what_an_honest_image_may_look_like_is_no_contradiction(manifest: Manifest) -> None:
    assert row([record()], {1: manifest}).contradictions == ()


def test_the_family_of_a_model_that_was_not_asked_for_is_no_contradiction() -> None:
    older = replace(GENUINE, agents=("gpt-image pre-2.0",))

    assert row([record(model="gpt-image-1")], {1: older}).contradictions == ()


def test_the_emulators_own_maker_is_the_maker_of_emulated_images_only() -> None:
    own = replace(GENUINE, signer="Emulated Image Maker")

    assert row([record(evidence=EMULATED)], {1: own}).signed == Count(count=1, of=1)
    assert row([record()], {1: own}).signed == Count(count=0, of=1)


def test_what_is_signed_stands_before_what_is_counted_and_what_is_only_said() -> None:
    found = row(
        [record("a", tokens=196, digests=(1, 2))],
        {
            1: replace(GENUINE, signature_valid=False),
            2: replace(GENUINE, bytes="altered"),
        },
    )

    assert found.contradictions[0].label == "signed"
    assert found.contradictions[-1].label == "says"


# ----------------------------------------------------------------------------------- freshness
@pytest.mark.parametrize(
    ("ours_s", "theirs_s"), [(0.0, 0.0), (90.0, 0.0), (-90.0, 0.0), (0.0, 90.0), (0.0, -90.0)]
)
def test_an_honest_image_is_fresh_whichever_one_clock_is_off(
    ours_s: float, theirs_s: float
) -> None:
    one = record(sent_s=100.0, end_s=120.0, date_s=120.0 + theirs_s)
    found = row([one], {1: signed(118.0)}, run=header(ours_s))

    assert found.fresh == Count(count=1, of=1)
    assert found.contradictions == ()
    assert any("our clock is 90 s" in note for note in found.notes) is bool(ours_s or theirs_s)


def test_a_date_of_the_day_of_the_signing_makes_no_old_image_fresh() -> None:
    day_s = 86_400.0
    one = record(sent_s=100.0, end_s=120.0, date_s=120.0 - day_s)
    found = row([one], {1: signed(118.0 - day_s)})

    assert found.fresh == Count(count=0, of=0)
    assert found.contradictions == ()
    assert found.overhead is None
    assert any("by one clock, and not by another" in note for note in found.notes)


def test_a_recorders_own_clock_is_held_against_a_date_of_the_day_of_the_signing() -> None:
    noted = datetime.fromtimestamp(T0 + 120.0, UTC).isoformat()
    taken = Provenance(kind="recorded", source="elsewhere", date=noted, by="a browser")
    old = record(evidence=taken, sent_s=100.0, end_s=120.0, date_s=120.0 - 86_400.0)
    new = record(evidence=taken, sent_s=100.0, end_s=120.0)

    assert row([old], {1: signed(118.0 - 86_400.0)}).fresh == Count(count=0, of=0)
    assert row([new], {1: signed(118.0)}).fresh == Count(count=1, of=1)


def test_an_image_signed_long_after_its_reply_is_not_known_to_be_fresh() -> None:
    found = row([record(sent_s=100.0, end_s=120.0)], {1: signed(120.0 + 86_400.0)})

    assert found.fresh == Count(count=0, of=0)
    assert any("a clock is wrong" in note for note in found.notes)


def test_an_image_signed_before_its_request_left_was_not_drawn_for_it() -> None:
    found = row([record(sent_s=100.0, end_s=101.0)], {1: signed(-3_500.0)})

    assert found.fresh == Count(count=0, of=1)
    assert (only(found).kind, only(found).label) == ("signed_before", "signed")
    assert "signed by OpenAI OpCo, LLC 60 min before the request left" in only(found).sentence
    assert found.overhead is None


def test_two_seconds_are_within_what_clocks_and_dates_are_cut_by() -> None:
    late, early = (signed(98.3), signed(95.0))

    assert row([record(sent_s=100.0, end_s=101.0)], {1: late}).contradictions == ()
    assert only(row([record(sent_s=100.0, end_s=101.0)], {1: early})).kind == "signed_before"


def test_an_image_of_the_first_of_two_submissions_is_fresh() -> None:
    trips = [
        exchange("submit", 100.0, 160.0, 160.0),
        exchange("submit", 170.0, 171.0, 171.0),
    ]

    assert row([record(exchanges=trips)], {1: signed(155.0)}).fresh == Count(count=1, of=1)


def test_a_job_counts_from_its_submission_and_ends_before_its_download() -> None:
    trips = [
        exchange("upload", 90.0, 99.0, 99.0),
        exchange("submit", 100.0, 100.2, 100.0),
        exchange("poll", 110.0, 110.1, 110.0),
        exchange("poll", 120.0, 120.1, 120.0),
        exchange("download", 120.2, 150.0, None),
    ]
    found = row([record(exchanges=trips)], {1: signed(117.0)})

    assert found.fresh == Count(count=1, of=1)
    assert found.overhead is not None
    assert found.overhead.value == pytest.approx(3.1, abs=0.01)


def test_an_image_served_again_for_an_equal_prompt_is_told() -> None:
    records = [
        record("a", sent_s=0.0, end_s=20.0),
        record("b", sent_s=30.0, end_s=31.0),
    ]
    found = row(records, {1: signed(18.0)})

    assert found.fresh == Count(count=1, of=2)
    assert only(found).cases == ("b",)
    assert "had brought the same bytes" in only(found).sentence


def test_a_run_that_went_on_days_later_has_its_own_reading_of_the_clock() -> None:
    readings = (
        ClockReading(at_s=0.0, unix_s=T0),
        ClockReading(at_s=500.0, unix_s=T0 + 3 * 86_400),  # the folder was copied meanwhile
    )
    run = replace(b.header(), clocks={"sub2api": readings})
    day = 3 * 86_400
    later = exchange("submit", 510.0, 530.0, day + 30.0)
    found = row([record(exchanges=[later])], {1: signed(day + 27.0)}, run=run)

    assert found.fresh == Count(count=1, of=1)
    assert found.overhead is not None
    assert found.overhead.value == pytest.approx(3.0, abs=0.01)


def test_a_recording_tells_by_the_date_of_its_reply_and_how_long_openai_worked() -> None:
    trip = exchange("submit", 0.0, 0.0, 50.0, openai_processing_ms="14600")
    taped = replace(b.TAPED, date="unknown")
    fresh = row([record(exchanges=[trip], evidence=taped)], {1: signed(46.9)})
    stale = row([record(exchanges=[trip], evidence=taped)], {1: signed(-5_000.0)})

    assert fresh.fresh == Count(count=1, of=1)
    assert fresh.overhead is not None
    assert fresh.overhead.value == pytest.approx(3.6, abs=0.01)
    assert stale.fresh == Count(count=0, of=1)


def test_a_recording_without_any_date_is_no_evidence() -> None:
    trip = exchange("submit", 0.0, 0.0, None)
    taped = replace(b.TAPED, date="2026-11-30")
    found = row([record(exchanges=[trip], evidence=taped)], {1: signed(-86_400.0)})

    assert found.fresh == Count(count=0, of=0)
    assert found.contradictions == ()


def test_a_live_run_without_a_date_in_any_reply_convicts_nobody_by_a_few_minutes() -> None:
    trip = exchange("submit", 100.0, 101.0, None)

    assert row([record(exchanges=[trip])], {1: signed(0.0)}).contradictions == ()


@pytest.mark.parametrize("text", ["", "soon", "Tue, 99 Foo 9999 99:99:99 GMT", "\ud800", "0" * 999])
def test_a_date_that_is_none_is_no_clock(text: str) -> None:
    trip = exchange("submit", 100.0, 120.0, None, date=text)

    assert row([record(exchanges=[trip])], {1: signed(118.0)}).fresh == Count(count=1, of=1)


@pytest.mark.parametrize(
    "manifest",
    [
        signed(-9_000.0, bytes="altered"),
        signed(-9_000.0, signature_valid=False),
        replace(GENUINE, signed_at=None),
        replace(GENUINE, signed_at="yesterday"),
        replace(GENUINE, signed_at="2026-12-01"),
    ],
)
def test_a_time_that_nobody_signed_of_these_bytes_says_nothing(manifest: Manifest) -> None:
    found = row([record(sent_s=100.0, end_s=120.0)], {1: manifest})

    assert found.fresh == Count(count=0, of=0)
    assert all(one.kind != "signed_before" for one in found.contradictions)


def test_an_untrusted_time_stamp_is_told_as_what_it_is() -> None:
    found = row([record(sent_s=100.0, end_s=101.0)], {1: signed(-3_500.0, time="untrusted")})

    assert (only(found).kind, only(found).label) == ("signed_before", "says")
    assert "no proof: its time stamp is not of a trusted authority" in only(found).sentence


def test_what_a_stranger_dates_is_not_counted_as_fresh() -> None:
    stranger = signed(118.0, chain="untrusted", failures=("signingCredential.untrusted",))

    assert row([record(sent_s=100.0, end_s=120.0)], {1: stranger}).fresh == Count(count=0, of=0)


# ------------------------------------------------------------------------------------ overhead
def many(provider: str, overhead_s: float, start: int) -> tuple[list[Record], dict[int, Manifest]]:
    """Eight requests of which each was signed a little more or less before its reply."""
    records, manifests = [], {}
    for at in range(8):
        number, sent_s = start + at, 100.0 * at
        end_s = sent_s + 20
        records.append(
            record(
                f"{provider}{at}", sent_s=sent_s, end_s=end_s, digests=(number,), provider=provider
            )
        )
        manifests[number] = signed(end_s - overhead_s - 0.1 * at)
    return records, manifests


def test_the_overhead_is_a_median_with_an_interval_and_beside_the_maker_the_own_share() -> None:
    ours, own = many("openai", 1.0, 1)
    others, resold = many("sub2api", 4.0, 101)
    manifests: dict[int, Manifest | None] = {**own, **resold}
    found = row([*ours, *others], manifests)
    reference = row([*ours, *others], manifests, provider="openai")

    assert found.overhead is not None
    assert found.overhead.value == pytest.approx(4.35, abs=0.01)
    assert found.overhead.low is not None
    assert found.share is not None
    assert found.share.value == pytest.approx(3.0, abs=0.01)
    assert found.share.low is not None
    assert found.share.high is not None
    assert found.share.low < 3.0 < found.share.high
    assert found.reference == "openai"
    assert reference.share is None


@pytest.mark.parametrize("ours_s", [30.0, -30.0])
def test_the_overhead_is_by_the_replies_own_clock_where_ours_is_off(ours_s: float) -> None:
    records, manifests = many("sub2api", 4.0, 1)
    found = row(records, {**manifests}, run=header(ours_s))

    assert found.overhead is not None
    assert found.overhead.value == pytest.approx(4.35, abs=0.2)  # a Date is cut to its second
    assert any("by the Date of the replies" in note for note in found.notes)


def test_a_date_that_a_busy_server_wrote_long_before_moves_nothing() -> None:
    late = record("a", sent_s=100.0, end_s=120.0, date_s=108.0)
    prompt = record("b", sent_s=130.0, end_s=150.0, digests=(2,))
    found = row([late, prompt], {1: signed(118.0), 2: signed(148.0)})

    assert found.overhead is not None
    assert found.overhead.value == pytest.approx(2.0, abs=0.01)
    assert not any("our clock is" in note for note in found.notes)


def test_a_reply_from_before_the_signing_shows_a_wrong_clock_and_no_overhead() -> None:
    found = row([record(sent_s=100.0, end_s=120.0)], {1: signed(200.0)})

    assert found.overhead is None
    assert any("a clock is wrong" in note for note in found.notes)
