"""The faults that have a name of their own, by family; those of rules are derived."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from ..rules import RULE_MODULES, operations_of
from . import authenticity, job_faults
from .combinations import EDITS, OPENAI_SHAPED

ALL = tuple(RULE_MODULES)
SEVERAL = ("sub2api", "apiframe", "aimlapi", "openai")  # with several images, or several formats
LARGE = ("buble", "sub2api", "nanobanana", "openai")  # with sizes above 2 megapixels
SIZED = ("sub2api", "nanobanana", "openai")  # with any WIDTHxHEIGHT
JOBS = ("buble", "apiframe")
MASKS = ("sub2api", "aimlapi", "openai")  # with masks, and with several images of a named size
PRICED = ("buble", "nanobanana")  # with a price list
UNPRICED = ("apiframe", "aimlapi")
STATUSES = (
    "buble",
    "sub2api",
    "apiframe",
    "aimlapi",
    "openai",
)  # with documented statuses of refusals
APIFRAME, NANOBANANA = ("apiframe",), ("nanobanana",)

# Name, providers, meaning.
Rows = tuple[tuple[str, tuple[str, ...], str], ...]

MASK_RULES: Rows = (("mask_ignored", MASKS, "no rule about the mask is looked at"),)
REFUSALS: Rows = (
    ("unnamed_parameter", ALL, "refusals do not name the offending parameter"),
    ("refusal_200", STATUSES, "refusals come with HTTP 200"),
    ("refusal_500", ALL, "refusals come with HTTP 500"),
)
CONTENT: Rows = (
    ("wrong_dimensions", ALL, "images are 1254x1254 whatever size was asked"),
    ("swapped_dimensions", ALL, "width and height change places"),
    ("wrong_dimensions_of_large", LARGE, "sizes above 2000000 px are delivered in 1254x1254"),
    ("wrong_dimensions_of_portrait", LARGE, "sizes higher than wide are delivered lying"),
    (
        "wrong_dimensions_of_wide",
        SIZED,
        "a long edge of more than twice the short one is cut to twice",
    ),
    ("rounded_dimensions", SIZED, "edges are cut to multiples of 64 px"),
    ("wrong_format", ALL, "bytes are in another format than asked and declared"),
    ("wrong_format_of_webp", SEVERAL, "images asked as webp are png"),
    ("wrong_format_of_jpeg", SEVERAL, "images asked as jpeg are png"),
    ("undecodable_image", ALL, "image bytes end half-way"),
    ("fewer_images", SEVERAL, "one image less than asked where n > 1"),
    ("more_images", SEVERAL, "one image more than asked where n > 1"),
    ("repeated_images", SEVERAL, "several images are one, byte for byte"),
    ("capped_images", SEVERAL, "never more than 4 images, whatever n"),
    ("one_image_swapped", MASKS, "width and height of the second image alone change places"),
    ("one_image_wrong_format", SEVERAL, "the second image alone is in another format"),
    ("one_image_undecodable", SEVERAL, "the second image alone ends half-way"),
    # Only these report how many tokens an image took; elsewhere nothing would show it.
    (
        "lower_quality_served",
        OPENAI_SHAPED,
        "images are made in quality low and declared as asked; usage tells",
    ),
    ("lower_quality_declared", OPENAI_SHAPED, "the reply declares quality low"),
    ("wrong_declared_size", OPENAI_SHAPED, "the reply declares another size"),
    ("wrong_declared_format", OPENAI_SHAPED, "the reply declares another format"),
    ("missing_field", ALL, "the reply lacks a documented field"),
)
CHARGES: Rows = (
    ("overcharge", ALL, "charges double and reports it"),
    ("charge_refused", ALL, "refused requests are charged like accepted ones"),
    ("charge_failed_job", APIFRAME, "every job fails and is charged all the same"),
    ("charge_off_by_one", PRICED, "one credit more than listed"),
    ("charges_more_on_edit", PRICED, "an edit costs twice what is listed"),
    ("charges_other_tier", PRICED, "2K is charged as 4K"),
    ("charges_large_as_small", PRICED, "4K is charged as 2K"),
    (
        "charges_at_boundary",
        NANOBANANA,
        "a long edge of exactly 1536 or 2048 px is charged as the next tier",
    ),
    ("charges_other_quality", NANOBANANA, "medium is charged as high"),
    ("charges_auto_as_medium", NANOBANANA, "auto is charged as medium"),
    # Their documents promise no price of n images, so that this breaks no promise.
    ("charges_per_request", UNPRICED, "n images are charged as one"),
)
USAGE: Rows = (
    ("bad_usage_sum", OPENAI_SHAPED, "usage.total_tokens is not input plus output"),
    (
        "bad_usage_details",
        OPENAI_SHAPED,
        "the details of output tokens come to 7 more than output_tokens",
    ),
)
STREAMS: Rows = (
    ("more_partials", OPENAI_SHAPED, "one partial image more than asked, also than none"),
    ("partial_index_wrong", OPENAI_SHAPED, "indices of partial images do not count from 0"),
    ("partials_reversed", OPENAI_SHAPED, "partial images come in reverse, the last index first"),
    ("partial_undecodable", OPENAI_SHAPED, "partial images end half-way, the final one is whole"),
    (
        "missing_completion",
        OPENAI_SHAPED,
        "a stream ends in good order without its completed event",
    ),
    ("stream_ignored", OPENAI_SHAPED, "stream is answered with one JSON reply"),
    ("partial_after_completion", OPENAI_SHAPED, "a partial image follows the completed event"),
    (
        "completion_first",
        OPENAI_SHAPED,
        "the completed event comes before the partial images asked for",
    ),
    (
        "stream_wrong_dimensions",
        OPENAI_SHAPED,
        "streamed images are 1254x1254 whatever size was asked",
    ),
    (
        "stream_wrong_format",
        OPENAI_SHAPED,
        "streamed images are in another format than asked and declared",
    ),
    ("stream_declares_other_size", OPENAI_SHAPED, "the completed event declares another size"),
)
BACKWARD: Rows = (
    ("backward_state", JOBS, "a job in progress is waiting again at the second poll"),
)
JOB_LIVES: Rows = (
    ("terminal_changes", JOBS, "a finished job is in progress at its next poll"),
    ("unknown_job_200", JOBS, "an unknown id is answered with a job that waits"),
    ("result_url_404", JOBS, "the addresses of results answer 404"),
)
JOB_REPLIES: Rows = (
    ("completed_without_result", JOBS, "a finished job has no result"),
    ("poll_tells_another_id", JOBS, "polls tell of another id than asked"),
    ("submitted_with_200", APIFRAME, "submissions come with HTTP 200"),
)
REPEATED_KEYS: Rows = (
    ("idempotency_ignored", APIFRAME, "a repeated key makes and charges a second job"),
)
FALSE_EVENTS: Rows = (
    ("webhook_forged", APIFRAME, "events are signed with another key"),
    ("webhook_unsigned", APIFRAME, "events bear no signature"),
    ("webhook_wrong_job", APIFRAME, "signed events tell of another job"),
    ("webhook_before_end", APIFRAME, "a job that begins is told to be completed"),
)
OUTAGES: Rows = (
    ("auth_down", ALL, "no key is accepted (401)"),
    ("quota", ALL, "submissions are out of credits"),
    ("rate_limit", ALL, "every second request gets 429 with Retry-After"),
    ("outage", ALL, "every request gets 503"),
    ("flaky_500", ALL, "30 % of the requests, drawn by seed, get 500"),
    ("outage@0.05", ALL, "5 % of all requests, drawn by seed, get 500, 503 or no reply"),
    ("outage@0.2", ALL, "20 % of all requests, drawn by seed, get 500, 503 or no reply"),
    ("outage@0.6", ALL, "60 % of all requests, drawn by seed, get 500, 503 or no reply"),
    ("reset", ALL, "the connection closes in the middle of the reply"),
    ("half_json", ALL, "the reply is truncated, with a matching content-length"),
    ("stall", ALL, "headers are sent, then nothing until the client gives up"),
    ("html_error", ALL, "a gateway answers 502 with an HTML page"),
    ("moderation", ALL, "every prompt is refused by moderation"),
    ("stuck_job", JOBS, "jobs stay in progress for ever"),
    ("failed_job", JOBS, "every job fails and costs nothing"),
    ("job_lost", JOBS, "from the second poll on the job is unknown (404)"),
)
BROKEN_STREAMS: Rows = (
    ("error_event", OPENAI_SHAPED, "after the partial images an error event ends the stream; free"),
    ("cut_stream", OPENAI_SHAPED, "the connection closes in the middle of the completed event"),
)
LATE_EVENTS: Rows = (
    ("webhook_missing", APIFRAME, "no event is ever sent"),
    ("webhook_late", APIFRAME, "events of the end come 60 s late"),
    ("webhook_repeated", APIFRAME, "each event is delivered twice"),
)

NAMED: dict[str, tuple[tuple[str, Rows], ...]] = {
    "single_rule": (
        ("content", MASK_RULES),
        ("errors", REFUSALS),
    ),
    "content": (("content", CONTENT),),
    "charging": (
        ("money", CHARGES),
        ("content", USAGE),
    ),
    "job_and_stream": (
        ("stream", STREAMS),
        ("stream", BROKEN_STREAMS),
        ("outage", BACKWARD),
        ("jobs", JOB_LIVES),
        ("content", JOB_REPLIES),
        ("jobs", REPEATED_KEYS),
        ("webhook", FALSE_EVENTS),
        ("jobs", job_faults.STRANGE_POLLS),
    ),
    "authenticity": (
        ("drawn", authenticity.DRAWN),
        ("billed", authenticity.BILLED),
        ("provenance", authenticity.SERVED),
        ("provenance", authenticity.COPIES),
        ("provenance", authenticity.SIGNED),
    ),
    "alpha": (("alpha", job_faults.ALPHA),),
    "hidden_limit": (("limits", job_faults.LIMITS),),
    "outage": (
        ("outage", OUTAGES),
        ("webhook", LATE_EVENTS),
        ("moments", job_faults.MOMENTS),
    ),
}

MADE = ("generate", *EDITS)
COUNTED = (
    "fewer_images", "more_images", "repeated_images", "capped_images", "one_image_swapped",
    "one_image_wrong_format", "one_image_undecodable", "nearly_repeated_images",
    "one_image_drawn_low",
)  # fmt: skip
# The named faults that need something that not every operation has, by name or PROVIDER:NAME.
SHOWS_ON: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COUNTED, MADE),
    # aimlapi makes several images in edits only.
    **{f"aimlapi:{name}": ("edit",) for name in (*COUNTED, "charges_per_request")},
    "mask_ignored": EDITS,
    # The usage of a response counts the tokens of its text only.
    "lower_quality_served": MADE,
    "bad_usage_details": MADE,
    "stream_wrong_dimensions": MADE,
    "stream_wrong_format": MADE,
    "stream_declares_other_size": MADE,
    "charges_more_on_edit": EDITS,
    "edits_take_fewer_images": EDITS,
    "opaque_with_transparency": MADE,
    "background_declared_other": MADE,
    "slow_large_images": MADE,
}


def operations_showing(provider: str, name: str) -> tuple[str, ...]:
    """Return the operations of a provider on which a named fault can show."""
    served = operations_of(provider)
    wanted = SHOWS_ON.get(f"{provider}:{name}", SHOWS_ON.get(name, served))
    return tuple(operation for operation in served if operation in wanted)
