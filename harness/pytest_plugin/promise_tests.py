"""What a test of the plugin is about: one promise of one operation, whatever cases look into it.

Their ids can be read, selected and kept in other files:

    apiframe/generate/n.range/refuses-0-11       what has to be refused, with the values in words
    apiframe/generate/output_format.one_of/serves  what has to be served
    apiframe/generate/reply/images_are_whole     what no single parameter promises, by its check

Imports nothing of the harness: every process of pytest-xdist reads these values from a file.
"""

from dataclasses import dataclass
from typing import Literal

Side = Literal["serves", "refuses", "reply"]
"""Which half of a promise: what it allows, what it forbids, or what every reply has to be like."""

Ending = Literal["passed", "failed", "xfailed", "skipped", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTest:
    """One promise of one operation, before anything is sent.

    `promise` is a constraint's id, or the name of the check where `side` is `reply`. `cases` are
    the ids of the cases that look into it; `images` and `price` (with its unit) are what they cost
    where the provider keeps its documents.
    """

    id: str
    provider: str
    operation: str
    promise: str
    side: Side
    cases: tuple[str, ...]
    images: int
    price: str

    @property
    def paid(self) -> bool:
        """Whether it costs something even where the provider keeps its documents."""
        return self.images > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """How a test ends: `message` says why, `properties` go into JUnit's (evidence, price, images).

    A failure's message holds what was expected, what was observed, the request, and the command
    that sends it again. `xfailed` is a known deviation, or a finding that is flaky or unconfirmed.
    """

    __test__ = False

    ending: Ending
    message: str
    properties: tuple[tuple[str, str], ...] = ()
