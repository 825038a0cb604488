"""What an OpenAPI document and a provider's TOML cannot tell each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """Sentences for whoever goes on from an imported TOML, each once and in order.

    `unsaid` is what the document says and the TOML does not: each begins with a JSON pointer.
    `missing` is what the TOML needs and the document does not say: each begins with the TOML's key.
    """

    _unsaid: dict[str, None] = field(default_factory=dict)
    _missing: dict[str, None] = field(default_factory=dict)

    @property
    def unsaid(self) -> tuple[str, ...]:
        """What the TOML has no words for."""
        return tuple(self._unsaid)

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be looked up elsewhere."""
        return tuple(self._missing)

    def leave(self, at: str, why: str) -> None:
        """Note that what stands at a pointer is not in the TOML."""
        self._unsaid[f"{at}: {why}"] = None

    def need(self, key: str, why: str) -> None:
        """Note that a key of the TOML has no word in the document behind it."""
        self._missing[f"{key}: {why}"] = None

    def add(self, other: "Notes") -> None:
        """Take over what another reading noted."""
        self._unsaid |= other._unsaid  # noqa: SLF001 - of its own kind
        self._missing |= other._missing  # noqa: SLF001 - of its own kind


def few(words: Iterable[object], most: int = 6) -> str:
    """Return some of many words, and how many more there are."""
    every = [str(word) for word in words]
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")
