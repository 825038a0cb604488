"""An error reply, read with the provider's own words: its class, code, message and parameter."""

import re

from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import ErrorClass, ErrorReply, Fault, Refused
from harness.spec.error_rules import ErrorRule, ErrorRules
from harness.spec.expressions import first_match
from harness.wire.error_words import NO_ACCESS, OF_A_REQUEST, OF_AN_ACCOUNT, class_in_words

BY_STATUS: dict[int, ErrorClass] = {
    400: "validation",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "validation",
    415: "validation",
    422: "validation",
    429: "rate_limit",
}
"""What an HTTP status means where no rule of the provider fits."""

REFUSALS: frozenset[ErrorClass] = frozenset(("validation", "moderation", "not_found", "conflict"))
"""Classes that speak about the request; every other class is set-up or an outage."""

UNTOUCHED: frozenset[ErrorClass] = frozenset(("auth", "quota", "rate_limit"))
"""Classes of requests that were turned away before anything was made."""

ERRORS_AT_MOST = 10
"""Of a list of errors, how many are read."""

MESSAGE_AT_MOST = 2_000
"""Characters of an error's message that are kept."""

OK, REDIRECT, SERVER = 200, 300, 500


_LOOSE: frozenset[ErrorClass] = frozenset(
    ("validation", "not_found", "conflict", "server", "unknown")
)
"""Classes that a code or a status alone gives, and that words of the account overrule."""


def is_error(errors: ErrorRules, reply: Reply) -> bool:
    """Tell whether a reply is an error: by its status, or by the provider's own envelope."""
    return not OK <= reply.status < REDIRECT or bool(errors.failed.search(reply.document))


def read_error(errors: ErrorRules, reply: Reply) -> ErrorReply:
    """Read an error reply; the first fitting rule names its class, the HTTP status decides last."""
    message = _text(first_match(errors.message, reply.document))
    code = _first(first_match(errors.code, reply.document))
    recognised = bool(message) and bool(errors.failed.search(reply.document))
    fitting = (rule for rule in errors.classes if _fits(rule, reply.status, code, message))
    parameter = _blamed(first_match(errors.parameter, reply.document))
    rule = next(fitting, None)
    error_class = rule.error_class if rule else None
    if error_class is None:
        error_class = _unruled(reply, names_one=recognised and bool(parameter))
    if recognised and (rule is None or not rule.message):
        if rule is None and error_class == "auth" and class_in_words(message) == "moderation":
            error_class = "moderation"  # which 403 is said of, too
        error_class = _as_said(error_class, reply.status, code, message, parameter)
    return ErrorReply(
        error_class=error_class,
        status=reply.status,
        code=code or None,
        message=_shortened(message or (reply.text or "").strip()),
        parameter=parameter or None,
        recognised=recognised,
    )


def _as_said(ruled: ErrorClass, status: int, code: str, message: str, parameter: str) -> ErrorClass:
    """Return the class of an error by its words, where its code and status tell less than they.

    One that names a parameter is about that, not about how many requests there were or what the
    prompt says.
    """
    if ruled not in _LOOSE:
        return ruled
    words = f"{code} {message}"
    told = class_in_words(words)
    of_request = told == "rate_limit" or (told == "moderation" and "prompt" not in parameter)
    if told is not None and not (parameter and of_request):
        return told
    by_itself = by_status(status)
    of_account = by_itself in UNTOUCHED and (
        OF_AN_ACCOUNT.search(words) or not OF_A_REQUEST.search(message)
    )
    if by_itself == "auth" and NO_ACCESS.search(words):  # as one may say of an unknown model
        return ruled
    return by_itself if ruled == "validation" and of_account and not parameter else ruled


def _unruled(reply: Reply, *, names_one: bool) -> ErrorClass:
    """Return the class of an error that no rule of the provider fits.

    Under a status of success, one in the provider's envelope that names a parameter refuses it.
    """
    if not OK <= reply.status < REDIRECT:
        return by_status(reply.status)
    if reply.document is None:  # no JSON, or half of it
        return "protocol"
    return "validation" if names_one else by_status(reply.status)


def _shortened(message: str) -> str:
    more = len(message) - MESSAGE_AT_MOST
    return message if more <= 0 else f"{message[:MESSAGE_AT_MOST]}... ({more:,} characters more)"


def by_status(status: int) -> ErrorClass:
    """Return the error class that an HTTP status alone stands for."""
    if status >= SERVER:
        return "server"
    return BY_STATUS.get(status, "unknown")


def refused_or_fault(errors: ErrorRules, reply: Reply) -> Refused | Fault:
    """Tell a refusal of this request from a fault that says nothing about it.

    Only an error in the provider's own envelope can be a refusal: a gateway's HTML page or an
    empty 404 says nothing about the request.
    """
    error = read_error(errors, reply)
    if error.recognised and (error.error_class in REFUSALS or error.error_class == "unknown"):
        return Refused(error=error)
    is_certain = error.recognised or error.error_class not in REFUSALS
    message = error.message or "no message"
    return Fault(
        error_class=error.error_class if is_certain else "unknown",
        why=f"HTTP {reply.status}: {message[:300]}",
        may_be_paid=_may_be_paid(error),
        status=reply.status,
    )


def _may_be_paid(error: ErrorReply) -> bool:
    """Tell whether the request may have cost money although it ended in an error.

    A gateway's own page (502, 504) says nothing about what the provider behind it went on to do.
    """
    if error.error_class in UNTOUCHED:
        return False
    return (
        error.status < REDIRECT
        or error.error_class == "timeout"
        or (error.status >= SERVER and not error.recognised)
    )


def fault_of(failure: Failure, *, paid: bool, job: str | None = None) -> Fault:
    """Turn a round trip without a reply into a fault; `paid` where money was spent before."""
    error_class: ErrorClass = "protocol" if failure.kind == "not_on_tape" else failure.kind
    may_be_paid = paid or failure.sent
    return Fault(error_class=error_class, why=failure.why, may_be_paid=may_be_paid, job=job)


def _fits(rule: ErrorRule, status: int, code: str, message: str) -> bool:
    if rule.status and status not in rule.status:
        return False
    if rule.code and not re.search(rule.code, code, re.IGNORECASE):
        return False
    return not rule.message or bool(re.search(rule.message, message, re.IGNORECASE))


def _text(content: Json) -> str:
    match content:
        case str():
            return content
        case bool():
            return ""
        case int() | float():
            return str(content)
        case list():
            return "; ".join(dict.fromkeys(filter(None, map(_text, content[:ERRORS_AT_MOST]))))
        case {"message": message}:
            return _text(message)
        case _:
            return ""


def _first(content: Json) -> str:
    return _text(content[0] if isinstance(content, list) and content else content)


def _blamed(content: Json) -> str:
    """Return the names of parameters: a list within a list is the way to one, `["body", "n"]`."""
    if not isinstance(content, list):
        return _text(content)
    entries = [
        ".".join(filter(None, map(_text, entry))) if isinstance(entry, list) else _text(entry)
        for entry in content[:ERRORS_AT_MOST]
    ]
    return ", ".join(dict.fromkeys(filter(None, entries)))
