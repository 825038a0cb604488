"""The values of a report's section on authenticity."""

from dataclasses import dataclass
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
    stable word: `drawn_as_other_quality`, `charged_as_other_quality`, `fits_no_quality`,
    `fits_other_model`, `constant_usage`, `signed_before`, `altered`, `signed_by_other`,
    `other_family`, `broken_signature`.
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
