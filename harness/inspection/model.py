"""What the inspection of image files comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from harness.core.exchange import Picture
from harness.core.inspection import Inspection
from harness.core.jsonvalue import Json
from harness.spec.drawn.drawn import Drawn
from harness.stats.authenticity.model import Label, Suspicion


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradicted:
    """What a file contradicts, as a stable word and in a sentence about `name`.

    `kind` is `other_size`, `other_format`, `not_whole`, or one of `Contradiction`. `name` is empty
    where it is about all files together.
    """

    name: str
    kind: str
    label: Label
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityTokens:
    """What one image of these pixels takes in a quality, and what the maker asks for that.

    `usd` is for the image alone; missing where the maker's price is not known.
    """

    quality: str
    tokens: int
    usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedFile:
    """One image file: its pixels, its manifest and weak signs, and the tokens of each quality.

    The `tokens` are those of the `model` that was asked for, and where none was named, of the one
    that drew it by its manifest. `notes` say how its unbroken manifest agrees with the model asked
    for (the provider's own by default) and differs from it, behind `an image `; `genuine` that the
    model's maker has signed these very bytes, by the user's trust list.
    """

    name: str
    picture: Picture
    inspection: Inspection
    tokens: tuple[QualityTokens, ...]
    model: str = ""
    notes: tuple[str, ...] = ()
    genuine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInspected:
    """A path that leads to no image that could be inspected, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesInspected:
    """What image files show, beside what was asked for.

    `model` is the one whose tokens they are compared with, `drew` how it is known where nobody
    named it, in words behind `an image `; `asked` are the arguments that were given, `usage` the
    output tokens of all files together, `drawn` what those tell. `answer`
    is one sentence on whether the images were really drawn as asked. `exit_code` is 0 where nothing
    contradicts what was asked for, 1 where something does, 2 where no path leads to an image.
    """

    answer: str
    model: str
    files: tuple[InspectedFile, ...]
    others: tuple[NotInspected, ...]
    asked: Mapping[str, Json] = field(default_factory=dict)
    usage: int | None = None
    drawn: Drawn | None = None
    drew: str = ""
    contradictions: tuple[Contradicted, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        if not self.files:
            return 2
        return 1 if self.contradictions else 0
