"""What a finding is called, and what a case sets, in a few words."""

from collections import Counter
from collections.abc import Mapping, Sequence

from harness.adaptive.discovery.question import Discovered
from harness.core.case import Case, Price, Stage
from harness.core.jsonvalue import Json, canonical
from harness.core.money import money
from harness.core.record import Provenance, Record
from harness.core.reference import ReferenceImage
from harness.core.verdict import Finding, Standing
from harness.diagnosis.combinations import joined_values
from harness.report.model import Banner, Report, State
from harness.report.text import count, one_line
from harness.stats.conformance.doubt import InDoubtCounts
from harness.stats.conformance.faults import FaultCounts

GONE = (
    "a live run picks these up by their ids with --resume; here they ended with the emulator or the"
    " recording that made them"
)


def waiting_advice(report: Report) -> str:
    """Say in a sentence how the waiting jobs are picked up, or why they cannot be."""
    if not report.can_resume:
        return f"{GONE[0].upper()}{GONE[1:]}."
    return (
        "They were submitted and may have been charged; nobody saw their end. To ask for them by"
        " their ids, and submit nothing twice, go on with the run, in the folder of this report:"
    )


DISCLAIMER = "it says nothing about the real providers"

_OURS = (
    "the harness's own emulator of the providers' documents. What follows shows what the harness"
    " can see, not what the providers do."
)


def about_provider(evidence: Provenance | None) -> bool:
    """Tell whether the replies were the real provider's, and not an emulator's."""
    return evidence is not None and not evidence.emulated


def describe_provenance(evidence: Provenance | None) -> str:
    """Return the evidence as a phrase with its date, its author and its source."""
    match evidence:
        case None:
            return "none"
        case Provenance(kind="live", source=source, date=date):
            return f"live, {date}, {source}"
        case _:
            return evidence.words


def short_provenance(evidence: Provenance | None) -> str:
    """Return the evidence as a word or two for a narrow column."""
    match evidence:
        case None:
            return "none"
        case Provenance(kind="recorded", source="emulator"):
            return "emulator, recorded"
        case Provenance(kind="recorded", date=date):
            return f"recorded {date}"
        case _:
            return evidence.kind


def observation_day(row: Discovered) -> str:
    """Return the day on which a discovery was observed, in ISO 8601 where it is known."""
    return row.on.isoformat() if row.on else "an unknown day"


def provenance_banner(evidence: Mapping[str, Provenance | None]) -> Banner:
    """Return what the report as a whole is a statement about, by provider name."""
    provenances = {
        name: provenance for name, provenance in evidence.items() if provenance is not None
    }
    emulated = [name for name, provenance in provenances.items() if provenance.emulated]
    sources = "; ".join(
        f"{name} {describe_provenance(provenance)}" for name, provenance in provenances.items()
    )
    if not provenances:
        return Banner(
            level="empty",
            title="Nothing was tested",
            text="No request was sent and none was replayed. This report says nothing about any"
            " provider.",
        )
    if len(emulated) == len(provenances):
        return _emulated(tuple(provenances.values()))
    if emulated:
        real = ", ".join(name for name in provenances if name not in emulated)
        return Banner(
            level="mixed",
            title=f"Partly emulated: {', '.join(emulated)}",
            text=f"Results of {', '.join(emulated)} come from an emulator and say nothing about"
            f" the real providers. Only those of {real} are statements about the providers.",
        )
    if any(provenance.kind == "live" for provenance in provenances.values()):
        return Banner(
            level="live",
            title="Live run",
            text=f"The providers themselves answered: {sources}.",
        )
    return Banner(
        level="recorded",
        title="Replay of recorded traffic",
        text=f"The providers answered when this was recorded, not today: {sources}.",
    )


def _emulated(provenances: tuple[Provenance, ...]) -> Banner:
    if all(provenance.kind == "emulator" for provenance in provenances):
        return Banner(
            level="emulated",
            title=f"Emulator run: {DISCLAIMER}",
            text=f"Every reply came from {_OURS}",
        )
    days = sorted({provenance.date for provenance in provenances if provenance.date})
    since = f" made {days[0]}" if days else ""
    until = f" to {days[-1]}" if len(days) > 1 else ""
    return Banner(
        level="emulated",
        title=f"Replay of an emulator recording: {DISCLAIMER}",
        text=f"Every reply was read from recordings{since}{until} of {_OURS}",
    )


_MOST_TEXT = 40
_MOST_WORDS = 200

_STAGES: dict[Stage, str] = {
    "plan": "",
    "confirm": "asked again",
    "isolate": "narrowed down",
    "shrink": "made smaller",
    "discover": "looking for a limit",
    "measure": "",
    "explore": "explored",
}

Named = Mapping[tuple[str, str], str]
"""What cases do in words, by provider and case id."""


STATES: dict[Standing, State] = {
    "confirmed": "broken",
    "flaky": "flaky",
    "unconfirmed": "unconfirmed",
}
"""What a finding makes of its promise, the gravest first."""


def finding_name(finding: Finding) -> str:
    """Name what a finding is about: `n.range`, or `quality=high with output_format=jpeg`."""
    if not finding.combination:
        return finding.constraint or finding.check
    return joined_values(finding.combination)


def confirmation_text(finding: Finding) -> str:
    """Say what came, for a line that has named the finding already."""
    return finding.observed.removeprefix(f"{finding_name(finding)}: ")


def failure_rate(finding: Finding) -> str:
    """Say how often a promise was broken: `2 of 2 times`; empty where it was asked once.

    Where it takes a comparison: `3 of 3 times, 0 of 22 without it`.
    """
    if finding.tried < 2:  # noqa: PLR2004 - once is no rate
        return ""
    without = f", {finding.other_failed} of {finding.others} without it" if finding.others else ""
    return f"{finding.failed} of {finding.tried} times{without}"


def faults_text(counts: FaultCounts) -> str:
    """Say how many valid requests ended in faults; empty where none did and nothing is unsettled.

    `31 of 52 valid requests ended in faults (server 28, timeout 3); up to 4 images unsettled`.
    """
    if not (counts.faults or counts.other_faults or counts.unsettled_images):
        return ""
    parts = []
    if counts.valid and (counts.faults or counts.other_faults):
        valid = count(counts.valid, "valid request")
        parts.append(f"{counts.faults} of {valid} {_ended(counts.faults)}")
        classes = ", ".join(f"{name} {number}" for name, number in counts.by_class)
        parts[0] += f" ({classes})" if classes else ""
    if counts.other_faults:
        others = count(counts.others, "other request" if counts.valid else "request")
        did = "did" if counts.valid else _ended(counts.other_faults)
        parts.append(f"{counts.other_faults} of {others} {did}")
    if counts.unsettled_images:
        parts.append(f"up to {count(counts.unsettled_images, 'image')} unsettled")
    return "; ".join(parts)


def _ended(faults: int) -> str:
    return f"ended in {'a fault' if faults == 1 else 'faults'}"


_MOST_CASES = 3


def doubt_text(counts: InDoubtCounts) -> str:
    """Say what was cut off without a reply, what that may cost, and what is open because of it.

    `buble: in doubt: 2 cases (generate/base, generate/n.range/refuse/0); ...`.
    """
    cut_off = count(counts.requests, "request")
    price = Price(amount=counts.amount, unit=counts.unit, images=counts.images)
    may = f"{cut_off} cut off without a reply may have cost up to {money(price)} beside the rest"
    if not counts.cases:
        return f"{counts.provider}: {may}; each question was asked again in other words"
    named = ", ".join(counts.cases[:_MOST_CASES])
    more = len(counts.cases) - _MOST_CASES
    named += f" and {more} more" if more > 0 else ""
    return f"{counts.provider}: in doubt: {count(len(counts.cases), 'case')} ({named}); {may}"


def fault_lines(report: Report) -> tuple[str, ...]:
    """Say how many valid requests of each provider ended in faults, where any did."""
    return tuple(
        f"{row.provider}: {text}" for row in report.providers if (text := faults_text(row.faults))
    )


WITH_WORDS = 256
"""So many cases of each promise are told in words; of more, those that findings name."""


def cases_text(
    records: Sequence[Record], findings: Sequence[Finding] = ()
) -> dict[tuple[str, str], str]:
    """Say what those cases do whose ids do not tell: rows, and what was asked after the plan.

    A row is told by what it sets beside the plain request of its operation (`quality=high, n=10`).
    Of very many cases only those have words that a report may show: the first ones of each promise,
    and those that `findings` name.
    """
    bases = {
        (case.provider, case.operation): case
        for case in (record.shot.case for record in records)
        if case.id.endswith("/base")
    }
    named = {(finding.provider, case) for finding in findings for case in finding.cases}
    told: Counter[tuple[str, str, str | None]] = Counter()
    texts = {}
    for case in (record.shot.case for record in records):
        if not _is_first(case, told) and (case.provider, case.id) not in named:
            continue
        base = bases.get((case.provider, case.operation))
        parts = [_STAGES[case.stage]]
        unnamed = case.stage != "plan" or (case.about is None and case.breaks is None)
        if base is not None and base.id != case.id and unnamed:
            parts.append(_beside(base.arguments, case.arguments))
        if text := ": ".join(filter(None, parts)):
            texts[case.provider, case.id] = one_line(text, _MOST_WORDS)
    return texts


def _is_first(case: Case, told: Counter[tuple[str, str, str | None]]) -> bool:
    """Tell whether a case is among the first ones of any promise that it is about."""
    promises = {case.about, case.breaks, *(each.partition("=")[0] for each in case.covers)}
    places = [(case.provider, case.operation, promise) for promise in promises]
    is_first = any(told[place] < WITH_WORDS for place in places)
    told.update(places)
    return is_first


def _beside(base: Mapping[str, Json], arguments: Mapping[str, Json]) -> str:
    """Name the arguments that differ from the base's, and those that the base has beside them.

    A prompt is named only where it is empty, long or no text: each case has another one.
    """
    parts = [
        f"{name}={_value(value)}"
        for name, value in arguments.items()
        if base.get(name) != value
        and not (name == "prompt" and isinstance(value, str) and 0 < len(value) <= _MOST_WORDS)
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
