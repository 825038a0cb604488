"""Weak signs on a provider's images, each with how often it is wrong: reasons to look, no verdicts.

Every sentence begins with "suspicion", every method names its false positives, measured on natives
(`tests/benchmarks/suspicions.md`). One whose upper bound lies above 1 % is not shown by default.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import itemgetter
from random import Random
from typing import Final

from harness.core.digests import digest64
from harness.core.exchange import Picture
from harness.core.inspection import Inspection, Signs
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.provider import Operation, Provider
from harness.stats.suspicions.false_positives import SHOWN_UP_TO, false_positives
from harness.stats.suspicions.model import Suspicion
from harness.stats.suspicions.signals import (
    ENLARGED_FROM,
    FAR_APART,
    HASH_BITS,
    NEAR_AT_MOST_BITS,
    Fineness,
    differs,
    fineness,
    near_pairs,
)
from harness.stats.suspicions.unknown_model import asks_for_unknown_model, unknown_model_served

_MAKERS_LAYOUTS: Final = ("IHDR caBX IDAT IEND", "IHDR IDAT IEND")
"""The chunks of gpt-image's own PNGs (5 of 5 real ones), and the same without the manifest."""

_STAND_IN_EDGE_PX: Final = 64
"""Recorders put the same tiny image in place of all that they leave out."""

_REFERENCES: Final = ("image", "mask", "images", "image_urls")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """One image that came, with what was asked. `asking` tells its reply from others.

    `prompt` is a digest: a prompt may be as long as a page, and only tells two questions apart.
    """

    provider: str
    operation: str
    case: str
    asking: int
    prompt: int | None
    references: frozenset[str]
    compression: int | None
    picture: Picture
    signs: Signs
    emulated: bool

    @property
    def digest(self) -> str:
        return self.picture.digest

    def is_another_question(self, other: "_Drawn") -> bool:
        """Tell whether two images were to differ: within one reply, or for other prompts."""
        if self.provider == other.provider and self.asking == other.asking:
            return True
        return self.prompt is not None and other.prompt is not None and self.prompt != other.prompt


def suspicions(
    records: Iterable[Record],
    providers: Mapping[str, Provider],
    inspections: Mapping[str, Inspection],
) -> tuple[Suspicion, ...]:
    """Return what is suspicious of each provider's images, provider by provider.

    `inspections` are by digest; of an image without one, only its bytes are compared. What the
    emulator draws flat is the same for each prompt, as it says itself: that is no suspicion.
    """
    samples = {name: _Sample() for name in providers}
    unknown: dict[str, list[Record]] = defaultdict(list)
    for number, record in enumerate(records):
        provider = providers.get(record.shot.case.provider)
        if provider is None:
            continue
        if asks_for_unknown_model(record) and len(unknown[provider.name]) < MOST_ASKED:
            unknown[provider.name].append(record)
        for one in _drawn(number, record, provider, inspections):
            samples[provider.name].add(one)
    drawn = [one for sample in samples.values() for one in sample.images]
    found: list[Suspicion] = []
    for name, provider in providers.items():
        own = samples[name].images
        before = len(found)
        found += _of_copies(name, own, drawn)
        found += _of_pixels(name, own)
        found += _of_compression(provider, own)
        if provider.model is not None and provider.model.signed is not None:
            found += _of_layout(name, own)
        found[before:] = [samples[name].told(each) for each in found[before:]]
        found += unknown_model_served(name, unknown[name])
    return tuple(found)


MOST_IMAGES = 20_000
"""Of up to so many images of a provider, each is looked at; of more, a uniform sample of so many,
drawn without replacement with a fixed seed."""

MOST_PAIRS = 4_000_000
"""How many pairs of images that look the same are compared: where one image came again and again,
there are as many as its square."""

MOST_ASKED = 1_000
"""How many requests for a model that does not exist are looked at, the first ones."""


class _Sample:
    """The images of one provider that are looked at (J. Vitter's algorithm R, 1985)."""

    def __init__(self) -> None:
        self._images: list[tuple[int, _Drawn]] = []
        self._seen = 0
        self._random = Random(20)

    def add(self, one: _Drawn) -> None:
        """Take an image into the sample, or not."""
        at, self._seen = self._seen, self._seen + 1
        if len(self._images) < MOST_IMAGES:
            self._images.append((at, one))
        elif (place := self._random.randrange(self._seen)) < MOST_IMAGES:
            self._images[place] = at, one

    @property
    def images(self) -> list[_Drawn]:
        """The images that are looked at, in the order in which they came."""
        return [one for _, one in sorted(self._images, key=itemgetter(0))]

    def told(self, suspicion: Suspicion) -> Suspicion:
        """Return a suspicion that says of how many images the sample is, where it is one."""
        if self._seen <= MOST_IMAGES:
            return suspicion
        sample = f"; a uniform sample of {MOST_IMAGES:,} of {self._seen:,} images"
        return replace(suspicion, method=suspicion.method + sample)


def suspicions_of_files(files: Mapping[str, tuple[Picture, Inspection]]) -> tuple[Suspicion, ...]:
    """Return what is suspicious of image files by their names, each taken for another question.

    Their `provider` is empty, and their `cases` are the files' names.
    """
    drawn = [
        _Drawn(
            provider="",
            operation="",
            case=name,
            asking=number,
            prompt=digest64(name),
            references=frozenset(),
            compression=None,
            picture=picture,
            signs=inspection.signs or Signs(),
            emulated=False,
        )
        for number, (name, (picture, inspection)) in enumerate(files.items())
        if picture.state == "decoded"
    ]
    return (*_of_copies("", drawn, drawn), *_of_pixels("", drawn), *_of_layout("", drawn))


def _drawn(
    number: int, record: Record, provider: Provider, inspections: Mapping[str, Inspection]
) -> Iterator[_Drawn]:
    outcome, case = record.outcome, record.shot.case
    if not isinstance(outcome, Images):
        return
    prompt, compression = (case.arguments.get(name) for name in ("prompt", "output_compression"))
    whole = isinstance(compression, int) and not isinstance(compression, bool)
    for picture in outcome.pictures:
        inspection = inspections.get(picture.digest)
        if picture.state != "decoded" or _stands_in(record, picture):
            continue
        yield _Drawn(
            provider=provider.name,
            operation=case.operation,
            case=case.id,
            asking=number,
            prompt=digest64(prompt) if isinstance(prompt, str) else None,
            references=_references(record, provider),
            compression=compression if whole else None,  # type: ignore[arg-type]  # an int, then
            picture=picture,
            signs=(inspection.signs if inspection else None) or Signs(),
            emulated=record.evidence.emulated,
        )


def _stands_in(record: Record, picture: Picture) -> bool:
    """Tell whether a recorder may have put the image there."""
    edges = (picture.width_px or 0, picture.height_px or 0)
    return record.evidence.kind == "recorded" and max(edges) < _STAND_IN_EDGE_PX


def _references(record: Record, provider: Provider) -> frozenset[str]:
    """Return the images that a request shows: what it draws may look like them."""
    case = record.shot.case
    arguments = provider.operation(case.operation).arguments
    shown: list[Json] = [
        value
        for name, value in case.arguments.items()
        if name in _REFERENCES
        or ((argument := arguments.get(name)) and argument.type in ("images", "file"))
    ]
    entries = (
        entry for value in shown for entry in (value if isinstance(value, list) else [value])
    )
    files = (part.digest for part in record.shot.request.form or () if part.digest)
    return frozenset((*map(canonical, entries), *files))


# ---------------------------------------------------------------------------------------- copies


def _of_copies(
    provider: str, own: Sequence[_Drawn], everyone: Sequence[_Drawn]
) -> Iterator[Suspicion]:
    """Yield what is identical, and what is nearly so."""
    by_digest: dict[str, _Copies] = defaultdict(_Copies)
    for one in everyone:
        by_digest[one.digest].add(one)
    # What files that somebody has were to be, nobody said.
    another = "another that was to be drawn by itself" if provider else "another of these files"
    what = ": a cache, a stand-in, or copies counted as images" if provider else ""
    same = [one for one in own if by_digest[one.digest].has_another(one)]
    if same:
        elsewhere = {name for one in same for name in by_digest[one.digest].providers} - {provider}
        also = f" ({', '.join(sorted(elsewhere))} sent some of them, too)" if elsewhere else ""
        yield _suspicion(
            provider,
            "identical_images",
            "SHA-256 of the files: the same bytes for different prompts, within one reply, or from"
            " two providers",
            f"{len(same)} of {len(own)} images are byte for byte the same as {another}{also}{what}",
            same,
            of=len(own),
        )
    hashed = {at: one.signs.perceptual_hash for at, one in enumerate(own)}
    hashed = {at: text for at, text in hashed.items() if text}
    images = list(
        {
            id(one): one
            for a, b in islice(near_pairs(hashed), MOST_PAIRS)
            if _should_look_different(own[a], own[b])
            for one in (own[a], own[b])
        }.values()
    )
    if images:
        yield _suspicion(
            provider,
            "near_identical_images",
            f"perceptual hash (ImageHash's phash, {HASH_BITS} bits) of pictures for different"
            f" prompts or within one reply, at most {NEAR_AT_MOST_BITS} bits apart; edits of the"
            " same reference image are left out",
            f"{len(images)} of {len(hashed)} images look the same as {another}, in other bytes:"
            " one picture, encoded or cropped again",
            images,
            of=len(hashed),
        )


class _Copies:
    """All images of the same bytes, by what makes one of them another's copy."""

    def __init__(self) -> None:
        self._replies: Counter[tuple[str, int]] = Counter()
        self._prompts: dict[bool, dict[str, set[int | None]]] = {True: {}, False: {}}

    def add(self, one: _Drawn) -> None:
        """Add an image."""
        self._replies[one.provider, one.asking] += 1
        self._prompts[one.emulated].setdefault(one.provider, set()).add(one.prompt)

    @property
    def providers(self) -> set[str]:
        """Who sent them."""
        return {name for by_provider in self._prompts.values() for name in by_provider}

    def has_another(self, one: _Drawn) -> bool:
        """Tell whether the same bytes stand for another question, or come from another provider.

        What our own emulator drew flat, as it does unless told otherwise, is no copy of what it
        drew flat for another question.
        """
        if self._replies[one.provider, one.asking] > 1:
            return True
        flat = one.emulated and not one.signs.perceptual_hash
        return any(
            name != one.provider or (one.prompt is not None and prompts - {one.prompt, None})
            for emulated, by_provider in self._prompts.items()
            if not (flat and emulated)
            for name, prompts in by_provider.items()
        )


def _should_look_different(one: _Drawn, other: _Drawn) -> bool:
    return (
        one.digest != other.digest
        and one.is_another_question(other)
        and not one.references & other.references
    )


# -------------------------------------------------------------------------------- pixels and files


def _of_pixels(provider: str, own: Sequence[_Drawn]) -> Iterator[Suspicion]:
    """Yield what was enlarged."""
    judged = [one for one in own if one.signs.enlarged is not None]
    images = [one for one in judged if (one.signs.enlarged or 0) >= ENLARGED_FROM]
    if images:
        yield _suspicion(
            provider,
            "enlarged",
            "spectrum of the derivatives along rows and columns: a line where interpolation leaves"
            " one (Gallagher 2005; Mahdian and Saic 2008)",
            f"{len(images)} of {len(judged)} images bear the traces of an enlargement: drawn"
            " smaller than they were delivered",
            images,
            of=len(judged),
        )


def _of_layout(provider: str, own: Sequence[_Drawn]) -> Iterator[Suspicion]:
    """Yield the PNGs that another encoder wrote."""
    files = [one for one in own if one.picture.format == "png" and one.signs.layout]
    images = [
        one
        for one in files
        if one.signs.layout not in _MAKERS_LAYOUTS or one.signs.data_chunks != 1
    ]
    if images:
        yield _suspicion(
            provider,
            "reencoded",
            "chunks of the PNG beside those of the maker's own files (IHDR caBX IDAT IEND)",
            f"{len(images)} of {len(files)} PNGs are laid out as other software writes them;"
            " any delivery network does that",
            images,
            of=len(files),
        )


_Quantised = tuple[int, Fineness]
"""The output_compression that was asked for, and how finely the file is quantised."""

_Before = defaultdict[_Quantised, list[int]]


@dataclass(slots=True)
class _Pairs:
    """Counts the pairs of files whose compression is `far` apart, and those quantised `alike`."""

    far: int = 0
    alike: int = 0
    first: tuple[int, int] | None = None

    def add(
        self, at: int, how: _Quantised, before: _Before, told: Counter[_Quantised]
    ) -> Sequence[int]:
        """Count a file's pairs with those before; return the places of new ones to show."""
        others: list[int] = []
        found = 0
        for kind, places in before.items():
            if abs(how[0] - kind[0]) < FAR_APART:
                continue
            self.far += len(places)
            if not differs(how[1], kind[1]):
                found += len(places)
                self.first = self.first or (how[0], kind[0])
                others += places[told[kind] :]
                told[kind] = len(places)
        self.alike += found
        return (at, *sorted(others)) if found else ()


def _of_compression(provider: Provider, own: Sequence[_Drawn]) -> Iterator[Suspicion]:
    """Yield what `output_compression` leaves as it is, where the documents have it."""
    by_kind: dict[tuple[str, str], list[tuple[_Drawn, int, Fineness]]] = defaultdict(list)
    for one in own:
        how = fineness(one.signs)
        documented = _is_documented(provider.operation(one.operation), "output_compression")
        if documented and how is not None and one.compression is not None:
            by_kind[one.operation, how[0]].append((one, one.compression, how))
    pairs = _Pairs()
    shown: dict[int, _Drawn] = {}
    for files in by_kind.values():
        before: _Before = defaultdict(list)
        told: Counter[_Quantised] = Counter()
        for at, (_, compression, how) in enumerate(files):
            for place in pairs.add(at, (compression, how), before, told):
                shown.setdefault(id(files[place][0]), files[place][0])
            before[compression, how].append(at)
    first = pairs.first
    if first is None:
        return
    images = list(shown.values())
    low, high = sorted(first)
    yield _suspicion(
        provider.name,
        "compression_ignored",
        "quantisation of JPEG (its tables) and WebP (its index) at values of output_compression"
        f" that are {FAR_APART} or more apart",
        f"{pairs.alike} of {pairs.far} pairs of files are quantised alike although their"
        f" output_compression is far apart (as {low} and {high}): it is not applied, or they were"
        " encoded again on the way, as any delivery network may",
        images,
        of=pairs.far,
        count=pairs.alike,
    )


def _is_documented(operation: Operation, name: str) -> bool:
    argument = operation.arguments.get(name)
    return argument is not None and argument.status == "documented"


def _suspicion(  # noqa: PLR0913 - the fields of one value
    provider: str,
    kind: str,
    method: str,
    sentence: str,
    images: Sequence[_Drawn],
    *,
    of: int,
    count: int | None = None,
) -> Suspicion:
    wrong = false_positives(kind)
    return Suspicion(
        provider=provider,
        kind=kind,
        method=method,
        sentence=f"suspicion: {sentence}",
        count=len(images) if count is None else count,
        of=of,
        false_positives=wrong,
        shown=wrong.high is not None and wrong.high <= SHOWN_UP_TO,
        cases=tuple(dict.fromkeys(one.case for one in images)),
        images=tuple(dict.fromkeys(one.digest for one in images)),
    )
