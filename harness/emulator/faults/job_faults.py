"""Faults of hidden limits, of the alpha channel and of jobs that are odd for a moment.

Their rows for the catalogue, and what each of them does.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules.parameters import is_integer
from ..rules.switches import Refusal
from .combinations import CODES, EDITS, OPENAI_SHAPED, operation_of, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

JOBS = ("buble", "apiframe")
OPAQUE = ("sub2api", "apiframe", "openai")  # with a documented opaque background
SEVERAL = ("sub2api", "apiframe", "aimlapi", "openai")
ADDRESSES = ("buble", "apiframe", "nanobanana", "aimlapi")  # images by address
ALL = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")

# Name, providers, meaning.
Rows = tuple[tuple[str, tuple[str, ...], str], ...]

ALPHA: Rows = (
    ("opaque_with_transparency", OPAQUE, "images asked as opaque have clear pixels"),
    ("background_declared_other", OPENAI_SHAPED, "the reply declares a transparent background"),
)
LIMITS: Rows = (
    ("edits_take_fewer_images", SEVERAL, "edits refuse more than 4 images, generations do not"),
)
STRANGE_POLLS: Rows = (
    ("poll_tells_other_job", JOBS, "the first poll of a job shows the job submitted before it"),
)
MOMENTS: Rows = (
    ("quota_per_minute", ALL, "every third submission gets 429 that names a quota per minute"),
    (
        "slow_large_images",
        ("sub2api", "nanobanana", "openai"),
        "above 2000000 px it takes 10 times as long",
    ),
    (
        "background_ignored",
        ("aimlapi", "openai"),
        "images asked as transparent have no alpha channel",
    ),
    ("job_passes_unknown_state", JOBS, "the first poll shows a state that no document names"),
    ("first_poll_missing", JOBS, "the first poll of a job answers 404"),
    ("result_missing_at_first", ADDRESSES, "the first download of a result answers 404"),
)

QUOTA = "5 images per minute"
QUOTA_HEADERS = {"x-ratelimit-limit-images": "5", "x-ratelimit-remaining-images": "0"}
EDITS_AT_MOST = 4
SLOWER = 10.0
LARGE_PX = 2_000_000
UNKNOWN_STATES = {"buble": "upscaling", "apiframe": "UPSCALING"}


def is_clear(faults: frozenset[str], *, clear: bool, opaque: bool) -> bool:
    """Whether a picture has clear pixels: as the client asked, but under a fault."""
    if "background_ignored" in faults:
        return False
    return clear or (opaque and "opaque_with_transparency" in faults)


def limited_edit(
    provider: str, operation: str, body: object, faults: frozenset[str]
) -> Refusal | None:
    """Refuse an edit that wants more images than the hidden limit, under its fault."""
    if "edits_take_fewer_images" not in faults or not isinstance(body, dict):
        return None
    count = values_of(provider, operation, body).get("n")
    if operation_of(provider, operation, body) not in EDITS:
        return None
    if not is_integer(count) or count <= EDITS_AT_MOST:
        return None
    parameter = "gptImage2Params.number_of_images" if provider == "apiframe" else "n"
    return Refusal(
        rule="n.range",
        parameter=parameter,
        message=f"edits make at most {EDITS_AT_MOST} images",
        code=CODES.get(provider),
        kind="invalid_request_error" if provider in OPENAI_SHAPED else None,
    )


def with_quota(body: Mapping[str, object]) -> dict[str, object]:
    """Append the quota to the message, wherever the provider's envelope has it."""
    named: dict[str, object] = {}
    for key, inner in body.items():
        if isinstance(inner, dict):
            named[key] = with_quota(inner)
        elif key in ("message", "error") and isinstance(inner, str):
            named[key] = f"{inner}: limit of {QUOTA}"
        else:
            named[key] = inner
    return named


def in_unknown_state(provider: str, body: Mapping[str, object]) -> dict[str, object]:
    """Let a poll show a state that no document names."""
    inner = body.get("data")
    if isinstance(inner, dict):
        return {**body, "data": {**inner, "status": UNKNOWN_STATES[provider]}}
    return {**body, "status": UNKNOWN_STATES[provider]}
