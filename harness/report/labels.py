"""What a finding is called, and what a case sets, in a few words."""

from collections.abc import Mapping, Sequence

from harness.core.case import Case, Stage
from harness.core.jsonvalue import Json, canonical
from harness.core.record import Record
from harness.core.reference import ReferenceImage
from harness.core.verdict import Finding
from harness.diagnosis.assignment import joined_values
from harness.report.text import count, one_line

_MOST_TEXT = 40
_MOST_WORDS = 200

_STAGES: dict[Stage, str] = {
    "plan": "",
    "confirm": "asked again",
    "isolate": "narrowed down",
    "shrink": "made smaller",
    "discover": "looking for a limit",
    "measure": "",
}

Named = Mapping[tuple[str, str], str]
"""What cases do in words, by provider and case id."""


def finding_name(finding: Finding) -> str:
    """Name what a finding is about: `n.range`, or `quality=high with output_format=jpeg`."""
    if not finding.combination:
        return finding.constraint or finding.check
    return joined_values(finding.combination)


def confirmation_text(finding: Finding) -> str:
    """Say what came, for a line that has named the finding already."""
    return finding.observed.removeprefix(f"{finding_name(finding)}: ")


def failure_rate(finding: Finding) -> str:
    """Say how often a promise was broken: `2 of 2 times`; empty where it was asked once."""
    return f"{finding.failed} of {finding.tried} times" if finding.tried > 1 else ""


def cases_text(records: Sequence[Record]) -> dict[tuple[str, str], str]:
    """Say what those cases do whose ids do not tell: rows, and what was asked after the plan.

    A row is told by what it sets beside the plain request of its operation (`quality=high, n=10`).
    """
    cases = [record.shot.case for record in records]
    bases = {(case.provider, case.operation): case for case in cases if case.id.endswith("/base")}
    told = {}
    for case in cases:
        base = bases.get((case.provider, case.operation))
        parts = [_STAGES[case.stage]]
        if base is not None and base.id != case.id and _is_unnamed(case):
            parts.append(_beside(base.arguments, case.arguments))
        if words := ": ".join(part for part in parts if part):
            told[case.provider, case.id] = one_line(words, _MOST_WORDS)
    return told


def _is_unnamed(case: Case) -> bool:
    return case.stage != "plan" or (case.about is None and case.breaks is None)


def _beside(base: Mapping[str, Json], arguments: Mapping[str, Json]) -> str:
    """Word the arguments that differ from the base's, and those that it has and they have not."""
    plain = ("prompt",)  # each case has a prompt of its own; a long one is worth a word
    parts = [
        f"{name}={_value(value)}"
        for name, value in arguments.items()
        if base.get(name) != value and (name not in plain or _is_long(value))
    ]
    parts += [f"no {name}" for name in base if name not in arguments]
    return ", ".join(parts)


def _value(value: Json) -> str:
    if (image := ReferenceImage.of(value)) and image.filename:
        return image.filename
    match value:
        case str() if len(value) > _MOST_TEXT:
            return f"{len(value):,} characters"
        case str():
            return value
        case list():
            return count(len(value), "item")
        case _:
            return canonical(value)


def _is_long(value: Json) -> bool:
    return not isinstance(value, str) or len(value) > _MOST_WORDS or not value
