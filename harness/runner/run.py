"""A whole run: all providers at once, one folder, one clock, one way to stop."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import HarnessError, NothingTested
from harness.core.jsonvalue import Json
from harness.core.record import Record, RunHeader
from harness.core.slicing import Slice
from harness.core.version import harness_version
from harness.planning.conformance import limits_of
from harness.planning.kept import kept_choices
from harness.planning.options import Options
from harness.planning.plan import coverage_notes, plan_digest
from harness.planning.shares import limits_of_slice
from harness.planning.slicing import sliced, sliced_concurrency
from harness.runner.addresses import seals
from harness.runner.benchmark.load import MakeStoppingCriterion
from harness.runner.benchmark.measure import Measurement
from harness.runner.conformance.session import MakeStrategy, Session
from harness.runner.endpoints import ProviderConnections, from_tape, today
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Access, Journal, ProviderSetup, RunContext
from harness.runner.execution.cut_addresses import CutAddresses
from harness.runner.execution.earlier import (
    Resumption,
    clock_readings,
    elapsed_s,
    resume_state,
)
from harness.runner.execution.own_waits import limit_notes, own_waits
from harness.runner.execution.provider_run import ProgressListener, ProviderRun, all_ended
from harness.runner.keeping import not_kept
from harness.runner.plans import RunPlan, entries_of, run_plan, save_plan
from harness.runner.recording import recorded_faults, withheld_notes
from harness.runner.shutdown import DECODE_S, StoppedError, interruptible
from harness.runner.specs import (
    frozen_days,
    frozen_notes,
    keep_toml,
    keys_by_variable,
    other_specs,
)
from harness.runner.start import until_start
from harness.sensitive.image_bytes import secret_in_image
from harness.spec.catalogue import Catalogue
from harness.spec.provider import Provider
from harness.store.disk import Disk
from harness.store.folder import RunFolder
from harness.store.reader import StoredRun, read_run
from harness.store.spool import Chained
from harness.transport.bodies.decoder import ImageDecoder
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.redaction import Redactor

LIBRARIES = ("httpx", "hypothesis", "vcrpy", "pillow", "pydantic")


def unexpected(places: CallbackServer | None) -> tuple[str, ...]:
    """Say what our receiver was sent that belongs to no request of this run."""
    if places is None:
        return ()
    counts = ((places.strangers, "match no job of this run"), (places.dropped, "were not stored"))
    return tuple(f"webhooks: {number} deliveries {what}" for number, what in counts if number)


MINUTE_S = 60.0


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run came to; `plans` hold what was added and answered after what was planned."""

    header: RunHeader
    folder: Path
    records: Sequence[Record]
    plans: dict[str, Plan]
    addresses: dict[str, str]
    failure: HarnessError | None = None


MakeDisk = Callable[[Path], Disk]
"""Opens the disk of a run folder, which it makes where it is not there."""

BODIES = ".bodies"
"""Where large replies lie in a run folder until they are taken apart: on the disk of its images."""


def execute_run(  # noqa: PLR0913 - what a run is made of
    options: Options,
    watch: ProgressListener,
    *,
    catalogue: Catalogue,
    notes: Sequence[str] = (),
    strategy: MakeStrategy | None = None,
    criterion: MakeStoppingCriterion | None = None,
    keep: Mapping[str, str] = MappingProxyType({}),
    disk: MakeDisk | None = None,
) -> Run:
    """Plan, send, journal. Raises HarnessError where nothing could be begun.

    The `notes` stand in the header of a run that begins.

    A failure on the way (the disk is full) ends the run early and is in `Run.failure`; what was
    received before it is in the folder. A `strategy` is for conformance, a
    stopping `criterion` for a benchmark. A replay uses neither: it sends all that its cassettes
    hold. `keep` are further texts that the folder holds from the beginning on, by file. A `disk`
    is opened on the folder in place of this machine's plain one.
    """
    runner = _Runner(options, watch, catalogue, notes, strategy, criterion, keep, disk)
    # Windows' usual loop would read past the sockets that stamp when bytes arrived.
    loops = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
    with saying_where(runner.folder.path), loops:
        return loops.run(runner.run())


@contextmanager
def saying_where(folder: Path) -> Iterator[None]:
    """Add to an exception that is a bug of ours where all that was received lies."""
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        error.add_note(f"what was received is in {folder}, for harness report and --resume")
        raise


class _Runner:
    def __init__(  # noqa: PLR0913, PLR0917 - as execute_run
        self,
        options: Options,
        watch: ProgressListener,
        catalogue: Catalogue,
        notes: Sequence[str],
        strategy: MakeStrategy | None,
        criterion: MakeStoppingCriterion | None,
        keep: Mapping[str, str],
        disk: MakeDisk | None,
    ) -> None:
        self.options = options
        self.watch = watch
        self.catalogue = catalogue
        self.notes = notes
        self.strategy = strategy
        self.criterion = criterion
        self.keep = keep
        self.entries = entries_of(options, catalogue)
        self.providers = {entry.name: entry.provider for entry in self.entries}
        self.folder = _folder(options, disk)  # locked before it is read: another run may be at it
        if self.folder.mended:
            watch.noted(self.folder.mended)
        resume = options.output.resume
        self.past: StoredRun | None = read_run(resume) if resume else None
        redactor = _redactor(options, catalogue)
        for values in self.folder.cut_addresses().values():
            redactor.restore(values)
        self.pictures = ImageCollector(
            self.folder.keep_image,
            keep_file=self.folder.keep_image_file,
            decoder=ImageDecoder(self.folder.path / BODIES, decoders=options.output.decoders),
            inspect=lambda image: secret_in_image(image, redactor.search),
        )
        self.word = (self.past.header.word if self.past else "") or secrets.token_hex(8)
        self.age_s = elapsed_s(self.folder.path, self.past)
        started_s = time.monotonic() - self.age_s
        replay, minutes = options.target.against == "cassettes", options.limits.max_minutes
        self.context = RunContext(
            journal=Journal(self.folder, cut=CutAddresses(self.folder, redactor.values)),
            stop=asyncio.Event(),
            now_s=lambda: time.monotonic() - started_s,
            max_s=None if replay or minutes is None else minutes * MINUTE_S,
            replay=replay,
        )
        self.parts: list[ProviderRun] = []
        self.doing: asyncio.Future[list[BaseException | None]] | None = None
        self.reach = ProviderConnections(
            options=options,
            providers=self.providers,
            pictures=self.pictures,
            redactor=redactor,
            word=self.word,
            now_s=self.context.now_s,
        )

    async def run(self) -> Run:
        async with AsyncExitStack() as stack:
            stack.callback(self.context.journal.close)
            stack.callback(self.pictures.decoder.close)
            source = run_plan(
                self.options, self.entries, self.folder.path, self.past, self.pictures
            )
            part = self.options.distribution.slice
            sent = {name: sliced(plan, part) for name, plan in source.plans.items()}
            access = await self._access(stack, source, sent)
            header, benchmark = self._header(source, access, sent), source.benchmark
            # A folder that is there is closed as interrupted, whenever the signal comes.
            with self._interruptible():
                self._keep_tomls()
                for name, text in self.keep.items():
                    self.folder.write_file(name, text.encode())
                self.folder.write_header(header)
                for plan in source.plans.values():
                    save_plan(self.folder, plan)
                self.watch.opened(self.folder.path)
                self._show_addresses(access)
                self.parts += [
                    self._part(sent[name], plan, access[name], benchmark)
                    for name, plan in source.plans.items()
                ]
                if benchmark is None:
                    failure = await self._conformance()
                else:
                    measured, failure = await self._benchmark(benchmark)
                    header = replace(header, benchmark=measured)
            return self._ended(header, failure)

    def _keep_tomls(self) -> None:
        """Keep the TOML of each provider: the folder is judged, or compared, by it later.

        A run that goes on may be of before they were kept, and of other documents than today's.
        """
        for entry in self.entries:
            if self.past is None:
                keep_toml(self.folder, entry)
                continue
            kept = self.past.documents if entry.shipped else self.past.specs
            began = self.past.header.spec_digests.get(entry.name)
            if entry.name not in kept and began == entry.digest:
                keep_toml(self.folder, entry)

    async def _access(
        self, stack: AsyncExitStack, source: RunPlan, sent: Mapping[str, Plan]
    ) -> dict[str, Access]:
        if self.context.replay:
            return {name: from_tape(tape) for name, tape in source.tapes.items()}
        access = await self.reach.open(stack)
        for name, plan in sent.items():
            access[name].announce(plan.shots)
        return access

    def _header(
        self, source: RunPlan, access: Mapping[str, Access], sent: Mapping[str, Plan]
    ) -> RunHeader:
        """Return the header of a run that begins or goes on; NothingTested without any case."""
        choices = kept_choices(self.options, measured=source.benchmark is not None)
        past = self.past.header if self.past is not None else None
        replay, at_s = self.context.replay, self.context.now_s()
        clocks = {} if replay else clock_readings(access, past, at_s)
        if past is not None:
            mended = (self.folder.mended,) if self.folder.mended else ()
            return replace(
                past,
                finished=None,
                interrupted=False,
                word=self.word,
                notes=(*past.notes, *mended),
                choices=choices,
                seals=self._seals(access, choices),
                clocks=clocks,
            )
        plans = tuple(source.plans.values())
        if not any(plan.shots for plan in plans):
            raise NothingTested("the plan holds no case")
        distribution = self.options.distribution
        if not any(plan.shots for plan in sent.values()):
            raise NothingTested(
                f"slice {distribution.slice} holds no case: there are more slices than cases"
            )
        faults = ", ".join(self.options.emulator.faults)
        notes = [*self.notes, *([f"faults switched on: {faults}"] if faults else [])]
        notes += recorded_faults(source.tapes)
        notes += [sentence for sentence in [not_kept(choices)] if sentence]
        return RunHeader(
            run=self.folder.path.name,
            harness=harness_version(),
            created=today(),
            word=self.word,
            against=self.options.target.against,
            seed=plans[0].seed,
            evidence={name: provider.evidence for name, provider in access.items()},
            spec_digests={entry.name: entry.digest for entry in self.entries},
            plan_digests={plan.provider: plan_digest(plan) for plan in plans},
            frozen=frozen_days(self.entries),
            versions={library: version(library) for library in LIBRARIES},
            notes=(
                *notes,
                *frozen_notes(self.entries),
                *(note for plan in plans for note in coverage_notes(plan)),
            ),
            benchmark=source.benchmark,
            choices=choices,
            seals=self._seals(access, choices),
            clocks=clocks,
            slice=distribution.slice,
            vantage=distribution.vantage,
        )

    def _show_addresses(self, access: Mapping[str, Access]) -> None:
        """Say where a live run goes on, before anything is sent there."""
        if self.past is not None and self.options.target.against == "live":
            for name, provider in access.items():
                self.watch.noted(f"{name}: this run goes on at {provider.evidence.source}")

    def _seals(self, access: Mapping[str, Access], choices: Mapping[str, Json]) -> dict[str, str]:
        """Return the proofs by which this run goes on at its addresses, and with its choices."""
        target = self.options.target
        if target.against != "live":
            return {}
        addresses = {name: provider.evidence.source for name, provider in access.items()}
        specs = other_specs(self.catalogue)
        return seals(addresses, target.keys, word=self.word, choices=choices, specs=specs)

    def _part(
        self, plan: Plan, whole: Plan, access: Access, benchmark: Benchmark | None
    ) -> ProviderRun:
        provider = self.providers[plan.provider]
        resumption = self._resumption(measured=benchmark is not None)
        setup = ProviderSetup(
            context=self.context,
            provider=provider,
            plan=plan,
            access=access,
            budget=provider_budget(
                self.options, provider, measured=benchmark is not None, whole=whole
            ),
            earlier=resume_state(provider, plan, self.past, resumption),
            timeout_s=benchmark.design.timeout_s if benchmark else None,
        )
        return ProviderRun(setup=setup)

    def _resumption(self, *, measured: bool) -> Resumption:
        return Resumption(
            asks_again=not measured,
            retries_unknown=self.options.output.retry_unknown,
            forgotten=self.options.target.against == "emulator",
            age_s=self.age_s,
        )

    async def _conformance(self) -> HarnessError | None:
        replay = self.context.replay
        make_strategy, limits = None if replay else self.strategy, self.options.limits
        concurrency = sliced_concurrency(
            limits.concurrency, self.options.concurrency, self.options.distribution.slice
        )
        sessions = [
            Session(
                part=part,
                concurrency=1 if replay else concurrency,
                strategy=make_strategy(part.provider, part.setup.plan) if make_strategy else None,
                progress=self.watch.progress,
            )
            for part in self.parts
        ]

        async def tested() -> None:
            with suppress(StoppedError):
                await self._start()
                self.watch.started(self.parts)
                await all_ended(session.run() for session in sessions)

        return await self._all([tested()])

    async def _start(self) -> None:
        """Wait for the moment at which the run is to begin, where it has not begun."""
        begun = self.past is not None and bool(self.past.records or self.past.unfinished)
        moment = self.options.distribution.start_at
        if moment is not None and not begun and not self.context.replay:
            await until_start(moment, stop=self.context.stop, note=self.watch.noted)

    async def _benchmark(self, benchmark: Benchmark) -> tuple[Benchmark, HarnessError | None]:
        """Measure; return the benchmark with the calibration that it was measured by."""
        measurement = Measurement(
            benchmark=benchmark,
            parts=self.parts,
            context=self.context,
            criterion=None if self.context.replay else self.criterion,
            calibrated=self.options.benchmark.calibrate,
            progress=self.watch.progress,
            part=self.options.distribution.slice,
            waits=lambda: own_waits(self.context.journal, self.pictures.decoder),
        )

        async def measured() -> None:
            with suppress(StoppedError):
                await measurement.prepare()
                await self._start()
                self.watch.started(self.parts)
                await measurement.run()

        failure = await self._all([measured()])
        return measurement.measured(), failure

    def _ended(self, header: RunHeader, failure: HarnessError | None) -> Run:
        """Write the header as it stands at the end, and return what the run came to."""
        stopped = self.context.stop.is_set()
        if failure is None and self.folder.full and not stopped:
            failure = self.folder.no_room()
        more = (
            *unexpected(self.reach.places),
            *withheld_notes(self.pictures.withheld),
            *self._limits(),
        )
        notes = (*header.notes, *more)
        header = replace(header, finished=today(), interrupted=stopped, notes=notes)
        if failure is None and not stopped:
            self.folder.keep_cut_addresses({})
        with suppress(HarnessError):  # a full disk keeps its first message
            self.folder.write_header(header)
        return Run(
            header=header,
            folder=self.folder.path,
            records=Chained(part.complete() for part in self.parts),
            plans={part.provider.name: part.whole_plan() for part in self.parts},
            addresses=self.reach.addresses,
            failure=failure,
        )

    def _limits(self) -> Iterator[str]:
        """Say where our own machine held requests back; a benchmark has cautions for that."""
        if not self.context.replay and self.options.measuring is None:
            yield from limit_notes(own_waits(self.context.journal, self.pictures.decoder))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a signal end what is under way, and not what is written about it."""
        signalled, stop = self.watch.signalled, self.context.stop

        def on_interrupt() -> None:
            self.reach.withdraw()
            self.watch.interrupted(sum(part.under_way for part in self.parts))

        def give_up() -> None:
            if self.doing is not None:
                self.doing.cancel()
            asyncio.get_running_loop().call_later(DECODE_S, self.pictures.decoder.abort)

        with interruptible(
            stop,
            on_interrupt,
            give_up=give_up,
            on_signal=signalled,
            handed=self.watch.stoppable,
        ):
            yield

    async def _all(self, work: Sequence[Coroutine[Any, Any, None]]) -> HarnessError | None:
        """Do the work until it ends or is interrupted; where a part fails, the others go on."""
        self.doing = asyncio.gather(*work, return_exceptions=True)
        try:
            ends = await self.doing
        except asyncio.CancelledError:
            if not self.context.stop.is_set():
                raise
            self.pictures.decoder.abort()  # nobody waits for what it is at
            return None
        failures = [end for end in ends if end is not None]
        for failure in failures:
            if not isinstance(failure, HarnessError):
                raise failure  # a bug of ours
        return next((end for end in failures if isinstance(end, HarnessError)), None)


def provider_budget(
    options: Options, provider: Provider, *, measured: bool, whole: Plan | None = None
) -> Budget:
    """Return what a provider's run may spend; what is in the cassettes was paid for already.

    A benchmark's design, and a plan that nothing follows, say how much they ask: they have no
    allowance by default. A slice of a `whole` plan has its part of the limits.
    """
    limits = limits_of(options, provider.name)
    operations = provider.chosen(options.operations)
    says_itself = options.ready is not None and not options.ready.follows_up
    asked = options.target.against != "cassettes" and not says_itself
    allowance = limits.allowance(len(operations)) if asked and not measured else None
    part: Slice | None = options.distribution.slice
    if part is None or whole is None:
        return Budget(
            amount=limits.amount,
            images=limits.images,
            requests=limits.requests,
            per_operation=allowance,
        )
    cut = limits_of_slice(limits, allowance, whole, part, operations)
    return Budget(
        amount=cut.limits.amount,
        images=cut.limits.images,
        requests=cut.limits.requests,
        by_name=cut.per_operation,
        part=f"slice {part}",
    )


def folder_of(options: Options) -> Path:
    """Return the folder of a run: the one that was asked for, or one by the time of day."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    return options.output.out or Path("reports") / f"{stamp}-{options.target.against}"


def _folder(options: Options, disk: MakeDisk | None) -> RunFolder:
    path = options.output.resume or folder_of(options)
    opened = disk(path) if disk is not None else None
    if options.output.resume:
        return RunFolder.reopen(path, disk=opened)
    return RunFolder.create(path, disk=opened)


def _redactor(options: Options, catalogue: Catalogue) -> Redactor:
    """Return what cuts out every key that is set, and what looks like a key of a run's provider."""
    auths = (catalogue.provider(name).auth for name in options.target.providers)
    shapes = tuple(auth.key_shape for auth in auths if auth.key_shape)
    return Redactor(keys_by_variable(options, catalogue), shapes)
