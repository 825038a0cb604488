"""What is asked where a run was cut off while a request was repeated under its idempotency key."""

from collections.abc import Iterator

from harness.adaptive.sent import SentCases
from harness.core.case import Case
from harness.core.outcome import CUT_OFF_WHY, Images
from harness.core.record import Record
from harness.runner.execution.earlier import honours_keys

SHOWN_TWICE = 2
"""A broken promise is shown by two requests, as in a run that nothing cut off."""

REPETITIONS = 5
"""How often a request is repeated at most, however often the run is cut off."""


def after_cut_off(sent: SentCases, record: Record) -> Iterator[Case]:
    """Yield the case in other words, noted as sent, where its repetition is in doubt.

    Under the same key a provider that ignores keys would be paid once more for this body. The
    question is asked until the provider honours a key, or has shown twice that it does not.
    """
    case = record.shot.case
    name = (case.follows if case.stage == "confirm" else None) or case.id
    first = sent.records.get(name) if "same_key" in case.follow_ups else None
    if first is None:
        return
    repeated = [each.id for each in sent.followers(name) if each.stage == "confirm"]
    records = [sent.records[each] for each in (name, *repeated) if each in sent.records]
    answers = [honours_keys(each) for each in records]
    decided = True in answers or answers.count(False) >= SHOWN_TWICE
    waits = len(records) <= len(repeated)
    if not decided and not waits and any(map(_in_doubt, records)):
        again = sent.repetition(first, REPETITIONS)
        if again is not None:
            yield sent.add(again)


def _in_doubt(record: Record) -> bool:
    """Tell whether a run was cut off while it repeated a request that had been served."""
    outcome = record.outcome
    return isinstance(outcome, Images) and any(each.why == CUT_OFF_WHY for each in outcome.after)
