"""Claims about the answer as a whole: served what is documented, refused what is forbidden."""

import re
from typing import assert_never

from harness.checks.check import (
    Assertion,
    CheckInput,
    CheckResult,
    Reproduced,
    check,
    failed,
    passed,
    python_source,
    skipped,
    unclear,
)
from harness.checks.gaps import unread_image
from harness.checks.naming import mentions, names_of, same_name
from harness.checks.outages import gives_no_reason
from harness.core.elided import is_filtered
from harness.core.exchange import Failure
from harness.core.jsonvalue import Json
from harness.core.outcome import CUT_OFF_WHY, ErrorClass, ErrorReply, Fault, Images, Refused
from harness.core.placeholders import ASSETS
from harness.core.record import Record
from harness.core.reference import ReferenceImage
from harness.spec.credentials import IN_WORDS, refusal_statuses
from harness.spec.evaluate import of_type
from harness.spec.rules.body import unknown_fields
from harness.wire.error_words import (
    NO_ACCESS,
    OF_A_CUSTOMER,
    OF_A_REQUEST,
    class_in_words,
)

CLIENT_ERROR = range(400, 500)

PASSING = re.compile(
    r"try again (later|in|shortly|soon)|retry (later|after|in)|please retry|temporar|overload"
    r"|unavailable|\bbusy\b|timed? ?out|concurren|in progress|(at|over|no) capacity"
    r"|no available (channel|account|upstream|provider)|稍后|繁忙|饱和|过载",
    re.IGNORECASE,
)
"""Words of an error about the moment, not about the request (NanoBanana announces such errors, and
its envelope has one code for all of them)."""

_OF_THE_ACCOUNT: frozenset[ErrorClass] = frozenset(("auth", "quota", "rate_limit", "moderation"))
"""Classes of faults that are about the account, its limits, or the words of a prompt."""


@check(rank=10, assertion=Assertion(), slug="not-served")
def accepts_what_it_documents(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Every request inside the documents is served."""
    case = subject.case
    if case.expect != "accept":
        return ()
    match subject.outcome:
        case Images():
            return passed("served", case.about)
        case Refused(error=error) if other := (
            _another_reason(subject, error) or _our_choice(subject, error) or _unseen_files(subject)
        ):
            return unclear(f"{other}: {describe_error(error)}", case.about)
        case Refused(error=error):
            return failed(f"refused: {describe_error(error)}", case.about)
        case Fault() as fault:
            return unclear(f"{fault.error_class}: {fault.why}", case.about)
        case _:
            assert_never(subject.outcome)


@check(rank=25, assertion=Assertion(server_errors=True), slug="fails")
def fails_where_it_should_serve(subject: CheckInput) -> tuple[CheckResult, ...]:
    """No request inside the documents fails each time that it is sent.

    A single failure is inconclusive: a finding takes repetitions, with neighbours served between
    (`harness.diagnosis.faults`). A failure of ours or of the account is skipped.
    """
    case = subject.case
    if case.expect != "accept" or _off_tape(subject.record):
        return ()
    match subject.outcome:
        case Images() as images:
            return _with_images(images, case.about)
        case Refused(error=error):
            reason = "" if error.error_class == "moderation" else _another_reason(subject, error)
            excuse = _not_the_request(subject, error) or _our_choice(subject, error)
            excuse = excuse or _unseen_files(subject)
            why = describe_error(error)
        case Fault(error_class=reason, why=why) as fault:
            excuse = _excuse(subject.record, fault)
        case _:
            assert_never(subject.outcome)
    if not reason:
        return ()  # a refusal: another claim's
    if excuse:
        return skipped(f"{excuse}: {why}", case.about)
    return unclear(f"{reason}: {why}", case.about)


def _with_images(images: Images, about: str | None) -> tuple[CheckResult, ...]:
    """Return what a reply of images shows; what else it lacks is another claim's."""
    if images.pictures:
        return passed("served", about)
    ends = [lacking for lacking in images.missing if lacking.startswith("event ")]
    return unclear(f"protocol: the stream ended without {ends[0]}", about) if ends else ()


def _off_tape(record: Record) -> bool:
    answers = (exchange.answer for exchange in record.exchanges)
    return any(isinstance(answer, Failure) and answer.kind == "not_on_tape" for answer in answers)


def _excuse(record: Record, fault: Fault) -> str:
    """Say why a fault may be ours or the account's; nothing where it may be the provider's."""
    if fault.error_class in _OF_THE_ACCOUNT:
        return f"{fault.error_class} is about the account"
    if fault.error_class in ("job_failed", "server") and (told := class_in_words(fault.why)):
        return f"{told}, by its words, is about the account"
    if fault.why == CUT_OFF_WHY:
        return "cut off by us"
    return "nothing was sent" if record.ended_unsent else ""


@check(rank=20, assertion=Assertion(position="refusal"), slug="not-refused", of_parameters=True)
def refuses_what_it_forbids(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Every request that breaks one documented rule is refused, and for that rule."""
    case = subject.case
    if case.expect != "refuse":
        return ()
    if case.credential != "own":
        return _without_key(subject)
    match subject.outcome:
        case Images(pictures=(), missing=missing) if missing:
            lacking = ", ".join(missing)
            return unclear(f"neither served nor refused: the reply lacks {lacking}", case.breaks)
        case Images(pictures=()):
            gap = unread_image(subject) or "the reply holds no image, and no error that is known"
            return unclear(f"neither served nor refused: {gap}", case.breaks)
        case Images(pictures=pictures):
            served = "1 image" if len(pictures) == 1 else f"{len(pictures)} images"
            return failed(f"served with {served}", case.breaks)
        case Fault() as fault:
            return unclear(f"{fault.error_class}: {fault.why}", case.breaks)
        case Refused(error=error):
            return _refused(subject, error, case.breaks)
        case _:
            assert_never(subject.outcome)


def _refused(subject: CheckInput, error: ErrorReply, breaks: str | None) -> tuple[CheckResult, ...]:
    if other := _another_reason(subject, error):
        return unclear(f"{other}: {describe_error(error)}", breaks)
    if subject.base is not None and not isinstance(subject.base, Images):
        return unclear("refused, but so is the plain request without the broken rule", breaks)
    if error.parameter and not same_name(error.parameter, _names(subject)):
        return unclear(f"refused for another reason: it names {error.parameter!r}", breaks)
    return passed(f"refused: {describe_error(error)}", breaks)


def _without_key(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Judge a request that lacks the user's key; a job that was accepted is served."""
    case, how = subject.case, IN_WORDS[subject.case.credential]
    match subject.outcome:
        case Images(pictures=(), job=None):
            return unclear(f"neither served nor refused {how}", case.breaks)
        case Images(pictures=(), job=job):
            return failed(f"accepted {how}, as job {job}", case.breaks)
        case Images(pictures=pictures):
            served = "1 image" if len(pictures) == 1 else f"{len(pictures)} images"
            return failed(f"served {how}, with {served}", case.breaks)
        case Fault() as fault:
            return unclear(f"{fault.error_class}: {fault.why}", case.breaks)
        case Refused(error=error):
            return _refused_key(subject, error)
        case _:
            assert_never(subject.outcome)


def _refused_key(subject: CheckInput, error: ErrorReply) -> tuple[CheckResult, ...]:
    """Hold the status of a refused key against the one that the documents show, if any."""
    breaks, described = subject.case.breaks, describe_error(error)
    if subject.base is not None and not isinstance(subject.base, Images):
        return unclear("refused, but so is the plain request with the user's key", breaks)
    if error.error_class in ("moderation", "conflict") or PASSING.search(error.message):
        return unclear(f"refused for another reason: {described}", breaks)
    statuses = refusal_statuses(subject.provider)
    if statuses and error.status not in statuses:
        shown = " or ".join(map(str, statuses))
        how = IN_WORDS[subject.case.credential]
        return failed(f"refused {how}, but not with HTTP {shown}: {described}", breaks)
    return passed(f"refused: {described}", breaks)


def _unseen_files(subject: CheckInput) -> str:
    """Say that a request was refused that has files of others: their content is not known."""
    for name, argument in subject.operation.arguments.items():
        given = subject.case.arguments.get(name)
        if argument.type in ("images", "file") and given is not None:
            entries = given if isinstance(given, list) else [given]
            if not all(map(_is_ours, entries)):
                return f"refused, and what is in its {name} is not known"
    return ""


def _is_ours(entry: Json) -> bool:
    image = ReferenceImage.of(entry)
    if image is not None:
        return image.filename is not None
    return isinstance(entry, str) and entry.startswith(ASSETS)


def _our_choice(subject: CheckInput, error: ErrorReply) -> str:
    """Say that a refusal is about a value that we chose for want of a documented one, if it is."""
    for name, argument in subject.operation.arguments.items():
        chosen = subject.case.arguments.get(name)
        named = error.parameter and same_name(error.parameter, (*argument.places, name))
        quoted = isinstance(chosen, str) and chosen in error.message
        if argument.ours and (named or quoted):
            return f"refused for {name}, of which the documents name no value"
    return ""


def _another_reason(subject: CheckInput, error: ErrorReply) -> str:
    """Say why a refusal is not about the documented limits; nothing where it is."""
    if error.error_class == "moderation":
        return "refused by moderation"
    if error.error_class == "conflict":
        return "refused for a conflict with another request"
    if why := _not_the_request(subject, error):
        return why
    if _is_hidden(subject, error):
        return "refused, and the recording holds something else for the reason"
    if error.error_class == "unknown" and not _names_it(subject, error):
        return "refused in a way that no document describes"
    passing = not error.parameter and PASSING.search(error.message)
    return "refused for the moment, it says" if passing else ""


def _is_hidden(subject: CheckInput, error: ErrorReply) -> bool:
    """Tell whether a sanitiser has taken out of a recording why a request was refused."""
    named = error.parameter is not None and not is_filtered(error.parameter)
    recorded = subject.record.evidence.kind == "recorded"
    return recorded and is_filtered(error.message) and not named


def _not_the_request(subject: CheckInput, error: ErrorReply) -> str:
    """Say that a refusal is about the account, or follows an outage and gives no reason.

    Where the request breaks a rule on the model, or the error names what it breaks, to have no
    access is as good a refusal as any.
    """
    if NO_ACCESS.search(error.message):
        forbidden = subject.case.expect == "refuse"
        about_model = (subject.case.breaks or "").startswith("model.")
        if not (forbidden and (about_model or _names_it(subject, error))):
            return "refused for want of access, which is about the account"
    of_request = error.parameter or OF_A_REQUEST.search(error.message)
    if OF_A_CUSTOMER.search(error.message) and not (of_request or _names_it(subject, error)):
        return "refused with words about the account"
    if subject.outage and gives_no_reason(error):
        return f"refused without a reason, {subject.outage}"
    return ""


def _names_it(subject: CheckInput, error: ErrorReply) -> bool:
    """Tell whether an error names what the request breaks."""
    names = _names(subject)
    if error.parameter:
        return same_name(error.parameter, names)
    return bool(names) and mentions(error.message, names)


@check(rank=30, assertion=Assertion(position="refusal", server_errors=True), promised_in="errors")
def refusal_is_a_client_error(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A refusal has a status from 400 to 499, or the documents show another status."""
    error = _refusal(subject)
    if error is None:
        return ()
    if subject.provider.errors.any_status or error.status in CLIENT_ERROR:
        return passed(f"HTTP {error.status}")
    return failed(f"the refusal came as HTTP {error.status}: {describe_error(error)}")


def _name_lines(again: Reproduced) -> tuple[str, ...]:
    names = names_of(again.finding.record.shot.case.breaks, again.operation)
    return (f"assert any(name in reply.text for name in {python_source(names)}), reply.text[:500]",)


@check(rank=40, assertion=Assertion(position="refusal", lines=_name_lines), promised_in="errors")
def refusal_names_the_parameter(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A refusal names what is wrong, where the documents show errors that do."""
    error = _refusal(subject)
    names = _names(subject)
    if error is None or not names:
        return ()
    if error.parameter and not same_name(error.parameter, names):
        return skipped(f"refused for another reason: it names {error.parameter!r}")
    if error.parameter or mentions(error.message, names):
        return passed(f"names {error.parameter or names[0]!r}")
    why = f"does not name {names[0]!r}: {describe_error(error)}"
    if subject.provider.errors.names_parameter != "documented":
        return skipped(f"{why} (the documents show no such errors)")
    if _unparsed(subject):
        return skipped(f"{why} (a value of another type may fail before parameters have names)")
    if _in_the_path(subject):
        return skipped(f"{why} (a value in the path is a part of the address, which is not found)")
    return failed(why)


def _in_the_path(subject: CheckInput) -> bool:
    constraint = subject.operation.constraint(subject.case.breaks or "")
    argument = subject.operation.arguments.get(constraint.parameter) if constraint else None
    return argument is not None and argument.where == "path"


def _unparsed(subject: CheckInput) -> bool:
    """Tell whether the broken value is of another JSON type than the documents say.

    A gateway that reads the body into typed fields can then only say that the body is wrong
    (sub2api: "failed to parse request body").
    """
    case = subject.case
    name = (case.breaks or "").partition(".")[0]
    argument = subject.operation.arguments.get(name)
    if argument is None or name not in case.arguments:
        return False
    return not of_type(argument, case.arguments[name])


def _refusal(subject: CheckInput) -> ErrorReply | None:
    outcome = subject.outcome
    if subject.case.expect != "refuse" or not isinstance(outcome, Refused):
        return None
    judged = not _another_reason(subject, outcome.error)
    served = subject.base is None or isinstance(subject.base, Images)
    return outcome.error if judged and served else None


def _names(subject: CheckInput) -> tuple[str, ...]:
    """Return what an error may name: the broken rule's parameters, or the unknown fields."""
    fields = tuple(unknown_fields(subject.case.arguments))
    return fields or names_of(subject.case.breaks, subject.operation)


def describe_error(error: ErrorReply) -> str:
    """Return an error in one short line."""
    code = f" {error.code}" if error.code else ""
    message = " ".join(error.message.split())
    return f"HTTP {error.status}{code}: {message[:240] or 'no message'}"
