"""Placeholders (`harness.core.placeholders`) become real addresses on the way out, and back."""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote

from harness.core.errors import UsageError
from harness.core.exchange import Part, Request
from harness.core.jsonvalue import texts, with_texts
from harness.core.placeholders import ASSETS, BASE64, THIS_RUN, WEBHOOKS
from harness.core.recipe import parse_recipe
from harness.reference_images import reference_bytes
from harness.transport.redaction import key_spellings

RUN_WORD_AT_LEAST = 12
"""A shorter word of this run may occur in a reply by chance, and is not replaced."""


_KEY = re.compile(rf"{THIS_RUN}-\S+")
"""An idempotency key, as plans hold it."""

_HEAD = re.compile(r"(data:[\w.+/-]+;base64,)?", re.ASCII)
"""What may stand before an image in a text."""


def has_images(request: Request) -> bool:
    """Tell whether images stand in a request's body."""
    return any(BASE64 in text for text in texts(request.body))


class PlaceholderMap:
    """The placeholder of each address, for one provider in one run; both addresses end with `/`.

    `hidden` holds more texts that must not be recorded, each with its placeholder.
    """

    def __init__(
        self,
        *,
        assets: str | None = None,
        webhooks: str | None = None,
        run_word: str | None = None,
        hidden: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._assets = assets
        self._webhooks = webhooks
        self._run_word = run_word
        pairs = [*hidden]
        pairs += [(assets, ASSETS)] if assets else []
        pairs += [(webhooks, WEBHOOKS)] if webhooks else []
        if run_word and len(run_word) >= RUN_WORD_AT_LEAST:
            pairs.append((run_word, THIS_RUN))
        pairs.sort(key=lambda pair: -len(pair[0]))
        self._placeholders = tuple(placeholder for _, placeholder in pairs)
        self._hints = tuple(_hint(text) for text, _ in pairs)
        self._pattern = re.compile("|".join(_group(text) for text, _ in pairs), re.IGNORECASE)

    def real(self, request: Request) -> Request:
        """Return the request as it leaves; UsageError where a placeholder has no address.

        A placeholder is replaced at the start of the target and of every text in body and form, and
        in the values of a query. Images are drawn, which takes its time (`has_images`).
        """
        return replace(
            request,
            target=self._query(self._text(request.target)),
            headers=tuple((name, self._header(value)) for name, value in request.headers),
            body=with_texts(request.body, self._text),
            form=None if request.form is None else tuple(self._part(part) for part in request.form),
        )

    def restored(self, text: str) -> str:
        """Return a text of a reply with placeholders instead of this run's addresses."""
        low = text.lower()
        if not any(hint in low for hint in self._hints):
            return text
        names = self._placeholders
        return self._pattern.sub(lambda match: names[(match.lastindex or 1) - 1], text)

    def _part(self, part: Part) -> Part:
        return part if part.value is None else replace(part, value=self._text(part.value))

    def _text(self, text: str) -> str:
        if text.startswith(ASSETS):
            return _address(self._assets, "reference images", "--assets-url") + text[len(ASSETS) :]
        if text.startswith(WEBHOOKS):
            return _address(self._webhooks, "webhooks", "--webhook-url") + text[len(WEBHOOKS) :]
        if _KEY.fullmatch(text):
            return self._header(text)
        head, found, name = text.rpartition(BASE64)
        return head + _base64(name) if found and _HEAD.fullmatch(head) else text

    def _query(self, target: str) -> str:
        for start in (ASSETS, WEBHOOKS):
            known = quote(start, safe="")
            if f"={known}" in target:
                target = target.replace(f"={known}", f"={quote(self._text(start), safe='')}")
        return target

    def _header(self, value: str) -> str:
        if THIS_RUN not in value:
            return value
        if not self._run_word:
            raise UsageError("a header asks for a word of this run's own, and there is none")
        return value.replace(THIS_RUN, self._run_word)


def _base64(name: str) -> str:
    if parse_recipe(name) is None:
        raise UsageError(f"nobody kept the bytes of this image: {name[:80]}")
    try:
        return b64encode(reference_bytes(name)).decode("ascii")
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def _address(address: str | None, what: str, option: str) -> str:
    if address is None:
        raise UsageError(f"no address for {what} is known", hint=f"give one with {option}")
    return address


def _hint(text: str) -> str:
    """Return a piece that no quoting changes, in lower case."""
    return max(re.split(r"[^A-Za-z0-9]", text), key=len).lower()


def _group(text: str) -> str:
    # A port ends where its digits end: 127.0.0.1:870 is not the start of 127.0.0.1:8701.
    return f"({key_spellings(text)}{'(?![0-9])' if text[-1].isdigit() else ''})"
