"""Who asks what in a run: what became of broken promises first, open questions on request."""

from collections.abc import Callable, Sequence

from harness.adaptive.confirm import FailureReducer
from harness.adaptive.discovery.discovery import Discovery
from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.planning.options import Options
from harness.runner.conformance.session import FollowUpStrategy
from harness.spec.provider import Provider


class Chain:
    """Several askers as one: all are told everything, and each has its rounds before the next."""

    def __init__(self, askers: Sequence[FollowUpStrategy]) -> None:
        self.askers = askers

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Tell every asker; return what any of them wants first."""
        return [shot for asker in self.askers for shot in asker.on_record(record)]

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round of the first asker that has one."""
        return next((shots for asker in self.askers if (shots := asker.on_idle())), ())


def follow_up_strategy(options: Options) -> Callable[[Provider, Plan], FollowUpStrategy]:
    """Return what makes the asker of each provider's session, as a run was asked to."""

    def make(provider: Provider, plan: Plan) -> FollowUpStrategy:
        del plan
        askers: list[FollowUpStrategy] = [FailureReducer(provider, max_shrink=options.max_shrink)]
        if options.planning.discover:
            own = [name for name in provider.operations if name in options.operations]
            askers.append(Discovery(provider, operations=own))
        return Chain(askers)

    return make
