"""Keys and personal data never leave: wherever they occur in what is recorded, a name stands.

Known keys are found in every spelling that a reply may echo (`sensitive.views`), foreign ones, mail
addresses, accounts, cookies and signatures by their shape or their field's name. In place of what
is cut out of an address stands a tag, the same for the same value in one process: two addresses
that differ only there still do. It is a digest under a key that is drawn for each `Redactor` and
never written, so it tells nothing of the value, however short that is. What each tag stands for is
kept in memory, so that this process can still fetch the address.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from harness.core.errors import UsageError
from harness.core.exchange import Event, Exchange, Failure, Part, Reply, Request
from harness.core.jsonvalue import Json
from harness.sensitive.addresses import PLACEHOLDER
from harness.sensitive.headers import kept_headers
from harness.sensitive.keys import SHORTEST, Secret, key_spellings, secret_of
from harness.sensitive.personal import (
    field_label,
    is_nothing_but_placeholder,
    is_personal,
)
from harness.sensitive.search import PARAMETER, Search
from harness.sensitive.split import without_split

__all__ = ["SHORTEST", "Redactor", "key_spellings", "sendable"]

REMEMBERED_AT_MOST = 20_000
REMEMBERED_LETTERS = 8_192
"""How many values of addresses are kept in memory, the latest, and how long one may be."""

SPARED_AT_MOST = 10_000
SPARED_LETTERS = 128
"""How many texts without secrets are remembered, and how long they may be: 2 MB in all."""

_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,16000}", re.IGNORECASE)
_TAG_LETTERS = 8
_REFUSED = 300

Clean = Callable[[str], str]


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
        self._cleaning = replace(self.search, examples=True)
        self._values: dict[str, str] = {}
        self._clean: set[str] = set()
        self._salt = secrets.token_bytes(16)  # so that a tag tells nothing of what it stands for

    def known(self, text: str) -> str:
        """Return the text without keys and personal data; an address in it can be `real` again."""
        if text in self._clean:
            return text
        found = self._cleaning.find(text)
        if not found:
            self._spare(text)
            return text
        addresses = [match.span() for match in _ADDRESS.finditer(text)]
        parts: list[str] = []
        at = 0
        for start, end, name in found:
            inside = any(first <= start and end <= last for first, last in addresses)
            parts += text[at:start], self._label(name, text[start:end], in_address=inside)
            at = end
        return "".join((*parts, text[at:]))

    def real(self, address: str) -> str:
        """Return the address that was received, of one that is recorded without its signature."""
        return _TAG.sub(lambda tag: self._values.get(tag[0], tag[0]), address)

    def values(self, exchange: Exchange) -> dict[str, str]:
        """Return what the tags in an exchange's reply stand for: as secret as what was cut out."""
        answer = exchange.answer
        reply = answer.partial if isinstance(answer, Failure) else answer
        if not self._values or reply is None or reply.status >= _REFUSED:
            return {}
        texts = json.dumps([reply.document, reply.text, [event.data for event in reply.events]])
        tags = dict.fromkeys(_TAG.findall(texts))
        return {tag: self._values[tag] for tag in tags if tag in self._values}

    def restore(self, values: Mapping[str, str]) -> None:
        """Take what the tags of an earlier process stand for."""
        self._values |= values

    def redacted(self, address: str) -> bool:
        """Tell whether an address has a key's name in it, and so leads nowhere."""
        return any(secret.name in address for secret in self._secrets)

    def lost(self, address: str) -> bool:
        """Tell whether an address was recorded without its signature, by an earlier process."""
        return any(tag not in self._values for tag in _TAG.findall(address))

    def reply(self, reply: Reply, *, cleaned: bool = True) -> Reply:
        """Return a reply without secrets in named fields, in split texts or in other headers.

        Its texts were `cleaned` one by one already, or are so now.
        """
        clean: Clean = str if cleaned else self.known
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
                mark: replace(
                    picture,
                    why=self.known(picture.why),
                    encoding=self.known(picture.encoding),
                    media_type=self.known(picture.media_type),
                )
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
        content = part.value
        if content is not None:
            field = self._field(part.name, content, self._as_long, "")
            content = field if isinstance(field, str) else content
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
        return _fitted(clean, text)

    def _document(self, document: Json, clean: Clean, within: str = "") -> Json:
        match document:
            case str():
                return clean(document)
            case list():
                return self._list(document, clean, within)
            case dict():
                named = document.get("name")  # of a pair, as HAR writes them
                return {
                    clean(name): self._field(
                        named if name == "value" and isinstance(named, str) else name,
                        content,
                        clean,
                        within,
                    )
                    for name, content in document.items()
                }
            case _:
                return document

    def _field(self, name: str, content: Json, clean: Clean, within: str) -> Json:
        if not is_personal(name, content, within):
            return self._document(content, clean, name)
        label = f"<{field_label(name)}>"
        if not isinstance(content, str):
            return label
        cleaned = clean(content)
        if is_nothing_but_placeholder(cleaned):
            return cleaned
        return _fitted(label, content) if clean == self._as_long else label

    def _list(self, entries: list[Json], clean: Clean, within: str) -> Json:
        """Clean a list; one of bytes as numbers is a text, too."""
        if len(entries) >= SHORTEST and all(
            type(entry) is int and 0 <= entry < 256  # noqa: PLR2004 - a byte, and no boolean
            for entry in entries
        ):
            letters = bytes(int(str(entry)) for entry in entries).decode("latin-1")
            found = self.search.find(letters)
            return [found[0][2]] if found else entries
        return [self._document(entry, clean, within) for entry in entries]

    def _whole(self, document: Json) -> Json:
        return without_split(document, self.search) if self._secrets else document

    def _events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        if not self._secrets or not events:
            return tuple(events)
        whole: Json = [event.data for event in events]
        clean = self._whole(whole)
        datas = clean if isinstance(clean, list) else [event.data for event in events]
        return tuple(replace(event, data=data) for event, data in zip(events, datas, strict=True))

    def _label(self, name: str, secret: str, *, in_address: bool) -> str:
        if name.startswith("<"):
            return name
        if name != PARAMETER and not in_address:
            return f"<{name}>"
        digest = hmac.new(self._salt, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
        tag = f"{PLACEHOLDER}-{digest.hexdigest()[:_TAG_LETTERS]}"
        if len(secret) <= REMEMBERED_LETTERS:
            while len(self._values) >= REMEMBERED_AT_MOST:
                self._values.pop(next(iter(self._values)), None)
            self._values[tag] = secret
        return tag

    def _spare(self, text: str) -> None:
        """Remember that a short text holds nothing: names and words of replies come again."""
        if len(text) <= SPARED_LETTERS:
            if len(self._clean) >= SPARED_AT_MOST:
                self._clean.clear()
            self._clean.add(text)


_LITERAL = re.compile(r"([A-Za-z0-9_-]+)(\[.*)", re.DOTALL)


def _begun(shape: str) -> re.Pattern[str]:
    """Return the pattern of a key where one begins; letters it begins with are searched first."""
    before = "[A-Za-z0-9+/_=-]"
    if literal := _LITERAL.fullmatch(shape):
        return re.compile(rf"{literal[1]}(?<!{before}{literal[1]}){literal[2]}")
    return re.compile(rf"(?<!{before}){shape}")


_TAG = re.compile(rf"{PLACEHOLDER}-[0-9a-f]{{{_TAG_LETTERS}}}(?![0-9a-f])")


def _fitted(clean: str, text: str) -> str:
    return clean[: len(text)].ljust(len(text), "_")
