"""Keys and personal data never leave: wherever they occur in what is recorded, a name stands.

Known keys are found in every spelling that a reply may echo (`sensitive.views`), foreign ones, mail
addresses, accounts, cookies and signatures by their shape or their field's name. An address whose
signature was cut out is remembered in memory, so that this process can still fetch it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from harness.core.errors import UsageError
from harness.core.exchange import Event, Exchange, Failure, Part, Reply, Request
from harness.core.jsonvalue import Json
from harness.sensitive.addresses import PLACEHOLDER
from harness.sensitive.headers import kept_headers
from harness.sensitive.keys import SHORTEST, Secret, key_spellings, secret_of
from harness.sensitive.search import PARAMETER, Search
from harness.sensitive.shapes import (
    SHORTEST_FIELD,
    is_personal_field,
    is_placeholder,
)
from harness.sensitive.split import without_split

__all__ = ["SHORTEST", "Redactor", "key_spellings", "sendable"]

REMEMBERED_AT_MOST = 20_000
"""Addresses whose real form is kept in memory; the oldest are forgotten."""

SPARED_AT_MOST = 10_000
SPARED_LETTERS = 128
"""How many texts without secrets are remembered, and how long they may be: 2 MB in all."""

_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,8000}", re.IGNORECASE)
_TAG_LETTERS = 8


def sendable(env: str, key: str) -> str:
    """Return the key; UsageError where no HTTP header can carry it (RFC 9110, section 5.5)."""
    for place, character in enumerate(key, 1):
        if not (character.isascii() and character.isprintable()):
            raise UsageError(
                f"{env}: character {place} of the key cannot be sent in an HTTP header",
                hint="only printable ASCII can; was it pasted whole, and nothing else?",
            )
    return key


class Redactor:
    """Replaces known key values, in every spelling that a reply may echo, and key-like texts."""

    def __init__(self, keys: dict[str, str], shapes: tuple[str, ...] = ()) -> None:
        longest_first = sorted(keys.items(), key=lambda pair: -len(pair[1]))
        self._secrets: tuple[Secret, ...] = tuple(
            secret_of(f"<{name}>", key) for name, key in longest_first if len(key) >= SHORTEST
        )
        self.search = Search(
            secrets=self._secrets,
            shapes=tuple(map(_begun, shapes)),
        )
        self._real: dict[str, str] = {}
        self._clean: set[str] = set()
        self._salt = secrets.token_bytes(16)  # so that a tag tells nothing of what it stands for

    def known(self, text: str) -> str:
        """Return the text without keys and personal data; a whole address can be `real` again."""
        if text in self._clean:
            return text
        found = self.search.find(text)
        if not found:
            self._spare(text)
            return text
        parts: list[str] = []
        at = 0
        for start, end, name in found:
            parts += text[at:start], self._label(name, text[start:end])
            at = end
        clean = "".join((*parts, text[at:]))
        if _ADDRESS.fullmatch(text) and not self.redacted(clean):
            self._remember(clean, text)
        return clean

    def real(self, address: str) -> str:
        """Return the address that was received, of one that is recorded without its signature."""
        return self._real.get(address, address)

    def redacted(self, address: str) -> bool:
        """Tell whether an address has a key's name in it, and so leads nowhere."""
        return any(secret.name in address for secret in self._secrets)

    def lost(self, address: str) -> bool:
        """Tell whether an address was recorded without its signature, by an earlier process."""
        return address not in self._real and bool(_CUT.search(address))

    def reply(self, reply: Reply, *, cleaned: bool = True) -> Reply:
        """Return a reply without secrets in named fields, in split texts or in other headers.

        Its texts were `cleaned` one by one already, or are so now.
        """
        clean: Callable[[str], str] = str if cleaned else self.known
        events = tuple(
            replace(event, name=clean(event.name), data=self._document(event.data, clean))
            for event in reply.events
        )
        return replace(
            reply,
            headers=tuple(
                (self.known(name), self.known(content))
                for name, content in kept_headers(reply.headers)
            ),
            document=self._whole(self._document(reply.document, clean)),
            text=None if reply.text is None else clean(reply.text),
            pictures={
                mark: replace(picture, why=self.known(picture.why)) if picture.why else picture
                for mark, picture in reply.pictures.items()
            },
            events=self._events(events),
        )

    def request(self, request: Request, *, headers: Collection[str] = ()) -> Request:
        """Return somebody's request without secrets; its texts stay as long as they were.

        A prompt that lost letters could be shorter than a rule allows, or no longer too long.
        `headers` are kept beside those that always are; their values are cleaned, too.
        """
        return replace(
            request,
            target=self.known(request.target),
            headers=tuple(
                (name, self.known(content))
                for name, content in kept_headers(request.headers, also=headers)
            ),
            body=self._document(request.body, self._as_long),
            form=request.form and tuple(self._part(part) for part in request.form),
        )

    def exchange(
        self, exchange: Exchange, *, cleaned: bool = True, headers: Collection[str] = ()
    ) -> Exchange:
        """Return a round trip without secrets; see `request` for its `headers`."""
        answer = exchange.answer
        if isinstance(answer, Failure):
            partial = answer.partial and self.reply(answer.partial, cleaned=cleaned)
            answer = replace(answer, why=self.known(answer.why), partial=partial)
        else:
            answer = self.reply(answer, cleaned=cleaned)
        request = self.request(exchange.request, headers=headers)
        return replace(exchange, request=request, answer=answer)

    def _part(self, part: Part) -> Part:
        secret = is_personal_field(part.name)
        content = part.value if part.value is None else self._as_long(part.value)
        if secret and content is not None and not is_placeholder(content):
            content = _field_label(part.name)
        return replace(
            part,
            name=self.known(part.name),
            value=content,
            filename=part.filename and self.known(part.filename),
        )

    def _as_long(self, text: str) -> str:
        clean = self.known(text)
        if clean == text or _ADDRESS.match(text):
            return clean
        return clean[: len(text)].ljust(len(text), "_")

    def _document(self, document: Json, clean: Callable[[str], str]) -> Json:
        match document:
            case str():
                return clean(document)
            case list():
                return self._list(document, clean)
            case dict():
                return {
                    clean(name): self._field(name, content, clean)
                    for name, content in document.items()
                }
            case _:
                return document

    def _field(self, name: str, content: Json, clean: Callable[[str], str]) -> Json:
        if is_personal_field(name):
            if isinstance(content, str) and len(content) >= SHORTEST_FIELD:
                cleaned = clean(content)
                return cleaned if is_placeholder(cleaned) else _field_label(name)
            if isinstance(content, int) and not isinstance(content, bool) and content > _COUNT:
                return _field_label(name)
        return self._document(content, clean)

    def _list(self, entries: list[Json], clean: Callable[[str], str]) -> Json:
        """Clean a list; one of bytes as numbers is a text, too."""
        if len(entries) >= SHORTEST and all(
            type(entry) is int and 0 <= entry < 256  # noqa: PLR2004 - a byte, and no boolean
            for entry in entries
        ):
            letters = bytes(int(str(entry)) for entry in entries).decode("latin-1")
            found = self.search.find(letters)
            return [found[0][2]] if found else entries
        return [self._document(entry, clean) for entry in entries]

    def _whole(self, document: Json) -> Json:
        return without_split(document, self.search) if self._secrets else document

    def _events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        if not self._secrets or not events:
            return tuple(events)
        whole: Json = [event.data for event in events]
        clean = self._whole(whole)
        datas = clean if isinstance(clean, list) else [event.data for event in events]
        return tuple(replace(event, data=data) for event, data in zip(events, datas, strict=True))

    def _label(self, name: str, secret: str) -> str:
        if name == PARAMETER:
            tag = hmac.new(self._salt, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
            return f"{PLACEHOLDER}-{tag.hexdigest()[:_TAG_LETTERS]}"
        return name if name.startswith("<") else f"<{name}>"

    def _spare(self, text: str) -> None:
        """Remember that a short text holds nothing: names and words of replies come again."""
        if len(text) <= SPARED_LETTERS:
            if len(self._clean) >= SPARED_AT_MOST:
                self._clean.clear()
            self._clean.add(text)

    def _remember(self, clean: str, address: str) -> None:
        while len(self._real) >= REMEMBERED_AT_MOST:
            self._real.pop(next(iter(self._real)), None)
        self._real[clean] = address


_LITERAL = re.compile(r"([A-Za-z0-9_-]+)(\[.*)", re.DOTALL)


def _begun(shape: str) -> re.Pattern[str]:
    """Return the pattern of a key where one begins; letters it begins with are searched first."""
    before = "[A-Za-z0-9+/_=-]"
    if literal := _LITERAL.fullmatch(shape):
        return re.compile(rf"{literal[1]}(?<!{before}{literal[1]}){literal[2]}")
    return re.compile(rf"(?<!{before}){shape}")


_CUT = re.compile(rf"[?&#;][^\s=]+={PLACEHOLDER}-[0-9a-f]{{{_TAG_LETTERS}}}(?![0-9a-f])")
_COUNT = 99_999
"""A number up to this counts something; a larger one in such a field is an account's."""


def _field_label(name: str) -> str:
    return f"<{name.lower().replace('_', '-')}>"
