"""What a reply's count of tokens, or its charge, says of the quality its images were drawn in."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.spec.rules.lattice import Size

Basis = Literal["tokens", "money"]
"""What was read: the tokens that the reply counts, or what it says that it charged."""

Agreement = Literal[
    "asked",
    "other",
    "mixed",
    "other_charge",
    "unasked",
    "declared_other",
    "part",
    "asked_size",
    "other_model",
    "shown",
    "several",
    "none",
    "unclear",
]
"""How the count stands to what was asked for.

`asked`: it is that of the quality asked for. `other`: of another one. `mixed`: of several, so that
some images are not as asked. `other_charge`: the charge is the maker's price of another quality: it
was drawn, or is what its price is here. `unasked`: of a quality, and none was asked for.
`declared_other`: the same, and the reply (or the document's default) names another one. `part`: of
the quality asked for, and only one of several images is counted. `asked_size`: of the quality and
the size asked for, and other pixels came. `other_model`: of no quality of the model asked for, and
of one of another model that is known. `shown`: what the provider's own document shows for this, and
the maker gives another quality. `several`: what is counted can be read in several ways that
disagree. `none`: of no quality. `unclear`: not as asked, and nothing follows, since text may be
counted too, the reply names another model, its counts contradict each other, or it is only a
charge.
"""

Kind = Literal[
    "drawn_as_other_quality", "charged_as_other_quality", "fits_no_quality", "fits_other_model"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The quality of a reply's images by arithmetic, told in a `sentence` that begins small.

    `counted` are the output tokens of all its images; for `money` those that the `charge` in US
    dollars pays for, 0 where it is no quality's price. `sizes` are the decoded pixels of each
    image. `qualities` are those whose count it is: one, none, or several where it can be read in
    several ways; of a `mixed` reply, that of each image. `asked` is the quality asked for, where
    that is one that the model's table knows.

    `counting` says whether `all` images of several are counted, or `some`; None where nobody can
    tell. `if_all` is what the count says if all are, where that is what its doubt is about.
    """

    counted: int
    sizes: tuple[Size, ...]
    qualities: tuple[str, ...]
    asked: str | None
    basis: Basis
    agreement: Agreement
    sentence: str
    charge: Decimal | None = None
    counting: Literal["all", "some"] | None = None
    if_all: "Drawn | None" = None

    @property
    def decides(self) -> bool:
        """Whether it is evidence for or against the quality asked for (the `n` of `k of n`).

        A charge is none: a price list may have discounts and steps of its own, so that one which
        differs convicts nobody, and then one that agrees must not be counted either.
        """
        return self.basis == "tokens" and self.agreement in ("asked", "other", "mixed")

    @property
    def kind(self) -> Kind | None:
        """The word of the contradiction that it is; None where it is none."""
        match self.agreement:
            case "other" | "mixed":
                return "drawn_as_other_quality"
            case "other_charge":
                return "charged_as_other_quality"
            case "none" | "asked_size":
                return "fits_no_quality"
            case "other_model":
                return "fits_other_model"
            case _:
                return None
