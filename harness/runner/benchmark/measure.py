"""A benchmark within a run: its own error, the load, the monitor, and what the header keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from harness.core.benchmark import Benchmark, Calibration, Design, OwnWaits, Watched
from harness.core.slicing import Slice
from harness.planning.slicing import sliced_design
from harness.runner.benchmark.calibration import calibrate
from harness.runner.benchmark.load import LoadGenerator, MakeStoppingCriterion
from harness.runner.benchmark.self_monitor import SelfMonitor
from harness.runner.benchmark.track import ProviderLoad
from harness.runner.execution.conversation import RunContext
from harness.runner.execution.provider_run import ProviderRun
from harness.runner.shutdown import until_stopped

BODIES_BYTES = (2_000, 2_000_000)
"""How long the replies are with which our own error is measured: a job's, and one with an image."""

IMAGE_S = 30.0
"""How long an image is expected to take, to tell how many requests a rate keeps under way."""

AT_ONCE = 256


@dataclass(slots=True, kw_only=True)
class Measurement:
    """Runs the design of a `benchmark` over its `parts`, one for each provider.

    A replay keeps what was measured when it was recorded. Without `calibrated`, our own error stays
    unknown; calibrating takes nothing of the time in which new requests leave. A `part` of the
    benchmark has a part of its requests under way.
    """

    benchmark: Benchmark
    parts: Sequence[ProviderRun]
    context: RunContext
    criterion: MakeStoppingCriterion | None
    calibrated: bool
    progress: Callable[[ProviderRun], None]
    part: Slice | None = None
    waits: Callable[[], OwnWaits] | None = None
    _loads: Sequence[ProviderLoad] = field(init=False)
    _calibrations: tuple[Calibration, ...] = ()
    _watched: tuple[Watched, ...] = ()
    _stopped: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._loads = [ProviderLoad(part=part) for part in self.parts]

    async def prepare(self) -> None:
        """Measure our own error, before anything is paid for, where there is anything to send.

        Raises StoppedError where the run is stopped meanwhile.
        """
        if self.context.replay or not self._sends:
            return
        for load in self._loads:
            load.open()
        if not self.calibrated:
            return
        at_once = under_way(self._load, len(self._loads))
        for size in BODIES_BYTES:
            work = calibrate(concurrency=at_once, body_bytes=size)
            self._calibrations += (await until_stopped(work, self.context.stop),)

    async def run(self) -> None:
        """Send all that may leave; StoreError where the journal cannot be kept."""
        design = self._load
        providers = {part.provider.name: part.provider for part in self.parts}
        generator = LoadGenerator(
            design,
            self._loads,
            context=self.context,
            criterion=self.criterion(design, providers) if self.criterion else None,
            progress=self.progress,
            by_whole_timetable=self.part is not None,
        )
        self._stopped = generator.stopped
        if self.context.replay or not self._sends:
            await (generator.replayed() if self.context.replay else generator.run())
            return
        watcher = SelfMonitor()
        watcher.start()
        try:
            await generator.run()
        finally:
            self._watched = (await self._stopped_watching(watcher),)

    @property
    def _load(self) -> Design:
        """The design with what of it is under way here."""
        design = self.benchmark.design
        return design if self.context.replay else sliced_design(design, self.part)

    async def _stopped_watching(self, watcher: SelfMonitor) -> Watched:
        watched = await watcher.stop()
        return watched if self.waits is None else replace(watched, waits=self.waits())

    @property
    def _sends(self) -> bool:
        return any(load.waiting for load in self._loads)

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
