"""Small copies of the images that came, beside what was asked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Literal

from harness.core.exchange import Picture
from harness.core.inspection import Inspection
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, error_of
from harness.core.record import Record
from harness.core.reference import ReferenceImage
from harness.core.verdict import Verdict
from harness.report.anchors import case_anchor
from harness.report.pictures.thumbnails import address_of
from harness.report.text import count, money_text, one_line, seconds
from harness.spec.provider import Provider
from harness.stats.conformance.cost import paid_of
from harness.stats.conformance.time_to_images import seconds_to_images
from harness.stats.grouped import grouped
from harness.store.spool import Picked

PROMPTS_AT_MOST = 6
TILES_AT_MOST = 8
"""How many prompts of a benchmark are shown, and how many images of one operation."""

_MOST_BLOCKS = 5_000
_MOST_FLAGGED = 5_000
"""Of how many blocks of a benchmark, and of how many requests with a wrong image, the first ones,
some are shown."""

_MEGABYTE = 1000

_TELLING = ("size", "aspect_ratio", "resolution", "quality", "output_format", "background", "n")
"""The arguments that an image shows."""

_WORDS = {
    "images_have_the_asked_dimensions": "wrong size",
    "images_have_the_asked_aspect_ratio": "wrong aspect ratio",
    "images_have_the_asked_format": "wrong format",
    "images_have_the_asked_background": "wrong background",
    "images_match_their_declaration": "not as declared",
    "images_are_different": "the same image again",
    "images_decode": "no whole image",
    "serves_as_many_images_as_asked": "wrong number of images",
    "refuses_what_it_forbids": "was to be refused",
}
"""What is wrong where a check failed; other checks are not about what is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """What came of one request: an image, or why there is none to show.

    `digest` is that of the image; empty where none is to be shown, and `missing` says why. `asked`
    and `received` are in words; `time` is that to its images, `price` what it cost. `flags` say
    what is wrong with it. `case` is the id of the request, `anchor` that of its transcript.
    """

    provider: str
    title: str
    operation: str
    case: str
    anchor: str
    prompt: str
    asked: str
    received: str
    digest: str = ""
    missing: str = ""
    time: str = ""
    price: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Tiles that are looked at beside one another.

    One of a `prompt` has a tile for each provider that was sent it, one of an `operation` some of
    its images, the wrong ones first. `more` counts the images of it that are not shown.
    """

    kind: Literal["prompt", "operation"]
    title: str
    workload: str = ""
    tiles: tuple[Tile, ...] = ()
    more: int = 0

    @property
    def wrong(self) -> int:
        """How many of the tiles have something wrong."""
        return sum(bool(tile.flags) for tile in self.tiles)


def galleries(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
    inspections: Mapping[str, Inspection],
) -> tuple[Gallery, ...]:
    """Return what there is to see: prompts with what every provider made of them, then operations.

    Nothing where no small copy of any image was made: then there is nothing to see.
    """
    if not any(map(address_of, inspections.values())):
        return ()
    maker = _Maker(verdicts, providers, inspections)
    return (*_of_prompts(records, maker), *_of_operations(records, maker))


class _Maker:
    """Makes tiles of records."""

    def __init__(
        self,
        verdicts: Iterable[Verdict],
        providers: Mapping[str, Provider],
        inspections: Mapping[str, Inspection],
    ) -> None:
        self._providers = providers
        self._inspections = inspections
        self._flags: dict[tuple[str, str, str], list[str]] = {}
        for verdict in verdicts:
            if verdict.status == "fail" and verdict.check in _WORDS:
                place = verdict.provider, verdict.operation, verdict.case
                if len(self._flags) < _MOST_FLAGGED or place in self._flags:
                    self._flags.setdefault(place, []).append(_WORDS[verdict.check])

    def flags(self, record: Record) -> tuple[str, ...]:
        """Return what is wrong with what came of a request."""
        return tuple(dict.fromkeys(self._flags.get(_place(record), ())))

    def is_seen(self, record: Record) -> bool:
        """Tell whether a small copy shows one of its images."""
        return any(self._is_shown(picture) for picture in _pictures(record))

    def tile(self, record: Record) -> Tile:
        """Return what came of a request."""
        pictures, case = _pictures(record), record.shot.case
        shown = next(filter(self._is_shown, pictures), None)
        provider = self._providers[case.provider]
        return Tile(
            provider=case.provider,
            title=provider.title,
            operation=case.operation,
            case=case.id,
            anchor=case_anchor(*_place(record)),
            prompt=one_line(str(case.arguments.get("prompt", "")), 200),
            asked=_asked(record),
            received=_received(shown or next(iter(pictures), None), len(pictures)),
            digest=shown.digest if shown else "",
            missing="" if shown else _missing(record, pictures),
            time=_time(record),
            price=_price(record, provider),
            flags=self.flags(record),
        )

    def _is_shown(self, picture: Picture) -> bool:
        return bool(address_of(self._inspections.get(picture.digest)))


def _of_prompts(records: Sequence[Record], maker: _Maker) -> list[Gallery]:
    """Return the blocks of a benchmark that most providers served, of each workload in turn."""
    blocks: dict[tuple[str, str, int], dict[str, int]] = {}
    seen: Counter[tuple[str, str, int]] = Counter()
    for at, record in enumerate(records):
        slot, provider = record.shot.slot, record.shot.case.provider
        if slot is None or slot.warm_up:
            continue
        key = slot.workload, slot.stage, slot.block
        if key not in blocks and len(blocks) >= _MOST_BLOCKS:
            continue
        if provider not in blocks.setdefault(key, {}):
            blocks[key][provider] = at
            seen[key] += maker.is_seen(record)
    ranked: list[tuple[int, int, tuple[str, str, int]]] = []
    turns: dict[str, int] = {}
    for key in sorted(blocks, key=lambda key: -seen[key]):
        turns[key[0]] = turns.get(key[0], 0) + 1
        if seen[key]:
            ranked.append((turns[key[0]], -seen[key], key))
    chosen = [key for *_, key in sorted(ranked)[:PROMPTS_AT_MOST]]
    return [_prompt(key[0], Picked(records, blocks[key].values()), maker) for key in chosen]


def _prompt(workload: str, block: Iterable[Record], maker: _Maker) -> Gallery:
    tiles = tuple(map(maker.tile, block))
    return Gallery(kind="prompt", title=tiles[0].prompt, workload=workload, tiles=tiles)


def _of_operations(records: Sequence[Record], maker: _Maker) -> list[Gallery]:
    """Return the images of each operation, wrong ones before others."""
    groups = grouped(records, _served_operation)
    shown = (_operation(group, maker) for group in groups.values())
    seen = [gallery for gallery in shown if any(tile.digest for tile in gallery.tiles)]
    return sorted(seen, key=lambda gallery: not gallery.wrong)


def _served_operation(record: Record) -> tuple[str, str] | None:
    shown = record.shot.slot is None and isinstance(record.outcome, Images)
    return _place(record)[:2] if shown else None


def _operation(records: Sequence[Record], maker: _Maker) -> Gallery:
    first = nsmallest(TILES_AT_MOST, _ranked(records, maker))
    tiles = tuple(maker.tile(records[at]) for *_, at in first)
    title = f"{tiles[0].title}, {tiles[0].operation}"
    return Gallery(kind="operation", title=title, tiles=tiles, more=len(records) - len(tiles))


def _ranked(records: Iterable[Record], maker: _Maker) -> Iterator[tuple[bool, bool, int, int]]:
    """Yield for each record by what it comes before others, and its place."""
    times: Counter[object] = Counter()
    for at, record in enumerate(records):
        flags, seen = maker.flags(record), maker.is_seen(record)
        kind = flags, _asked(record), seen
        times[kind] += 1
        yield not flags, not seen and not flags, times[kind], at


def _place(record: Record) -> tuple[str, str, str]:
    case = record.shot.case
    return case.provider, case.operation, case.id


def _pictures(record: Record) -> tuple[Picture, ...]:
    return record.outcome.pictures if isinstance(record.outcome, Images) else ()


def _asked(record: Record) -> str:
    """Return what was asked for of all that an image shows: `size 1024x1024, quality low`."""
    arguments = record.shot.case.arguments
    files = sum(map(_files, arguments.values()))
    parts = [
        f"{name.replace('_', ' ')} {arguments[name]}" for name in _TELLING if name in arguments
    ]
    parts += [f"with {count(files, 'file')}"] if files else []
    return one_line(", ".join(parts), 160) or "no size, quality or format"


def _files(value: Json) -> int:
    if isinstance(value, list):
        return sum(map(_files, value))
    return int(ReferenceImage.of(value) is not None)


def _received(picture: Picture | None, number: int) -> str:
    if picture is None:
        return "no image"
    pixels = f" {picture.width_px}x{picture.height_px}" if picture.width_px else ""
    kilobytes = max(round(picture.size_bytes / 1000), 1)
    size = f"{kilobytes / 1000:.1f} MB" if kilobytes >= _MEGABYTE else f"{kilobytes} kB"
    of = f" (one of {number})" if number > 1 else ""
    return one_line(f"{picture.format}{pixels}, {size}{of}", 80)


def _missing(record: Record, pictures: Sequence[Picture]) -> str:
    """Say why no image of a request is shown."""
    if record.outcome is None:
        return one_line(f"not sent: {record.skipped}", 160)
    if error := error_of(record.outcome):
        return one_line(f"{record.outcome.kind}: {error[0].replace('_', ' ')}", 160)
    if not pictures:
        return "no image came"
    first = pictures[0]
    if first.state == "absent":
        return "the recording holds no bytes of it"
    if first.withheld:
        return one_line(f"not kept: it holds {first.withheld}", 160)
    if first.state == "undecodable":
        return one_line(f"cannot be decoded: {first.why}", 160)
    return "no small copy of it was kept"


def _time(record: Record) -> str:
    elapsed_s = seconds_to_images(record)
    return "" if elapsed_s is None else seconds(elapsed_s)


def _price(record: Record, provider: Provider) -> str:
    cost = paid_of(provider, record)
    if cost is None:
        return "price not settled"
    most = "at most " if cost.basis == "bounded" else ""
    return one_line(f"{most}{money_text(cost.amount, record.shot.price.unit)}", 40)
