"""Faults planted at documented values: what a valid request with these values leads to, how often.

A name is KIND[@RATE]:VALUE[+VALUE ...], where a value is a trait (see `combinations`) and RATE the
share of such requests that it strikes, 1 where none is written: `fails@0.5:quality=high` answers
half of the valid requests of high quality with HTTP 500. What a request omits is no value. The
catalogue names some; any other of this form can be switched on, too.

`outage@RATE` fails that share of all requests, whatever they ask: 500, 503 or no reply.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..rules import aimlapi, apiframe, buble, images_api, nanobanana, openai, sub2api
from .combinations import CLASSES, Combination, operation_of, operations_meeting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Effect = Literal["refused", "failed", "content"]
NAME = re.compile(r"([a-z_0-9]+)(?:@(0?\.[0-9]+|1(?:\.0+)?))?:(.+)")
OUTAGE = re.compile(r"outage@(0?\.[0-9]+|1(?:\.0+)?)")
# Silence before the connection closes, in seconds before the scale of time: longer than any client
# waits, and over where time is scaled away.
HANG_S = 600.0

REFUSED = {"refused": "is refused with a 4xx, naming no parameter"}
FAILURES = {
    "fails": "is answered with HTTP 500",
    "unavailable": "is answered with HTTP 503",
    "error_200": "is answered with an error body under HTTP 200",
    "unanswered": "gets no reply and is charged: the connection closes when it was served",
    "hangs": f"gets no reply and is charged: {HANG_S:g} s later the connection closes",
}
# Each switches on a named fault for that request alone.
CONTENT = {
    "other_size": ("wrong_dimensions", "is served in 1254x1254"),
    "swapped_size": ("swapped_dimensions", "is served with width and height swapped"),
    "other_format": ("wrong_format", "is served in another format than asked and declared"),
    "fewer": ("fewer_images", "is served with one image less than asked where n > 1"),
    "more": ("more_images", "is served with one image more than asked where n > 1"),
    "lower_quality": ("lower_quality_served", "is made in quality low; usage tells"),
    "undecodable": ("undecodable_image", "is served with bytes that end half-way"),
    "unfinished_stream": (
        "unfinished_stream",
        "gets a stream that falls silent before its completed event",
    ),
    "ends_failed": ("failed_job", "becomes a job that fails, free of charge"),
    "never_ends": ("stuck_job", "becomes a job that stays in progress for ever"),
}
KINDS = {
    **REFUSED,
    **FAILURES,
    **{kind: meaning for kind, (_, meaning) in CONTENT.items()},
}

# What the documents write as values of each parameter: their words, and the ends of their ranges.
LATTICE_SIZES = ("1536x1024", "1024x1536", "2048x2048", "3840x2160", "2160x3840")
_IMAGES_API = {
    "model": images_api.MODELS,
    "size": LATTICE_SIZES,
    "n": ("2", "10"),
    "output_compression": ("0", "100"),
    "stream": ("true",),
    "partial_images": ("0", "3"),
}
DOCUMENTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "buble": dict(buble.OPTIONS),
    "sub2api": {
        **{name: words for name, words in sub2api.WORDS.items() if name != "response_format"},
        **_IMAGES_API,
    },
    "apiframe": {**apiframe.WORDS, "n": ("2", "10")},
    "nanobanana": {"quality": nanobanana.QUALITIES, "size": LATTICE_SIZES},
    "aimlapi": {
        **{name: aimlapi.WORDS[name] for name in ("quality", "output_format")},
        "size": ("1024x1024", "1536x1024"),  # those that its page shows
        "output_compression": ("0", "100"),
        "n": ("2", "10"),
    },
    "openai": {**openai.WORDS, **_IMAGES_API},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """A fault at the values of `where`, which strikes a request that meets it by chance `rate`."""

    name: str
    kind: str
    rate: float
    where: Combination

    @property
    def effect(self) -> Effect:
        """Return at which step of a request it acts."""
        if self.kind in REFUSED:
            return "refused"
        return "failed" if self.kind in FAILURES else "content"

    @property
    def meaning(self) -> str:
        """Return what the fault does, in a line."""
        texts = [f"{CLASSES[one]} ({one})" if one in CLASSES else one for one in self.where.traits]
        often = "" if self.rate == 1 else f" {self.rate:.0%} of the time"
        return f"{' with '.join(texts)} {KINDS[self.kind]}{often}"

    def meets(self, provider: str, operation: str, body: object) -> bool:
        """Whether a decoded body that broke no rule has all the values."""
        if not isinstance(body, dict):
            return False
        return self.where.meets(provider, operation_of(provider, operation, body), body)


def planted_fault(provider: str, name: str) -> PlantedFault | None:
    """Return the fault of that name, None where a name is not of this form or has no such value."""
    match = NAME.fullmatch(name)
    if match is None or match[1] not in KINDS:
        return None
    traits = tuple(match[3].split("+"))
    if not all(_is_trait(provider, trait) for trait in traits):
        return None
    where = Combination(
        name=name,
        effect="refused",
        traits=traits,
        operations=operations_meeting(provider, traits),
    )
    return PlantedFault(name=name, kind=match[1], rate=float(match[2] or 1), where=where)


def _is_trait(provider: str, trait: str) -> bool:
    """Whether a trait is a class, or a value of a parameter that the provider documents."""
    name, line, text = trait.partition("=")
    return trait in CLASSES or bool(line and text and name in DOCUMENTED[provider])


def outage_share(names: Collection[str]) -> float:
    """Return the share of all requests that fail by chance; 0 where no such fault is on."""
    shares = (match for match in map(OUTAGE.fullmatch, names) if match is not None)
    return max((float(match[1]) for match in shares), default=0.0)
