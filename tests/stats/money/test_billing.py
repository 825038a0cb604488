"""What charges say of how a provider bills: records made by hand, at the shipped lists' prices."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.exchange import Exchange, Failure, Picture, Reply, Request, Times
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Outcome, Usage
from harness.core.record import Provenance, Record
from harness.spec.rules.lattice import Size
from harness.stats.money.billing import billing
from harness.stats.money.model import BillingNote
from tests.report import builders as b
from tests.shipped import PROVIDERS

UHD, SMALL = (3840, 2160), (1024, 1024)


def pictures(*sizes: Size) -> tuple[Picture, ...]:
    return tuple(
        replace(b.picture(number), width_px=width, height_px=height)
        for number, (width, height) in enumerate(sizes)
    )


def served(
    *sizes: Size,
    charged: str | None = None,
    tokens: int | None = None,
    partials: int = 0,
    job: str | None = None,
) -> Images:
    usage = None
    if tokens is not None:
        usage = Usage(input=9, output=tokens, total=tokens + 9, kinds={"image_output": tokens})
    return Images(
        pictures=pictures(*sizes),
        partials=pictures(*[SMALL] * partials),
        charged=None if charged is None else Decimal(charged),
        usage=usage,
        job=job,
    )


def record(  # noqa: PLR0913 - a record has this many parts
    name: str,
    outcome: Outcome | None,
    *,
    id: str = "a",  # noqa: A002 - the field's own name
    replies: Sequence[Json] = ({},),
    status: int = 200,
    evidence: Provenance = b.LIVE,
    key: str = "",
    **arguments: Json,
) -> Record:
    """A request with its replies: that of the submission, then those of its polls."""
    asked = {"prompt": f"a red fox {id}", **arguments}
    made = b.record(b.case(name=name, id=id, arguments=asked), outcome, evidence=evidence)
    headers = (("Idempotency-Key", key),) if key else ()
    request = replace(made.shot.request, headers=headers)
    exchanges = tuple(
        Exchange(
            request=request if place == 0 else Request(method="GET", target="/v2/jobs/j1"),
            answer=Reply(status=status, document=document),
            times=Times(due_s=place, sent_s=place, end_s=place + 0.5),
            step="poll" if place else "submit",
        )
        for place, document in enumerate(replies)
    )
    return replace(made, exchanges=exchanges)


def notes(*records: Record) -> dict[str, BillingNote]:
    """Notes by kind, where each kind comes once."""
    found = billing(records, PROVIDERS)
    assert len({note.kind for note in found}) == len(found), found
    return {note.kind: note for note in found}


def big(outcome: Outcome, id: str = "a", name: str = "nanobanana") -> Record:  # noqa: A002
    return record(name, outcome, id=id, size="3840x2160", quality="high")


# ----------------------------------------------------------------------- what is said at all
def test_without_any_stated_charge_nothing_is_concluded() -> None:
    found = notes(big(served(SMALL)), record("nanobanana", b.refused(), id="b", status=400))

    assert list(found) == ["charges_stated"]
    stated = found["charges_stated"]
    assert (stated.count, stated.of, stated.amount) == (0, 2, None)
    assert stated.sentence == "no reply of 2 requests says what it cost: no evidence of money"


def test_it_is_told_how_many_replies_state_a_charge() -> None:
    found = notes(
        big(served(UHD, charged="133")),
        big(served(UHD), id="b"),
        record("nanobanana", b.refused(), id="c", status=400),
    )

    assert found["charges_stated"].sentence == (
        "1 of 2 served requests and 0 of 1 other request say in a reply what they cost"
    )


def test_a_request_that_was_never_answered_counts_nowhere() -> None:
    unsent = record("nanobanana", b.fault("network"), replies=())

    assert billing([unsent], PROVIDERS) == ()


# ------------------------------------------------------------------- by request, or by delivery
def test_a_small_image_at_the_large_ones_price_is_billed_as_asked() -> None:
    found = notes(big(served(SMALL, charged="133")), big(served(UHD, charged="133"), id="b"))
    asked = found["billed_as_asked"]

    assert (asked.count, asked.of, asked.amount, asked.unit) == (1, 1, Decimal(119), "credit")
    assert asked.cases == ("a",)
    assert asked.sentence == (
        "1 of 1 request whose images came smaller than asked was billed as asked: 3840x2160 high"
        " is 133 credits, 1024x1024 came, which is 14 credits by its list"
    )
    assert found["paid_undelivered"].amount == 119
    assert "of 266 credits in all replies" in found["paid_undelivered"].sentence
    assert not asked.good


def test_a_small_image_at_its_own_price_is_billed_as_delivered_and_good() -> None:
    found = notes(big(served(SMALL, charged="14")))

    assert found["billed_as_delivered"].good
    assert "billed_as_asked" not in found
    assert "paid_undelivered" not in found
    assert "off_list" not in found


def test_a_smaller_image_of_the_same_price_says_nothing() -> None:
    found = notes(
        record("nanobanana", served(SMALL, charged="4"), size="1536x1024", quality="medium")
    )

    assert set(found) == {"charges_stated", "off_list"}
    assert found["off_list"].good


def test_of_sizes_that_a_documented_list_sells_at_one_price_its_charges_say_nothing() -> None:
    def one(id: str, asked: str, came: Size, charged: str) -> Record:  # noqa: A002
        outcome = served(came, charged=charged)
        return record("nanobanana", outcome, id=id, size=asked, quality="medium")

    found = notes(
        one("1", "1024x1024", SMALL, "2"),
        one("2", "1536x1024", (1536, 1024), "4"),
        one("3", "1536x1024", SMALL, "4"),
    )

    assert set(found) == {"charges_stated", "off_list"}


def test_a_charge_that_is_neither_price_is_off_the_list_only() -> None:
    found = notes(big(served(SMALL, charged="50")))

    assert set(found) == {"charges_stated", "off_list"}
    assert (found["off_list"].count, found["off_list"].amount) == (1, None)
    assert found["off_list"].sentence == (
        "1 of 1 charge is not what the list asks: 83 credits less in all"
    )


@pytest.mark.parametrize("state", ["absent", "undecodable"])
def test_an_image_that_could_not_be_decoded_is_no_smaller_one(state: str) -> None:
    outcome = served(SMALL, charged="133")
    (picture,) = outcome.pictures
    unknown = replace(picture, state=state, width_px=None, height_px=None)  # type: ignore[arg-type]

    assert "billed_as_asked" not in notes(big(replace(outcome, pictures=(unknown,))))


def test_fewer_images_at_the_price_of_all_are_billed_as_asked() -> None:
    found = notes(
        record("apiframe", served(SMALL, charged="36", job="j1"), quality="medium", n=4),
    )

    assert found["billed_as_asked"].amount == 27
    assert "4 images of medium is 36 credits, 1 image came" in found["billed_as_asked"].sentence
    assert "which is undocumented" in found["billed_as_asked"].sentence


def test_fewer_images_at_their_own_price_are_billed_as_delivered() -> None:
    found = notes(record("apiframe", served(SMALL, charged="9", job="j1"), quality="medium", n=4))

    assert found["billed_as_delivered"].count == 1


def test_images_that_stand_elsewhere_in_a_reply_are_not_missing() -> None:
    hidden: Json = {"more": ["https://cdn.test/2.png"]}
    one = record(
        "apiframe", served(SMALL, charged="36", job="j1"), replies=[hidden], quality="medium", n=4
    )

    assert "billed_as_asked" not in notes(one)


def test_a_count_of_the_asked_sizes_tokens_is_billed_as_asked_without_any_money() -> None:
    found = notes(big(served(SMALL, tokens=13342), name="openai"))

    asked = found["billed_as_asked"]
    assert (asked.amount, asked.unit) == (Decimal(13342 - 7024), "token")
    assert "3840x2160 high is 13,342 tokens, 1024x1024 came, which is 7,024" in asked.sentence
    assert "6,318 tokens were paid for what was not delivered" in (
        found["paid_undelivered"].sentence
    )


def test_a_count_of_the_delivered_sizes_tokens_is_billed_as_delivered() -> None:
    found = notes(big(served(SMALL, tokens=7024 + 200, partials=3), name="openai"))

    assert found["billed_as_delivered"].good


def test_without_a_list_the_provider_is_held_to_its_own_charges() -> None:
    """AI/ML API names no list: its charges for honest images say what an image costs there."""
    usual = [
        record("aimlapi", served(SMALL, charged="0.053"), id="1", quality="medium"),
        record("aimlapi", served((1536, 1024), charged="0.0415"), id="2", size="1536x1024"),
    ]
    lie = record(
        "aimlapi", served((768, 512), charged="0.0414"), id="3", size="1536x1024", quality="medium"
    )
    fair = record(
        "aimlapi", served((768, 512), charged="0.0277"), id="4", size="1536x1024", quality="medium"
    )
    found = notes(*usual, lie, fair)

    assert found["billed_as_asked"].cases == ("3",)
    assert "by its own charges for images that came as asked" in found["billed_as_asked"].sentence
    assert found["billed_as_delivered"].cases == ("4",)


def test_without_any_honest_image_the_one_price_that_is_known_decides_where_it_can() -> None:
    lie = record("aimlapi", served((768, 512), charged="0.0420"), size="1536x1024")
    low = record(
        "aimlapi", served((1024, 768), charged="0.0050"), id="b", size="1536x1024", quality="low"
    )
    found = notes(lie, low)

    assert found["billed_as_asked"].cases == ("a",)
    assert "by the one price that is known of it" in found["billed_as_asked"].sentence
    assert found["billed_as_asked"].of == 1  # a long prompt would explain the other, too


def test_edits_are_not_held_to_a_price_without_their_reference_images() -> None:
    edit = record(
        "aimlapi",
        served((768, 512), charged="0.0420"),
        size="1536x1024",
        images=["https://assets.test/a.png"],
    )

    assert set(notes(edit)) == {"charges_stated"}


def test_a_dearer_class_that_brings_a_cheaper_ones_pixels_is_billed_as_asked() -> None:
    cheap = record("buble", served((1024, 576), charged="1", job="j"), id="1", resolution="1K")
    dear = record("buble", served((1024, 576), charged="2", job="j"), id="2", resolution="4K")
    found = notes(cheap, dear)

    assert found["billed_as_asked"].cases == ("2",)
    assert found["billed_as_asked"].amount == 1
    honest = replace(dear, outcome=served((3840, 2160), charged="2", job="j"))
    assert "billed_as_asked" not in notes(cheap, honest)


# --------------------------------------------------------------------------------- for nothing
def failed_job(charge: Json, id: str = "a") -> Record:  # noqa: A002
    polls: list[Json] = [{"jobId": "j1", "status": "QUEUED", "creditCost": 9}]
    polls.append({"id": "j1", "status": "FAILED", "creditCost": charge, "error": "no"})
    outcome = replace(b.fault("job_failed", job="j1"), may_be_paid=False)
    return record("apiframe", outcome, id=id, replies=polls, quality="medium")


def test_a_failed_job_whose_last_poll_states_a_charge_is_charged() -> None:
    found = notes(failed_job(9), failed_job(0, id="b"), failed_job(None, id="c"))
    failure = found["charged_for_failure"]

    assert (failure.count, failure.of, failure.amount) == (1, 2, Decimal(9))
    assert failure.sentence.startswith("1 of 2 requests that failed was charged by the reply: 9")
    assert "which is said to be free (" in failure.sentence
    assert found["paid_undelivered"].amount == 9


def test_failed_jobs_that_cost_nothing_are_told_as_good() -> None:
    assert notes(failed_job(0))["charged_for_failure"].good


def test_a_job_that_we_stopped_waiting_for_is_no_failure_of_theirs() -> None:
    polls: list[Json] = [{"jobId": "j1", "status": "PROCESSING", "creditCost": 9}] * 2
    late = record("apiframe", b.fault("timeout", may_be_paid=True, job="j1"), replies=polls)
    torn = replace(
        late,
        exchanges=(
            late.exchanges[0],
            replace(late.exchanges[1], answer=Failure(kind="network", why="reset", sent=True)),
        ),
        outcome=b.fault("network", may_be_paid=True, job="j1"),
    )

    assert "charged_for_failure" not in notes(late)
    assert "charged_for_failure" not in notes(torn)


def test_a_5xx_that_states_a_charge_is_charged_for_failure() -> None:
    outage = record(
        "nanobanana",
        b.fault("server", may_be_paid=True),
        replies=[{"code": -1, "message": "generate failed", "data": {"costCredits": 14}}],
        status=502,
    )

    assert notes(outage)["charged_for_failure"].amount == 14


def test_a_refusal_that_states_a_charge_is_charged_for_refusal() -> None:
    refusal = record(
        "nanobanana", b.refused(), replies=[{"code": -1, "costCredits": "14"}], status=400
    )
    found = notes(refusal)

    assert found["charged_for_refusal"].amount == 14
    assert found["charged_for_refusal"].sentence == (
        "1 of 1 request that was refused was charged by the reply: 14 credits in all"
    )


def test_a_served_reply_without_an_image_is_charged_for_failure() -> None:
    empty = record("nanobanana", served(charged="14"))
    unread = record("nanobanana", served(charged="14"), replies=[{"x": "https://cdn.test/1.png"}])

    assert notes(empty)["charged_for_failure"].amount == 14
    assert "charged_for_failure" not in notes(unread)


# ----------------------------------------------------------------------------------- sent again
def under_key(job: str, charge: Json) -> Record:
    """A job, and its submission repeated under the same key."""
    first = record(
        "apiframe",
        served(SMALL, charged="9", job="j1"),
        replies=[{"jobId": "j1"}, {"id": "j1", "status": "COMPLETED", "creditCost": 9}],
        quality="medium",
        key="k-1",
    )
    again = replace(
        first.exchanges[0],
        step="follow_up",
        answer=Reply(status=202, document={"jobId": job, "creditCost": charge}),
    )
    return replace(first, exchanges=(*first.exchanges, again))


def test_a_second_job_under_the_same_key_that_states_a_charge_is_a_duplicate() -> None:
    found = notes(under_key("j2", 9))

    assert found["charged_for_duplicate"].amount == 9
    assert found["paid_undelivered"].amount == 9


@pytest.mark.parametrize(("job", "charge"), [("j1", 9), ("j1", 0)])
def test_the_first_job_told_again_is_no_duplicate(job: str, charge: int) -> None:
    assert notes(under_key(job, charge))["charged_for_duplicate"].good


def test_the_first_job_at_twice_the_charge_is_charged_for_a_duplicate() -> None:
    assert notes(under_key("j1", 18))["charged_for_duplicate"].amount == 9


@pytest.mark.parametrize(("later", "amount"), [(18, Decimal(9)), (9, None), (None, None)])
def test_a_later_poll_tells_what_a_repetition_cost(later: Json, amount: Decimal | None) -> None:
    made = under_key("j1", None)
    poll = replace(made.exchanges[1], step="follow_up")
    told = Reply(status=200, document={"id": "j1", "status": "COMPLETED", "creditCost": later})
    found = notes(replace(made, exchanges=(*made.exchanges, replace(poll, answer=told))))

    if later is None:
        assert "charged_for_duplicate" not in found
    else:
        assert found["charged_for_duplicate"].amount == amount


def test_a_second_job_that_states_no_charge_is_no_evidence() -> None:
    assert "charged_for_duplicate" not in notes(under_key("j2", None))


def test_equal_keys_in_recorded_traffic_are_compared_too() -> None:
    def one(id: str, job: str) -> Record:  # noqa: A002
        outcome = served(SMALL, charged="9", job=job)
        return record("apiframe", outcome, id=id, quality="medium", key="k-7", evidence=b.TAPED)

    assert notes(one("1", "j1"), one("2", "j2"))["charged_for_duplicate"].cases == ("2",)
    assert notes(one("1", "j1"), one("2", "j1"))["charged_for_duplicate"].good


def test_a_charged_failure_that_was_asked_again_is_charged_for_a_retry_and_summed_once() -> None:
    outage = record(
        "nanobanana",
        b.fault("server", may_be_paid=True),
        replies=[{"costCredits": 14}],
        status=500,
        size="1024x1024",
        quality="high",
    )
    again = record(
        "nanobanana", served(SMALL, charged="14"), id="b", size="1024x1024", quality="high"
    )
    again = replace(
        again, exchanges=(replace(again.exchanges[0], request=outage.exchanges[0].request),)
    )
    found = notes(outage, again)

    assert found["charged_for_retry"].amount == 14
    assert found["charged_for_failure"].amount == 14
    assert found["paid_undelivered"].amount == 14


def test_a_429_that_states_a_charge_is_charged_for_a_retry() -> None:
    made = record("nanobanana", served(SMALL, charged="14"), size="1024x1024", quality="high")
    early = replace(
        made.exchanges[0], answer=Reply(status=429, document={"code": -1, "costCredits": 14})
    )
    found = notes(replace(made, exchanges=(early, *made.exchanges)))

    assert found["charged_for_retry"].amount == 14
    assert found["paid_undelivered"].amount == 14


# ------------------------------------------------------------------------------- partial images
def streamed(tokens: int, partials: int, id: str) -> Record:  # noqa: A002
    outcome = served(SMALL, tokens=tokens, partials=partials)
    return record("openai", outcome, id=id, size="1024x1024", quality="low")


def test_partial_images_are_counted_beside_the_same_without() -> None:
    found = notes(streamed(196, 0, "plain"), streamed(496, 3, "three"))
    partials = found["charged_for_partials"]

    assert (partials.count, partials.of, partials.amount, partials.unit) == (
        1,
        1,
        Decimal(300),
        "token",
    )
    assert partials.sentence.endswith(": 300 tokens for 3 partial images, as the maker counts them")
    assert partials.good
    dearer = notes(streamed(196, 0, "plain"), streamed(796, 3, "three"))["charged_for_partials"]
    assert not dearer.good
    assert dearer.sentence.endswith(": 600 tokens for 3 partial images")


def test_free_partial_images_are_good_and_others_are_not_compared() -> None:
    free = notes(streamed(196, 0, "plain"), streamed(196, 3, "three"))
    alone = notes(streamed(496, 3, "three"))

    assert free["charged_for_partials"].good
    assert "charged_for_partials" not in alone


# ----------------------------------------------------------------------------------- off the list
def test_charges_off_the_list_are_counted_with_what_they_come_to() -> None:
    found = notes(
        big(served(UHD, charged="266")),
        big(served(UHD, charged="133"), id="b"),
        record(
            "nanobanana", served(SMALL, charged="3"), id="c", size="1024x1024", quality="medium"
        ),
    )

    off = found["off_list"]
    assert (off.count, off.of, off.amount, off.cases) == (2, 3, Decimal(133), ("a", "c"))
    assert off.sentence.endswith(": 133 credits more and 1 credit less in all")


def test_one_price_that_was_seen_once_is_no_list() -> None:
    assert "off_list" not in notes(record("aimlapi", served(SMALL, charged="0.2")))


def test_each_provider_has_its_own_notes() -> None:
    found = billing(
        [big(served(UHD, charged="133")), record("buble", served(SMALL, charged="1", job="j"))],
        PROVIDERS,
    )

    assert [note.provider for note in found if note.kind == "charges_stated"] == [
        "nanobanana",
        "buble",
    ]


# --------------------------------------------------------------------------------- in general
CHARGES = st.one_of(st.none(), st.decimals("0", "300", places=2))
SIZES = st.sampled_from([SMALL, (1254, 1254), (2048, 1152), UHD])


@given(
    requests=st.lists(
        st.tuples(SIZES, SIZES, st.sampled_from(["low", "medium", "high"]), CHARGES), max_size=6
    )
)
def test_no_more_is_called_lost_than_was_charged(
    requests: list[tuple[Size, Size, str, Decimal | None]],
) -> None:
    records = [
        record(
            "nanobanana",
            served(came, charged=None if charged is None else str(charged)),
            id=str(place),
            size=f"{asked[0]}x{asked[1]}",
            quality=quality,
        )
        for place, (asked, came, quality, charged) in enumerate(requests)
    ]
    found = billing(records, PROVIDERS)
    paid = sum((charged or Decimal(0) for *_, charged in requests), Decimal(0))

    for note in found:
        assert 0 <= note.count <= note.of
        assert note.amount is None or note.amount >= 0
        if note.kind == "paid_undelivered":
            assert note.amount is not None
            assert note.amount <= paid
    assert not any(note.kind == "billed_as_asked" for note in found) or any(
        came[0] * came[1] < asked[0] * asked[1] for asked, came, *_ in requests
    )
