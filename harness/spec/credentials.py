"""The rule that a key is required, and the headers of requests that lack the user's own key.

The made-up keys are fixed texts with the word `harness` in them: they belong to nobody, so reports
may show them. The user's own key leaves as its provider's documents say, and in no other way.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

from harness.core.exchange import Credential
from harness.core.jsonvalue import digest
from harness.spec.auth import Auth
from harness.spec.provider import Constraint, Operation, Provider
from harness.spec.rules.presence import KeyRule
from harness.spec.templates import query_of

KEY_REQUIRED = "auth.required"
"""The id of the rule."""

IN_WORDS: dict[Credential, str] = {
    "own": "with the user's key",
    "none": "without a key",
    "empty": "with an empty key",
    "wrong": "with a made-up key",
    "other_scheme": "with a made-up key under another scheme",
    "other_header": "with a made-up key in another header",
    "foreign": "with a made-up key in another provider's format",
}

_FORMATS = ("sk-proj-", "afk_")
"""How the keys of OpenAI and of Apiframe begin."""

_LENGTHS = (40, *range(20, 100))
_LITERAL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def key_constraint(provider: Provider) -> Constraint:
    """Return the rule that a request needs a key.

    Where the TOML has no `required`, the documents that show the key in a request say it.
    """
    auth = provider.auth
    rule = auth.required or KeyRule(
        source=auth.source,
        quote=auth.quote,
        second_source=auth.second_source,
        second_quote=auth.second_quote,
        note="the documents show the key in their requests",
    )
    return Constraint(id=KEY_REQUIRED, parameter="auth", rule=rule)


def constraint_of(
    provider: Provider, operation: Operation, constraint_id: str | None
) -> Constraint | None:
    """Return the constraint of that id, of an argument or of the key; None where there is none."""
    if constraint_id == KEY_REQUIRED:
        return key_constraint(provider)
    return operation.constraint(constraint_id or "")


def refusal_statuses(provider: Provider) -> tuple[int, ...]:
    """Return the HTTP statuses that the documents show for a refused key; none where they do not.

    401 and 403 both say that the key is at fault: documents that show either promise no other.
    """
    required = provider.auth.required
    shown = required.refused_with if required is not None else ()
    return tuple(dict.fromkeys((*shown, 401, 403))) if shown else ()


def key_headers(auth: Auth, credential: Credential, own: str) -> tuple[tuple[str, str], ...]:
    """Return the headers that carry a credential; `own` is the user's key, or what names it."""
    if auth.query and credential != "other_header":
        return ()
    if credential == "own":
        return ((auth.header, auth.prefix + own),)
    made_up = made_up_key(auth)
    headers: dict[Credential, tuple[str, str]] = {
        # h11 sends no space at the end of a value, and HTTP ignores it there
        "empty": (auth.header, auth.prefix.strip()),
        "wrong": (auth.header, auth.prefix + made_up),
        "foreign": (auth.header, auth.prefix + _foreign_key(auth)),
        "other_scheme": (auth.header, f"Bearer {made_up}"),
        "other_header": ("Authorization", f"Bearer {made_up}"),
    }
    if auth.header.lower() == "authorization":
        headers["other_header"] = ("X-API-Key", made_up)
        if auth.prefix.strip().lower() != "basic":
            pair = b64encode(f"harness:{made_up}".encode()).decode()
            headers["other_scheme"] = (auth.header, f"Basic {pair}")
    return (headers[credential],) if credential in headers else ()


def key_query(auth: Auth, credential: Credential, own: str) -> tuple[tuple[str, str], ...]:
    """Return the value of the query that carries a credential, where the key travels there."""
    keys: dict[Credential, str] = {
        "own": own,
        "empty": "",
        "wrong": made_up_key(auth),
        "foreign": _foreign_key(auth),
    }
    return ((auth.query, keys[credential]),) if auth.query and credential in keys else ()


def with_key(target: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """Return an address with more values in its query."""
    query = query_of(pairs)
    return target + (query.replace("?", "&", 1) if "?" in target else query)


def made_up_key(auth: Auth) -> str:
    """Return a key that nobody has, in the shape of this provider's keys where that is known."""
    fitting = (key for key in _candidates(auth) if re.fullmatch(auth.key_shape, key))
    return next(fitting, next(_candidates(auth)))


def _candidates(auth: Auth) -> Iterator[str]:
    for length in _LENGTHS:
        yield _literal(auth) + _random(auth.env, length)
    for length in _LENGTHS:  # a shape of hexadecimal digits has no room for a word
        yield _literal(auth) + digest([auth.env])[:length]


def _literal(auth: Auth) -> str:
    """Return the letters with which every key of a provider begins."""
    begins = _LITERAL.match(auth.key_shape)
    return begins[0] if begins else ""


def _random(word: str, length: int) -> str:
    return ("harnessmadeup" + digest([word]) + digest([word, 2]))[:length]


def _foreign_key(auth: Auth) -> str:
    literal = _literal(auth)
    formats = [
        begin for begin in _FORMATS if not literal or not begin.startswith(literal.split("-")[0])
    ]
    return formats[0] + _random("foreign", 40)
