"""The values of a report's sections on authenticity, suspicions and money."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.core.rate import Rate
from harness.core.verdict import Estimate

Label = Literal["signed", "arithmetic", "pixels", "says"]
"""What a statement rests on, the strongest first; `says`: a manifest of which nobody knows whose it
is, or which is not this image's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """`count` of the `of` images (or requests) that carry the evidence; `of` 0: no evidence."""

    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Evidence that images are not what was asked for or what the reply says, in a sentence.

    `cases` are the ids of all cases that show it, `images` the digests of their images. `kind` is a
    stable word: `drawn_as_other_quality`, `fits_no_quality`, `fits_other_model`, `constant_usage`,
    `signed_before`, `altered`, `signed_by_other`, `other_family`, `broken_signature`.
    """

    kind: str
    label: Label
    sentence: str
    operation: str
    cases: tuple[str, ...]
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticity:
    """One provider's images: drawn as asked, by whom, for us.

    `drawn_as_asked` counts requests by arithmetic. `manifests` counts images with a manifest, of
    those in which one was looked for; `signed` those that the model's maker has signed, of those
    whose signer was looked up on a trust list: an image without a manifest is in neither. `fresh`
    counts images signed after their request left, of those whose signing time can be compared.
    `overhead` is the reply minus the signing, in seconds, its median; `share` the same less that of
    the `reference` provider, where one was measured beside it. `notes` say what is missing and how
    to get it, or what the documents themselves contradict.
    """

    provider: str
    images: int
    drawn_as_asked: Count
    manifests: Count
    signed: Count
    fresh: Count
    overhead: Estimate | None = None
    share: Estimate | None = None
    reference: str | None = None
    contradictions: tuple[Contradiction, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_evidence(self) -> bool:
        """Whether anything at all is known: a count of tokens, a manifest, a contradiction."""
        counted = self.drawn_as_asked.of or self.manifests.count or self.fresh.of
        return bool(counted or self.contradictions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A weak sign on some of a provider's images: a reason to look, never a verdict.

    `method` says in words what was looked at; `count` of `of` images (or pairs) show it. On native
    images the method itself is wrong in `false_positives` (an interval, with its n). `cases` and
    `images` are those that show it. A method wrong in more than 1 % is not `shown` by default.
    """

    provider: str
    kind: str
    method: str
    sentence: str
    count: int
    of: int
    false_positives: Estimate
    shown: bool
    cases: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingNote:
    """How a provider bills, as its own charges show it: for what was asked or for what came.

    `kind` is a stable word: `charges_stated` (how many replies say what they cost: what none says
    is not concluded), `billed_as_asked`, `billed_as_delivered`, `charged_for_failure`,
    `charged_for_refusal`, `charged_for_duplicate`, `charged_for_retry`, `charged_for_partials`,
    `off_list`, `paid_undelivered` (the sum of what was paid for nothing, each case once). `count`
    of the `of` that carry the evidence show it. `amount` of `unit` is what the cases cost beyond
    what was delivered, where known. `good` notes speak for the provider, or for nobody.
    """

    provider: str
    kind: str
    sentence: str
    count: int
    of: int
    unit: str
    amount: Decimal | None = None
    cases: tuple[str, ...] = ()
    good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRatio:
    """A list price beside the maker's own for the same image: `tokens` at the maker's rates.

    `usd` is the list price in US dollars by a rate of the user, `ratio` that by the maker's price
    (0.8: four fifths, a discount of 20 %); both are missing without a rate. `usd_per_unit` is what
    a unit of the list would have to be worth for the `claimed` share to be true (for the maker's
    own price where nothing is claimed); it is missing where the list is in US dollars. `tier` is
    the size class of the list; `example` says that the document itself works this price out.
    `supposed` names what no document says of the image, and was supposed: `size`, `quality`.
    """

    provider: str
    size: str
    quality: str
    listed: Decimal
    unit: str
    tokens: int
    maker_usd: Decimal
    usd: Decimal | None = None
    ratio: Decimal | None = None
    usd_per_unit: Decimal | None = None
    claimed: Decimal | None = None
    tier: str = ""
    example: bool = False
    supposed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimVerdict:
    """What a list and the maker's prices say of a provider's sentence about its own prices.

    The sentence claims `share` of the maker's price, give or take `within`. It is `proven` where
    the prices that the document works out itself (all that were compared, where it works out none)
    stand within that range; `refuted` where one does not, at the rate that is known or, without
    one, at any; else `undecided`. From `low_usd` to `high_usd` is what a unit of the list has to be
    worth for it to be true; both are missing where no worth would do, and for lists in US dollars.
    """

    provider: str
    says: str
    source: str
    share: Decimal
    within: Decimal
    verdict: Literal["proven", "refuted", "undecided"]
    sentence: str
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceComparison:
    """A provider's list beside the maker's prices.

    `maker` says what the maker asks, and who says so. `rate` is what a unit is worth by the user,
    and `rate_words` says it with source and date; missing where none is known or needed. `notes`
    say why nothing is compared, or what is left out or supposed.
    """

    provider: str
    title: str
    unit: str
    maker: str = ""
    rows: tuple[PriceRatio, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    rate: Rate | None = None
    rate_words: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerCost:
    """What the maker asks for the images that a provider delivered, beside what it charged.

    It is about `images` of the `of` that were delivered: whose pixels and asked quality are known,
    and whose cost is. `maker_usd` is for the tokens of the images, with `input_usd` for those of
    the input where replies count them. `charged` is in the provider's own `unit`, `stated` whether
    all of it stands in replies (else the price list says it); `usd` and `ratio` (of the maker's
    price) are missing without a rate.
    """

    provider: str
    images: int
    of: int
    maker_usd: Decimal
    input_usd: Decimal
    charged: Decimal
    unit: str
    stated: bool
    usd: Decimal | None = None
    ratio: Decimal | None = None
    rate_words: str = ""
