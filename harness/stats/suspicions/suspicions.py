"""Weak signs on a provider's images, each with how often it is wrong: reasons to look, no verdicts.

Every sentence begins with "suspicion", every method names its false positives, measured on natives
(`tests/benchmarks/suspicions.md`). One whose upper bound lies above 1 % is not shown by default.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
    """One image that came, with what was asked. `asking` tells its reply from others."""

    provider: str
    operation: str
    case: str
    asking: int
    prompt: str | None
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
    drawn: list[_Drawn] = []
    unknown: dict[str, list[Record]] = defaultdict(list)
    for number, record in enumerate(records):
        provider = providers.get(record.shot.case.provider)
        if provider is None:
            continue
        if asks_for_unknown_model(record):
            unknown[provider.name].append(record)
        drawn += _drawn(number, record, provider, inspections)
    found: list[Suspicion] = []
    for name, provider in providers.items():
        own = [one for one in drawn if one.provider == name]
        found += _of_copies(name, own, drawn)
        found += _of_pixels(name, own)
        found += _of_compression(provider, own)
        if provider.model is not None and provider.model.signed is not None:
            found += _of_layout(name, own)
        found += unknown_model_served(name, unknown[name])
    return tuple(found)


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
            prompt=name,
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
            prompt=prompt if isinstance(prompt, str) else None,
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
    by_digest: dict[str, list[_Drawn]] = defaultdict(list)
    for one in everyone:
        by_digest[one.digest].append(one)
    # What files that somebody has were to be, nobody said.
    another = "another that was to be drawn by itself" if provider else "another of these files"
    what = ": a cache, a stand-in, or copies counted as images" if provider else ""
    same = [one for one in own if _has_a_copy(one, by_digest[one.digest])]
    if same:
        elsewhere = {other.provider for one in same for other in by_digest[one.digest]} - {provider}
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
    near = [
        (own[a], own[b]) for a, b in near_pairs(hashed) if _should_look_different(own[a], own[b])
    ]
    if near:
        images = list({id(one): one for pair in near for one in pair}.values())
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


def _has_a_copy(one: _Drawn, alike: Sequence[_Drawn]) -> bool:
    """Tell whether the same bytes stand for another question, or come from another provider."""
    return any(
        (other.provider != one.provider or one.is_another_question(other))
        and not _drawn_flat(one, other)
        for other in alike
        if other is not one
    )


def _drawn_flat(one: _Drawn, other: _Drawn) -> bool:
    """Tell whether our own emulator drew both flat, as it does unless told otherwise."""
    flat = one.emulated and other.emulated and not one.signs.perceptual_hash
    return flat and (one.provider, one.asking) != (other.provider, other.asking)


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


def _of_compression(provider: Provider, own: Sequence[_Drawn]) -> Iterator[Suspicion]:
    """Yield what `output_compression` leaves as it is, where the documents have it."""
    by_kind: dict[tuple[str, str], list[tuple[_Drawn, int, Fineness]]] = defaultdict(list)
    for one in own:
        how = fineness(one.signs)
        documented = _is_documented(provider.operation(one.operation), "output_compression")
        if documented and how is not None and one.compression is not None:
            by_kind[one.operation, how[0]].append((one, one.compression, how))
    far = [
        (one, other, differs(one[2], other[2]))
        for files in by_kind.values()
        for at, one in enumerate(files)
        for other in files[:at]
        if abs(one[1] - other[1]) >= FAR_APART
    ]
    alike = [(one, other) for one, other, differ in far if not differ]
    if not alike:
        return
    images = list({id(one[0]): one[0] for pair in alike for one in pair}.values())
    low, high = sorted((alike[0][0][1], alike[0][1][1]))
    yield _suspicion(
        provider.name,
        "compression_ignored",
        "quantisation of JPEG (its tables) and WebP (its index) at values of output_compression"
        f" that are {FAR_APART} or more apart",
        f"{len(alike)} of {len(far)} pairs of files are quantised alike although their"
        f" output_compression is far apart (as {low} and {high}): it is not applied, or they were"
        " encoded again on the way, as any delivery network may",
        images,
        of=len(far),
        count=len(alike),
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
