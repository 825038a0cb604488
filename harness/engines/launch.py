"""`harness run --on ENGINE`: all slices at once, then their folders as one."""

import os
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from harness.core.errors import HarnessError, UsageError
from harness.core.slicing import Slice
from harness.engines.carried import carried
from harness.engines.driver import Driver, EngineListener
from harness.engines.joined import joined
from harness.engines.model import Engine, EngineError, SliceEnd
from harness.engines.slices import SlicesFolder, State
from harness.planning.options import Options
from harness.report.formats.format import refuse_unknown_formats
from harness.run_result import RunResult
from harness.runner.preflight import fresh_seed
from harness.runner.run import folder_of

OpenEngine = Callable[[Options], Engine]
"""Opens the engine that options name; EngineError where it cannot be reached."""

RAY = "ray"
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
"""Ray tells nobody that it is used."""

LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""A cluster of this machine alone: without it, Ray on Linux listens at the machine's own address
whatever it is told (`ray._private.services.get_node_ip_address`)."""


def open_engine(options: Options) -> Engine:
    """Open the engine of `--on`; UsageError for one that is not known or not installed."""
    name = options.distribution.on
    if name != RAY and not name.startswith(f"{RAY}://"):
        raise UsageError(f"--on {name}: no such engine", hint="ray, or ray://HOST:PORT")
    os.environ.update(QUIET if name != RAY else QUIET | LOOPBACK)
    try:
        module = import_module("harness.engines.ray_engine")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != RAY:
            raise
        raise UsageError(
            "--on ray: Ray is not installed",
            hint="install it with the extra ray: image-provider-harness[ray]",
        ) from None
    opened: Engine = module.RayEngine(name, options.distribution.vantages)
    return opened


def run_slices(
    options: Options, *, engine: OpenEngine = open_engine, listener: EngineListener | None = None
) -> RunResult:
    """Run all slices of a run on an engine and join their folders in the run folder.

    The slices stay in `slices/` of it. Raises UsageError for options that an engine has no use for,
    and what kept a slice from beginning: nothing was sent then. What ends a slice early is raised
    when the others have ended and their folders are joined: a run goes on with `--resume`.
    """
    listener = listener or EngineListener()
    refuse_unknown_formats(options.output.on_request)
    _refuse_odd(options)
    files, resume = carried(options), options.output.resume
    seed = fresh_seed(
        options.planning.seed,
        against=options.target.against,
        benchmark=options.planning.only == "benchmark",
    )
    if resume is None:
        options = replace(options, planning=replace(options.planning, seed=seed))
        state = State(slices=_number(options), vantages=options.distribution.vantages)
        opened = engine(options)
        folder = SlicesFolder.create(folder_of(options), state)
        listener.opened(folder.path)
    else:
        folder = SlicesFolder.reopen(resume)
        listener.opened(folder.path)
        opened = engine(_with_vantages(options, folder.state))
    try:
        ends = Driver(opened, folder, options, files, listener).run()
        parts = [folder.folder(part) for part in folder.state.parts]
        whole = len(folder.state.ended) == folder.state.slices
        if not folder.state.begun:
            raise UsageError(f"interrupted before anything was sent; {folder.path} holds no run")
        result = joined(parts, folder.path, options, partial=not whole, note=listener.noted)
    finally:
        opened.close()
        folder.close()
    _raise_failed(ends, folder.path)
    return result


def _with_vantages(options: Options, state: State) -> Options:
    """Return the options with the vantage points that the slices began at."""
    distribution = replace(options.distribution, vantages=state.vantages)
    return replace(options, distribution=distribution)


def _number(options: Options) -> int:
    distribution = options.distribution
    number = distribution.slices or len(distribution.vantages)
    if not number:
        raise UsageError("--on: how many slices?", hint="add --slices N")
    return number


def _refuse_odd(options: Options) -> None:
    """Raise UsageError for what slices on an engine cannot do."""
    target, output, emulator = options.target, options.output, options.emulator
    distribution = options.distribution
    if target.against == "cassettes" and output.resume is None:
        raise UsageError(
            "--on: a replay sends nothing", hint="add --against emulator or live, or leave it out"
        )
    flags = {
        "--slice": distribution.slice,
        "--vantage": distribution.vantage,
        "--record": output.record,
        "--explore": options.planning.explore,
        "--otel": output.otel,
        "--retry-unknown": output.retry_unknown and output.resume is None,
        "--port": emulator.port,
        "--signed": emulator.signed,
        "--receive-port": target.receive_port,
    }
    if given := [flag for flag, value in flags.items() if value]:
        raise UsageError(
            f"--on and {', '.join(given)}: not of slices on an engine", hint="leave one of them out"
        )


def _raise_failed(ends: dict[Slice, SliceEnd], folder: Path) -> None:
    failed = {part: end for part, end in ends.items() if end.how == "failed"}
    if failed:
        gone = all(end.exit_code == EngineError.exit_code for end in failed.values())
        raise (EngineError if gone else HarnessError)(
            "; ".join(f"slice {part}: {end.message}" for part, end in failed.items()),
            hint=f"go on with harness run --resume {folder} --on ...",
        )
