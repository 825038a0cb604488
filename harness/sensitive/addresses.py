"""What in an address lets everybody in who has it: signatures, tokens, keys, by name and by look.

A value is secret because its name says so, because it stands beside a signature, or because it is
long and random: such a value is a capability, whatever a host calls it. So is a random segment of a
path behind one that says so (`/s/...`, `/token/...`), and a long one before a file's name.
"""

import re
from collections.abc import Iterator

PLACEHOLDER = "REDACTED"
"""Stands for a parameter's value, with a tag behind it that tells values apart."""

_ALWAYS = re.compile(
    r"x-(?:amz|goog|oss|cos|tos|obs|bce|ms|upyun|qiniu)-.+|q-(?:sign.*|ak|signature|.*-time)"
    r"|(?:.*[-_.])?(?:signature|sig|sign|hmac|token|jwt|secret|password|passwd|pwd|credential|credentials)"
    r"|(?:.*[-_])?(?:key|apikey|keyid|accesskey|accesskeyid|secretkey)|key-pair-id|auth|authorization"
    r"|awsaccesskeyid|googleaccessid|ossaccesskeyid|access_?id|policy|session|session_?id|sid"
    r"|hdnts|hdnea|__gda__|auth_key|wssecret|x-expires|code|ticket|accesstoken|securitytoken"
    r"|[jp]h?sessionid|e-?mail|org(?:anization)?(?:_id)?|user_?id|account(?:_id)?",
    re.IGNORECASE,
)
_HASHED = re.compile(r"hash|md5|verify|h|hm|hs|st|stoken|sk", re.IGNORECASE)
"""Names of signatures in some hosts' addresses, and of ordinary things in others'."""

_BESIDE_SIGNATURE = re.compile(
    r"s[epvrt]|spr|ske|skoid|sks|skt|sktid|skv|sip|ses|scid|expires|exp|expire|e|t|ts|ex|is|hm|deadline"
    r"|wstime|algorithm|st|start|nonce|timestamp|response-.*",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(?:^|[-_.])(?:signature|sig|sign|hmac|token|hm|auth|key|policy)$", re.IGNORECASE
)
_OF_WORK = re.compile(
    r"(?:(?:.*[-_])?(?:task|job|request|req|trace|correlation|generation|prediction|image|file|batch"
    r"|response|run|call)[-_]?)?id|digest|etag|checksum|sha[-_]?(?:1|256|512)",
    re.IGNORECASE,
)
"""Parameters that name a job or a file: they are read, and asked for, by these ids and digests."""

_NAME = r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,60}"
_QUERY = re.compile(rf"[?&#;](?:amp;)?{_NAME}=[^\s\"'<>\\`{{}}|^]*", re.ASCII)
_PARAMETER = re.compile(
    rf"(?:^|[?&#;])(?:amp;)?({_NAME})=(?=((?:(?!\?{_NAME}=)[^&#;\s])*))", re.ASCII
)
_AROUND = ").,]!*"
"""What ends a sentence or a link of Markdown around an address, and no value."""

_SCHEME = re.compile(r"(?::|%(?:25)*3A)(?:/|%(?:25)*2F){2}", re.IGNORECASE)
"""An address within an address is searched by itself."""

SHORTEST = 4
"""A shorter value of a parameter is no secret (`code=1`)."""

SHORTEST_HASH = 8
SHORTEST_RANDOM = 20
"""A shorter random value may be a size, a version or an id that a person reads."""

_LONG_SEGMENT = 32
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WORDS = re.compile(r"[^A-Za-z0-9]+")
_CLASSES = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_LETTERS, _DIGITS = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
_VALUE = re.compile(r"[A-Za-z0-9+/=_.~:-]+")


def is_random(text: str, least: int = SHORTEST_RANDOM) -> bool:
    """Tell whether a text of at least so many letters looks drawn by chance; a UUID does not count.

    Its letters and digits change their class as those of words, dates, sizes and versions do not,
    or more of both stand together than any of these have.
    """
    text = _ESCAPE.sub("+", text)
    if len(text) < least or not _VALUE.fullmatch(text) or _UUID.fullmatch(text):
        return False
    pieces = [piece for piece in _WORDS.split(text) if piece]
    longest = max(pieces, key=len, default="")
    if len(longest) >= _ONE_PIECE and _is_mixed(longest, 2):
        return True
    together = "".join(pieces)
    if len(longest) < min(least, _LEAST_PIECE) or len(together) * 4 < least * 3:
        return False
    changes = len(_CLASSES.findall(text)) * _WORD_LETTERS >= len(together)
    cased = together not in (together.lower(), together.upper())
    return changes and (_is_mixed(together, 1) or (cased and len(together) >= _LONG_SEGMENT))


def _is_mixed(text: str, least: int) -> bool:
    return min(len(_DIGITS.findall(text)), len(_LETTERS.findall(text))) >= least


_LEAST_PIECE, _ONE_PIECE = 10, 24
_WORD_LETTERS = 4
"""Letters of one class that stand together on average in words; chance gives two."""


def is_secret_parameter(name: str) -> bool:
    """Tell whether a parameter of that name is secret, whatever stands beside it."""
    return bool(_ALWAYS.fullmatch(name))


def secret_parameters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the values of secret parameters stand in a text with addresses or queries."""
    if "=" not in text:
        return
    for query in _QUERY.finditer(text):
        whole = query[0].rstrip(_AROUND)
        pairs = [*_PARAMETER.finditer(whole)]
        signed = any(_SIGNATURE.search(pair[1]) or _is_hash(pair[1], pair[2]) for pair in pairs)
        for pair in pairs:
            beside = signed and _BESIDE_SIGNATURE.fullmatch(pair[1])
            if not (beside or _is_secret(pair[1], pair[2])):
                continue
            if pair[2] and PLACEHOLDER not in pair[2]:
                yield query.start() + pair.start(2), query.start() + pair.end(2)


def _is_secret(name: str, content: str) -> bool:
    if len(content) < SHORTEST:
        return False
    if is_secret_parameter(name) or _is_hash(name, content):
        return True
    return is_random(content) and not (_OF_WORK.fullmatch(name) or _SCHEME.search(content))


def _is_hash(name: str, content: str) -> bool:
    return bool(_HASHED.fullmatch(name)) and is_random(content, SHORTEST_HASH)


_PATH = re.compile(
    r"//(?:(?<=://)[^\s/?#\"'<>\\`{}|^]{1,255}|(?<![A-Za-z0-9+/]//)[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24})"
    r"(/[^\s?#\"'<>\\`{}|^]{16,4000})"
)
"""The path of an address with or without its scheme; `//` alone stands in base64, too."""

_SEGMENT = re.compile(r"/(?=([^/]+))")
_TELLING = re.compile(
    r"s|t|st|sig|sign|signed|signature|secure|secret|private|token|tokens|auth|key|access|share|shared"
    r"|hmac|hash|capability|ticket|session",
    re.IGNORECASE,
)
_COLLECTION = re.compile(
    r"(?:jobs?|tasks?|requests?|predictions?|generations?|images?|files?|outputs?|results?|responses?"
    r"|objects?|blobs?|uploads?|runs?|batch(?:es)?|calls?|v[0-9]+|sha(?:1|256|512))",
    re.IGNORECASE,
)
_MADE = re.compile(r"(?:[a-z]{1,12}=[^~,/]+[~,])+[a-z]{1,12}=[^/]+|s--[A-Za-z0-9_-]{8,40}--")
"""Segments that are signatures: a token of Akamai's (`exp=...~hmac=...`), one of Cloudinary's."""


def secret_segments(text: str) -> Iterator[tuple[int, int]]:
    """Yield where segments of paths stand that are secret, in the addresses of a text."""
    if "//" not in text:
        return
    for address in _PATH.finditer(text):
        path = address[1].rstrip(_AROUND)
        segments = [*_SEGMENT.finditer(path)]
        before = ""
        for at, segment in enumerate(segments):
            if _is_capability(segment[1], before, last=at == len(segments) - 1):
                start = address.start(1) + segment.start(1)
                yield start, start + len(segment[1].partition(";")[0])
            before = segment[1]


def _is_capability(segment: str, before: str, *, last: bool) -> bool:
    segment = segment.partition(";")[0]  # what follows is a parameter
    if PLACEHOLDER in segment:
        return False
    if _MADE.fullmatch(segment):
        return True
    if _TELLING.fullmatch(before):
        return is_random(segment)
    return not last and not _COLLECTION.fullmatch(before) and is_random(segment, _LONG_SEGMENT)
