"""A charge as tokens: which quality it pays for at the maker's own prices, if exactly one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

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
