"""The headers that records keep: what checks and reports read, and nothing that says who we are."""

import re
from collections.abc import Collection
from functools import lru_cache

Headers = tuple[tuple[str, str], ...]

_KEPT = re.compile(
    r"accept|accept-ranges|age|allow|cache-control|content-(?:type|length|encoding|disposition|language)"
    r"|date|server|transfer-encoding|retry-after(?:-ms)?|last-modified|expires|vary|via|www-authenticate"
    r"|x-should-retry|x-cache(?:-status)?|cf-ray|cf-cache-status|deprecation|sunset|warning"
    r"|(?:[a-z0-9]+-){0,3}(?:request|correlation|trace|req)-?id|x-amzn?-requestid|x-amz-id-2|traceparent"
    r"|(?:[a-z0-9]+-){0,2}rate-?limit(?:-[a-z0-9-]+)?"
    r"|openai-(?:processing-ms|version|model)|x-(?:[a-z0-9]+-)?(?:processing|response|upstream)-(?:ms|time)"
    r"|x-(?:runtime|envoy-upstream-service-time|powered-by)|(?:x-)?idempoten(?:cy|t)-[a-z-]+"
    r"|x-harness-form",
    re.IGNORECASE,
)


@lru_cache(1024)
def is_kept(name: str) -> bool:
    """Tell whether a header of that name is recorded, of a request or of a reply."""
    return bool(_KEPT.fullmatch(name))


def kept_headers(headers: Headers, *, also: Collection[str] = ()) -> Headers:
    """Return the headers that are recorded; all others are left out.

    `also` names, in lower case, those that a provider's arguments travel in.
    """
    return tuple(
        (name, content) for name, content in headers if is_kept(name) or name.lower() in also
    )
