"""How near a provider comes to a workload by its documents: exactly, nearly, or not at all.

Exact: the document itself has every parameter that the workload names, and each value keeps every
rule about it, whichever document states the rule. (So a value that only a second source lists is
exact; a parameter that only a second source knows, or that documents disagree about, is not used.)

Nearest: where a buyer would still call it the same job. Images, references and prompts are as many
and as long; the ratio of the edges is off by 5 % at most and the pixels by a factor of two
(`harness.spec.workload.shape`); quality and output format may be the provider's own choice. Of a
shape that cannot be asked for, a square is expected, and of an amount of pixels, about a
megapixel: what this family of models makes unasked. What came is seen in the pixels, as everywhere.

Unsupported: everything else. What a workload leaves open is left to the provider's default; what
the provider requires besides is sent at its cheapest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS
from harness.core.workload import Difference, Fit, Workload
from harness.reference_images import MODES, Recipe, reference_json
from harness.spec import price
from harness.spec.evaluate import broken_when_sent
from harness.spec.explain.neighbours import plain_value
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.tell import describe
from harness.spec.workload.shape import documented, keeps, lacks, shape

REFERENCE_PX = 512
"""The edges of a reference image, as everywhere in the harness."""


def fit(provider: Provider, workload: Workload) -> Fit:
    """Return a workload in a provider's dialect, as the module's docstring says.

    The arguments stand in the document's order and lack the prompt. Every prompt length of the
    workload has to fit: on the shorter ones alone, a provider would be measured at another job.
    """
    if workload.operation not in provider.operations:
        had = ", ".join(provider.operations)
        gone = Difference(
            parameter="operation",
            asked=workload.operation,
            sent=None,
            why=f"{workload.operation} cannot be asked for: its documents have {had}",
        )
        return _unsupported(provider, workload, (gone,))
    operation = provider.operation(workload.operation)
    draft = _Draft(operation=operation)
    _ask_for_size(draft, workload.size)
    _ask_plainly(draft, "quality", workload.quality)
    _ask_plainly(draft, "output_format", workload.output_format)
    _ask_for_images(draft, workload.n)
    _ask_for_references(draft, workload.references)
    _add_required(draft)
    draft.missing += _objections(draft, workload)
    if draft.missing:
        return _unsupported(provider, workload, tuple(draft.missing))
    arguments = {name: draft.sent[name] for name in operation.arguments if name in draft.sent}
    return Fit(
        workload=workload.name,
        provider=provider.name,
        kind="nearest" if draft.changed else "exact",
        arguments=arguments,
        differences=tuple(draft.changed),
        price=price.price_of(provider, operation, arguments),
    )


def _unsupported(
    provider: Provider, workload: Workload, differences: tuple[Difference, ...]
) -> Fit:
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
    found = shape(draft.operation, size)
    draft.sent |= found.sent
    if found.difference is not None:
        (draft.changed if found.near else draft.missing).append(found.difference)


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
    draft.changed.append(Difference(parameter=name, asked=value, sent=None, why=why))


def _ask_for_images(draft: _Draft, n: int) -> None:
    """Ask for the number of images; one is what every provider makes unasked."""
    argument = documented(draft.operation, "n")
    if argument is not None:
        if argument.default != n:
            draft.sent["n"] = n
    elif n > 1:
        why = f"{n} images cannot be asked for: {lacks(draft.operation, 'n')}"
        draft.missing.append(Difference(parameter="n", asked=n, sent=None, why=why))


def _ask_for_references(draft: _Draft, number: int) -> None:
    """Give the reference images, no two alike: files or addresses, as the provider takes them."""
    if not number:
        return
    argument = documented(draft.operation, "images")
    if argument is None:
        why = f"references cannot be given: {lacks(draft.operation, 'images')}"
        draft.missing.append(Difference(parameter="references", asked=number, sent=None, why=why))
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
        reference_json(one).as_json() if files else f"{ASSETS}{one.name}" for one in recipes
    ]


def _reference_kind(argument: Argument) -> str:
    """Return the format of the references: PNG, unless the documents take others only."""
    rule = argument.media_type
    kinds = [kind.removeprefix("image/") for kind in rule.values] if rule else []
    known = [kind for kind in kinds if kind in MODES]
    return "png" if "png" in known or not known else known[0]


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
    asked = {**draft.sent, "prompt": f"{longest} characters", "images": workload.references}
    breaks, unsaid = broken_when_sent(draft.operation, whole)
    for item in (*breaks, *unsaid):
        name = "references" if item.parameter == "images" else item.parameter
        value = asked.get(item.parameter)
        why = f"{name} of {value} cannot be asked for: {describe(item)}"
        yield Difference(parameter=name, asked=value, sent=None, why=why)
