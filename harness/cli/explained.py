"""How `harness explain` prints what the documents say: a block for readers, a line of JSON."""

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence

import click

from harness.cli.printing import shown
from harness.core.jsonvalue import Json, canonical
from harness.core.money import money
from harness.core.placeholders import ASSETS
from harness.core.plain import carried_json, price_json
from harness.core.reference import ReferenceImage
from harness.report.text import count, one_line
from harness.spec.explain.asked import ExplainRequest
from harness.spec.explain.explain import Explanation, Near, RequestCost, Unknown
from harness.spec.explain.nearest import Change
from harness.spec.explain.said import RuleStatement

_COLORS = {"accepted": "green", "refused": "red", "open": "yellow", "not mappable": "yellow"}
_LONGEST = 48
"""Characters of a value that are shown."""

_WIDEST = 100


def preface(requests: Sequence[ExplainRequest]) -> Iterator[str]:
    """Yield the sentence that says what was not given, if anything was not."""
    names = dict.fromkeys(name for request in requests for name in request.assumed)
    if names:
        yield _filled(f"Not given, so a plain value stands in: {', '.join(names)}.", "", hang=0)


def as_text(explanation: Explanation, title: str) -> str:
    """Return an explanation, headed by its provider's title, as lines that fit the terminal."""
    title = f"{title}, {explanation.operation}: "
    head = click.style(shown(title), bold=True) + click.style(
        explanation.verdict, fg=_COLORS[explanation.verdict]
    )
    lines = [head]
    for constraint in explanation.breaks:
        lines += _rule(constraint, "breaks")
    for unknown in explanation.unknown:
        lines.append(_filled(_unknown(unknown), "  "))
    for constraint in explanation.open:
        lines += _rule(constraint, "open")
    if explanation.cost is not None:
        lines.append(_filled(f"price: {_money(explanation.cost)}", "  "))
    if explanation.verdict != "accepted" and explanation.request is not None:
        lines += _near(explanation.nearest)
    return "\n".join(lines)


def _rule(statement: RuleStatement, word: str) -> Iterator[str]:
    status = "" if statement.status == "documented" else f" ({statement.status})"
    yield _filled(f"{word} {statement.about}: {statement.says}{status}", "  ")
    yield from (_filled(place, "      ") for place in statement.places)
    if statement.note:
        yield _filled(statement.note, "      ")


def _unknown(unknown: Unknown) -> str:
    instead = f"; it has {', '.join(unknown.instead)}" if unknown.instead else ""
    return f"not documented: there is no {unknown.kind} {one_line(unknown.name, _LONGEST)}{instead}"


def _near(near: Near | None) -> Iterator[str]:
    label = "  nearest: "
    if near is None:
        yield f"{label}no valid request is within reach"
        return
    changes = [_change(change) for change in near.changes]
    for line in (*changes, _money(near.cost)) if changes else ("nothing to change",):
        yield _filled(line, label, hang=len(label) + 4)
        label = " " * len(label)


def _change(change: Change) -> str:
    name, before, after = change.parameter, change.before, change.after
    match before, after:
        case str(), str() if after and before.startswith(after):
            return f"{name} cut from {len(before):,} to {len(after):,} characters"
        case list(), list() if before[: len(after)] == after:
            return f"{name} cut from {len(before):,} to {len(after):,}"
    old = "(not given)" if before is None else _value(before)
    new = "left out" if after is None else _value(after)
    if old == new:  # a text that should be a number, or the other way round
        old, new = canonical(before), canonical(after)
    return f"{name} {old} -> {new}"


def _value(argument: Json) -> str:
    if (image := ReferenceImage.of(argument)) and image.media_type:
        return _file(image, image.media_type)
    match argument:
        case [first]:
            return _value(first)
        case [first, *others]:
            return f"{_value(first)} and {len(others)} more"
        case str() if argument.startswith(ASSETS):
            return f"a public address of {one_line(argument.removeprefix(ASSETS), _LONGEST)}"
        case str():
            return one_line(argument, _LONGEST) or '""'
        case _:
            return one_line(canonical(argument), _LONGEST)


def _file(image: ReferenceImage, media_type: str) -> str:
    wide, high, size = image.width_px, image.height_px, image.size_bytes
    facts = [media_type.removeprefix("image/")]
    facts += [f"{wide}x{high}"] if wide and high else []
    facts += [] if size is None else [f"{size:,} bytes"]
    facts += ["alpha"] if image.alpha else []
    return f"{one_line(image.filename or 'image', _LONGEST)} ({', '.join(facts)})"


def _money(cost: RequestCost) -> str:
    price = cost.price
    images = count(price.images, "image")
    if price.unit == "image":
        return f"{images}; the documents name no price"
    sure = "" if cost.status == "documented" else f" ({cost.status} price)"
    return f"{images}, {money(price)}{sure}"


def _filled(text: str, indent: str, *, hang: int | None = None) -> str:
    width = max(40, min(shutil.get_terminal_size().columns, _WIDEST))
    after = " " * (len(indent) + 4 if hang is None else hang)
    return textwrap.fill(shown(text), width, initial_indent=indent, subsequent_indent=after)


def as_json_line(explanation: Explanation, assumed: dict[str, Json]) -> str:
    """Return an explanation as one line of JSON."""
    fields: dict[str, Json] = {
        "provider": explanation.provider,
        "operation": explanation.operation,
        "verdict": explanation.verdict,
        "arguments": explanation.arguments,
        "assumed": list(assumed),
        "breaks": [_rule_json(statement) for statement in explanation.breaks],
        "open": [_rule_json(statement) for statement in explanation.open],
        "unknown": [
            {"name": each.name, "kind": each.kind, "instead": list(each.instead)}
            for each in explanation.unknown
        ],
        "nearest": None if explanation.nearest is None else _near_json(explanation.nearest),
        "price": None if explanation.cost is None else _price_json(explanation.cost),
        "request": None
        if (sent := explanation.request) is None
        else {
            "method": sent.method,
            "path": sent.target,
            "headers": dict(sent.headers),
            **carried_json(sent),
        },
    }
    return json.dumps(fields)


def _rule_json(statement: RuleStatement) -> Json:
    return {
        "constraint": statement.about,
        "says": statement.says,
        "status": statement.status,
        "source": statement.source,
        "quotes": [{"quote": words, "source": at} for at, words in statement.cited if words],
        "note": statement.note,
    }


def _near_json(near: Near) -> Json:
    return {
        "arguments": near.arguments,
        "changes": [
            {"parameter": change.parameter, "from": change.before, "to": change.after}
            for change in near.changes
        ],
        "price": _price_json(near.cost),
    }


def _price_json(cost: RequestCost) -> Json:
    return {**price_json(cost.price), "status": cost.status}
