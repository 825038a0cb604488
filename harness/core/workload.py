"""What a benchmark asks for, in one vocabulary for all providers, and how near each comes to it."""

from dataclasses import dataclass

from harness.core.case import FitKind, Price
from harness.core.jsonvalue import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A kind of request that a buyer sends; None leaves an argument to the provider.

    `size` is `WIDTHxHEIGHT` in pixels. `prompt_lengths` are in characters and take turns from
    block to block. `references` counts the images that an `edit` is given. `weight` is how many
    requests of it a block holds.
    """

    name: str
    operation: str
    size: str | None = None
    quality: str | None = None
    output_format: str | None = None
    n: int = 1
    references: int = 0
    prompt_lengths: tuple[int, ...] = (80,)
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a provider cannot be asked for as the workload has it; `sent` is None where nothing is.

    `why` says so in words a buyer understands.
    """

    parameter: str
    asked: Json
    sent: Json
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One workload in one provider's dialect.

    `arguments` are canonical, without the prompt, and valid by the provider's documents; they are
    empty and `price` is missing where the fit is `unsupported`, and then `differences` say why.
    """

    workload: str
    provider: str
    kind: FitKind
    arguments: dict[str, Json]
    differences: tuple[Difference, ...] = ()
    price: Price | None = None
