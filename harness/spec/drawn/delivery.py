"""What was asked for and what came, as token arithmetic looks at it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

from harness.core.exchange import Picture
from harness.core.outcome import Images
from harness.spec import price
from harness.spec.model import Model
from harness.spec.provider import Operation, Provider
from harness.spec.rules import Arguments
from harness.spec.rules.lattice import Size

PARTIALS_AT_MOST = 100
"""More partial images than this are not added up: every count would be that of some quality."""

IMAGES_AT_MOST = 100
"""More images than this are asked for by mistake, and nobody delivers them."""

IMAGE_MODEL = "image_model"
"""The argument of an agent's request that names the model of its tool."""

_DATED = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}$", re.ASCII)
"""How a snapshot of a model is named: `gpt-image-2-2026-04-21`."""


def is_model(word: str, name: str) -> bool:
    """Tell whether a word names a model: its maker before it and a date behind change nothing."""
    bare = re.split(r"[/:]", word.strip().lower())[-1]
    return name.lower() in (bare, _DATED.sub("", bare))


def asked_model(model: Model, operation: Operation, arguments: Arguments) -> Model | None:
    """Return the model that a request asks for: the one that is sold, or another that is known."""
    asked = _named(operation, arguments)
    if asks_for(model, operation, arguments):
        return model
    if not isinstance(asked, str):
        return None
    others = ((other, name) for other in model.others for name in other.names)
    return next((model.other(*each) for each in others if is_model(asked, each[1])), None)


def _named(operation: Operation, arguments: Arguments) -> object:
    """Return what names the model that draws; an agent's request names that of text."""
    asked = arguments.get(IMAGE_MODEL)
    if asked is None and operation.protocol != "responses":
        return arguments.get("model", operation.default("model"))
    return asked


def asks_for(model: Model, operation: Operation, arguments: Arguments) -> bool:
    """Tell whether a request may ask for the model; an agent's request names that of text."""
    asked = _named(operation, arguments)
    if asked is None:
        return True
    if not isinstance(asked, str):
        return False
    return is_model(asked, model.name) or _only_word(operation) == asked


def _only_word(operation: Operation) -> str | None:
    """Return the one model that an operation's document lists, whatever it calls it."""
    argument = operation.arguments.get("model")
    values = argument.one_of.values if argument and argument.one_of else ()
    only = values[0] if len(values) == 1 else None
    return only if isinstance(only, str) else None


def sizes_of(pictures: Iterable[Picture]) -> tuple[Size, ...]:
    """Return the pixels of each image; none where one is not decoded."""
    sizes = []
    for picture in pictures:
        if picture.state != "decoded" or not picture.width_px or not picture.height_px:
            return ()
        sizes.append((picture.width_px, picture.height_px))
    return tuple(sizes)


class Facts(TypedDict):
    """What every sentence may name."""

    sizes: tuple[Size, ...]
    model: str
    asked: str | None
    declared: str | None
    declared_by: str
    asked_size: Size | None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What was asked of a `model`, and what came: the pixels of each image (`sizes`)."""

    provider: Provider
    model: Model
    operation: Operation
    arguments: Arguments
    images: Images
    sizes: tuple[Size, ...]

    def facts(self) -> Facts:
        """Return what every sentence may name."""
        return {
            "sizes": self.sizes,
            "model": self.model.name,
            "asked": self.quality,
            "declared": self.declared,
            "declared_by": "the reply says"
            if self._known(self.images.declared.quality)
            else "the document says that without one it is",
            "asked_size": self.other_size,
        }

    @cached_property
    def number(self) -> int:
        """How many images were asked for; as many as came where that is past all counting."""
        number = price.images_asked(self.operation, self.arguments)
        return number if number <= IMAGES_AT_MOST else len(self.sizes)

    @cached_property
    def quality(self) -> str | None:
        """The quality asked for, where it is one that the model's table knows."""
        return self._known(self.arguments.get("quality"))

    @cached_property
    def declared(self) -> str | None:
        """The quality that the reply names, or that the document takes without one."""
        given = self.arguments.get("quality")
        default = self.operation.default("quality") if given is None else None
        return self._known(self.images.declared.quality) or self._known(default)

    def _known(self, word: object) -> str | None:
        tokens = self.model.tokens
        return word if isinstance(word, str) and tokens and word in tokens.qualities else None

    @cached_property
    def partials(self) -> int:
        """The most partial images that may be counted: those that came, or all asked for."""
        asked = self.arguments.get("partial_images")
        each = asked if isinstance(asked, int) and not isinstance(asked, bool) else 0
        most = max(each * max(self.number, len(self.sizes)), len(self.images.partials))
        return min(max(most, 0), PARTIALS_AT_MOST)

    @cached_property
    def other_size(self) -> Size | None:
        """The size asked for, where an image came in other pixels."""
        size = self.operation.size_px(self.arguments)
        alike = size is None or all(sorted(one) == sorted(size) for one in self.sizes)
        return None if alike else size

    @property
    def names_no_model(self) -> bool:
        """Whether an agent's request leaves it to the provider which model draws."""
        return self.operation.protocol == "responses" and IMAGE_MODEL not in self.arguments

    @cached_property
    def other_model(self) -> str | None:
        """The other model that the reply names; an agent's reply names the model of text."""
        word = self.images.declared.model
        if word is None or self.operation.protocol == "responses":
            return None
        asked = self.arguments.get("model")
        return None if word == asked or is_model(word, self.model.name) else word
