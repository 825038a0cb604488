"""What follows up a run: failing requests are reduced first, open questions measured on request."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from harness.adaptive.confirm import FailureReducer
from harness.adaptive.discovery.discovery import Discovery
from harness.adaptive.explore import Explorer
from harness.adaptive.recheck import AskingAgain
from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.core.slicing import Slice
from harness.planning.exploration import examples_of
from harness.planning.options import Options
from harness.planning.slicing import sliced_concurrency
from harness.runner.conformance.session import FollowUpStrategy
from harness.runner.run import provider_budget
from harness.spec.provider import Provider

_SLICES = 1_000_000_007
"""How far apart the seeds are by which slices draw: no two draw the same requests."""

STATISTICS = "explore.txt"
"""The file of a run folder that holds what Hypothesis drew and shrank; a resumed run adds to it."""


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


class FollowUpStrategies:
    """Makes the strategy of each provider's session, as the options of a run say."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._explorers: list[Explorer] = []

    def __call__(self, provider: Provider, plan: Plan) -> FollowUpStrategy:
        """Return the strategy of one provider's session."""
        ready = self._options.ready
        if plan.askings or (ready is not None and not ready.follows_up):
            return AskingAgain(provider=provider, plan=plan)
        options = self._options
        operations, part = provider.chosen(options.operations), options.distribution.slice
        strategies: list[FollowUpStrategy] = [
            FailureReducer(provider, max_shrink=options.max_shrink, planned=plan.shots)
        ]
        if options.planning.discover:
            strategies.append(Discovery(provider, operations=_dealt(operations, part)))
        if plan.exploration is not None:
            explorer = Explorer(
                provider,
                plan.exploration,
                operations=operations,
                seed=plan.seed if part is None else plan.seed + _SLICES * part.index,
                at_once=sliced_concurrency(options.limits.concurrency, options.concurrency, part),
                budget=partial(provider_budget, options, provider, measured=False),
                max_shrink=options.max_shrink,
            )
            self._explorers.append(explorer)
            strategies.append(explorer)
        return Chain(strategies)

    def keep_examples(self, folder: Path) -> tuple[str, ...]:
        """Write what failed into the database beside a run folder; return each one's statistics.

        `explore.txt` in the run folder holds these, and Hypothesis' own.
        """
        sentences = []
        for explorer in self._explorers:
            name, against = explorer.provider.name, self._options.target.against
            explorer.update(examples_of(name, against=against, folder=folder))
            statistics = explorer.statistics()
            sentences.append(f"explored {name}: {statistics.describe()}")
            with (folder / STATISTICS).open("a", encoding="utf-8") as file:
                file.write("\n\n".join((sentences[-1], *statistics.engine)) + "\n\n")
        return tuple(sentences)


def _dealt(operations: Sequence[str], part: Slice | None) -> Sequence[str]:
    """Return the operations whose open questions a slice measures: each Nth one."""
    return operations if part is None else tuple(operations)[part.index - 1 :: part.of]


def follow_up_strategy(options: Options) -> FollowUpStrategies:
    """Return what makes the strategy of each provider's session."""
    return FollowUpStrategies(options)
