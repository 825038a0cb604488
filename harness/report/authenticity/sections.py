"""All sections of evidence of a report, in their order, and their lines for a terminal."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from harness.report.authenticity.images import authenticity_lines, authenticity_section
from harness.report.authenticity.money import bill_lines, money_section
from harness.report.authenticity.section import EvidenceSection
from harness.report.authenticity.suspected import suspicion_lines, suspicions_section
from harness.stats.authenticity.model import Authenticity
from harness.stats.money.model import BillingNote, MakerCost, PriceComparison
from harness.stats.suspicions.model import Suspicion


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of images and money beside the promises.

    `emulated` are the providers whose replies an emulator made: nothing in it is about them.
    """

    authenticity: Sequence[Authenticity]
    suspicions: Sequence[Suspicion]
    billing: Sequence[BillingNote]
    price_comparison: Sequence[PriceComparison]
    maker_costs: Sequence[MakerCost]
    emulated: Collection[str] = ()

    def named(self, provider: str) -> str:
        """Return what a provider is called, with the emulator told from it."""
        return f"{provider} (emulator)" if provider in self.emulated else provider


def evidence_sections(known: Evidence) -> Iterator[EvidenceSection]:
    """Yield the sections that have anything to say."""
    for section in (
        authenticity_section(known.authenticity, known.named),
        suspicions_section(known.suspicions, known.named),
        money_section(known.billing, known.price_comparison, known.maker_costs, known.named),
    ):
        if section is not None:
            yield section


def evidence_lines(known: Evidence) -> tuple[str, ...]:
    """Return what a terminal shows: a line for each provider of which anything is known."""
    return (
        *authenticity_lines(known.authenticity, known.named),
        *suspicion_lines(known.suspicions, known.named),
        *bill_lines(known.billing, known.named),
    )
