"""The model that a provider sells, as its maker describes it: what it counts, asks and signs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from harness.spec.expressions import Cited, Frozen, OrOne, Promise, Quoted
from harness.spec.price_list import Amount
from harness.spec.rules.base import Positive
from harness.spec.rules.lattice import edges


class TokensOfSize(Frozen):
    """What one image of a size takes in each quality."""

    size: str
    """Width and height in pixels: `size = "1024x1024"`."""
    tokens: dict[str, Positive]
    """Output tokens by quality: `tokens = { low = 272, medium = 1056, high = 4160 }`."""

    @model_validator(mode="after")
    def _is_a_size(self) -> Self:
        if edges(self.size) is None:
            raise ValueError(f"{self.size!r} is no size: write WIDTHxHEIGHT")
        return self


class ImageTokens(Frozen):
    """How many output tokens one image takes: an exact function of its pixels and its quality.

    Either `levels`, for a model whose maker computes it: with f the level of the quality, an image
    of w x h takes ceil(f * round(f * short / long) * (added_pixels + w * h) / pixels_per_token),
    halves rounded up. Or `table`, for one whose maker lists a few sizes: of others, nothing is
    known.
    """

    levels: dict[str, Positive] = Field(default_factory=dict)
    """How fine each quality is drawn: `levels = { low = 16, medium = 48, high = 96 }`."""
    added_pixels: Positive = 2_000_000
    """What is added to the pixels of an image: `added_pixels = 2_000_000`."""
    pixels_per_token: Positive = 4_000_000
    """What the product is divided by: `pixels_per_token = 4_000_000`."""
    table: tuple[TokensOfSize, ...] = ()
    """Sizes with their tokens: `table = [{ size = "1024x1024", tokens = { low = 272 } }]`."""
    unnamed: tuple[Positive, ...] = ()
    """Levels that were seen and that no quality names: `unnamed = [24]`."""
    partial: int = Field(default=0, ge=0)
    """How many tokens each partial image of a stream adds: `partial = 100`."""

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        if bool(self.levels) == bool(self.table):
            raise ValueError("give either levels or a table")
        return self

    @property
    def qualities(self) -> tuple[str, ...]:
        """The qualities that are told apart."""
        listed = (name for row in self.table for name in row.tokens)
        return tuple(dict.fromkeys((*self.levels, *listed)))

    def of_image(self, quality: str, width_px: int, height_px: int) -> int | None:
        """Return the output tokens of one image; None where nothing is known of it."""
        if self.table:
            size = (width_px, height_px)
            rows = (row.tokens.get(quality) for row in self.table if edges(row.size) == size)
            return next(rows, None)
        level = self.levels.get(quality)
        return None if level is None else self.at_level(level, width_px, height_px)

    def at_level(self, level: int, width_px: int, height_px: int) -> int | None:
        """Return the output tokens of one image that is drawn at a level of the formula."""
        short, long = sorted((width_px, height_px))
        if short <= 0 or not self.levels:
            return None
        steps = (2 * level * short + long) // (2 * long)  # rounds half up
        pixels = self.added_pixels + width_px * height_px
        return -(-(level * steps * pixels) // self.pixels_per_token)


class MakerPrices(Frozen):
    """What the maker itself asks for so many tokens (`per`), in US dollars."""

    unit: Literal["usd"] = "usd"
    """In what the amounts are: `unit = "usd"`."""
    per: Positive = 1_000_000
    """How many tokens each amount is for: `per = 1_000_000`."""
    text_input: Amount
    """What tokens of the prompt cost: `text_input = 5`."""
    image_input: Amount
    """What tokens of reference images cost: `image_input = 8`."""
    image_output: Amount
    """What tokens of images drawn cost: `image_output = 30`."""


class Signer(Frozen):
    """Who signs the model's images (C2PA), and what the manifest calls the model."""

    by: tuple[str, ...] = Field(min_length=1)
    """The organisations in the signing certificate: `by = ["OpenAI OpCo, LLC"]`."""
    agents: tuple[str, ...] = ()
    """What the manifest may call the program that drew: `agents = ["gpt-image 2.0"]`."""


class OtherModel(Quoted):
    """Another model of the same maker, which a provider may serve in place of the one it sells.

    A request that asks for it by name is judged by it, too. Several stand in a list.
    """

    names: tuple[str, ...] = Field(min_length=1)
    """Its names, and those of models that count alike: `names = ["gpt-image-1"]`."""
    tokens: ImageTokens
    agents: tuple[str, ...] = ()
    """What the manifest may call the program that drew: `agents = ["gpt-image pre-2.0"]`."""
    source: Cited
    """What says so: `source = "page: Output tokens"`."""

    @property
    def name(self) -> str:
        """All names, in words."""
        return " or ".join(self.names)


class ShownUsage(Quoted):
    """Usage that the provider's own document shows, where it differs from what the maker counts."""

    quality: str
    """The quality of the sample: `quality = "medium"`."""
    size: str
    """Its size: `size = "1024x1024"`."""
    tokens: Positive
    """The output tokens that the document shows: `tokens = 196`."""
    source: Cited
    """Where it shows them: `source = "page: Response"`."""


class Claim(Frozen):
    """A sentence about the provider's prices beside the maker's; several stand in a list."""

    share: Amount
    """The share of the maker's price that is claimed: `share = 0.8`."""
    within: Amount = Decimal("0.05")
    """How far off the share may be, as a share of the maker's price, for the sentence to be true;
    how much "roughly" is, is your own choice: `within = 0.05`."""
    qualities: tuple[str, ...] = ()
    """The qualities of which it speaks; all without any: `qualities = ["high"]`."""
    says: str
    """The sentence, word for word: `says = "~80% of OpenAI official pricing"`."""
    source: Cited
    """Where it says so: `source = "page: Pricing"`."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


class Model(Promise):
    """What the maker of the model says of it; a provider that resells another has its own table.

    It judges what replies count (`tokens`), compares prices (`price`, `claim`), says who signs
    genuine images (`signed`), and how the maker's other models are told from it (`others`). What is
    left out is unknown, and nothing is concluded from it.
    """

    name: str
    """The model, in the maker's word: `name = "gpt-image-2"`."""
    tokens: ImageTokens | None = None
    price: MakerPrices | None = None
    signed: Signer | None = None
    shown: tuple[ShownUsage, ...] = ()
    """Usage that the provider's document shows and the maker contradicts."""
    claim: Annotated[tuple[Claim, ...], BeforeValidator(_as_list), OrOne()] = ()
    others: Annotated[tuple[OtherModel, ...], BeforeValidator(_as_list), OrOne()] = ()

    def other(self, other: OtherModel, name: str = "") -> "Model":
        """Return one of the others as a model of its own, beside which this one is another.

        Its maker signs it, too; the provider's prices, claims and samples are not of it.
        """
        signed = self.signed
        beside = [each for each in self.others if each is not other]
        if self.tokens is not None:
            agents = signed.agents if signed else ()
            names, source, quote = (self.name,), self.source, self.quote
            beside.append(
                OtherModel(
                    names=names, tokens=self.tokens, agents=agents, source=source, quote=quote
                )
            )
        return Model(
            name=name or other.name,
            status=self.status,
            source=other.source,
            quote=other.quote,
            tokens=other.tokens,
            signed=signed and Signer(by=signed.by, agents=other.agents),
            others=tuple(beside),
        )
