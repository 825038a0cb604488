"""The faults that have a name of their own, by family; those of rules are derived."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from ..rules import RULE_MODULES

ALL = tuple(RULE_MODULES)
# aimlapi makes several images in edits only.
WITH_MANY_IMAGES = ("sub2api", "apiframe", "aimlapi")
WITH_FORMATS = ("sub2api", "apiframe", "aimlapi")
WITH_LARGE_SIZES = ("buble", "sub2api", "nanobanana")
WITH_FREE_SIZES = ("sub2api", "nanobanana")
WITH_JOBS = ("buble", "apiframe")
WITH_MASKS = ("sub2api", "aimlapi")
STREAMING = ("sub2api",)
WITH_WEBHOOKS = ("apiframe",)
WITH_PRICE_LIST = ("buble", "nanobanana")

Row = tuple[str, str, str, tuple[str, ...]]

# By family: name, what kind of promise breaks, meaning, providers.
NAMED: dict[str, tuple[Row, ...]] = {
    "single_rule": (
        ("mask_ignored", "content", "no rule about the mask is looked at", WITH_MASKS),
        ("unnamed_parameter", "errors", "refusals do not name the offending parameter", ALL),
        (
            "refusal_200",
            "errors",
            "refusals come with HTTP 200",
            ("buble", "sub2api", "apiframe", "aimlapi"),
        ),
        ("refusal_500", "errors", "refusals come with HTTP 500", ALL),
    ),
    "content": (
        ("wrong_dimensions", "content", "images are 1254x1254 whatever size was asked", ALL),
        ("swapped_dimensions", "content", "width and height change places", ALL),
        (
            "wrong_dimensions_of_large",
            "content",
            "sizes above 2000000 px are delivered in 1254x1254",
            WITH_LARGE_SIZES,
        ),
        (
            "wrong_dimensions_of_portrait",
            "content",
            "sizes higher than wide are delivered lying",
            WITH_LARGE_SIZES,
        ),
        (
            "wrong_dimensions_of_wide",
            "content",
            "a long edge of more than twice the short one is cut to twice",
            WITH_FREE_SIZES,
        ),
        ("rounded_dimensions", "content", "edges are cut to multiples of 64 px", WITH_FREE_SIZES),
        ("wrong_format", "content", "bytes are in another format than asked and declared", ALL),
        ("wrong_format_of_webp", "content", "images asked as webp are png", WITH_FORMATS),
        ("wrong_format_of_jpeg", "content", "images asked as jpeg are png", WITH_FORMATS),
        ("undecodable_image", "content", "image bytes end half-way", ALL),
        ("fewer_images", "content", "one image less than asked where n > 1", WITH_MANY_IMAGES),
        ("more_images", "content", "one image more than asked where n > 1", WITH_MANY_IMAGES),
        ("capped_images", "content", "never more than 4 images, whatever n", WITH_MANY_IMAGES),
        (
            "one_image_swapped",
            "content",
            "width and height of the second image alone change places",
            ("sub2api", "aimlapi"),
        ),
        (
            "one_image_wrong_format",
            "content",
            "the second image alone is in another format",
            WITH_MANY_IMAGES,
        ),
        (
            "one_image_undecodable",
            "content",
            "the second image alone ends half-way",
            WITH_MANY_IMAGES,
        ),
        # Only sub2api tells how many tokens an image took; elsewhere nothing would show it.
        (
            "lower_quality_served",
            "content",
            "images are made in quality low and declared as asked; usage tells",
            ("sub2api",),
        ),
        ("lower_quality_declared", "content", "the reply declares quality low", ("sub2api",)),
        ("wrong_declared_size", "content", "the reply declares another size", ("sub2api",)),
        ("wrong_declared_format", "content", "the reply declares another format", ("sub2api",)),
        ("missing_field", "content", "the reply lacks a documented field", ALL),
    ),
    "charging": (
        ("overcharge", "money", "charges double and reports it", ALL),
        ("charge_refused", "money", "refused requests are charged like accepted ones", ALL),
        (
            "charge_failed_job",
            "money",
            "every job fails and is charged all the same",
            ("apiframe",),
        ),
        ("charge_off_by_one", "money", "one credit more than listed", WITH_PRICE_LIST),
        ("charges_more_on_edit", "money", "an edit costs twice what is listed", WITH_PRICE_LIST),
        ("charges_other_tier", "money", "2K is charged as 4K", WITH_PRICE_LIST),
        ("charges_large_as_small", "money", "4K is charged as 2K", WITH_PRICE_LIST),
        (
            "charges_at_boundary",
            "money",
            "a long edge of exactly 1536 or 2048 px is charged as the next tier",
            ("nanobanana",),
        ),
        ("charges_other_quality", "money", "medium is charged as high", ("nanobanana",)),
        ("charges_auto_as_medium", "money", "auto is charged as medium", ("nanobanana",)),
        # Their documents promise no price of n images, so that nobody is convicted of this.
        (
            "charges_per_request",
            "money",
            "n images are charged as one",
            ("apiframe", "aimlapi"),
        ),
        ("bad_usage_sum", "content", "usage.total_tokens is not input plus output", ("sub2api",)),
        (
            "bad_usage_details",
            "content",
            "the details of output tokens come to 7 more than output_tokens",
            ("sub2api",),
        ),
    ),
    "job_and_stream": (
        ("more_partials", "stream", "one partial image more than asked, also than none", STREAMING),
        (
            "partial_index_wrong",
            "stream",
            "indices of partial images do not count from 0",
            STREAMING,
        ),
        (
            "partials_reversed",
            "stream",
            "partial images come in reverse, the last index first",
            STREAMING,
        ),
        (
            "partial_undecodable",
            "stream",
            "partial images end half-way, the final one is whole",
            STREAMING,
        ),
        (
            "missing_completion",
            "stream",
            "a stream ends in good order without its completed event",
            STREAMING,
        ),
        ("stream_ignored", "stream", "stream is answered with one JSON reply", STREAMING),
        (
            "partial_after_completion",
            "stream",
            "a partial image follows the completed event",
            STREAMING,
        ),
        (
            "completion_first",
            "stream",
            "the completed event comes before the partial images asked for",
            STREAMING,
        ),
        (
            "stream_wrong_dimensions",
            "stream",
            "streamed images are 1254x1254 whatever size was asked",
            STREAMING,
        ),
        (
            "stream_wrong_format",
            "stream",
            "streamed images are in another format than asked and declared",
            STREAMING,
        ),
        (
            "stream_declares_other_size",
            "stream",
            "the completed event declares another size",
            STREAMING,
        ),
        (
            "backward_state",
            "outage",
            "a job in progress is waiting again at the second poll",
            WITH_JOBS,
        ),
        ("terminal_changes", "jobs", "a finished job is in progress at its next poll", WITH_JOBS),
        ("unknown_job_200", "jobs", "an unknown id is answered with a job that waits", WITH_JOBS),
        ("result_url_404", "jobs", "the addresses of results answer 404", WITH_JOBS),
        ("completed_without_result", "content", "a finished job has no result", WITH_JOBS),
        ("poll_tells_another_id", "content", "polls tell of another id than asked", WITH_JOBS),
        ("submitted_with_200", "content", "submissions come with HTTP 200", ("apiframe",)),
        (
            "idempotency_ignored",
            "jobs",
            "a repeated key makes and charges a second job",
            WITH_WEBHOOKS,
        ),
        ("webhook_forged", "webhook", "events are signed with another key", WITH_WEBHOOKS),
        ("webhook_unsigned", "webhook", "events bear no signature", WITH_WEBHOOKS),
        ("webhook_wrong_job", "webhook", "signed events tell of another job", WITH_WEBHOOKS),
        (
            "webhook_before_end",
            "webhook",
            "a job that begins is told to be completed",
            WITH_WEBHOOKS,
        ),
    ),
    "outage": (
        ("auth_down", "outage", "no key is accepted (401)", ALL),
        ("quota", "outage", "submissions are out of credits", ALL),
        ("rate_limit", "outage", "every second request gets 429 with Retry-After", ALL),
        ("outage", "outage", "every request gets 503", ALL),
        ("flaky_500", "outage", "30 % of the requests, drawn by seed, get 500", ALL),
        ("reset", "outage", "the connection closes in the middle of the reply", ALL),
        ("half_json", "outage", "the reply is truncated, with a matching content-length", ALL),
        ("stall", "outage", "headers are sent, then nothing until the client gives up", ALL),
        ("html_error", "outage", "a gateway answers 502 with an HTML page", ALL),
        ("moderation", "outage", "every prompt is refused by moderation", ALL),
        ("stuck_job", "outage", "jobs stay in progress for ever", WITH_JOBS),
        ("failed_job", "outage", "every job fails and costs nothing", WITH_JOBS),
        ("job_lost", "outage", "from the second poll on the job is unknown (404)", WITH_JOBS),
        (
            "error_event",
            "stream",
            "after the partial images an error event ends the stream; free",
            STREAMING,
        ),
        (
            "cut_stream",
            "stream",
            "the connection closes in the middle of the completed event",
            STREAMING,
        ),
        ("webhook_missing", "webhook", "no event is ever sent", WITH_WEBHOOKS),
        ("webhook_late", "webhook", "events of the end come 60 s late", WITH_WEBHOOKS),
        ("webhook_repeated", "webhook", "each event is delivered twice", WITH_WEBHOOKS),
    ),
}

# The named faults that need something that not every operation has, by name or PROVIDER:NAME.
MADE = ("generate", "edit")
SHOWS_ON: dict[str, tuple[str, ...]] = {
    "fewer_images": MADE,
    "more_images": MADE,
    "capped_images": MADE,
    "one_image_swapped": MADE,
    "one_image_wrong_format": MADE,
    "one_image_undecodable": MADE,
    **{
        f"aimlapi:{name}": ("edit",)
        for name in (
            "fewer_images",
            "more_images",
            "capped_images",
            "one_image_swapped",
            "one_image_wrong_format",
            "one_image_undecodable",
            "charges_per_request",
        )
    },
    "mask_ignored": ("edit",),
    # The usage of a response counts the tokens of its text only.
    "lower_quality_served": MADE,
    "bad_usage_details": MADE,
    "stream_wrong_dimensions": MADE,
    "stream_wrong_format": MADE,
    "stream_declares_other_size": MADE,
    "charges_more_on_edit": ("edit",),
}
