"""What a result rests on, in words: the first thing a reader must know."""

from collections.abc import Mapping

from harness.core.record import Provenance
from harness.report.model import Banner

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


def provenance_banner(evidence: Mapping[str, Provenance | None]) -> Banner:
    """Return what the report as a whole is a statement about, by provider name."""
    provenances = {
        name: provenance for name, provenance in evidence.items() if provenance is not None
    }
    emulated = [name for name, provenance in provenances.items() if not about_provider(provenance)]
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
            text=f"The providers themselves answered: {_sources(provenances)}.",
        )
    return Banner(
        level="recorded",
        title="Replay of recorded traffic",
        text=f"The providers answered when this was recorded, not today: {_sources(provenances)}.",
    )


def _emulated(items: tuple[Provenance, ...]) -> Banner:
    if all(provenance.kind == "emulator" for provenance in items):
        return Banner(
            level="emulated",
            title=f"Emulator run: {DISCLAIMER}",
            text=f"Every reply came from {_OURS}",
        )
    days = sorted({provenance.date for provenance in items if provenance.date})
    made = f" made {days[0]}" if days else ""
    until = f" to {days[-1]}" if len(days) > 1 else ""
    return Banner(
        level="emulated",
        title=f"Replay of an emulator recording: {DISCLAIMER}",
        text=f"Every reply was read from recordings{made}{until} of {_OURS}",
    )


def _sources(known: Mapping[str, Provenance]) -> str:
    return "; ".join(
        f"{name} {describe_provenance(provenance)}" for name, provenance in known.items()
    )
