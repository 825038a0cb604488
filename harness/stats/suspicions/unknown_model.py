"""Requests for a model that does not exist, and whether they were served."""

from collections.abc import Iterator, Sequence

from harness.core.outcome import Images, Refused
from harness.core.placeholders import NO_SUCH_MODEL
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.stats.suspicions.model import Suspicion


def asks_for_unknown_model(record: Record) -> bool:
    """Tell whether a request was answered that names the model which the harness made up.

    Any other name outside a document's list may be a model of which the document does not speak.
    """
    named = record.shot.case.arguments.get("model")
    return named == NO_SUCH_MODEL and isinstance(record.outcome, Images | Refused)


def unknown_model_served(provider: str, records: Sequence[Record]) -> Iterator[Suspicion]:
    """Yield the suspicion that the field `model` is not read, where such a request was served."""
    served = [record for record in records if isinstance(record.outcome, Images)]
    if not served:
        return
    outcomes = (record.outcome for record in served)
    images = (
        one for outcome in outcomes if isinstance(outcome, Images) for one in outcome.pictures
    )
    yield Suspicion(
        provider=provider,
        kind="unknown_model_served",
        method="requests for a model that does not exist, counted; no pixels are looked at",
        sentence=f"suspicion: {len(served)} of {len(records)} requests for a model that does not"
        f" exist ({NO_SUCH_MODEL}) were served: the field `model` is not read, or stands for"
        " another one",
        count=len(served),
        of=len(records),
        false_positives=_NOTHING_TO_MEASURE,
        shown=True,
        cases=tuple(dict.fromkeys(record.shot.case.id for record in served)),
        images=tuple(dict.fromkeys(one.digest for one in images)),
    )


_NOTHING_TO_MEASURE = Estimate(
    value=None,
    low=None,
    high=None,
    confidence=0.95,
    n=0,
    unit="share",
    method="nothing to measure: the request and its reply stand in the journal",
)
