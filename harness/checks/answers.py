"""Claims about the answer as a whole: served what is documented, refused what is forbidden."""

import re
from typing import assert_never

from harness.checks.claim import Subject, Word, failed, passed, skipped, unclear
from harness.core.outcome import ErrorReply, Fault, Images, Refused
from harness.spec import rules as r
from harness.spec.provider import Operation

CLIENT_ERROR = range(400, 500)


def accepts_what_it_documents(subject: Subject) -> tuple[Word, ...]:
    """Every request inside the documents is served."""
    case = subject.record.shot.case
    if case.expect != "accept":
        return ()
    match subject.outcome:
        case Images():
            return passed("served", case.about)
        case Refused(error=error) if error.error_class == "moderation":
            return unclear(f"refused by moderation: {told(error)}", case.about)
        case Refused(error=error):
            return failed(f"refused: {told(error)}", case.about)
        case Fault() as fault:
            return unclear(f"{fault.error_class}: {fault.why}", case.about)
        case _:
            assert_never(subject.outcome)


def refuses_what_it_forbids(subject: Subject) -> tuple[Word, ...]:
    """Every request that breaks one documented rule is refused, and for that rule."""
    case = subject.record.shot.case
    if case.expect != "refuse":
        return ()
    match subject.outcome:
        case Images(pictures=pictures):
            return failed(f"served with {len(pictures)} images", case.breaks)
        case Fault() as fault:
            return unclear(f"{fault.error_class}: {fault.why}", case.breaks)
        case Refused(error=error):
            return _refused(subject, error, case.breaks)
        case _:
            assert_never(subject.outcome)


def _refused(subject: Subject, error: ErrorReply, breaks: str | None) -> tuple[Word, ...]:
    if error.error_class == "moderation":
        return unclear(f"refused by moderation: {told(error)}", breaks)
    if subject.base is not None and not isinstance(subject.base, Images):
        return unclear("refused, but so is the plain request without the broken rule", breaks)
    if error.parameter and not _same_name(error.parameter, _names(subject)):
        return unclear(f"refused for another reason: it names {error.parameter!r}", breaks)
    return passed(f"refused: {told(error)}", breaks)


def refusal_is_a_client_error(subject: Subject) -> tuple[Word, ...]:
    """A refusal has a status from 400 to 499, or is told by the envelope where that is the way."""
    error = _refusal(subject)
    if error is None:
        return ()
    if subject.provider.errors.any_status or error.status in CLIENT_ERROR:
        return passed(f"HTTP {error.status}")
    return failed(f"the refusal came as HTTP {error.status}: {told(error)}")


def refusal_names_the_parameter(subject: Subject) -> tuple[Word, ...]:
    """A refusal names what is wrong, where the documents show errors that do."""
    error = _refusal(subject)
    if error is None:
        return ()
    names = _names(subject)
    if error.parameter and not _same_name(error.parameter, names):
        return skipped(f"refused for another reason: it names {error.parameter!r}")
    if error.parameter or any(_mentions(error.message, name) for name in names):
        return passed(f"names {error.parameter or names[0]!r}")
    why = f"does not name {names[0]!r}: {told(error)}"
    if subject.provider.errors.names_parameter != "documented":
        return skipped(f"{why} (the documents show no such errors)")
    return failed(why)


def _refusal(subject: Subject) -> ErrorReply | None:
    outcome = subject.outcome
    if subject.record.shot.case.expect != "refuse" or not isinstance(outcome, Refused):
        return None
    judged = outcome.error.error_class != "moderation"
    served = subject.base is None or isinstance(subject.base, Images)
    return outcome.error if judged and served else None


def _names(subject: Subject) -> tuple[str, ...]:
    """Return the wire names that an error about the broken rule may blame."""
    constraint = subject.operation.constraint(subject.record.shot.case.breaks or "")
    if constraint is None:
        return ("",)
    names = [constraint.parameter]
    if isinstance(constraint.rule, r.OnlyWith | r.NeverWith):
        names.append(constraint.rule.argument)
    wires = [subject.operation.arguments[name].wire for name in names]
    return tuple(dict.fromkeys((*wires, *names)))


def _same_name(blamed: str, names: tuple[str, ...]) -> bool:
    """Compare names without indices: by their last part, or by the field that holds it all.

    `images[0].image_url` is `images`; `number_of_images` is `gptImage2Params.number_of_images`.
    """
    parts = re.sub(r"\[\d*\]", "", blamed).lower().split(".")
    known = [re.sub(r"\[\d*\]", "", name).lower() for name in names]
    return parts[0] in known or parts[-1] in {name.rsplit(".", 1)[-1] for name in known}


def _mentions(message: str, name: str) -> bool:
    last = re.escape(name.rsplit(".", 1)[-1].removesuffix("[]"))
    return bool(re.search(rf"(?<![a-z0-9_]){last}(?![a-z0-9_])", message, re.IGNORECASE))


def blames(error: ErrorReply, token: str, operation: Operation) -> bool:
    """Tell whether an error names the parameter that a token (`n.range=10`) is about."""
    argument = operation.arguments.get(token.partition(".")[0])
    names = (argument.wire, token.partition(".")[0]) if argument else ()
    return bool(error.parameter) and _same_name(error.parameter or "", names)


def told(error: ErrorReply) -> str:
    """Return an error in one short line."""
    code = f" {error.code}" if error.code else ""
    message = " ".join(error.message.split())
    return f"HTTP {error.status}{code}: {message[:240] or 'no message'}"
