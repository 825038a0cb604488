"""Keys and personal data that are known by their shape, whoever they belong to."""

import re
from collections.abc import Iterator
from functools import lru_cache

Found = tuple[int, int, str]
"""Where something stands in a text, and its kind."""

_BEGIN = r"(?<![A-Za-z0-9+/_-])"
_END = r"(?![A-Za-z0-9_-])"
_MIXED = r"(?=[A-Za-z_-]*[0-9]|[A-Z]*[a-z]+[A-Z]|[a-z]*[A-Z]+[a-z])"

MADE_UP = "harnessmadeup"
"""Stands in the keys that the harness makes up: they belong to nobody."""

EXAMPLE_HOSTS = ("example.com", "example.org", "example.net", "example.invalid")

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
        _BEGIN + r"(?:org|ws|team|tenant)[-_]" + _MIXED + r"[A-Za-z0-9]{8,64}" + _END,
        ("org", "ws", "team", "tenant"),
    ),
    (
        "account",
        _BEGIN
        + r"(?:acct|account|user|usr|proj|cus|sub|cust|customer|member)[-_]"
        + _MIXED
        + r"[A-Za-z0-9]{8,64}"
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
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_MAILBOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}\Z")
_LONGEST_MAILBOX, _LONGEST_PREFIX = 64, 8
_USERINFO = "://"


def shaped(text: str) -> Iterator[Found]:
    """Yield what stands in a text by its shape."""
    for kind, pattern, at in _begun(text):
        match = pattern.match(text, at)
        if match and MADE_UP not in match[0] and not is_placeholder(match[0]):
            part = "secret" if pattern.groupindex else 0
            yield match.start(part), match.end(part), kind
    yield from _mail_addresses(text)


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


def _mail_addresses(text: str) -> Iterator[Found]:
    if "@" not in text:
        return
    for host in _HOST.finditer(text):
        before = text[max(0, host.start() - _LONGEST_MAILBOX) : host.start()]
        mailbox = _MAILBOX.search(before)
        if mailbox and not is_placeholder(mailbox[0] + host[0]):
            yield host.start() - len(mailbox[0]), host.end(), "e-mail"


_PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9 _-]*>|REDACTED|\$\{?[A-Z_]+|\*{3}|\.{3}")


def is_placeholder(text: str) -> bool:
    """Tell whether a text stands for a secret, as documents and our own records write it."""
    host = text.rpartition("@")[2].lower()
    return bool(_PLACEHOLDER.search(text)) or host.endswith(EXAMPLE_HOSTS)


_FIELD = re.compile(
    r"(?:x[-_])?(?:"
    r"(?:api|access|secret|private|client|subscription|auth|account|master)[-_]?(?:key|secret|token)"
    r"|(?:refresh|id|session|bearer|auth|csrf|xsrf)[-_]?token"
    r"|authorization|password|passwd|credentials?|cookies?|set[-_]?cookie"
    r"|e[-_]?mail(?:[-_]?address)?|openai[-_]?organi[sz]ation|openai[-_]?project"
    r"|(?:org|organi[sz]ation|account|user|customer|tenant|project|workspace|owner|team)[-_]?(?:id|email)"
    r"|organi[sz]ation|phone(?:[-_]?number)?|session[-_]?id"
    r")",
    re.IGNORECASE,
)
SHORTEST_FIELD = 4


@lru_cache(4096)
def is_personal_field(name: str) -> bool:
    """Tell whether a field of that name holds a key or says who somebody is."""
    return bool(_FIELD.fullmatch(name))
