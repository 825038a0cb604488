"""A claim about how a refusal is put: in the shape of error that the documents show."""

import re
from collections.abc import Mapping

from harness.checks.acceptance import PASSING
from harness.checks.check import CheckInput, CheckResult, check, failed, passed, skipped, unclear
from harness.core.elided import is_filtered
from harness.core.exchange import Reply, submission
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Fault, Images, Refused

ABOUT_THE_REQUEST = frozenset((400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422))
"""Client errors that speak of the request; the others are about the account, or the moment."""

OF_GATEWAYS_TOO = ABOUT_THE_REQUEST - {400, 422}
"""Those that a proxy in front of the provider answers, with a page of its own."""

OK = 200

_GATEWAY = re.compile(
    r"nginx|openresty|cloudflare|cf-ray|apache|caddy|envoy|varnish|akamai|haproxy|traefik|litespeed"
    r"|cloudfront|squid|<center>",
    re.IGNORECASE,
)
"""What stands in the page of a proxy, or in the name by which it says who answers."""

_ERROR_KEYS = ("error", "errors", "detail", "details", "message", "msg", "err", "fault")
"""Names under which APIs put an error: a body of success has none of them at its top."""

_SHOWN = 160


@check(rank=35, promised_in="errors")
def refusal_has_the_documented_shape(subject: CheckInput) -> tuple[CheckResult, ...]:
    """A refusal has the shape of error that the documents show, whatever it refuses."""
    if subject.case.expect != "refuse":
        return ()
    if isinstance(subject.outcome, Refused):
        return passed(f"HTTP {subject.outcome.error.status} in the documented shape")
    reply = _last_reply(subject)
    if reply is None or not _refuses(subject, reply):
        return ()
    if subject.base is not None and not isinstance(subject.base, Images):
        return unclear("refused in another shape, but so is the plain request")
    why = f"for {subject.case.breaks}: HTTP {reply.status} with {_shown(reply)}"
    if subject.provider.errors.shape_documented:
        return failed(f"{why}, which is not the documented shape of an error")
    return skipped(f"{why} (the documents show no shape of an error)")


def _last_reply(subject: CheckInput) -> Reply | None:
    """Return the reply to the request itself."""
    exchange = submission(subject.record.exchanges)
    answer = None if exchange is None else exchange.answer
    return answer if isinstance(answer, Reply) else None


def _refuses(subject: CheckInput, reply: Reply) -> bool:
    """Tell whether a reply is the provider's own refusal, in words that its documents do not show.

    A gateway's page is none, and neither is what breaks off, or says that something else is wrong.
    """
    if PASSING.search(_body(reply)) or _is_unread(subject, reply):
        return False
    match subject.outcome:
        case Fault(error_class="unknown", job=None) if reply.status in ABOUT_THE_REQUEST:
            return not _is_gateways(reply)
        case Fault(error_class="unknown", job=None) if reply.status == OK:
            return _is_error(reply.document)
        case Images(pictures=(), missing=missing, job=None) if missing:
            return _is_error(reply.document)
        case _:
            return False


def _is_unread(subject: CheckInput, reply: Reply) -> bool:
    """Tell whether a recorder may have left an error out, or kept it packed: nobody has read it."""
    if subject.record.evidence.kind != "recorded":
        return False
    if reply.document is not None:
        return _is_hidden(reply.document)
    words = reply.text or ""
    if not words.strip():
        return reply.header("content-length") != "0"
    return any(letter in _NO_WORDS for letter in words)


def _is_hidden(document: Json) -> bool:
    """Tell whether a sanitiser has put something else in place of a whole error."""
    held = document if isinstance(document, dict) else {}
    return any(is_filtered(held.get(key)) for key in _ERROR_KEYS)


_NO_WORDS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f") | {"\ufffd"}
"""What stands in bytes that are no text."""


def _is_gateways(reply: Reply) -> bool:
    """Tell whether a proxy may have answered: JSON is the provider's, a page may be anybody's."""
    if isinstance(reply.document, dict | list):
        return False
    named = f"{reply.text or ''} {reply.header('server') or ''}"
    return reply.status in OF_GATEWAYS_TOO or bool(_GATEWAY.search(named))


def _is_error(document: Json) -> bool:
    """Tell whether a body of HTTP 200 is an error: a word for one stands in it, and no data does.

    What it says must be something: `"error": null` is how many APIs say that there is none.
    """
    if not isinstance(document, Mapping) or document.get("data"):
        return False
    return any(document.get(key) for key in _ERROR_KEYS)


def _body(reply: Reply) -> str:
    return canonical(reply.document) if reply.document is not None else reply.text or ""


def _shown(reply: Reply) -> str:
    """Return a body in few words."""
    line = " ".join(_body(reply).split()) or "an empty body"
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
