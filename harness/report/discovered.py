"""Open questions: what requests about them got, and what discovery observed, as TOML to paste.

What was observed is never called documented: a rule keeps the status it has, and one that the
documents do not have is `undocumented`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from harness.adaptive.discovery.question import Discovered, place_of
from harness.core.case import Case
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.report.images import images_text
from harness.report.labels import observation_day, short_provenance
from harness.report.model import OpenQuestionResult
from harness.report.text import files_named, one_line, pruned_json
from harness.spec.credentials import IN_WORDS
from harness.spec.expressions import Source
from harness.spec.provider import Argument, Operation, Provider
from harness.spec.rules import Rule, Scalar

_MOST_ASKED = 160
_MOST_TEXT = 80
_MOST_FILES = 2


def observations(
    records: Sequence[Record], providers: Mapping[str, Provider]
) -> tuple[OpenQuestionResult, ...]:
    """Return one row for each case that only observed, in the order of `providers`.

    Those of discovery are not among them: they answer together, in a table of their own.
    """
    order = list(providers)
    rows = [
        _observation(record)
        for record in records
        if record.shot.case.expect == "observe" and record.shot.case.stage != "discover"
    ]
    return tuple(sorted(rows, key=lambda row: order.index(row.provider)))


def _observation(record: Record) -> OpenQuestionResult:
    case = record.shot.case
    outcome, answer = _answer(record)
    return OpenQuestionResult(
        provider=case.provider,
        operation=case.operation,
        case=case.id,
        constraint=case.breaks or case.about,
        asked=_question(case),
        outcome=outcome,
        came=answer,
        why=case.why,
    )


def _question(case: Case) -> str:
    """Word the value that was tried: `aspect_ratio = "16:9"`, `mask = a.png (9 bytes, 16x32)`."""
    if case.credential != "own":
        return IN_WORDS[case.credential]
    parameter = (case.breaks or case.about or "").partition(".")[0]
    if not parameter:
        return one_line(canonical(files_named(case.arguments)), _MOST_ASKED)
    if parameter not in case.arguments:
        return f"{parameter} left out"
    return one_line(f"{parameter} = {_value_text(case.arguments[parameter])}", _MOST_ASKED)


def _value_text(value: Json) -> str:
    """Word a value: JSON, but files by name and size, and a long list by its first ones."""
    named = files_named(value)
    if named != value and isinstance(named, list):
        first = ", ".join(map(str, named[:_MOST_FILES]))
        more = f" and {len(named) - _MOST_FILES} more" if len(named) > _MOST_FILES else ""
        return first + more
    return str(named) if named != value else canonical(pruned_json(value, _MOST_TEXT))


def _answer(record: Record) -> tuple[Literal["served", "refused", "no answer", "not sent"], str]:
    match record.outcome:
        case Images(pictures=pictures):
            return "served", images_text(pictures)
        case Refused(error=error):
            words = ": ".join(part for part in (error.code, error.message) if part)
            return "refused", f"HTTP {error.status}, {error.error_class}: {words}"
        case Fault(error_class=error_class, why=why):
            return "no answer", f"{error_class}: {why}"
        case None:
            return "not sent", record.skipped or "not reached"


_LONGEST = 500
_PER_MILLE = 1000


def discovered_toml(provider: Provider, rows: Sequence[Discovered]) -> str:
    """Return lines that a person can paste into the provider's TOML; "" without rows.

    Each rule stands under its argument's header and takes the place of the rule of that name, if
    there is one; what no rule can hold is a comment.
    """
    discovereds = [row for row in rows if row.provider == provider.name]
    if not discovereds:
        return ""
    lines = [
        "# Observed, not documented. Put each line under its header, in the place of the rule of",
        "# the same name where there is one.",
    ]
    for operation_name in dict.fromkeys(row.operation for row in discovereds):
        operation = provider.operation(operation_name)
        arguments: dict[str, list[str]] = {}
        for row in discovereds:
            if row.operation != operation_name:
                continue
            if rule_lines := _lines(provider, operation, row):
                arguments.setdefault(row.parameter, []).extend(rule_lines)
            else:
                sentence = f"{operation_name}: {row.parameter}, {row.question}: {_observed(row)}"
                lines.append(f"# {one_line(sentence, _LONGEST)}")
        for parameter, argument_lines in arguments.items():
            lines += ["", f"[operations.{operation_name}.arguments.{parameter}]", *argument_lines]
        lines.append("")
    return "\n".join(lines)


def _observed(row: Discovered) -> str:
    evidence = short_provenance(row.evidence)
    return f"observed on {observation_day(row)}: {row.observed} ({evidence})"


def _lines(provider: Provider, operation: Operation, row: Discovered) -> list[str]:
    """Return the TOML lines of a row, none where no rule can hold it."""
    argument = operation.arguments.get(row.parameter)
    if argument is None:
        return _new_argument(provider, operation, row)
    parts = _rule(row, argument)
    if parts is None:
        return []
    name, values = parts
    rule: Rule | None = getattr(argument, name)
    contradictory = rule is not None and rule.status == "contradictory"
    promise = rule or argument
    cited: dict[str, Json] = {
        "status": "contradictory" if contradictory else "undocumented",
        "source": _cited(provider, promise.source),
    }
    if promise.second_source is not None:
        cited["second_source"] = _cited(provider, promise.second_source)
    return [_line(name, {**values, **cited, "note": _note(row, rule)})]


def _rule(row: Discovered, argument: Argument) -> tuple[str, dict[str, Json]] | None:
    """Return the rule's name and values; None without a limit, or where answers disagree."""
    if row.rule == "one_of":
        return None if argument.one_of is None else ("one_of", _members(argument, row.values))
    if row.low is None or row.high is None or row.high <= row.low:
        return None
    if row.rule == "range" and argument.one_of is not None:
        return "one_of", _members(argument, tuple(range(1, row.low + 1)))
    least = argument.count.min if argument.count else 1
    values: dict[str, dict[str, Json]] = {
        "max_length": {"characters": row.low},
        "count": {"min": min(least, row.low), "max": row.low},
        "range": {"min": 1, "max": row.low},
        "max_edge": {"pixels": row.low},
        "max_pixels": {"pixels": row.low},
        "min_pixels": {"pixels": row.high},
        "multiple_of": {"pixels": row.high},
        "max_ratio": {"ratio": row.low // _PER_MILLE},
    }
    return (row.rule, values[row.rule]) if row.rule in values else None


def _members(argument: Argument, served: Iterable[Scalar]) -> dict[str, Json]:
    """Return the list with what else was served; what was refused stays, and the note says so."""
    rule = argument.one_of
    listed = rule.values if rule else ()
    members: dict[str, Json] = {"values": list(dict.fromkeys((*listed, *served)))}
    return {**members, "shown": list(rule.shown)} if rule and rule.shown else members


def _new_argument(provider: Provider, operation: Operation, row: Discovered) -> list[str]:
    """Return an argument that no document names and that was honoured."""
    place = place_of(row.parameter, operation)
    if row.rule != "argument" or row.parameter not in provider.parameters or place is None:
        return []
    served = row.values[0]
    cited: dict[str, Json] = {
        "status": "undocumented",
        "source": _cited(provider, operation.source),
    }
    rules: dict[str, tuple[str, dict[str, Json]]] = {
        "size": ("format", {"shape": "size", "examples": [served]}),
        "n": ("range", {"min": 1, "max": served}),
    }
    rule, values = rules.get(row.parameter, ("one_of", {"values": [served]}))
    return [
        f"wire = {_text(place)}",
        f"type = {_text('integer' if isinstance(served, int) else 'string')}",
        *(f"{name} = {_value(text)}" for name, text in cited.items()),
        f"note = {_text(_note(row))}",
        _line(rule, {**values, **cited}),
    ]


def _note(row: Discovered, rule: Rule | None = None) -> str:
    """Return what was observed, after what the rule's own note says is open."""
    open_before = rule.note if rule else ""
    return one_line("; ".join(filter(None, (open_before, _observed(row)))), _LONGEST)


def _cited(provider: Provider, source: Source) -> str:
    """Return a source as the TOML writes it: with its own name of the document."""
    names = {document.file: name for name, document in provider.documents.items()}
    return f"{names.get(source.document, source.document)}: {source.section}"


def _line(name: str, values: dict[str, Json]) -> str:
    inside = ", ".join(f"{key} = {_value(value)}" for key, value in values.items())
    return f"{name} = {{ {inside} }}"


def _value(value: Json) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Return a text as a TOML basic string, which is JSON's but for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
