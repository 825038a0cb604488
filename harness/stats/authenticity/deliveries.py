"""Each image that a provider delivered, with its request and what its file shows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.core.exchange import Picture
from harness.core.inspection import Inspection, Manifest
from harness.core.outcome import Images
from harness.core.record import Record
from harness.stats.authenticity.model import Contradiction, Label

LABELS: tuple[Label, ...] = ("signed", "arithmetic", "pixels", "says")
"""From the strongest to the weakest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One image of a reply; `again` where an earlier request brought the same bytes."""

    record: Record
    picture: Picture
    inspection: Inspection | None
    again: bool

    @property
    def manifest(self) -> Manifest | None:
        """The manifest that was read in the image's file."""
        return self.inspection.manifest if self.inspection else None


def deliveries(
    records: Iterable[Record], inspections: Mapping[str, Inspection]
) -> tuple[Delivery, ...]:
    """Return the images of one provider, in the order in which their requests left.

    Images whose bytes a recording does not hold are none.
    """
    served = [record for record in records if isinstance(record.outcome, Images)]
    seen: set[str] = set()
    found: list[Delivery] = []
    for record in sorted(served, key=_left_s):
        before = frozenset(seen)
        for picture in record.outcome.pictures if isinstance(record.outcome, Images) else ():
            if picture.state != "absent":
                again = picture.digest in before
                inspection = inspections.get(picture.digest)
                found.append(
                    Delivery(record=record, picture=picture, inspection=inspection, again=again)
                )
                seen.add(picture.digest)
    return tuple(found)


def _left_s(record: Record) -> float:
    return record.exchanges[0].times.sent_s if record.exchanges else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a contradiction is about: those of one topic are told in one sentence."""

    kind: str
    label: Label
    operation: str
    detail: str = ""


class Contradictions:
    """Gathers what contradicts, by its topic."""

    def __init__(self) -> None:
        self._found: defaultdict[Topic, list[Delivery]] = defaultdict(list)

    def add(self, kind: str, label: Label, delivery: Delivery, detail: str) -> None:
        """Note that an image contradicts; `detail` is the sentence behind `2 images `."""
        operation = delivery.record.shot.case.operation
        topic = Topic(kind=kind, label=label, operation=operation, detail=detail)
        self._found[topic].append(delivery)

    def told(self) -> tuple[Contradiction, ...]:
        """Return one contradiction for each topic."""
        return tuple(
            Contradiction(
                kind=topic.kind,
                label=topic.label,
                sentence=f"{images(len(found))} {topic.detail}",
                operation=topic.operation,
                cases=tuple(dict.fromkeys(each.record.shot.case.id for each in found)),
                images=tuple(dict.fromkeys(each.picture.digest for each in found)),
            )
            for topic, found in self._found.items()
        )


def images(number: int) -> str:
    """Return a number of images in words: `1 image`, `2 images`."""
    return f"{number:,} image" if number == 1 else f"{number:,} images"


def strongest_first(found: Sequence[Contradiction]) -> tuple[Contradiction, ...]:
    """Return contradictions by what they rest on, and by how many cases show each."""
    return tuple(sorted(found, key=lambda each: (LABELS.index(each.label), -len(each.cases))))
