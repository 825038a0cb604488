"""All that is observed beside the promises; none of it may cost a report."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.conformance.late import late
from harness.stats.conformance.limits import limits
from harness.stats.conformance.slow_sizes import slow_sizes
from harness.store.convoy import Passes

log = logging.getLogger(__name__)

Observer = Callable[[Sequence[Record], Mapping[str, Provider]], tuple[Behaviour, ...]]


def _slow_sizes(
    records: Sequence[Record], _providers: Mapping[str, Provider]
) -> tuple[Behaviour, ...]:
    return slow_sizes(records)


OBSERVERS: tuple[Observer, ...] = (limits, late, _slow_sizes)


def behaviours(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    *,
    observers: Sequence[Observer] = OBSERVERS,
) -> Iterator[Behaviour]:
    """Yield what each observer makes of the records.

    One that crashes is our bug: it is logged, and the others and the report go on without it.
    """
    with Passes(records) as passes:
        told = [passes.begin(_told, observer, records, providers) for observer in observers]
    for each in told:
        yield from each.result


def _told(
    observer: Observer, records: Sequence[Record], providers: Mapping[str, Provider]
) -> tuple[Behaviour, ...]:
    try:
        return observer(records, providers)
    except Exception:  # a record holds anything that a provider sends
        log.exception("%s crashed; the report lacks what it observes", observer.__name__)
        return ()
