"""A benchmark within a run: our own error first, then the race, watched; and what is kept of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from harness.core.benchmark import Benchmark, Calibration, Design, Watched
from harness.runner.benchmark.calibration import calibrate
from harness.runner.benchmark.load import LoadGenerator, MakeStoppingCriterion
from harness.runner.benchmark.self_monitor import SelfMonitor
from harness.runner.benchmark.track import ProviderLoad
from harness.runner.execution.conversation import RunContext
from harness.runner.execution.provider_run import ProviderRun

BODIES_BYTES = (2_000, 2_000_000)
"""How long the replies are with which our own error is measured: a job's, and one with an image."""

IMAGE_S = 30.0
"""How long an image is expected to take, to tell how many requests a rate keeps under way."""

AT_ONCE = 256


@dataclass(slots=True, kw_only=True)
class Measurement:
    """Runs what `benchmark` has laid out over its `parts`, one for each provider.

    A replay measures nothing of ours: what was measured when it was recorded is kept. Without
    `calibrated`, our own error stays unknown; the time that it takes to calibrate does not count
    among that in which new requests leave.
    """

    benchmark: Benchmark
    parts: Sequence[ProviderRun]
    context: RunContext
    referee: MakeStoppingCriterion | None
    calibrated: bool
    progress: Callable[[ProviderRun], None]
    _lanes: Sequence[ProviderLoad] = field(init=False)
    _calibrations: tuple[Calibration, ...] = ()
    _watched: tuple[Watched, ...] = ()
    _stopped: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take over what an earlier run left of each part."""
        self._lanes = [ProviderLoad(part=part) for part in self.parts]

    async def prepare(self) -> None:
        """Measure our own error, before anything is paid for, where there is anything to send."""
        if self.context.replay or not self._sends:
            return
        for lane in self._lanes:
            lane.open()
        if not self.calibrated:
            return
        at_once = under_way(self.benchmark.design, len(self._lanes))
        self._calibrations = tuple(
            [await calibrate(concurrency=at_once, body_bytes=size) for size in BODIES_BYTES]
        )

    async def run(self) -> None:
        """Send all that may leave; StoreError where the journal cannot be kept."""
        design = self.benchmark.design
        providers = {part.provider.name: part.provider for part in self.parts}
        race = LoadGenerator(
            design,
            self._lanes,
            context=self.context,
            referee=self.referee(design, providers) if self.referee else None,
            progress=self.progress,
        )
        self._stopped = race.stopped
        if self.context.replay or not self._sends:
            await (race.replayed() if self.context.replay else race.run())
            return
        watcher = SelfMonitor()
        watcher.start()
        try:
            await race.run()
        finally:
            self._watched = (await watcher.stop(),)

    @property
    def _sends(self) -> bool:
        """Whether anything is left to be measured."""
        return any(lane.waiting for lane in self._lanes)

    def measured(self) -> Benchmark:
        """Return what the run's header is to keep: what an earlier part of it measured is there."""
        if self.context.replay:
            return self.benchmark
        return replace(
            self.benchmark,
            calibrations=(*self.benchmark.calibrations, *self._calibrations),
            watched=(*self.benchmark.watched, *self._watched),
            stopped=self._stopped or None,
        )


def under_way(design: Design, providers: int) -> int:
    """Return how many requests are under way at once, at the most, or about so many by a rate."""
    most = max(
        (stage.concurrency or ceil((stage.rate_per_s or 0.0) * IMAGE_S) for stage in design.stages),
        default=1,
    )
    return min(max(most * providers, 1), AT_ONCE)
