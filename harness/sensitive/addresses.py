"""Parameters of addresses that let everybody in who has them: signatures, tokens, keys."""

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
    r"|e-?mail|org(?:anization)?(?:_id)?|user_?id|account(?:_id)?",
    re.IGNORECASE,
)
_BESIDE_SIGNATURE = re.compile(
    r"s[epvrt]|spr|ske|skoid|sks|skt|sktid|skv|sip|ses|scid|expires|exp|expire|e|t|ts|ex|is|hm|deadline"
    r"|wstime|algorithm|st|start|nonce|timestamp|response-.*",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(?:^|[-_.])(?:signature|sig|sign|hmac|token|hm|auth|key|policy)$", re.IGNORECASE
)
_QUERY = re.compile(r"[?&#;](?:amp;)?[A-Za-z][A-Za-z0-9_.\[\]-]{0,60}=[^\s\"'<>\\`{}|^]*", re.ASCII)
_PARAMETER = re.compile(
    r"(?:^|[?&#;])(?:amp;)?([A-Za-z][A-Za-z0-9_.\[\]-]{0,60})=([^&#;\s]*)", re.ASCII
)
SHORTEST = 4
"""A shorter value of a parameter is no secret (`code=1`)."""


def is_secret_parameter(name: str) -> bool:
    """Tell whether a parameter of that name is secret, whatever stands beside it."""
    return bool(_ALWAYS.fullmatch(name))


def secret_parameters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the values of secret parameters stand in a text with addresses or queries."""
    if "=" not in text:
        return
    for query in _QUERY.finditer(text):
        pairs = [*_PARAMETER.finditer(query[0])]
        signed = any(_SIGNATURE.search(pair[1]) for pair in pairs)
        for pair in pairs:
            beside = signed and _BESIDE_SIGNATURE.fullmatch(pair[1])
            if not (beside or _is_secret(pair[1], pair[2])):
                continue
            if pair[2] and PLACEHOLDER not in pair[2]:
                yield query.start() + pair.start(2), query.start() + pair.end(2)


def _is_secret(name: str, content: str) -> bool:
    return len(content) >= SHORTEST and is_secret_parameter(name)
