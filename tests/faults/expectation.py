"""What each emulator fault must lead to: exactly the promise it breaks, or nothing at all.

`ignore:RULE`, `loose:RULE` and `strict:RULE` follow from the TOMLs: a documented rule gives one
finding under its id, an open one gives none, for there is no promise to break. So do the faults of
combinations: documented values that are refused together give one finding under no id. The other
faults are written out, for each operation on which they show.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.spec.provider import Argument, Operation
from harness.spec.rules import OneOf
from tests.faults import at_values
from tests.shipped import shipped_provider as shipped

Promise = tuple[str | None, str]
"""A finding's constraint and check."""

REFUSES, ACCEPTS = "refuses_what_it_forbids", "accepts_what_it_documents"
DIMENSIONS = "images_have_the_asked_dimensions"
RATIO = "images_have_the_asked_aspect_ratio"
FORMAT = "images_have_the_asked_format"
DECLARES = "declares_what_was_asked"
DECLARATION = "images_match_their_declaration"
FIELDS = "reply_has_the_documented_fields"
CLIENT_ERROR = "refusal_is_a_client_error"
PRICE = "charges_the_list_price"
NAMES = "refusal_names_the_parameter"
PARTIALS = "sends_no_more_partials_than_asked"
COUNT = "serves_as_many_images_as_asked"
OWN_JOB = "polls_tell_of_their_own_job"
BACKGROUND = "images_have_the_asked_background"
QUALITY = "images_have_the_asked_quality"

IMAGES = ("generate", "edit", "edit_json")
EDITS = ("edit", "edit_json")
OPENAI_SHAPED = ("sub2api", "openai")

SIZE: dict[str, Promise] = {
    "buble": ("aspect_ratio.one_of", RATIO),
    "sub2api": ("size.format", DIMENSIONS),
    "nanobanana": ("size.format", DIMENSIONS),
    "aimlapi": ("size.format", DIMENSIONS),
    "openai": ("size.format", DIMENSIONS),
}
"""Apiframe promises no size."""

FORMATS: dict[str, Promise] = dict.fromkeys(
    ("sub2api", "apiframe", "aimlapi", "openai"), ("output_format.one_of", FORMAT)
)
COUNTS: dict[str, Promise] = dict.fromkeys(
    ("sub2api", "apiframe", "aimlapi", "openai"), ("n.range", COUNT)
)
LISTED: dict[str, Promise] = dict.fromkeys(("buble", "nanobanana"), (None, PRICE))
"""The price lists of the others are open; those of sub2api and openai name no price."""

ALL = ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi", "openai")
STATUS = ("buble", "sub2api", "apiframe", "aimlapi", "openai")
"""nanobanana's statuses are not documented, and its envelope does not tell the two apart."""

NAMED: dict[str, dict[str, Promise]] = {
    "wrong_dimensions": SIZE,
    "swapped_dimensions": SIZE,
    "billed_as_asked": {name: promise for name, promise in SIZE.items() if name != "buble"},
    "wrong_dimensions_of_large": SIZE,
    "wrong_dimensions_of_portrait": SIZE,
    "wrong_dimensions_of_wide": SIZE,
    "rounded_dimensions": SIZE,
    "wrong_format": FORMATS,
    "wrong_format_of_webp": FORMATS,
    "wrong_format_of_jpeg": FORMATS,
    "one_image_swapped": SIZE,
    "one_image_wrong_format": FORMATS,
    "one_image_undecodable": dict.fromkeys(ALL, (None, "images_decode")),
    "missing_field": dict.fromkeys(ALL, (None, FIELDS)),
    "fewer_images": COUNTS,
    "more_images": COUNTS,
    "repeated_images": dict.fromkeys(COUNTS, ("n.range", "images_are_different")),
    "capped_images": COUNTS,
    "lower_quality_served": dict.fromkeys(OPENAI_SHAPED, ("quality.one_of", QUALITY)),
    # aimlapi tells money, by which only what agrees is told; of openai, the plan of
    # seed 0 asks for several images in low and auto alone
    "one_image_drawn_low": {"sub2api": ("quality.one_of", QUALITY)},
    "lower_quality_declared": dict.fromkeys(OPENAI_SHAPED, ("quality.one_of", DECLARES)),
    "wrong_declared_size": dict.fromkeys(OPENAI_SHAPED, ("size.format", DECLARES)),
    "wrong_declared_format": dict.fromkeys(OPENAI_SHAPED, ("output_format.one_of", DECLARES)),
    "overcharge": LISTED,
    "charge_off_by_one": LISTED,
    "charges_more_on_edit": LISTED,
    "charges_other_tier": LISTED,
    "charges_large_as_small": LISTED,
    "charges_at_boundary": LISTED,
    "charges_other_quality": LISTED,
    "charges_auto_as_medium": LISTED,
    "bad_usage_details": dict.fromkeys(OPENAI_SHAPED, (None, "usage_adds_up")),
    "charge_failed_job": {"apiframe": (None, "failed_jobs_cost_nothing")},
    # the others' documents show no errors that name a parameter
    "unnamed_parameter": dict.fromkeys(("sub2api", "apiframe", "openai"), (None, NAMES)),
    "refusal_200": dict.fromkeys(STATUS, (None, CLIENT_ERROR)),
    "refusal_500": dict.fromkeys(STATUS, (None, CLIENT_ERROR)),
    "backward_state": dict.fromkeys(("buble", "apiframe"), (None, "job_states_only_move_forward")),
    "terminal_changes": dict.fromkeys(("buble", "apiframe"), (None, "terminal_states_stay")),
    "unknown_job_200": dict.fromkeys(("buble", "apiframe"), (None, "unknown_jobs_are_not_found")),
    "submitted_with_200": {"apiframe": (None, "job_is_taken_with_the_documented_status")},
    "completed_without_result": dict.fromkeys(("buble", "apiframe"), (None, FIELDS)),
    "idempotency_ignored": {"apiframe": (None, "the_same_key_makes_no_second_job")},
    "poll_tells_another_id": dict.fromkeys(("buble", "apiframe"), (None, OWN_JOB)),
    "poll_tells_other_job": dict.fromkeys(("buble", "apiframe"), (None, OWN_JOB)),
    "opaque_with_transparency": dict.fromkeys(
        ("sub2api", "apiframe", "openai"), ("background.one_of", BACKGROUND)
    ),
    "background_declared_other": dict.fromkeys(OPENAI_SHAPED, ("background.one_of", DECLARES)),
    "edits_take_fewer_images": dict.fromkeys(
        ("sub2api", "apiframe", "aimlapi", "openai"), ("n.range", ACCEPTS)
    ),
    "result_url_404": dict.fromkeys(("buble", "apiframe"), (None, "images_decode")),
    "webhook_forged": {"apiframe": (None, "webhook_is_signed")},
    "webhook_unsigned": {"apiframe": (None, "webhook_is_signed")},
    "webhook_wrong_job": {"apiframe": (None, "webhook_tells_of_this_job")},
    "more_partials": dict.fromkeys(OPENAI_SHAPED, ("partial_images.range", PARTIALS)),
    "stream_ignored": dict.fromkeys(OPENAI_SHAPED, ("stream.one_of", "streams_where_asked")),
}
"""On generations and edits; the tool of the Responses API promises nothing of its parameters."""

ON_EVERY: dict[str, dict[str, Promise]] = {
    "undecodable_image": dict.fromkeys(ALL, (None, "images_decode")),
    "bad_usage_sum": dict.fromkeys(OPENAI_SHAPED, (None, "usage_adds_up")),
}
"""Promises about a reply, whatever was asked."""

IN_STREAMS: dict[str, Promise] = {
    "partial_index_wrong": (None, "partials_are_numbered_in_order"),
    "partial_undecodable": (None, "partials_decode"),
    "partials_reversed": (None, "partials_are_numbered_in_order"),
    "partial_after_completion": (None, "the_completed_event_is_the_last"),
    "completion_first": (None, "the_completed_event_is_the_last"),
    "stream_wrong_dimensions": ("size.format", DIMENSIONS),
    "stream_wrong_format": ("output_format.one_of", FORMAT),
    "stream_declares_other_size": ("size.format", DECLARES),
    "missing_completion": ("stream.one_of", "fails_where_it_should_serve"),
    "error_event": ("stream.one_of", "fails_where_it_should_serve"),
    "cut_stream": ("stream.one_of", "fails_where_it_should_serve"),
}
"""On generations and edits of sub2api; of streams of the Responses API no document speaks."""

ON_RESPOND: dict[str, Promise] = {
    "wrong_format": ("output_format.one_of", DECLARATION),
    "wrong_declared_format": ("output_format.one_of", DECLARATION),
    "wrong_declared_size": ("size.format", DECLARATION),
}
"""What the Responses API declares of its images is held against them, whatever was asked."""

MASK = ("mask.same_format", "mask.same_size", "mask.max_bytes", "mask.alpha", "mask.media_type")

UNCLEAR = frozenset(
    (
        *("auth_down", "quota", "outage", "reset", "half_json", "stall", "html_error"),
        *("moderation", "stuck_job", "failed_job", "job_lost"),
    )
)
"""Outages: nobody is convicted, and nothing can be said (exit code 4)."""

STEPS = frozenset(
    f"drawn_as:{asked}:{drawn}"
    for asked in ("low", "medium", "high")
    for drawn in ("low", "medium", "high")
    if asked != drawn
)

TOLD = frozenset(
    (
        *("smaller_and_enlarged", "compression_ignored"),
        *("usage_constant", "usage_of_another_size", "partials_not_counted"),
        *("reencoded", "cached", "cached_by_prompt", "nearly_cached", "nearly_repeated_images"),
        *("billed_for_failures", "charged_for_retry"),
    )
)
"""What the report tells of an image, of its money or of a suspicion: a verdict breaks a promise."""

SIGNATURES = frozenset(
    (
        *("signed_by_stranger", "manifest_moved", "manifest_altered", "other_family"),
        *("unstamped", "stamped_by_stranger", "held_after_signing"),
    )
)
"""Only an emulator that signs has these; they are told, too."""

HARMLESS = frozenset(
    (
        *TOLD,
        *SIGNATURES,
        *("rate_limit", "flaky_500", "charge_refused", "charges_per_request"),
        *("outage@0.05", "outage@0.2", "outage@0.6"),
        *("quota_per_minute", "slow_large_images", "background_ignored", "first_poll_missing"),
        *("job_passes_unknown_state", "result_missing_at_first"),
        *("webhook_missing", "webhook_late", "webhook_repeated", "webhook_before_end"),
    )
)
"""Trouble that a run lives with, that no document excludes, or that only the ledger can see."""


SEVERAL = frozenset(
    (
        *("fewer_images", "more_images", "repeated_images", "capped_images", "one_image_swapped"),
        *("one_image_wrong_format", "one_image_undecodable"),
    )
)
"""What shows where several images are asked for."""

EDITS_ALONE: dict[str, tuple[str, ...]] = {
    "images": ALL,
    "mask": ALL,
    "n": ("aimlapi",),
    "charges_more_on_edit": ALL,
    "edits_take_fewer_images": ALL,
    **dict.fromkeys(SEVERAL, ("aimlapi",)),
}
"""Parameters and faults that are those of edits, with their providers."""

INVISIBLE: dict[str, frozenset[str]] = {
    # "you only pay for successful generations"; a refusal names no price
    "apiframe": frozenset(["charge_refused"]),
}
"""By provider: faults that break a documented promise and that no check can see, or does."""

ENDS_A_RUN = frozenset(["charge_failed_job", "poll_tells_another_id"])
"""Not even the plain request is served: the rest is not sent, so only the first operation tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The findings that must come, all of them, by operation, and the exit codes that fit."""

    promises: frozenset[tuple[str, str | None, str]]
    codes: tuple[int, ...]


def expected(provider: str, fault: str, operations: Iterable[str]) -> Expected:
    """Return what a run of these operations against one fault must come to."""
    if fault in UNCLEAR:
        return Expected(promises=frozenset(), codes=(4,))
    if fault in ENDS_A_RUN:
        operations = [*operations][:1]
    found = frozenset(
        (operation, constraint, check)
        for operation in operations
        if operation in shipped(provider).operations
        for constraint, check in _broken(provider, fault, operation)
    )
    if fault == "flaky_500":
        return Expected(promises=frozenset(), codes=(0, 4))  # 4 where it kept a value from a reply
    return Expected(promises=found, codes=(1,) if found else (0,))


def _broken(provider: str, fault: str, operation: str) -> list[Promise]:
    at = at_values.promises(provider, operation, fault)
    return _promises(provider, fault, operation) if at is None else at


def _promises(provider: str, fault: str, operation: str) -> list[Promise]:
    if fault.startswith("key_"):  # tried with the first operation alone
        return [("auth.required", REFUSES)] if operation == "generate" else []
    if fault in STEPS:
        told = provider in OPENAI_SHAPED and operation in IMAGES
        return [("quality.one_of", QUALITY)] if told else []
    return _of_requests(provider, fault, operation)


def _of_requests(provider: str, fault: str, operation: str) -> list[Promise]:
    kind, colon, rule = fault.partition(":")
    rule = rule.removesuffix(":min")
    described = shipped(provider).operation(operation)
    if kind in OF_COMBINATIONS:
        promise = _of_combination(provider, operation, kind, rule)
    elif colon:
        promise = _of_rule(described, kind, rule)
    elif fault in HARMLESS or (operation not in EDITS and provider in EDITS_ALONE.get(fault, ())):
        promise = None
    elif fault == "mask_ignored":
        found = [_of_rule(described, "ignore", name) for name in MASK]
        return [one for one in found if one is not None]
    elif fault in ON_EVERY:
        promise = ON_EVERY[fault].get(provider)
    elif operation not in IMAGES:
        promise = ON_RESPOND.get(fault)
    elif fault in IN_STREAMS:
        promise = IN_STREAMS[fault]
    else:
        promise = NAMED[fault].get(provider)
    return [promise] if promise else []


def _of_rule(operation: Operation, kind: str, rule: str) -> Promise | None:
    argument = operation.arguments.get(rule.partition(".")[0])
    if argument is None or argument.status != "documented":
        return None
    constraint = operation.constraint(rule)
    documented = constraint is not None and constraint.documented
    if kind in ("ignore", "loose"):
        return _ignored(operation, argument, rule, documented=documented)
    listed = constraint is not None and isinstance(constraint.rule, OneOf)
    if documented:
        return None if listed and _elsewhere(operation, rule) else (rule, ACCEPTS)
    if argument.one_of is not None and listed:
        last = argument.one_of.values[-1]
        return (rule, ACCEPTS) if last in argument.one_of.shown else None
    return None


OF_COMBINATIONS = {
    **dict.fromkeys(("both", "both_blamed", "three", "undeclared"), (None, ACCEPTS)),
    **dict.fromkeys(("both_wrong_dimensions", "three_wrong_dimensions"), None),
    **dict.fromkeys(("both_wrong_format", "three_wrong_format"), ("output_format.one_of", FORMAT)),
}
"""By kind; which promise wrong dimensions break differs by provider."""


def _of_combination(provider: str, operation: str, kind: str, rest: str) -> Promise | None:
    """Return the promise where the operation documents all parameters that have to meet."""
    names = [part.partition("=")[0] for part in rest.replace("-needs-", "+").split("+")]
    alone = any(provider in EDITS_ALONE.get(name, ()) for name in names)
    if operation not in IMAGES or (alone and operation not in EDITS):
        return None
    known = shipped(provider).operation(operation).arguments
    if not all(name in known and known[name].status == "documented" for name in names):
        return None
    return OF_COMBINATIONS[kind] or SIZE[provider]


def _ignored(
    operation: Operation, argument: Argument, rule: str, *, documented: bool
) -> Promise | None:
    if only_text(operation, rule):
        return None
    if documented:
        # an unknown mode takes no images, so that another rule refuses it
        moot = rule == "mode.one_of" and operation.upload is not None
        return None if moot else (rule, REFUSES)
    if rule == "images.format" and argument.format is None:
        return _of_type(operation, argument)
    if argument.format is None or not rule.endswith(".one_of") or operation.body == "form":
        return None
    # the list is open, but that the value is a text is documented, and this fault serves any
    text = argument.format.status == "documented"
    return (rule.replace(".one_of", ".format"), REFUSES) if text else None


def only_text(operation: Operation, rule: str) -> bool:
    """Tell whether a rule asks for a text in a form, where everything is one."""
    argument = operation.arguments[rule.partition(".")[0]]
    is_text = rule.endswith(".format") and argument.format is not None
    return operation.body == "form" and is_text and argument.format.shape == "string"  # type: ignore[union-attr]  # given, see above


def _of_type(operation: Operation, argument: Argument) -> Promise | None:
    """Return the promise that an address of another JSON type breaks, where addresses are taken."""
    kept = {"url_only": argument.url_only, "count": argument.count}
    name = next((name for name, rule in kept.items() if rule is argument.type_rule), None)
    documented = argument.type_rule is not None and argument.type_rule.status == "documented"
    taken = operation.body == "json"
    return (f"images.{name}", REFUSES) if taken and documented and name else None


def _elsewhere(operation: Operation, rule: str) -> bool:
    """Tell whether the value that a strict list refuses is one of another operation only."""
    mode = operation.arguments.get("mode")
    last = mode is not None and mode.cheapest == "image_to_image"
    return rule == "mode.one_of" and not last
