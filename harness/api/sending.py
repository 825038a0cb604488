"""The first half of a run: plan, send, journal. What it came to is judged elsewhere."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.adaptive.stopping_rule import StoppingRule
from harness.adaptive.strategies import follow_up_strategy
from harness.core.errors import UsageError
from harness.diagnosis.known_file import KnownFile, known_of
from harness.planning.options import Options
from harness.runner.benchmark.load import MakeStoppingCriterion
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.inspecting import read_anchors
from harness.runner.preflight import decided
from harness.runner.run import MakeDisk, Run, execute_run
from harness.runner.specs import catalogue_with
from harness.spec.catalogue import Catalogue
from harness.store.reader import read_run
from harness.transport.inspection.anchors import Anchors


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A run that has ended and is not judged, by the options that it was decided with.

    `explored` are sentences about the examples that it keeps.
    """

    run: Run
    options: Options
    catalogue: Catalogue
    known: KnownFile
    anchors: Anchors | None
    explored: tuple[str, ...]


def send(
    options: Options,
    *,
    watch: ProgressListener,
    environment: Mapping[str, str] | None = None,
    criterion: MakeStoppingCriterion = StoppingRule,
    disk: MakeDisk | None = None,
) -> Sent:
    """Plan, send and journal a run; raises as `run` does, and what ended it early.

    A `disk` is opened on its folder in place of this machine's plain one; the `criterion` stops
    what is decided in a benchmark.
    """
    _refuse_event_loop()
    resume = options.output.resume
    past = read_run(resume) if resume else None
    catalogue = catalogue_with(options.target.documents, [past] if past else [])
    known = known_of(options.output.known, [past.known if past else None], catalogue)
    ready = decided(
        options,
        past.header if past else None,
        catalogue=catalogue,
        environment=os.environ if environment is None else environment,
        note=watch.noted,
    )
    options = ready.options
    anchors = read_anchors(trust_lists(options))
    strategies = follow_up_strategy(options)
    done = execute_run(
        options,
        watch,
        catalogue=catalogue,
        notes=(*ready.notes, *(options.ready.notes if options.ready else ())),
        strategy=strategies,
        criterion=criterion,
        keep=known.kept,
        disk=disk,
    )
    explored = strategies.keep_examples(done.folder)
    if done.failure is not None:
        raise done.failure
    return Sent(
        run=done,
        options=options,
        catalogue=catalogue,
        known=known,
        anchors=anchors,
        explored=tuple(explored),
    )


def trust_lists(options: Options) -> list[Path]:
    """Return the trust lists that are there already: the emulator writes its own one."""
    own = options.emulator.signed
    return [
        file
        for file in options.output.trust_anchors
        if own is None or file.absolute() != own.absolute()
    ]


def _refuse_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        "a run has an event loop of its own", hint="call it by asyncio.to_thread(api.run, options)"
    )
