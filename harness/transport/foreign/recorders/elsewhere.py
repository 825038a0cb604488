"""Formats that are not read here: each is known, and named with the way out of its tool.

Sources: Postman's collection schema 2.1; Insomnia's export format; Fiddler's and Charles' manuals.
"""

from collections.abc import Iterable

from harness.transport.foreign.formats import Raw
from harness.transport.foreign.recorders.recorder import recorder

_HAR = "export it as HAR"
_BINARY = {
    b"PK\x03\x04": f"an archive (Fiddler's .saz?): {_HAR} (File > Export Sessions > HTTPArchive v1.2),"
    " or unpack it",
    b"\xac\xed\x00\x05": f"Charles' own session: {_HAR} (File > Export Session > HTTP Archive)",
}


class _NotRead:
    def raw(self, entry: object) -> Raw:
        """Raise ValueError: none of its entries is read."""
        del entry
        raise ValueError("it is not read here")


@recorder("collection", title="", rank=8)
class Collection(_NotRead):
    """Collections of requests, which hold no traffic: Postman's and Insomnia's."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Raise ValueError where it is one."""
        if not isinstance(source, dict):
            return None
        if "item" in source and isinstance(source.get("info"), dict):
            raise ValueError(
                "a Postman collection: it holds requests, not what was answered to them; record the"
                " traffic as HAR, with a proxy (mitmproxy, Charles) between"
            )
        kind = source.get("type")
        is_export = source.get("_type") == "export" and "resources" in source
        if is_export or (isinstance(kind, str) and kind.endswith(".insomnia.rest/5.0")):
            raise ValueError(
                "an Insomnia collection: it holds requests, not what was answered to them; export"
                " the responses as HAR (a request's menu > Export Response > HAR)"
            )
        return None


@recorder("binary", title="", reads="bytes", rank=8)
class Binary(_NotRead):
    """Files of other tools that are no text."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Raise ValueError where it is one."""
        if isinstance(source, bytes):
            for begin, why in _BINARY.items():
                if source.startswith(begin):
                    raise ValueError(why)
        return None
