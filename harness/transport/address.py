"""Where a target is: a documented path joined to a base URL, or an address of its own."""

from urllib.parse import urlsplit

from harness.core.placeholders import INBOX, WEBHOOKS


def uri_of(target: str, base_url: str) -> str:
    """Return a target's whole address; leading parts that base and path both name count once.

    `https://host/gateway/v1` and `/v1/images/generations` join at `v1`; a host that happens to be
    called `v1` does not. What our own receiver is asked has the address that was delivered to.
    """
    if target.startswith(INBOX):
        return WEBHOOKS + target.removeprefix(INBOX)
    if not target.startswith("/"):
        return target
    base = urlsplit(base_url.rstrip("/"))
    words = target.split("/")[1:]
    prefix = base.path
    for count in range(len(words), 0, -1):
        shared = "/" + "/".join(words[:count])
        if prefix.endswith(shared):
            prefix = prefix.removesuffix(shared)
            break
    return base._replace(path=prefix + target).geturl()
