"""Formats that are not read here: each is known, and named with the way out of its tool.

Sources: Postman's collection schema 2.1; Insomnia's export format; Charles' manual.
"""

import re
from collections.abc import Iterable

from harness.transport.foreign.formats import Raw
from harness.transport.foreign.recorders.recorder import recorder

_SCRIPT = re.compile(r"^\s*nock\([\"'`]https?://", re.MULTILINE)


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


@recorder("nock-script", title="", reads="text", rank=8)
class NockScript(_NotRead):
    """What nock's recorder prints without `output_objects`: a script."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Raise ValueError where it is one."""
        if isinstance(source, str) and _SCRIPT.search(source[:65_536]):
            raise ValueError(
                "nock's recording as a script: record with output_objects: true, and save what"
                " nock.recorder.play() returns as JSON"
            )
        return None


@recorder("charles-own", title="", reads="bytes", begins=rb"\xac\xed\x00\x05")
class CharlesOwn(_NotRead):
    """Charles' own sessions (`.chls`), which are Java's serialisation."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Raise ValueError where it is one."""
        if isinstance(source, bytes) and source.startswith(b"\xac\xed\x00\x05"):
            raise ValueError(
                "Charles' own session: export it as HAR (File > Export Session > HTTP Archive)"
            )
        return None
