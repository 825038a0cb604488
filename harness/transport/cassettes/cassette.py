"""Cassettes: one provider's exchanges in vcrpy's file format, written and replayed by our own code.

Stock vcrpy loads every file (version 1, YAML); `harness.transport.cassettes.interaction` says
where things stand in it. Images lie beside the file, in `images/`, by their digest. vcrpy's own
recorder patches the process, keeps no failed call, saves only at its end and searches linearly; a
`Tape` has an index.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self, cast

import yaml
from vcr.serialize import serialize

from harness.core.errors import RecordingError, StoreError
from harness.core.exchange import Credential, Exchange, Failure, Part, Picture, Request, Times
from harness.core.jsonvalue import Json, canonical, digest
from harness.core.placeholders import without_run_word
from harness.core.plain import telling_headers
from harness.store.disk import write_whole
from harness.transport.bodies.images import ImageCollector, file_name
from harness.transport.cassettes.interaction import from_interaction, to_interaction
from harness.transport.fields import as_list, plain_object
from harness.transport.safe_yaml import load_yaml

CANDIDATES_AT_MOST = 300
"""Compared for one missing request; the hint may miss a better one in a longer tape."""

_NAMED_AT_MOST = 5
_SHOWN_AT_MOST = 60

Leaves = dict[str, str]
"""Every value of a body, by its path of keys joined by dots; values as canonical JSON."""


def _leaf_values(request: Request) -> Leaves:
    """Return what a request's body or form says, value by value."""
    leaves: Leaves = {f"header {name}": text for name, text in telling_headers(request)}
    if request.form is None:
        return {**leaves, **dict(_walked(request.body, ""))}
    for place, part in enumerate(request.form):
        name = part.name if part.name not in leaves else f"{part.name}#{place}"
        leaves[name] = _described(part)
    return leaves


def _most_similar(request: Request, candidates: Sequence[Exchange]) -> Exchange | None:
    """Return the candidate with the most values in common, the earliest of equals."""
    wanted = set(_leaf_values(request).items())
    few = candidates[:CANDIDATES_AT_MOST]
    return min(
        few,
        key=lambda exchange: len(wanted ^ set(_leaf_values(exchange.request).items())),
        default=None,
    )


def _close_target(request: Request, targets: Iterable[str]) -> str | None:
    """Return the recorded target that is spelt most like the requested one."""
    few = list(targets)[:CANDIDATES_AT_MOST]
    return next(iter(get_close_matches(request.target, few, n=1, cutoff=0.2)), None)


def _differences(*, recorded: Request, requested: Request) -> str:
    """Name the values that differ, with both sides shortened; empty when all are equal."""
    before, now = _leaf_values(recorded), _leaf_values(requested)
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    texts = [
        f"{name or 'body'}: recorded {_side(before.get(name))}, asked {_side(now.get(name))}"
        for name in names[:_NAMED_AT_MOST]
    ]
    if len(names) > _NAMED_AT_MOST:
        texts.append(f"and {len(names) - _NAMED_AT_MOST} more")
    return "; ".join(texts)


def _shortened(text: str) -> str:
    """Return `text` at a length that fits into a line."""
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}… ({len(text):,} long)"


def _side(value: str | None) -> str:
    return "nothing" if value is None else _shortened(value)


def _walked(content: Json, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(content, dict) and content:
        for key, entry in content.items():
            yield from _walked(entry, f"{path}.{key}" if path else key)
    elif isinstance(content, list) and content:
        for place, entry in enumerate(content):
            yield from _walked(entry, f"{path}[{place}]")
    elif path or content is not None:
        yield path, canonical(content)


def _described(part: Part) -> str:
    if part.value is not None:
        return canonical(part.value)
    return f"file {part.media_type}, {part.size_bytes} bytes, {part.width_px}x{part.height_px}"


FORMAT = 1
VCRPY_VERSION = 1
FILE_AT_MOST_BYTES = 512 * 1024 * 1024
IMAGES = "images"
RECORD_AGAIN = "harness run --against emulator --record"


def write_cassette(
    path: Path,
    exchanges: Sequence[Exchange],
    *,
    base_url: str,
    metadata: dict[str, Json],
    picture_bytes: Callable[[str], bytes],
) -> None:
    """Write a cassette whole or not at all; an older file stays until the new one is complete.

    `picture_bytes` takes an image's file name (`<sha256>.<format>`) and returns its bytes; images
    come first, so that a cassette never names one that is not there. Cookies, credentials and
    hop-by-hop headers are left out. Raises StoreError when the folder cannot be written, or when
    `picture_bytes` returns other bytes than the digest promises.
    """
    pairs = [to_interaction(exchange, base_url=base_url) for exchange in exchanges]
    content = {"requests": [pair[0] for pair in pairs], "responses": [pair[1] for pair in pairs]}
    try:
        text = serialize(content, _Yaml({**metadata, "format": FORMAT, "base_url": base_url}))
        raw = text.encode("utf-8")
        for picture in _pictures(exchanges):
            _write_picture(path.parent / IMAGES, picture, picture_bytes)
        _replace(path, raw)
    except UnicodeEncodeError as error:
        raise StoreError(f"{path}: a text cannot be written as UTF-8: {error.reason}") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error


class NotOnTape(RecordingError):  # noqa: N818 - a state that ends a replay, named as users read it
    """A request that was not recorded, or is sent more often than it was recorded."""

    def __init__(self, request: Request, nearest: Exchange | None, why: str, *, hint: str) -> None:
        super().__init__(
            f"{request.method} {_shortened(request.target)} is not on the tape: {why}",
            hint=hint,
        )
        self.request = request
        self.nearest = nearest
        self.why = why


class Tape:
    """A cassette in memory, replayed in any order; each recorded exchange is handed out once."""

    def __init__(
        self, exchanges: Sequence[Exchange], *, metadata: dict[str, Json], name: str = "tape"
    ) -> None:
        self.exchanges = tuple(exchanges)
        self.metadata = metadata
        self._name = name
        self._places: defaultdict[Key, list[int]] = defaultdict(list)
        self._by_target: defaultdict[tuple[str, str], list[Exchange]] = defaultdict(list)
        self._taken: Counter[Key] = Counter()
        for place, exchange in enumerate(self.exchanges):
            self._places[_key(exchange.request)].append(place)
            self._by_target[exchange.request.method, exchange.request.target].append(exchange)

    @classmethod
    def load(cls, path: Path, *, pictures: ImageCollector | None = None) -> Self:
        """Read a cassette; check its digest and that of every image file beside it.

        With `pictures`, every image is decoded again and kept there. Raises RecordingError with
        one line for anything that is not a whole, unaltered cassette.
        """
        try:
            exchanges, metadata = _read(path)
            for picture in _pictures(exchanges):
                raw = _picture_raw(path.parent / IMAGES, picture)
                if pictures is not None:
                    pictures.from_bytes(raw)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise _unusable(path, f"cannot be read: {why}") from error
        except RecursionError as error:
            raise _unusable(path, "is nested too deeply") from error
        except ValueError as error:
            raise _unusable(path, str(error)) from error
        return cls(exchanges, metadata=metadata, name=str(path))

    @property
    def base_url(self) -> str:
        """The address that paths were joined to when this was recorded."""
        return str(self.metadata.get("base_url", ""))

    def take(self, request: Request) -> Exchange:
        """Return the next exchange recorded for this method, target, body (or form) and key.

        Equal requests are answered in the order of recording. The timeout does not matter, and
        neither do an idempotency key and the headers that every request has. Raises NotOnTape.
        """
        key = _key(request)
        places = self._places.get(key, [])
        taken = self._taken[key]
        if taken >= len(places):
            raise self._missing(request, places)
        self._taken[key] += 1
        return self.exchanges[places[taken]]

    def left(self) -> tuple[Exchange, ...]:
        """Return the exchanges that were not replayed, in the order of recording."""
        places = [place for key, all_ in self._places.items() for place in all_[self._taken[key] :]]
        return tuple(self.exchanges[place] for place in sorted(places))

    def _missing(self, request: Request, places: list[int]) -> NotOnTape:
        same = [self.exchanges[place] for place in places]
        beside = self._by_target.get((request.method, request.target), [])
        near = same[-1] if same else _most_similar(request, beside)
        provider = self.metadata.get("provider")
        again = f"{RECORD_AGAIN} --provider {provider}" if provider else RECORD_AGAIN
        if same:
            times = "once" if len(same) == 1 else f"{len(same)} times"
            why = f"{self._name} holds it {times}, and it was asked for once more"
        elif near is not None:
            differences = _differences(recorded=near.request, requested=request)
            why = f"the nearest in {self._name} differs in {differences}"
        else:
            why = f"{self._name} holds no {request.method} to this target"
            if close := _close_target(request, Counter(target for _, target in self._by_target)):
                why += f"; the most similar one is {_shortened(close)}"
        return NotOnTape(request, near, why, hint=f"to record it: {again}")


Key = tuple[str, str, str, object, Credential, tuple[tuple[str, str], ...]]


def _key(request: Request) -> Key:
    body, form = canonical(without_run_word(request.body)), request.form
    if form is not None:
        form = tuple(replace(part, value=_worded(part.value)) for part in form)
    beside = telling_headers(request)
    return request.method, request.target, body, form, request.credential, beside


def _worded(value: str | None) -> str | None:
    found = without_run_word(value)
    return found if isinstance(found, str) else None


class _Yaml:
    """A serializer as `vcr.serialize` takes them: only plain data, in the order given."""

    def __init__(self, metadata: dict[str, Json]) -> None:
        self._metadata = metadata

    def serialize(self, data: dict[str, Any]) -> str:
        metadata = {**self._metadata, "interactions_sha256": digest(data["interactions"])}
        text: str = yaml.dump(
            {**data, "metadata": metadata},
            Dumper=yaml.CSafeDumper,
            sort_keys=False,  # headers keep their order
            allow_unicode=True,
            width=1_000_000,  # a body is one line, so that a search finds its words
        )
        return text


def _read(path: Path) -> tuple[list[Exchange], dict[str, Json]]:
    if path.stat().st_size > FILE_AT_MOST_BYTES:
        raise ValueError(f"is larger than {FILE_AT_MOST_BYTES:,} bytes")
    document = load_yaml(path.read_bytes().decode("utf-8"))
    if not isinstance(document, dict) or "interactions" not in document:
        raise ValueError("is no cassette, or its end is missing")
    version, metadata = document.get("version"), document.get("metadata")
    if version != VCRPY_VERSION:
        raise ValueError(f"has cassette version {version!r}, not {VCRPY_VERSION}")
    if not isinstance(metadata, dict) or "interactions_sha256" not in metadata:
        raise ValueError("was not written by harness, or its end is missing")
    if metadata.get("format") != FORMAT:
        raise ValueError(f"has format {metadata.get('format')!r}, not {FORMAT}")
    interactions = as_list(document["interactions"], "interactions")
    if _digest(interactions) != metadata["interactions_sha256"]:
        raise ValueError("was altered after it was recorded: its digest differs")
    exchanges = [from_interaction(interaction) for interaction in interactions]
    return exchanges, {key: plain_object(value) for key, value in metadata.items()}


def _digest(interactions: list[object]) -> str:
    try:
        return digest(cast("Json", interactions))
    except TypeError:
        raise ValueError("holds values that no cassette holds") from None


def _unusable(path: Path, why: str) -> RecordingError:
    line = " ".join(why.split())
    return RecordingError(f"{path}: {line[:300]}", hint=f"record it again: {RECORD_AGAIN}")


def _pictures(exchanges: Sequence[Exchange]) -> Iterable[Picture]:
    """Return every image of the exchanges that has a file, once."""
    answers = [exchange.answer for exchange in exchanges]
    replies = [answer.partial if isinstance(answer, Failure) else answer for answer in answers]
    pictures = [picture for reply in replies if reply for picture in reply.pictures.values()]
    return {
        file_name(pic): pic for pic in pictures if pic.state != "absent" and not pic.withheld
    }.values()


def _write_picture(folder: Path, picture: Picture, load: Callable[[str], bytes]) -> None:
    try:
        place = _place(folder, picture)
    except ValueError as error:
        raise StoreError(str(error)) from None
    if place.is_file() and _sha256(place.read_bytes()) == picture.digest:
        return
    raw = load(place.name)
    if _sha256(raw) != picture.digest:
        raise StoreError(f"the image {place.name} holds other bytes than were recorded")
    _replace(place, raw)


def _place(folder: Path, picture: Picture) -> Path:
    """Return where an image lies; ValueError for one whose name leads elsewhere."""
    name = file_name(picture)
    if Path(name).name != name:
        raise ValueError(f"its image {name!r} is no name of a file")
    return folder / name


def _picture_raw(folder: Path, picture: Picture) -> bytes:
    place = _place(folder, picture)
    if not place.is_file():
        raise ValueError(f"its image {IMAGES}/{place.name} is missing")
    raw = place.read_bytes()
    if _sha256(raw) != picture.digest:
        raise ValueError(f"its image {IMAGES}/{place.name} was altered: its digest differs")
    return raw


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _replace(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, raw)


@dataclass(slots=True)
class Replay:
    """Answers from a tape; what is not on it is a `Failure(not_on_tape)`, never a guess."""

    tape: Tape

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Return the recorded round trip, with the times of its recording."""
        try:
            return self.tape.take(request)
        except NotOnTape as error:
            failure = Failure(kind="not_on_tape", why=str(error), sent=False)
            nowhen = Times(due_s=due_s, sent_s=0.0, end_s=0.0)
            return Exchange(request=request, answer=failure, times=nowhen)

    async def pause(self, seconds: float) -> None:
        """Let no time pass: the waiting was done when this was recorded."""

    async def aclose(self) -> None:
        """Nothing is open."""
