"""Fields that OpenAI knows and these documents do not: refused, ignored, or honoured.

All of them go into one request first: where it is served, one image tells of every field. Where it
is refused, the group is split, at the field that the error names or in the middle; refusals are
free, so a provider that refuses them all is asked for nothing but patience.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.adaptive.discovery.question import (
    Discovered,
    OperationHistory,
    Probe,
    ProbeRecord,
    delivered_sizes,
    place_of,
    summed_up,
)
from harness.cases.build import short_digest
from harness.checks.naming import mentions, same_name
from harness.core.exchange import Picture
from harness.core.outcome import Refused
from harness.spec.rules import Scalar, edges, same

_LONGEST = 60
_ALONE = ("response_format",)
"""What moves the image to another place of the reply: beside others it would hide what they do."""

_SIZES = ("1024x640", "640x1024")
_IMAGES_API: Mapping[str, Scalar] = {
    "size": _SIZES[0],
    "n": 2,
    "quality": "low",
    "output_format": "jpeg",
    "output_compression": 90,
    "background": "transparent",
    "moderation": "low",
    "user": "harness-7f3a",
    "style": "natural",
    "input_fidelity": "high",
    "safety_identifier": "harness-7f3a",
    "response_format": "b64_json",
}
"""Of OpenAI's schema (facts, `openai_images_schema.md`), with a value each that would show.

`stream` and `partial_images` change the form of the reply, `mask` needs a file, and what only the
newest schema knows (`frame_count`, `svg`) can multiply the price: none of them is sent.
"""

_TOOL = ("size", "quality", "output_format", "output_compression", "background", "moderation")
_OF_TOOL = (*_TOOL, "input_fidelity")


def unknown_fields(history: OperationHistory) -> dict[str, Scalar]:
    """Return each field with its place and its value, chosen against what is delivered anyway."""
    operation = history.operation
    names = _OF_TOOL if operation.protocol == "responses" else tuple(_IMAGES_API)
    values: dict[str, Scalar] = {}
    for name in names:
        place = None if name in operation.arguments else place_of(name, operation)
        taken = {place for one in operation.arguments.values() for place in one.places}
        if place is not None and place not in taken:
            values[place] = _telling(name, history)
    return values


def _telling(name: str, history: OperationHistory) -> Scalar:
    pictures = history.plain.pictures if history.plain else ()
    first = pictures[0] if pictures else None
    if name == "size" and first is not None:
        usual = f"{first.width_px}x{first.height_px}"
        return next(size for size in _SIZES if size != usual)
    if name == "output_format":  # png carries transparency, which the same request may ask for
        return "png" if first is not None and first.format != "png" else "webp"
    return _IMAGES_API[name]


@dataclass(frozen=True, slots=True)
class Fields:
    """What becomes of fields that are documented nowhere."""

    name: str = "fields"

    def next(self, history: OperationHistory, room: int) -> Sequence[Probe]:
        """Return a probe for each group without an answer, as far as the images suffice."""
        fields, probes = unknown_fields(history), []
        parts = (part for group in _groups(fields) for part in _split(history, group))
        for group in (group for group, probe in parts if probe is None):
            cost = 2 if "n" in group else 1
            if cost <= room:
                room -= cost
                probes.append(history.changed(_slug(group), {name: fields[name] for name in group}))
        return probes

    def rows(self, history: OperationHistory) -> tuple[Discovered, ...]:
        """Return a row for each field that changes the image, and one for all the others."""
        fields = unknown_fields(history)
        heard = [
            (name, probe)
            for group in _groups(fields)
            for part, probe in _split(history, group)
            if probe is not None
            for name in part
        ]
        changed, others = list[Discovered](), dict[str, list[str]]()
        for name, probe in heard:
            effect = _effect(history, name.rpartition(".")[2], fields[name], probe)
            if effect in _PLAIN:
                others.setdefault(effect, []).append(name)
            else:
                changed += _row(history, name, fields[name], probe, effect)
        if others:
            behind = sorted({probe.id: probe for _, probe in heard}.items())
            changed += summed_up(
                history,
                [probe for _, probe in behind],
                parameter="fields",
                question="what becomes of fields that only OpenAI's schema knows",
                observed="; ".join(f"{other}: {', '.join(others[other])}" for other in others),
            )
        return tuple(changed)


def _groups(fields: Mapping[str, Scalar]) -> list[tuple[str, ...]]:
    alone = [name for name in fields if name.rpartition(".")[2] in _ALONE]
    together = tuple(name for name in fields if name not in alone)
    return [group for group in (together, *((name,) for name in alone)) if group]


def _split(
    history: OperationHistory, group: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], ProbeRecord | None]]:
    """Yield a group with its answer, or the parts that a refusal splits it into; None unasked."""
    probe = _answer(history, group)
    if probe is None or len(group) == 1 or probe.word(*group) != "refused":
        yield group, probe
        return
    named = _named(probe, group)
    first = named if len(named) == 1 else group[: len(group) // 2]
    for part in (first, tuple(name for name in group if name not in first)):
        yield from _split(history, part)


def _answer(history: OperationHistory, group: tuple[str, ...]) -> ProbeRecord | None:
    fields = unknown_fields(history)
    wanted = frozenset(group)
    fitting = (
        probe
        for probe in history.seen
        if probe.differs == wanted
        and all(same(probe.arguments.get(name), fields[name]) for name in group)
    )
    return next(fitting, None)


def _named(probe: ProbeRecord, group: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that a refusal names: in its parameter field, else in its message."""
    outcome = probe.record.outcome
    if not isinstance(outcome, Refused):
        return ()
    message, blamed = outcome.error.message, outcome.error.parameter
    return tuple(
        name
        for name in group
        if (same_name(blamed, (name,)) if blamed else mentions(message, (name,)))
    )


def _row(
    history: OperationHistory, name: str, sent: Scalar, probe: ProbeRecord, effect: str
) -> tuple[Discovered, ...]:
    honoured = effect.startswith("honoured")
    return summed_up(
        history,
        (probe,),
        parameter=name.rpartition(".")[2],
        question=f"what becomes of the undocumented field {name}",
        observed=f"{name} = {json.dumps(sent)}: {effect}",
        rule="argument" if honoured else "",
        values=(sent,) if honoured else (),
    )


_REFUSED, _IGNORED, _UNCLEAR = "refused", "ignored", "left open, no clear answer"
_UNSEEN = "accepted, and no image shows whether they count"
_PLAIN = (_REFUSED, _IGNORED, _UNCLEAR, _UNSEEN)


def _effect(history: OperationHistory, field: str, sent: Scalar, probe: ProbeRecord) -> str:
    word = probe.word(field, *(name for name in probe.differs if name.endswith(field)))
    if word != "served":
        return _REFUSED if word == "refused" else _UNCLEAR
    usual = history.plain.pictures if history.plain else ()
    was, now = (_shown(field, pictures) for pictures in (usual, probe.pictures))
    if now is None:
        return _UNSEEN
    if _wanted(field, sent, now):
        return f"honoured: {now} delivered"
    return _IGNORED if now == was else f"not honoured: {now} instead of {was}"


def _shown(field: str, pictures: Sequence[Picture]) -> str | None:
    """Word what pictures show of a field, None where they cannot."""
    decoded = [picture for picture in pictures if picture.state == "decoded"]
    if field == "n":
        return f"{len(pictures)}"
    if not decoded:
        return None
    match field:
        case "size":
            return delivered_sizes(decoded)
        case "output_format":
            return decoded[0].format
        case "background":
            return "transparent" if decoded[0].alpha else "opaque"
        case _:
            return None


def _wanted(field: str, sent: Scalar, now: str) -> bool:
    if field == "size":
        requested = edges(sent)
        return requested is not None and now == f"{requested[0]}x{requested[1]}"
    return now == str(sent)


def _slug(group: Sequence[str]) -> str:
    """Return a group's name: its fields, or their number and a digest where that is long."""
    plain = "+".join(name.rpartition(".")[2] for name in group)
    if len(plain) <= _LONGEST:
        return plain
    return f"{len(group)}-{short_digest(dict.fromkeys(group))}"
