"""A charge as tokens: which quality it pays for at the maker's own prices, if exactly one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from harness.spec import price
from harness.spec.drawn import sentences
from harness.spec.drawn.count import files_sent
from harness.spec.drawn.delivery import Delivery
from harness.spec.drawn.drawn import Agreement, Drawn
from harness.spec.model import ImageTokens, MakerPrices
from harness.spec.rules.lattice import Size
from harness.spec.tokens import expected

BESIDE_PROMPT = 500
"""Tokens of text that may be sent beside the prompt: the one example that is published (AI/ML API)
has 198 for a short one."""

REFERENCE_TOKENS = 6_500
"""The most that one reference image was seen to take (gpt-image-1, high fidelity)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A `charge` in US dollars for all images of a reply, and what else it may have paid for.

    `prompt_bytes` are those of the prompt, each a token at most; `references` are images sent.
    """

    charge: Decimal
    sizes: tuple[Size, ...]
    prompt_bytes: int
    references: int
    partials: int


def by_money(delivery: Delivery, tokens: ImageTokens) -> Drawn | None:
    """Read a charge: it is the maker's price of a quality, or nothing follows.

    None where there is none in the maker's money, and where a list of fixed prices is documented:
    it says what a delivery costs, whatever is drawn.
    """
    charge, prices, maker = delivery.images.charged, delivery.provider.prices, delivery.model.price
    if not charge or maker is None or prices.unit.lower() != maker.unit:
        return None
    listed = price.listed_price(delivery.provider, delivery.operation, delivery.arguments)
    if prices.status == "documented" and listed is not None:
        return None
    prompt = delivery.arguments.get("prompt")
    paid = Paid(
        charge=charge,
        sizes=delivery.sizes,
        prompt_bytes=len(prompt.encode(errors="replace")) if isinstance(prompt, str) else 0,
        references=files_sent(delivery.operation, delivery.arguments),
        partials=delivery.partials,
    )
    found = pays_for(tokens, maker, paid)
    quality, counted = found or ("", 0)
    agreement = _agreement(delivery.quality, quality, tokens, maker, paid)
    told = sentences.Told(
        tokens=tokens,
        counted=counted,
        unit=f"{counted:,} tokens, which the charge of {charge} USD pays for,"
        if found
        else f"the {charge} USD charged",
        qualities=(quality,) if found else (),
        verb="charged as",
        **delivery.facts(),
    )
    doubts = "a price is no count" if agreement == "unclear" else ""
    return Drawn(
        counted=counted,
        sizes=delivery.sizes,
        qualities=told.qualities,
        asked=delivery.quality,
        basis="money",
        agreement=agreement,
        sentence=sentences.sentence(agreement, told, doubts),
        charge=charge,
    )


def _agreement(
    asked: str | None, quality: str, tokens: ImageTokens, maker: MakerPrices, paid: Paid
) -> Agreement:
    """Return how the `quality` that is paid for (empty: none) stands to the one asked for."""
    if not quality:
        return "unclear"
    if asked is None:
        return "unasked"
    if asked == quality:
        return "asked"
    return "other_charge" if is_apart(tokens, maker, paid, (asked, quality)) else "unclear"


def pays_for(tokens: ImageTokens, prices: MakerPrices, paid: Paid) -> tuple[str, int] | None:
    """Return the one quality that a charge pays for and its tokens; None for none and for several.

    The charge less the price of the images must be what the prompt and the references can have
    cost. A reseller that asks more or less than the maker fits none, by that.
    """
    at_most = _beside(tokens, prices, paid)
    found = [
        (name, number)
        for name in tokens.qualities
        if (number := expected(tokens, name, paid.sizes)) is not None
        and 0 <= paid.charge - number * prices.image_output / prices.per <= at_most
    ]
    return found[0] if len(found) == 1 else None


def is_apart(
    tokens: ImageTokens, prices: MakerPrices, paid: Paid, qualities: Sequence[str]
) -> bool:
    """Tell whether little beside the images can be paid for: a tenth of the dearest quality.

    Else a discount, or some images of another quality, may look like one quality and much input.
    """
    counts = [expected(tokens, name, paid.sizes) or 0 for name in qualities]
    dearest = max(counts, default=0) * prices.image_output / prices.per
    return not paid.references and 10 * _beside(tokens, prices, paid) <= dearest


def _beside(tokens: ImageTokens, prices: MakerPrices, paid: Paid) -> Decimal:
    """Return the most that a charge may hold beside finished images, in US dollars."""
    text = (paid.prompt_bytes + BESIDE_PROMPT) * prices.text_input
    references = paid.references * REFERENCE_TOKENS * prices.image_input
    partials = paid.partials * tokens.partial * prices.image_output
    return (text + references + partials) / prices.per
