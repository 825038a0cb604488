"""Each image that a provider delivered, with its request and what its file shows."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.digests import digest64
from harness.core.exchange import Picture
from harness.core.inspection import Inspection, Manifest
from harness.core.outcome import Images
from harness.core.record import Record
from harness.stats.authenticity.model import Contradiction, Label
from harness.stats.grouped import First
from harness.store.spool import ordered

LABELS: tuple[Label, ...] = ("signed", "arithmetic", "pixels", "says")
"""From the strongest to the weakest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One image of a reply; `again` where an earlier request brought the same bytes.

    `reply` numbers the replies of a provider: images of one have the same number.
    """

    record: Record
    picture: Picture
    inspection: Inspection | None
    again: bool
    reply: int

    @property
    def manifest(self) -> Manifest | None:
        """The manifest that was read in the image's file."""
        return self.inspection.manifest if self.inspection else None


class Deliveries(Collection[Delivery]):
    """The images of one provider, in the order in which their requests left.

    Images whose bytes a recording does not hold are none. Each pass reads the records anew.
    """

    def __init__(self, records: Sequence[Record], inspections: Mapping[str, Inspection]) -> None:
        self._served, self._inspections = ordered(records, _left_s), inspections
        digests, replies = array("Q"), array("Q")
        for reply, record in enumerate(self._served):
            for picture in _pictures(record):
                digests.append(digest64(picture.digest))
                replies.append(reply)
        _, first, of = np.unique(
            np.asarray(digests), return_index=True, return_inverse=True
        )  # of each image, where its bytes came first
        self._again = np.asarray(replies) > np.asarray(replies)[first][of]

    def __len__(self) -> int:
        """Return how many images there are."""
        return len(self._again)

    def __contains__(self, delivery: object) -> bool:
        """Tell whether it is one of them."""
        return any(each == delivery for each in self)

    def __iter__(self) -> Iterator[Delivery]:
        """Yield the images."""
        number = 0
        for reply, record in enumerate(self._served):
            for picture in _pictures(record):
                yield Delivery(
                    record=record,
                    picture=picture,
                    inspection=self._inspections.get(picture.digest),
                    again=bool(self._again[number]),
                    reply=reply,
                )
                number += 1


def _pictures(record: Record) -> list[Picture]:
    pictures = record.outcome.pictures if isinstance(record.outcome, Images) else ()
    return [picture for picture in pictures if picture.state != "absent"]


def _left_s(record: Record) -> float | None:
    """Return when a served request left; None for any other."""
    if not isinstance(record.outcome, Images):
        return None
    return record.exchanges[0].times.sent_s if record.exchanges else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a contradiction is about: those of one topic are told in one sentence."""

    kind: str
    label: Label
    operation: str
    detail: str = ""


class _Found:
    """How many images contradict, and the first of them."""

    def __init__(self) -> None:
        self.number = 0
        self.cases, self.images = First(), First()

    def add(self, delivery: Delivery) -> None:
        """Add an image."""
        self.number += 1
        self.cases.add(delivery.record.shot.case.id)
        self.images.add(delivery.picture.digest)


class Contradictions:
    """Gathers what contradicts, by its topic."""

    def __init__(self) -> None:
        self._found: dict[Topic, _Found] = {}

    def add(self, kind: str, label: Label, delivery: Delivery, detail: str) -> None:
        """Note that an image contradicts; `detail` is the sentence behind `2 images `."""
        operation = delivery.record.shot.case.operation
        topic = Topic(kind=kind, label=label, operation=operation, detail=detail)
        self._found.setdefault(topic, _Found()).add(delivery)

    def told(self) -> tuple[Contradiction, ...]:
        """Return one contradiction for each topic."""
        return tuple(
            Contradiction(
                kind=topic.kind,
                label=topic.label,
                sentence=f"{images(found.number)} {topic.detail}",
                operation=topic.operation,
                cases=found.cases.told,
                images=found.images.told,
            )
            for topic, found in self._found.items()
        )


def images(number: int) -> str:
    """Return a number of images in words: `1 image`, `2 images`."""
    return f"{number:,} image" if number == 1 else f"{number:,} images"


def strongest_first(found: Sequence[Contradiction]) -> tuple[Contradiction, ...]:
    """Return contradictions by what they rest on, and by how many cases show each."""
    return tuple(sorted(found, key=lambda each: (LABELS.index(each.label), -len(each.cases))))
