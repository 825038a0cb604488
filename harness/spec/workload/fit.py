"""How near a provider comes to a workload by its documents: exactly, nearly, or not at all.

Exact: the document itself has every parameter that the workload names, and each value keeps every
rule about it, whichever document states the rule. (So a value that only a second source lists is
exact; a parameter that only a second source knows, or that documents disagree about, is not used.)

Nearest: where a buyer would still call it the same job. Images, references and prompts are as many
and as long; the ratio of the edges is off by 5 % at most and the pixels by a factor of two
(`harness.spec.workload.fit`); quality and output format may be the provider's own choice. Of a
shape that cannot be asked for, a square is expected, and of an amount of pixels, about a
megapixel: what this family of models makes unasked. What came is seen in the pixels, as everywhere.

Unsupported: everything else. What a workload leaves open is left to the provider's default; what
the provider requires besides is sent at its cheapest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS
from harness.core.recipe import MODES, Recipe
from harness.core.workload import Difference, Fit, Workload
from harness.reference_images import reference_json
from harness.spec import price
from harness.spec.evaluate import broken_when_sent, evaluate
from harness.spec.explain.neighbours import factor_between, near, plain_value, ratio_off
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.request import carried
from harness.spec.rules.lattice import Size, edges

RATIO = 0.05
"""How far the ratio of the edges may be off, as a part of it, to be the same job for a buyer."""

PIXELS = 2.0
"""By which factor the number of pixels may be off."""

_UNASKED = (1024, 1024)
"""What this family of models makes where no shape and no amount of pixels is asked for."""
_EXPECTED = "a square of about a megapixel is expected unasked"

_MOST_PIXELS = 8_294_400
"""The model's own ceiling (nanobanana, sub2api: `size.max_pixels`), so that 4K is not 4096x4096."""

_RATIO = re.compile(r"([1-9]\d{0,3}):([1-9]\d{0,3})", re.ASCII)
_CLASS = re.compile(r"([1-9]\d?)[kK]", re.ASCII)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is sent for a size, and how it differs; `near` is False where it is another job."""

    sent: dict[str, Json] = field(default_factory=dict)
    difference: Difference | None = None
    near: bool = True


def shape(operation: Operation, size: str) -> Shape:
    """Return how a provider is asked for `WIDTHxHEIGHT` pixels.

    A size that keeps all rules is asked for as it is; else the nearest allowed one, if it is near
    (`RATIO`, `PIXELS`). A provider without sizes is asked for the nearest of the ratios and of the
    classes (`1K`) that it lists: 1K counts as 1024x1024 pixels, and so on up to what the model can.
    """
    wanted = edges(size)
    if wanted is None:
        raise ValueError(f"{size!r} is no WIDTHxHEIGHT")
    if documented(operation, "size") is None:
        return _in_words(operation, size, wanted)
    if keeps(operation, "size", size):
        return Shape(sent={"size": size})
    return _near_size(operation, size, wanted)


def documented(operation: Operation, name: str) -> Argument | None:
    """Return an argument that the document itself has; nothing for one that is in doubt."""
    argument = operation.arguments.get(name)
    return argument if argument is not None and argument.status == "documented" else None


def lacks(operation: Operation, name: str) -> str:
    """Say why an argument that is not `documented` is not used."""
    argument = operation.arguments.get(name)
    if argument is None:
        return f"its documents have no {name}"
    return f"whether it has {name} is {argument.status}, so that is not used"


def keeps(operation: Operation, name: str, value: Json) -> bool:
    """Tell whether a value keeps every rule about its argument alone."""
    return _objection(operation, name, value) is None


def _objection(operation: Operation, name: str, value: Json) -> str | None:
    """Return the rules that a value does not keep, in words; nothing where it keeps all."""
    visible = carried(operation, {name: value})
    broken = (
        constraint
        for constraint in operation.constraints
        if constraint.parameter == name and evaluate(constraint, operation, visible) != "satisfied"
    )
    return " and ".join(constraint.describe() for constraint in broken) or None


def _near_size(operation: Operation, size: str, wanted: Size) -> Shape:
    rule = _objection(operation, "size", size) or ""
    for value in near(operation, "size", size, {}):
        size_px = edges(value)
        if size_px is None or not keeps(operation, "size", value):
            continue
        if _ratio_kept(size_px, wanted) and _pixels_kept(size_px[0] * size_px[1], wanted):
            why = f"{value} in place of {size}: {rule}"
            return Shape(
                sent={"size": value},
                difference=Difference(parameter="size", asked=size, sent=value, why=why),
            )
    return _far(size, f"{rule}, and no allowed size is near")


def _far(size: str, why: str) -> Shape:
    explanation = f"{size} cannot be asked for: {why}"
    return Shape(difference=_not_sent("size", size, explanation), near=False)


def _ratio_kept(size: Size, wanted: Size) -> bool:
    return ratio_off(size, wanted) <= RATIO + _ROUNDING


def _pixels_kept(pixels: int, wanted: Size) -> bool:
    return factor_between(pixels, wanted[0] * wanted[1]) <= PIXELS + _ROUNDING


def _in_words(operation: Operation, size: str, wanted: Size) -> Shape:
    """Ask for a ratio and a class of pixels, as far as the documents list any."""
    shapes = {
        value: (int(match[1]), int(match[2]))
        for value, match in _listed(operation, "aspect_ratio", _RATIO)
    }
    classes = {
        value: min((int(match[1]) * 1024) ** 2, _MOST_PIXELS)
        for value, match in _listed(operation, "resolution", _CLASS)
    }
    pixels = wanted[0] * wanted[1]
    ratio = min(shapes, key=lambda value: ratio_off(shapes[value], wanted), default=None)
    amount = min(classes, key=lambda value: factor_between(classes[value], pixels), default=None)
    words = {"resolution": amount, "aspect_ratio": ratio}
    sent: dict[str, Json] = {name: value for name, value in words.items() if value is not None}
    listed = f"it has {' and '.join(sent)} only" if sent else _no_words(operation)
    if not _ratio_kept(_UNASKED if ratio is None else shapes[ratio], wanted):
        return _far(size, f"{listed}, and no such ratio" if sent else f"{listed}; {_EXPECTED}")
    if not _pixels_kept(_UNASKED[0] * _UNASKED[1] if amount is None else classes[amount], wanted):
        return _far(size, f"{listed}, and not so many pixels" if sent else f"{listed}; {_EXPECTED}")
    words_sent = " at ".join(map(str, sent.values())) or None
    why = (
        f"{words_sent} in place of {size}: the pixel sizes this produces are not documented"
        if words_sent
        else f"{size} cannot be asked for: {listed}; it chooses"
    )
    return Shape(
        sent=sent, difference=Difference(parameter="size", asked=size, sent=words_sent, why=why)
    )


def _listed(
    operation: Operation, name: str, pattern: re.Pattern[str]
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the listed values of an argument that are written as a measure."""
    argument = documented(operation, name)
    values = argument.one_of.values if argument and argument.one_of else ()
    for value in values:
        if isinstance(value, str) and (match := pattern.fullmatch(value)):
            yield value, match


def _no_words(operation: Operation) -> str:
    """Say why there are no words for a size."""
    if "size" not in operation.arguments and "aspect_ratio" in operation.arguments:
        return f"its documents have no size, and {lacks(operation, 'aspect_ratio')}"
    return lacks(operation, "size")


REFERENCE_PX = 512
"""The edges of a reference image, as everywhere in the harness."""


def fit(provider: Provider, workload: Workload) -> Fit:
    """Return a workload in a provider's dialect, as the module's docstring says.

    The arguments stand in the document's order and lack the prompt. Every prompt length of the
    workload has to fit: on the shorter ones alone, a provider would be measured at another job.
    """
    name = serving(provider, workload)
    if name is None:
        had = ", ".join(provider.operations)
        why = f"{workload.operation} cannot be asked for: its documents have {had}"
        return _unsupported(provider, workload, _not_sent("operation", workload.operation, why))
    operation = provider.operation(name)
    draft = _Draft(operation=operation)
    _ask_for_size(draft, workload.size)
    _ask_plainly(draft, "quality", workload.quality)
    _ask_plainly(draft, "output_format", workload.output_format)
    _ask_for_images(draft, workload.n)
    _ask_for_references(draft, workload.references)
    _add_required(draft)
    draft.missing += _objections(draft, workload)
    if draft.missing:
        return _unsupported(provider, workload, *draft.missing)
    arguments = {name: draft.sent[name] for name in operation.arguments if name in draft.sent}
    return Fit(
        workload=workload.name,
        provider=provider.name,
        kind="nearest" if draft.changed else "exact",
        arguments=arguments,
        differences=tuple(draft.changed),
        price=price.price_of(provider, operation, arguments),
    )


def serving(provider: Provider, workload: Workload) -> str | None:
    """Return the operation that serves a workload: the one of its kind that is named like it.

    Else the first of that kind, or None where the provider has none.
    """
    return next(iter(provider.meant(workload.operation)), None)


def _not_sent(parameter: str, asked: Json, why: str) -> Difference:
    return Difference(parameter=parameter, asked=asked, sent=None, why=why)


def _unsupported(provider: Provider, workload: Workload, *differences: Difference) -> Fit:
    return Fit(
        workload=workload.name,
        provider=provider.name,
        kind="unsupported",
        arguments={},
        differences=differences,
    )


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What is being put together: what is sent, what differs, and what cannot be had."""

    operation: Operation
    sent: dict[str, Json] = field(default_factory=dict)
    changed: list[Difference] = field(default_factory=list)
    missing: list[Difference] = field(default_factory=list)


def _ask_for_size(draft: _Draft, size: str | None) -> None:
    if size is None:
        return
    asked_shape = shape(draft.operation, size)
    draft.sent |= asked_shape.sent
    if asked_shape.difference is not None:
        (draft.changed if asked_shape.near else draft.missing).append(asked_shape.difference)


def _ask_plainly(draft: _Draft, name: str, value: str | None) -> None:
    """Ask for a quality or a format; where the provider cannot be asked, it chooses."""
    if value is None:
        return
    if documented(draft.operation, name) is None:
        why = f"{name} {value} cannot be asked for: {lacks(draft.operation, name)}; it chooses"
    elif value == "auto" and not keeps(draft.operation, name, value):
        why = f"{name} is left out in place of auto, which its documents do not list"
    else:
        draft.sent[name] = value
        return
    draft.changed.append(_not_sent(name, value, why))


def _ask_for_images(draft: _Draft, n: int) -> None:
    """Ask for the number of images; one is what every provider makes unasked."""
    argument = documented(draft.operation, "n")
    if argument is not None:
        if argument.default != n:
            draft.sent["n"] = n
    elif n > 1:
        why = f"{n} images cannot be asked for: {lacks(draft.operation, 'n')}"
        draft.missing.append(_not_sent("n", n, why))


def _ask_for_references(draft: _Draft, number: int) -> None:
    """Give the reference images, no two alike: files or addresses, as the provider takes them."""
    if not number:
        return
    argument = documented(draft.operation, "images")
    if argument is None:
        why = f"references cannot be given: {lacks(draft.operation, 'images')}"
        draft.missing.append(_not_sent("references", number, why))
        return
    kind = _reference_kind(argument)
    files = draft.operation.takes_files("images")
    recipes = [
        Recipe(
            format=kind,
            mode=MODES[kind][0],
            width_px=REFERENCE_PX,
            height_px=REFERENCE_PX,
            seed=seed,
        )
        for seed in range(1, number + 1)
    ]
    draft.sent["images"] = [
        reference_json(recipe).as_json() if files else f"{ASSETS}{recipe.name}"
        for recipe in recipes
    ]


def _reference_kind(argument: Argument) -> str:
    """Return the format of the references: PNG, unless the documents take others only."""
    rule = argument.media_type
    kinds = [kind.removeprefix("image/") for kind in rule.values] if rule else []
    makeable = [kind for kind in kinds if kind in MODES]
    return "png" if "png" in makeable or not makeable else makeable[0]


def _add_required(draft: _Draft) -> None:
    """Send what the provider requires besides, at its cheapest, and what is our own choice."""
    for name, argument in draft.operation.arguments.items():
        needed = argument.required is not None or argument.ours
        given = name == "prompt" or name in draft.sent or argument.type in ("images", "file")
        if needed and not given:
            draft.sent[name] = plain_value(draft.operation, name)


def _objections(draft: _Draft, workload: Workload) -> Iterator[Difference]:
    """Yield what the rules object to in the request as a whole, its longest prompt included."""
    longest = max(workload.prompt_lengths)
    whole = {**draft.sent, "prompt": "x" * longest}
    stated = {**draft.sent, "prompt": f"{longest} characters", "images": workload.references}
    breaks, unspecified = broken_when_sent(draft.operation, whole)
    for constraint in (*breaks, *unspecified):
        name = "references" if constraint.parameter == "images" else constraint.parameter
        value = stated.get(constraint.parameter)
        why = f"{name} of {value} cannot be asked for: {constraint.describe()}"
        yield _not_sent(name, value, why)
