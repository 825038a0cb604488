"""The values of a report's sections on authenticity, suspicions and money."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

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
    stable word: `drawn_as_other_quality`, `fits_no_quality`, `constant_usage`, `signed_before`,
    `altered`, `signed_by_other`, `other_family`, `broken_signature`.
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

    `kind` is a stable word: `billed_as_asked`, `billed_as_delivered`, `charged_for_failure`,
    `charged_for_refusal`, `charged_for_duplicate`, `charged_for_retry`, `charged_for_partials`,
    `off_list`. `amount` of `unit` is what the cases cost beyond what was delivered, where known.
    """

    provider: str
    kind: str
    sentence: str
    count: int
    of: int
    unit: str
    amount: Decimal | None = None
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRatio:
    """A list price beside the maker's own for the same image: `tokens` at the maker's rates.

    `usd` is the list price in US dollars by a rate of the user, `ratio` that by the maker's price
    (0.8: four fifths); both are missing without a rate. `usd_per_unit` is what a unit of the list
    would have to be worth for `claimed` to be true (or for the maker's own price, without a claim).
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
