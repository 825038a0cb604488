"""Where a request stands in a benchmark."""

from dataclasses import dataclass
from typing import Literal

FitKind = Literal["exact", "nearest", "unsupported"]
"""`exact`: the provider's documents let it be asked for just so; `nearest`: only something like it;
`unsupported`: not at all. Only exact ones share a ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A shot's place in a benchmark.

    Shots of one `stage`, `workload` and `block` are asked of all providers in the same minutes and
    with the same prompt: they may be compared as pairs. `warm_up` ones count in no figure but cost.
    """

    workload: str
    fit: FitKind
    stage: str
    block: int
    warm_up: bool = False
