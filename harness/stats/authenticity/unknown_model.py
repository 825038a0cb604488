"""Requests for a model that does not exist, and whether they were served."""

import unicodedata
from collections.abc import Iterator, Sequence

from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.spec.drawn.delivery import asked_model
from harness.spec.provider import Provider
from harness.stats.authenticity.model import Suspicion


def asks_for_unknown_model(record: Record, provider: Provider) -> bool:
    """Tell whether a request was answered that names a model which nobody has.

    Only a case that is about this: in others' traffic a name outside the list may be a model of
    which the document does not speak. An older model of the maker's that is known is one. Another
    spelling of a listed name (case, spaces, without the maker's prefix) is no other model.
    """
    case, operation = record.shot.case, provider.operation(record.shot.case.operation)
    argument = operation.arguments.get("model")
    named = case.arguments.get("model")
    if argument is None or argument.one_of is None or not isinstance(named, str):
        return False
    if provider.model is not None and asked_model(provider.model, operation, case.arguments):
        return False
    listed = {_spelt(value) for value in argument.one_of.values if isinstance(value, str)}
    known = listed | {_spelt(str(value).rpartition("/")[2]) for value in argument.one_of.values}
    about = "model.one_of" in (case.breaks, case.about)
    answered = isinstance(record.outcome, Images | Refused)
    return about and answered and _spelt(named) not in known | {""}


def _spelt(name: object) -> str:
    """Return a name's letters and digits, in one case and width."""
    folded = unicodedata.normalize("NFKC", str(name)).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def unknown_model_served(provider: str, records: Sequence[Record]) -> Iterator[Suspicion]:
    """Yield the suspicion that the field `model` is not read, where such a request was served."""
    served = [record for record in records if isinstance(record.outcome, Images)]
    if not served:
        return
    names = ", ".join(dict.fromkeys(str(one.shot.case.arguments["model"]) for one in served))
    outcomes = (record.outcome for record in served)
    images = (
        one for outcome in outcomes if isinstance(outcome, Images) for one in outcome.pictures
    )
    yield Suspicion(
        provider=provider,
        kind="unknown_model_served",
        method="requests for a model that does not exist, counted; no pixels are looked at",
        sentence=f"suspicion: {len(served)} of {len(records)} requests for a model that does not"
        f" exist ({names}) were served: the field `model` is not read, or stands for another one",
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
