"""What follows up a run: failing requests are reduced first, open questions measured on request."""

from collections.abc import Callable, Sequence

from harness.adaptive.confirm import FailureReducer
from harness.adaptive.discovery.discovery import Discovery
from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.planning.options import Options
from harness.runner.conformance.session import FollowUpStrategy
from harness.spec.provider import Provider


class Chain:
    """Several strategies in turn: each receives every record, and ends before the next begins."""

    def __init__(self, strategies: Sequence[FollowUpStrategy]) -> None:
        self._strategies = strategies

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Pass a record to every strategy; return what any of them sends next."""
        return [request for each in self._strategies for request in each.on_record(record)]

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round of the first strategy that has one."""
        return next((new for each in self._strategies if (new := each.on_idle())), ())


def follow_up_strategy(options: Options) -> Callable[[Provider, Plan], FollowUpStrategy]:
    """Return what makes the strategy of each provider's session, as the options of a run say."""

    def make(provider: Provider, _plan: Plan) -> FollowUpStrategy:
        strategies: list[FollowUpStrategy] = [
            FailureReducer(provider, max_shrink=options.max_shrink)
        ]
        if options.planning.discover:
            operations = [name for name in provider.operations if name in options.operations]
            strategies.append(Discovery(provider, operations=operations))
        return Chain(strategies)

    return make
