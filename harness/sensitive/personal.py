"""Who somebody is: fields that say so by their name, accounts, networks, telephone numbers.

Names are those of the providers' documents, of clouds (ARNs of AWS, subscriptions and tenants of
Azure) and of proxies' headers. What is ordinary in a reply of an image API is none of it: models,
sizes, dates, digests, ids of jobs and of requests.
"""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from harness.sensitive.addresses import is_random

Found = tuple[int, int, str]
"""Where something stands in a text, and its kind."""

EXAMPLE_HOSTS = ("example.com", "example.org", "example.net", "example.invalid")
SHORTEST_FIELD = 4

_PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9 _-]*>|REDACTED|\$\{?[A-Z_]+|\*{3}|\.{3}")
_WHOLE = re.compile(
    r"\s*(?:bearer |basic )?(?:<[A-Za-z][A-Za-z0-9 _-]*>|REDACTED[0-9a-f-]*|\$\{?[A-Z_]+\}?"
    r"|[*.x_]{3,}|\[[A-Za-z_ -]+\])[\s_]*",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Tell whether a text stands for a secret, as documents and our own records write it."""
    return bool(_PLACEHOLDER.search(text)) or is_example(text)


def is_example(mail: str) -> bool:
    """Tell whether a mail address is at a host that is reserved for examples (RFC 2606)."""
    host = mail.rpartition("@")[2].lower()
    return host in EXAMPLE_HOSTS or host.endswith(tuple(f".{each}" for each in EXAMPLE_HOSTS))


def is_nothing_but_placeholder(text: str) -> bool:
    """Tell whether a text is a placeholder and nothing beside it."""
    return bool(_WHOLE.fullmatch(text))


_WHO = (
    r"(?:org|organi[sz]ation|account|user|customer|tenant|project|workspace|owner|team|member|client"
    r"|subscription|billing|directory|person|login|created[-_]by|end[-_]user)"
)
_FIELD = re.compile(
    r"(?:x[-_]|openai[-_]|aws[-_]|azure[-_]|goog(?:le)?[-_])?(?:"
    r"(?:api|access|secret|private|client|subscription|auth|account|master)[-_]?(?:key|secret|token)"
    r"|(?:refresh|id|session|bearer|auth|csrf|xsrf)[-_]?token"
    r"|authorization|password|passwd|credentials?|cookies?|set[-_]?cookie"
    r"|(?:[a-z]{1,20}[-_])?e[-_]?mail(?:[-_]?address)?|openai[-_]?organi[sz]ation|openai[-_]?project"
    rf"|{_WHO}[-_]?(?:id|uuid|guid|email|slug|number|oid)"
    r"|organi[sz]ation|phone(?:[-_]?number)?|mobile|telephone|session[-_]?id"
    r"|user[-_]?name|(?:first|last|full|given|family|middle|real|nick|owner|customer|account|contact"
    r"|billing|company|organi[sz]ation|org|team|cardholder)[-_]?name|surname"
    r"|(?:client|remote|source|user|peer|real|origin)[-_]?(?:ip|addr|address)|ip[-_]?addr(?:ess)?|ip"
    r"|forwarded(?:[-_]for)?|(?:cf[-_]connecting|true[-_]client|fly[-_]client|fastly[-_]client"
    r"|cluster[-_]client)[-_]ip|envoy[-_]external[-_]address|cf[-_]ipcountry|amzn[-_]oidc[-_][a-z]+"
    r"|street|postal[-_]?code|zip[-_]?code|date[-_]of[-_]birth|birth[-_]?date"
    r")",
    re.IGNORECASE,
)
_OF_ID = re.compile(rf"x[-_]user|{_WHO}", re.IGNORECASE)
"""Fields whose value says who somebody is where it is an id, and nothing where it is a word."""

_PERSON = re.compile(
    r"user|owner|account|customer|author|profile|member|billing[-_]?details|creator|created[-_]by"
    r"|contact|person|organi[sz]ation|team|tenant|workspace",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?:display[-_]?)?name|title|slug|id|login|handle|address", re.IGNORECASE)
_COUNT = 99_999
"""A number up to this counts something; a larger one in such a field is an account's."""


@lru_cache(4096)
def is_personal_field(name: str) -> bool:
    """Tell whether a field of that name holds a key or says who somebody is, whatever it holds."""
    return bool(_FIELD.fullmatch(name.lstrip(":")))


def is_personal(name: str, content: object, within: str = "") -> bool:
    """Tell whether a field says who somebody is; `within` names its object."""
    if isinstance(content, bool) or not isinstance(content, str | int):
        return False
    who = _person(within) and _named_so(name)
    if isinstance(content, int):
        return content > _COUNT and (who or is_personal_field(name) or _of_id(name))
    if len(content) < SHORTEST_FIELD:
        return False
    return who or is_personal_field(name) or (_of_id(name) and is_id(content))


@lru_cache(4096)
def _person(name: str) -> bool:
    return bool(_PERSON.fullmatch(name))


@lru_cache(4096)
def _named_so(name: str) -> bool:
    return bool(_NAMES.fullmatch(name))


@lru_cache(4096)
def _of_id(name: str) -> bool:
    return bool(_OF_ID.fullmatch(name))


_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_ID = re.compile(
    rf"{_UUID}|(?:[A-Za-z]{{1,6}}[-_])?[0-9]{{6,}}|[^\s@]+@[^\s@]+"
    r"|(?:org|proj|acct|account|user|usr|team|ws|cus|cust|sub|tenant|member)[-_][A-Za-z0-9_-]{2,80}"
)
_SHORTEST_ID = 12


def is_id(text: str) -> bool:
    """Tell whether a text is an account's id, and not a word about it."""
    return bool(_ID.fullmatch(text)) or is_random(text, _SHORTEST_ID)


def field_label(name: str) -> str:
    """Return the kind of what a field holds: its name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def personal(text: str) -> Iterator[Found]:
    """Yield what says who somebody is, in a text without escapes."""
    low = text.lower()
    if ":" in text or "=" in text:
        yield from _fields(text, low)
        if "arn:aws" in low:
            yield from ((*match.span(1), "account") for match in _ARN.finditer(text))
    if len(low) == len(text):  # a capital I with a dot becomes two letters
        yield from _mentioned(text, low)
    yield from _networks(text)
    for match in _PHONE.finditer(text) if "+" in text else ():
        if _LEAST_DIGITS <= sum(map(str.isdigit, match[0])) <= _MOST_DIGITS:
            yield match.start(), match.end(), "phone"


_NAMED = re.compile(r"(?<![A-Za-z0-9_-])([A-Za-z][A-Za-z0-9_-]{1,48})[\"']?\s{0,3}[:=]")
_WORDY = re.compile(r"credentials?|authorization|ip", re.IGNORECASE)
_WORD = re.compile(r"[a-z_ ]{1,20}|(?i:bearer|basic|digest|token|api-?key|key) {0,3}")
"""What such a field holds where it says of which kind something is: in code, the scheme of a key
that a name stands for (`"Bearer " + KEY`)."""

_FIELD_STEMS = (
    *("token", "key", "secret", "auth", "passw", "credential", "cookie", "mail", "org", "account"),
    *("user", "customer", "tenant", "project", "workspace", "owner", "team", "member", "client"),
    *("subscription", "billing", "directory", "person", "login", "created", "phone", "mobile"),
    *("session", "name", "ip", "addr", "forwarded", "street", "code", "birth"),
)
"""What stands in every name of a personal field."""

_QUOTED = re.compile(r"\s{0,9}([\"'])((?:(?!\1)[^\\\n]){4,400})\1")
_BARE = re.compile(r"[ \t]{0,9}([^\s\"'<>;,&{}\[\]()]{4,400})")
_WITHIN = re.compile(
    rf"\"({_PERSON.pattern})\"\s{{0,9}}:\s{{0,9}}{{[^{{}}]{{0,400}}?\"({_NAMES.pattern})\""
    r"\s{0,9}:\s{0,9}\"([^\"\\\n]{4,200})\"",
    re.IGNORECASE,
)


def _fields(text: str, low: str) -> Iterator[Found]:
    """Yield what fields of JSON, lines of headers and parameters hold, if their name says so."""
    if not any(stem in low for stem in _FIELD_STEMS):
        return
    for name in _NAMED.finditer(text):
        if is_personal_field(name[1]) or _of_id(name[1]):
            yield from _of_field(text, name, name.end())
    for match in _WITHIN.finditer(text) if "{" in text else ():
        if not is_nothing_but_placeholder(match[3]):
            yield *match.span(3), field_label(f"{match[1]}-{match[2]}")


def _of_field(text: str, name: re.Match[str], at: int) -> Iterator[Found]:
    if text.endswith("://", 0, name.start()):
        return  # the user of an address
    match, group = _QUOTED.match(text, at), 2
    if match is None:
        match, group = _BARE.match(text, at), 1
    if match is None or is_nothing_but_placeholder(match[group]):
        return
    if group > 1:
        says_more = not (_WORDY.fullmatch(name[1]) and _WORD.fullmatch(match[2]))
    else:
        says_more = _says_more(match[1])
    if says_more and is_personal(name[1], match[group]):
        yield *match.span(group), field_label(name[1])


def _says_more(content: str) -> bool:
    """Tell whether a bare word in such a place is no word of a sentence, and no count."""
    if content.isdigit():
        return int(content) > _COUNT
    return not _PLACEHOLDER.search(content) and any(map(str.isdigit, content.rstrip(".")))


_ARN = re.compile(
    r"arn:aws[a-z-]{0,12}:[a-z0-9-]{1,40}:[a-z0-9-]{0,30}:"
    r"([0-9]{12}(?::(?:user|role|assumed-role|federated-user|root)(?:/[\w+=,.@/-]{1,200})?)?)"
)
_MENTION_STEMS = (
    *("org", "account", "user", "customer", "tenant", "project", "workspace", "owner", "team"),
    *("member", "client", "subscription", "billing", "director", "person", "login", "created"),
    *("principal", "microsoftonline.com", "end user", "end-user"),
)
_MENTION = re.compile(
    rf"(?i:{_WHO}s?|principals?|directories|microsoftonline\.com)"
    r"(?:[ _-]?(?i:ids?|no\.?|number|name))?(?: (?:is|was|with))?[\s:=#\"'`/(\[]{1,4}"
    rf"({_UUID}|[A-Za-z0-9][A-Za-z0-9_-]{{4,80}})(?![A-Za-z0-9_-])"
)


def _mentioned(text: str, low: str) -> Iterator[Found]:
    """Yield ids that a sentence or a path names behind the word for what they are ids of."""
    for stem in _MENTION_STEMS:
        at = low.find(stem)
        while at >= 0:
            begins = not text[at - 1 : at].isalnum() if at else True
            match = _MENTION.match(text, at) if begins else None
            if match and is_id(match[1]) and not _PLACEHOLDER.search(match[1]):
                yield *match.span(1), "account"
            at = low.find(stem, at + len(stem))


_FOUR = re.compile(r"\.(?<=[0-9]\.)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![\w-]|\.\w)")
_FIRST = re.compile(r"(?<![\w.@/+=-])[0-9]{1,3}\Z")
_COLON = re.compile(r":(?<=[0-9A-Fa-f]:)(?=:|[0-9A-Fa-f]{1,4}:)")
_GROUP = re.compile(r"(?<![\w:./+=-])[0-9A-Fa-f]{1,4}\Z")
_GROUPS = re.compile(r"(?::{1,2}[0-9A-Fa-f]{1,4}){1,7}(?![\w:])")
_VERSION = re.compile(r"(?:version|v|release|build)[\s:=\"']{0,3}\Z", re.IGNORECASE)
_BEFORE_IT = 12


def _networks(text: str) -> Iterator[Found]:
    """Yield addresses of networks that are not private; a host of an address of the web is none."""
    for rest in _FOUR.finditer(text) if text.count(".") > 2 else ():  # noqa: PLR2004 - of numbers
        first = _FIRST.search(text, max(0, rest.start() - 4), rest.start())
        if first and not _VERSION.search(text, max(0, first.start() - _BEFORE_IT), first.start()):
            yield from _public(text, first.start(), rest.end())
    for colon in _COLON.finditer(text) if text.count(":") > 1 else ():
        group = _GROUP.search(text, max(0, colon.start() - 5), colon.start())
        groups = _GROUPS.match(text, colon.start()) if group else None
        if group and groups:
            yield from _public(text, group.start(), groups.end())


def _public(text: str, start: int, end: int) -> Iterator[Found]:
    try:
        address = ipaddress.ip_address(text[start:end])
    except ValueError:
        return
    example = any(address in network for network in _EXAMPLES if network.version == address.version)
    of_all = address.is_global and not address.is_multicast and not text.endswith(".0", start, end)
    if example or of_all:
        yield start, end, "ip"


_EXAMPLES = tuple(
    map(
        ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    )
)
"""Networks of examples (RFC 5737, RFC 3849): in a reply they stand for somebody's."""

_PHONE = re.compile(
    r"\+(?<![\w+/=.-]\+)[1-9][0-9]{0,2}"
    r"(?:[ .-]?\(?[0-9]{1,4}\)?)(?:[ .-]?[0-9]{2,4}){2,4}(?![\w+/=])"
)
_LEAST_DIGITS, _MOST_DIGITS = 9, 15
