"""Who asks what in a run: what became of broken promises first, open questions on request."""

from collections.abc import Callable, Sequence

from harness.core.case import Plan, Shot
from harness.core.record import Record
from harness.inquiry.discover import Discovery
from harness.inquiry.inquire import Inquiry
from harness.runner.asking import Asker
from harness.runner.options import Options
from harness.spec.provider import Provider


class InTurn:
    """Several askers as one: all are told everything, and each has its rounds before the next."""

    def __init__(self, askers: Sequence[Asker]) -> None:
        self.askers = askers

    def told(self, record: Record) -> Sequence[Shot]:
        """Tell every asker; return what any of them wants first."""
        return [shot for asker in self.askers for shot in asker.told(record)]

    def idle(self) -> Sequence[Shot]:
        """Return the next round of the first asker that has one."""
        return next((shots for asker in self.askers if (shots := asker.idle())), ())


def asker_for(options: Options) -> Callable[[Provider, Plan], Asker]:
    """Return what makes the asker of each provider's session, as a run was asked to."""

    def make(provider: Provider, plan: Plan) -> Asker:
        del plan
        askers: list[Asker] = [Inquiry(provider, max_shrink=options.max_shrink)]
        if options.discover:
            own = [name for name in provider.operations if name in options.operations]
            askers.append(Discovery(provider, operations=own))
        return InTurn(askers)

    return make
