"""The maker's money for what was delivered, beside what was charged."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from harness.core.outcome import Usage
from harness.core.rate import Rate
from harness.core.record import Record
from harness.stats.money.maker_cost import maker_costs
from harness.stats.money.model import MakerCost
from tests.report import builders as b
from tests.shipped import PROVIDERS
from tests.stats.money.test_billing import SMALL, UHD, big, record, served

TODAY = date(2026, 11, 29)


def cost(*records: Record, usd: str | None = None) -> MakerCost | None:
    rates = {"nanobanana": Rate(usd=Decimal(usd), date="2026-11-01")} if usd else {}
    found = maker_costs(records, PROVIDERS, rates, on=TODAY)
    return found[0] if found else None


def test_delivered_pixels_are_priced_at_the_makers_and_beside_the_charge() -> None:
    found = cost(big(served(SMALL, charged="133")), big(served(UHD), id="b"), usd="0.002")

    assert found is not None
    assert (found.images, found.of, found.stated) == (2, 2, False)
    assert found.maker_usd == Decimal("0.21072") + Decimal("0.40026")
    assert found.rate_words == "1 credit = 0.002 usd (2026-11-01)"


def test_without_a_rate_there_is_no_ratio() -> None:
    found = cost(big(served(UHD, charged="133")))

    assert found is not None
    assert (found.charged, found.unit, found.stated) == (Decimal(133), "credit", True)
    assert (found.usd, found.ratio, found.rate_words) == (None, None, "")


def test_a_list_in_dollars_has_a_ratio() -> None:
    found = cost(record("aimlapi", served(SMALL, charged="0.07902"), quality="medium"))

    assert found is not None
    assert found.ratio == Decimal("1.5")


def test_input_is_added_where_a_reply_counts_it() -> None:
    usage = Usage(
        input=200,
        output=7024,
        total=7224,
        kinds={"text_input": 100, "image_input": 100, "image_output": 7024},
    )
    outcome = replace(served(SMALL), usage=usage)
    made = record("openai", outcome, size="1024x1024", quality="high")
    shot = replace(made.shot, price=replace(made.shot.price, at_most=True))
    found = cost(replace(made, shot=shot))

    assert found is not None
    assert found.input_usd == Decimal("0.0013")
    assert found.maker_usd == Decimal("0.21202")
    assert found.ratio == 1


def test_what_was_not_decoded_or_has_no_quality_counts_nowhere() -> None:
    auto = record("nanobanana", served(SMALL, charged="14"), size="1024x1024", quality="auto")
    refusal = record("nanobanana", b.refused(), id="b", status=400)

    assert cost(auto, refusal) is None


def test_an_edit_counts_only_where_its_reference_images_are_counted() -> None:
    edit = record(
        "aimlapi", served(SMALL, charged="0.09"), quality="medium", images=["https://a.test/1.png"]
    )

    assert cost(edit) is None
