"""What each emulator fault must lead to: exactly the promise it breaks, or nothing at all.

`ignore:RULE` and `strict:RULE` follow from the TOMLs: a documented rule gives one finding under its
id, an open one gives none, for there is no promise to break. The other faults are written out.
"""

from dataclasses import dataclass

from harness.spec.load import provider as shipped
from harness.spec.provider import Operation
from harness.spec.rules import OneOf

Promise = tuple[str | None, str]
"""A finding's constraint and check."""

REFUSES, ACCEPTS = "refuses_what_it_forbids", "accepts_what_it_documents"
DIMENSIONS = "images_have_the_asked_dimensions"
RATIO = "images_have_the_asked_aspect_ratio"
FORMAT = "images_have_the_asked_format"
DECLARES = "declares_what_was_asked"
FIELDS = "reply_has_the_documented_fields"
CLIENT_ERROR = "refusal_is_a_client_error"
PRICE = "charges_the_list_price"
NAMES = "refusal_names_the_parameter"

SIZE: dict[str, Promise] = {
    "buble": ("aspect_ratio.one_of", RATIO),
    "sub2api": ("size.format", DIMENSIONS),
    "nanobanana": ("size.format", DIMENSIONS),
    "aimlapi": ("size.format", DIMENSIONS),
}
"""Apiframe promises no size."""

NAMED: dict[str, dict[str, Promise]] = {
    "wrong_dimensions": SIZE,
    "swapped_dimensions": SIZE,
    "wrong_format": dict.fromkeys(
        ("sub2api", "apiframe", "aimlapi"), ("output_format.one_of", FORMAT)
    ),
    "undecodable_image": dict.fromkeys(
        ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi"), (None, "images_decode")
    ),
    "fewer_images": dict.fromkeys(
        ("sub2api", "apiframe"), ("n.range", "serves_as_many_images_as_asked")
    ),
    "lower_quality_declared": {"sub2api": ("quality.one_of", DECLARES)},
    "wrong_declared_size": {"sub2api": ("size.format", DECLARES)},
    "wrong_declared_format": {"sub2api": ("output_format.one_of", DECLARES)},
    "missing_field": dict.fromkeys(
        ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi"), (None, FIELDS)
    ),
    "bad_usage_sum": {"sub2api": (None, "usage_adds_up")},
    # the price lists of the others are open; sub2api's replies name no price
    "overcharge": dict.fromkeys(("buble", "nanobanana"), (None, PRICE)),
    "charge_failed_job": {"apiframe": (None, "failed_jobs_cost_nothing")},
    # the others' documents show no errors that name a parameter
    "unnamed_parameter": dict.fromkeys(("sub2api", "apiframe"), (None, NAMES)),
    "refusal_200": dict.fromkeys(("buble", "sub2api", "apiframe", "aimlapi"), (None, CLIENT_ERROR)),
    # nanobanana's statuses are not documented, and its envelope does not tell the two apart
    "refusal_500": dict.fromkeys(("buble", "sub2api", "apiframe", "aimlapi"), (None, CLIENT_ERROR)),
    "backward_state": dict.fromkeys(("buble", "apiframe"), (None, "job_states_only_move_forward")),
}

UNCLEAR = frozenset(
    (
        *("auth_down", "quota", "outage", "reset", "half_json", "stall", "html_error"),
        *("moderation", "stuck_job", "failed_job", "job_lost"),
    )
)
"""Outages: nobody is convicted, and nothing can be said (exit code 4)."""

HARMLESS = frozenset(("rate_limit", "flaky_500", "charge_refused"))
"""Trouble that a run lives with, or that only the emulator's ledger can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The findings that must come, all of them, and the exit code."""

    promises: frozenset[Promise]
    code: int


def expected(provider: str, fault: str) -> Expected:
    """Return what a run against one fault must come to."""
    kind, colon, rule = fault.partition(":")
    if colon:
        promise = _of_rule(shipped(provider).operation("generate"), kind, rule)
        return _finding(promise)
    if fault in UNCLEAR:
        return Expected(promises=frozenset(), code=4)
    if fault in HARMLESS:
        return Expected(promises=frozenset(), code=0)
    return _finding(NAMED[fault].get(provider))


def _finding(promise: Promise | None) -> Expected:
    return Expected(promises=frozenset([promise] if promise else []), code=1 if promise else 0)


def _of_rule(operation: Operation, kind: str, rule: str) -> Promise | None:
    parameter = rule.partition(".")[0]
    argument = operation.arguments.get(parameter)
    constraint = operation.constraint(rule)
    if argument is None or argument.status != "documented":
        return None
    if constraint is not None and constraint.documented:
        if kind == "strict" and isinstance(constraint.rule, OneOf) and rule == "mode.one_of":
            return None  # the last mode is another operation's
        return (rule, REFUSES if kind == "ignore" else ACCEPTS)
    if kind == "ignore" and argument.format is not None and rule.endswith(".one_of"):
        # the list is open, but that the value is a text is documented, and this fault serves any
        return (f"{parameter}.format", REFUSES) if argument.format.status == "documented" else None
    if kind == "strict" and constraint is not None and isinstance(constraint.rule, OneOf):
        last = constraint.rule.values[-1]
        return (rule, ACCEPTS) if last in constraint.rule.shown else None
    return None
