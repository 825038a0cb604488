"""Keys and personal data that are known by their shape, whoever they belong to."""

import re
from collections.abc import Iterator

from harness.sensitive.addresses import PLACEHOLDER
from harness.sensitive.personal import Found, is_example, is_placeholder, personal

_BEGIN = r"(?<![A-Za-z0-9+/_-])"
_BEGIN_ID = r"(?<![A-Za-z0-9+_-])"
"""An id may be a segment of a path: no base64 has both its slash and its dash."""

_END = r"(?![A-Za-z0-9_-])"
_MIXED = r"(?=[A-Za-z_-]*[0-9]|[A-Z]*[a-z]+[A-Z]|[a-z]*[A-Z]+[a-z])"

MADE_UP = "harnessmadeup"
"""Stands in the keys that the harness makes up: they belong to nobody."""

_KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "private key",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.{0,20000}?(?:-----END [A-Z0-9 ]*KEY-----|\Z)",
        ("-----BEGIN",),
    ),
    (
        "token",
        _BEGIN + r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*",
        ("eyJ",),
    ),
    (
        "key",
        _BEGIN + r"(?:sk|rk|pk)[-_](?:live|test|proj|ant|or|svcacct|admin)[-_][A-Za-z0-9_-]{12,}",
        ("sk-", "sk_", "rk-", "rk_", "pk-", "pk_"),
    ),
    ("key", _BEGIN + r"sk-" + r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}", ("sk-",)),
    ("key", _BEGIN + r"afk_[A-Za-z0-9_-]{8,}", ("afk_",)),
    (
        "key",
        _BEGIN + r"A(?:KIA|SIA|ROA|IDA|GPA)[A-Z0-9]{16}" + _END,
        ("AKIA", "ASIA", "AROA", "AIDA", "AGPA"),
    ),
    (
        "key",
        _BEGIN + r"(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
        ("gh", "github"),
    ),
    ("key", _BEGIN + r"AIza[A-Za-z0-9_-]{35}" + _END, ("AIza",)),
    ("key", _BEGIN + r"xox[abeoprs]-[A-Za-z0-9-]{10,}", ("xox",)),
    (
        "key",
        _BEGIN + r"(?:glpat-|hf_|npm_|gsk_|r8_|xai-|pplx-|dop_v1_|whsec_|SG\.)[A-Za-z0-9_.-]{20,}",
        ("glpat-", "hf_", "npm_", "gsk_", "r8_", "xai-", "pplx-", "dop_v1_", "whsec_", "SG."),
    ),
    (
        "credential",
        r"(?i:\b(?:bearer|basic))[ \t]+"  # noqa: ISC004 - one pattern
        r"(?P<secret>(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{12,}=*)",
        ("bearer", "basic"),
    ),
    (
        "organization",
        _BEGIN_ID + r"(?:org|ws|team|tenant)[-_]" + _MIXED + r"[A-Za-z0-9]{4,64}" + _END,
        ("org", "ws", "team", "tenant"),
    ),
    (
        "account",
        _BEGIN_ID
        + r"(?:acct|account|user|usr|proj|cus|sub|cust|customer|member)[-_]"
        + _MIXED
        + r"[A-Za-z0-9]{4,64}"
        + _END,
        ("acct", "account", "user", "usr", "proj", "cus", "sub", "member"),
    ),
    ("cookie", r"(?i:\bcookie2?:)[ \t]*(?P<secret>[^\r\n\"'<]{4,4096})", ("cookie",)),
    (
        "credential",
        r"(?i:\b(?:api-?key|auth-?token|access-?token|secret)):[ \t]*"  # noqa: ISC004 - one pattern
        r"(?P<secret>(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9][A-Za-z0-9._~+/=-]{11,})",
        ("api-key", "apikey", "auth-token", "authtoken", "access-token", "accesstoken", "secret"),
    ),
    ("credential", r"(?<=://)[^\s/?#@<>\"']{1,200}:[^\s/?#@<>\"']{1,200}(?=@)", ("://",)),
)


def _begins(prefix: str, hints: tuple[str, ...]) -> bool:
    return any(hint.startswith(prefix) or prefix.startswith(hint) for hint in hints)


KINDS = tuple((kind, re.compile(shape, re.DOTALL), hints) for kind, shape, hints in _KINDS)
"""A pattern begins where one of its hints does: in lower case where the pattern has no case."""

_DASHED = re.compile(
    r"[-_](?:(?<=[srp]k.|ws.|hf.|r8.)|(?<=org.|usr.|cus.|sub.|afk.|npm.|gsk.|xai.|dop.|gh[oprsu].)"
    r"|(?<=team.|acct.|user.|proj.|cust.|xox[abeoprs].|pplx.)|(?<=glpat.|whsec.)"
    r"|(?<=tenant.|member.|github.)|(?<=account.)|(?<=customer.))"
)
_PREFIXES = (
    *("sk", "rk", "pk", "ws", "hf", "r8", "org", "usr", "cus", "sub", "afk", "npm", "gsk", "xai"),
    *("dop", "team", "acct", "user", "proj", "cust", "pplx", "glpat", "whsec", "tenant", "member"),
    *("github", "account", "customer", "gho", "ghp", "ghr", "ghs", "ghu"),
    *(f"xox{letter}" for letter in "abeoprs"),
)
_BY_PREFIX = {
    prefix: tuple((kind, pattern) for kind, pattern, hints in KINDS if _begins(prefix, hints))
    for prefix in _PREFIXES
}
_NEEDS = {"bearer": " \t", "basic": " \t", "eyJ": ".", "SG.": ".", "-----BEGIN": "-"}
"""What stands behind or before a hint: a text without it has none; of others a colon or an `A`."""

_BY_WORD = tuple(
    (kind, pattern, hint, "(?i:" in pattern.pattern)
    for kind, pattern, hints in KINDS
    for hint in hints
    if not any(_begins(prefix, (hint,)) for prefix in _PREFIXES)
)
_BY_NEED = {
    need: tuple(
        entry
        for entry in _BY_WORD
        if need in _NEEDS.get(entry[2], "A" if entry[2].startswith("A") else ":")
    )
    for need in " \t.:A-"
}

_UPPER = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}
_HOST = re.compile(
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5}(?:[^\W\d_]{2,24}|xn--[a-z0-9]{2,50})(?![A-Za-z0-9])"
)
_MAILBOX = re.compile(r"[^\W_][\w.%+-]{0,63}\Z")
_LONGEST_MAILBOX, _LONGEST_PREFIX = 64, 8
_USERINFO = "://"


def shaped(text: str, *, examples: bool = False) -> Iterator[Found]:
    """Yield what stands in a text by its shape; mail addresses of examples only if asked for."""
    for kind, pattern, at in _begun(text):
        match = pattern.match(text, at)
        if match and MADE_UP not in match[0] and not is_placeholder(match[0]):
            part = "secret" if pattern.groupindex else 0
            yield match.start(part), match.end(part), kind
    yield from _mail_addresses(text, examples=examples)
    yield from personal(text)


def _begun(text: str) -> Iterator[tuple[str, re.Pattern[str], int]]:
    """Yield the places where a hint stands, and the pattern that may begin there."""
    for dash in _DASHED.finditer(text):
        before = text[max(0, dash.start() - _LONGEST_PREFIX) : dash.start()]
        for prefix, kinds in _BY_PREFIX.items():
            if before.endswith(prefix):
                yield from ((*kind, dash.start() - len(prefix)) for kind in kinds)
    yield from _worded(text)


def _worded(text: str) -> Iterator[tuple[str, re.Pattern[str], int]]:
    low = text.lower()
    if len(low) != len(text):  # a capital I with a dot becomes two letters
        low = text.translate(_UPPER)
    for need, words in _BY_NEED.items():
        for kind, pattern, hint, caseless in words if need in text else ():
            for at in _places(low if caseless else text, hint):
                yield kind, pattern, at + (len(hint) if hint == _USERINFO else 0)


def _places(low: str, hint: str) -> Iterator[int]:
    at = low.find(hint)
    while at >= 0:
        yield at
        at = low.find(hint, at + len(hint))


def _mail_addresses(text: str, *, examples: bool) -> Iterator[Found]:
    if "@" not in text:
        return
    for host in _HOST.finditer(text):
        before = text[max(0, host.start() - _LONGEST_MAILBOX) : host.start()]
        mailbox = _MAILBOX.search(before)
        if not mailbox or PLACEHOLDER in mailbox[0] or (is_example(host[0]) and not examples):
            continue
        start = host.start() - len(mailbox[0])
        if _IN_USERINFO.search(before):
            yield start, host.start(), "credential"  # what follows it is a host
            continue
        if name := _OF_PERSON.search(text, max(0, start - _LONGEST_MAILBOX), start):
            yield *name.span(1), "name"
        yield start, host.end(), "e-mail"


_IN_USERINFO = re.compile(r"://[^\s/?#@]*\Z")
_OF_PERSON = re.compile(r"([^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){1,3})\"? <\Z")
