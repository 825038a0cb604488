"""What each lie of the emulator leaves in a provider's replies, by the documents.

Written from what the documents say that a reply carries. After first runs, these were changed:
`overcharge` where tokens are counted, `usage_of_another_size` and `one_image_drawn_low` at
`aimlapi`, `cached_by_prompt`, and `nearly_repeated_images` at `aimlapi`; see their reasons.
`sub2api` and `openai` count tokens (`usage`). `aimlapi` tells US dollars that come from tokens
(`meta.usage.usd_spent`): the maker's price of another quality is told as such, and what is no
quality's price may be another list. It is only asked for medium. `buble`, `apiframe` and
`nanobanana` tell credits, which follow the request. All images may bear a manifest. A kind is the
stable word of summary.json; a finding's is its check's name.
"""

from dataclasses import dataclass
from typing import Literal

ALL = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")
TOKENS = ("sub2api", "openai")
"""Replies with `usage`."""

COUNTED = (*TOKENS, "aimlapi")
"""Replies that tell tokens, or money that can be turned into them."""

QUALITY = "images_have_the_asked_quality"
ARITHMETIC = ("drawn_as_other_quality", "fits_no_quality", QUALITY)
SIZES = ("images_have_the_asked_dimensions", "images_have_the_asked_aspect_ratio")

Profile = Literal["flat", "several", "quick", "signed", "natural", "both"]
"""How the run is made: how many images, whether they are signed, and look like photographs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """A fault: how it is run, the kinds that tell it at which providers, and kinds beside them.

    At providers without kinds no reply carries evidence: `why` says why. `beside` are true of the
    lie as well, and not awaited.
    """

    profile: Profile
    kinds: dict[str, tuple[str, ...]]
    why: str = ""
    beside: tuple[str, ...] = ()


def _at(providers: tuple[str, ...], *kinds: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(providers, kinds)


CREDITS = (
    "no token is counted; credits follow what was asked; dollars are read of a plain image in a"
    " quality that is asked for, at the maker's own price"
)
_DRAWN = Lie(profile="flat", kinds=_at(TOKENS, *ARITHMETIC), why=CREDITS)
_CHARGED = _at(TOKENS, *ARITHMETIC) | _at(("aimlapi",), "charged_as_other_quality")
_DRAWN_FOR_MEDIUM = Lie(profile="several", kinds=_CHARGED, why=CREDITS)
"""The page of `aimlapi` shows only medium: no plan asks it for another quality."""

LIES: dict[str, Lie] = {
    **{
        f"drawn_as:{asked}:{drawn}": _DRAWN_FOR_MEDIUM if asked == "medium" else _DRAWN
        for asked in ("high", "medium", "low")
        for drawn in ("high", "medium", "low")
        if asked != drawn
    },
    "lower_quality_served": _DRAWN,
    "one_image_drawn_low": Lie(profile="several", kinds=_at(TOKENS, *ARITHMETIC), why=CREDITS),
    "smaller_and_enlarged": Lie(
        profile="natural", kinds=_at(ALL, "enlarged") | _at(COUNTED, "enlarged", *ARITHMETIC)
    ),
    "compression_ignored": Lie(profile="several", kinds=_at(COUNTED, "compression_ignored")),
    "billed_as_asked": Lie(
        profile="several",
        kinds=_at((*COUNTED, "nanobanana"), "billed_as_asked"),
        why="no document names the pixels of its classes, and the ratio is as asked",
        beside=(
            "paid_undelivered",
            "constant_usage",
            *SIZES,
            *ARITHMETIC,
            "images_match_their_declaration",
        ),
    ),
    "billed_for_failures": Lie(
        profile="flat",
        kinds=_at(("buble", "apiframe"), "charged_for_failure", "failed_jobs_cost_nothing"),
        why="a reply of HTTP 500 tells no money",
        beside=("paid_undelivered", "charged_for_retry"),
    ),
    "charge_failed_job": Lie(
        profile="flat",
        kinds=_at(("apiframe",), "charged_for_failure", "failed_jobs_cost_nothing"),
        why="its document does not say that failed jobs cost nothing",
        beside=("paid_undelivered", "charged_for_retry"),
    ),
    "charged_for_retry": Lie(
        profile="flat",
        kinds=_at(("apiframe",), "charged_for_duplicate"),
        beside=("paid_undelivered", "off_list"),
    ),
    "charge_refused": Lie(profile="flat", kinds={}, why="a refusal tells no money"),
    "overcharge": Lie(
        profile="flat",
        kinds=_at(("buble", "apiframe", "nanobanana"), "off_list", "charges_the_list_price")
        | _at(TOKENS, *ARITHMETIC),
        why="it has no list, and dollars may be another price",
        beside=("charged_for_duplicate", "paid_undelivered"),
    ),
    "partials_not_counted": Lie(
        profile="several",
        kinds={},
        why="the maker's guide of another model says that partial images count: for the buyer",
    ),
    "usage_constant": Lie(
        profile="flat", kinds=_at(COUNTED, "constant_usage", *ARITHMETIC), why=CREDITS
    ),
    "usage_of_another_size": Lie(
        profile="flat",
        kinds=_at(TOKENS, *ARITHMETIC),
        why=CREDITS,
        beside=("constant_usage",),
    ),
    "reencoded": Lie(
        profile="signed",
        kinds={},
        why="any delivery network does that",
        beside=("compression_ignored",),  # the parameter of the software that wrote them is fixed
    ),
    "cached": Lie(
        profile="both",
        kinds=_at(ALL, "signed_before", "identical_images"),
        beside=("near_identical_images", *SIZES, *ARITHMETIC, "images_are_different"),
    ),
    "cached_by_prompt": Lie(
        profile="both",
        kinds={},
        why="a run never asks for the same in the same words twice: such a cache serves none",
    ),
    "nearly_cached": Lie(
        profile="natural", kinds=_at(ALL, "near_identical_images"), beside=("identical_images",)
    ),
    "nearly_repeated_images": Lie(
        profile="quick",
        kinds=_at(("sub2api", "apiframe", "openai"), "near_identical_images"),
        why="only edits bring several there, and edits of one image may look alike",
    ),
    "repeated_images": Lie(
        profile="several",
        kinds=_at(
            ("sub2api", "apiframe", "aimlapi", "openai"),
            "images_are_different",
            "identical_images",
        ),
    ),
    "signed_by_stranger": Lie(
        profile="signed", kinds=_at(ALL, "signed_by_other"), beside=("signed_before",)
    ),
    "manifest_moved": Lie(profile="signed", kinds=_at(ALL, "altered", "broken_signature")),
    "manifest_altered": Lie(profile="signed", kinds=_at(ALL, "altered", "broken_signature")),
    "other_family": Lie(profile="signed", kinds=_at(ALL, "other_family")),
    "unstamped": Lie(profile="signed", kinds=_at(ALL, "no_time")),
    "stamped_by_stranger": Lie(profile="signed", kinds=_at(ALL, "time_of_nobody")),
    "held_after_signing": Lie(profile="signed", kinds=_at(ALL, "overhead")),
    "ignore:model.one_of": Lie(
        profile="flat",
        kinds=_at(ALL, "unknown_model_served", "refuses_what_it_forbids"),
    ),
}

HONEST = Lie(profile="both", kinds={})
"""Nothing is told of the emulator without a fault."""
