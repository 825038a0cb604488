"""Whether images were really drawn as asked, by whom, for us: one row for each provider."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.core.inspection import Inspection
from harness.core.record import Record, RunHeader
from harness.core.verdict import Estimate
from harness.spec.drawn.delivery import IMAGE_MODEL, asked_model
from harness.spec.drawn.notes import document_contradictions
from harness.spec.model import Model
from harness.spec.provider import Provider
from harness.stats.authenticity.arithmetic import arithmetic, by_provider
from harness.stats.authenticity.clocks import clock_offset
from harness.stats.authenticity.deliveries import Deliveries, strongest_first
from harness.stats.authenticity.freshness import (
    freshness,
    overhead_estimate,
    share_estimate,
)
from harness.stats.authenticity.model import Authenticity
from harness.stats.authenticity.signing import signed_by
from harness.store.convoy import Passes

REFERENCE = "openai"
"""The maker itself: the provider beside which the others' overheads are laid, if none is named."""


def authenticity(
    header: RunHeader,
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    inspections: Mapping[str, Inspection],
) -> tuple[Authenticity, ...]:
    """Return what is known of each provider's images, in the order of the providers.

    `inspections` are by digest; what none was made of is evidence of nothing. A provider without a
    served image has a row without evidence.
    """
    shares = zip(providers.values(), by_provider(records, providers).values(), strict=True)
    with Passes(records) as passes:
        told = [passes.begin(_row, header, provider, own, inspections) for provider, own in shares]
    rows = [each.result for each in told]
    reference = header.benchmark.design.reference if header.benchmark else None
    return _beside(rows, reference or REFERENCE)


def _row(
    header: RunHeader,
    provider: Provider,
    records: Sequence[Record],
    inspections: Mapping[str, Inspection],
) -> Authenticity:
    readings = header.clocks.get(provider.name, ())
    with Passes(records) as passes:
        delivered = passes.begin(Deliveries, records, inspections)
        counted = passes.begin(arithmetic, provider, records)
        ahead = passes.begin(clock_offset, records, readings)
    found, drawn = delivered.result, counted.result
    with Passes(records) as passes:
        signing = passes.begin(signed_by, found, lambda record: _model(provider, record))
        dating = passes.begin(freshness, found, readings, ahead.result)
    signed, fresh = signing.result, dating.result
    contradictions = (*drawn.contradictions, *signed.contradictions, *fresh.contradictions)
    return Authenticity(
        provider=provider.name,
        images=len(found),
        drawn_as_asked=drawn.drawn_as_asked,
        manifests=signed.manifests,
        signed=signed.signed,
        fresh=fresh.fresh,
        overhead=overhead_estimate(fresh.overheads_s),
        contradictions=strongest_first(contradictions),
        notes=(*signed.notes, *fresh.notes, *drawn.notes, *document_contradictions(provider)),
    )


def _model(provider: Provider, record: Record) -> Model | None:
    """Return the model whose maker is known, where it was asked for; None for any other.

    A recorded agent's request that names no model of images may be of any day, and of any model.
    """
    operation, sold = provider.operation(record.shot.case.operation), provider.model
    given = operation.given(record.shot.case.arguments)
    unnamed = operation.protocol == "responses" and given.get(IMAGE_MODEL) is None
    if unnamed and record.evidence.kind == "recorded" and not record.evidence.emulated:
        return None
    return sold and asked_model(sold, operation, given)


def _beside(rows: Sequence[Authenticity], reference: str) -> tuple[Authenticity, ...]:
    """Add to each row by how much its overhead is above the reference's, where that is known."""
    own = next((row.overhead for row in rows if row.provider == reference), None)
    if own is None:
        return tuple(rows)
    return tuple(_with_share(row, reference, own) for row in rows)


def _with_share(row: Authenticity, reference: str, own: Estimate) -> Authenticity:
    if row.provider == reference or row.overhead is None:
        return row
    return replace(row, share=share_estimate(row.overhead, own), reference=reference)
