"""The choices of a run: each is a field with its flag, in a group for each topic.

A new choice is one field here and one place where it is read: the command line builds its flags
and its help from the fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.core.slicing import MOST_SLICES, Slice, read_slice, read_vantage
from harness.planning.benchmark_options import CONCURRENCY as BENCHMARK_CONCURRENCY
from harness.planning.benchmark_options import BenchmarkOptions, Measuring
from harness.planning.flags import given, option, topic
from harness.planning.option_values import (
    read_base_urls,
    read_budgets,
    read_files,
    read_start,
    read_vantages,
)
from harness.planning.ready import ReadyPlans
from harness.spec.catalogue import Spec
from harness.spec.frozen import FrozenDocuments
from harness.spec.provider import Provider

Against = Literal["cassettes", "emulator", "live"]
Question = Literal["conformance", "benchmark"]

CONCURRENCY = 8
"""Requests under way at once at each provider, in a run for conformance."""

MAX_SHRINK = 10
STRENGTH = 2

SLOW = ("--discover", "--explore", "--strength")
"""Flags that ask for more requests than a quick run has."""

KeepImages = Literal["all", "findings", "none"]

FRAME_FORMATS = ("csv", "parquet")
"""The formats on request that `--frames` stands for."""

CASSETTES = Path("cassettes")
"""Where cassettes are written and looked for."""

TRUST_ANCHORS = "--trust-anchors"
TRUST_ANCHORS_HELP = (
    "A trust list, your copy of it as PEM: who signed an image is checked against it (repeatable)."
)

FORMAT = "--format"
FORMAT_HELP = (
    "Write the report in this format, too (repeatable): sarif, ctrf, github (a step's summary), "
    "prometheus, csv, parquet."
)

KNOWN = "--known"
KNOWN_HELP = (
    "A TOML of known deviations: what is broken as it expects is reported and does not fail; one "
    "that holds again, or has expired, does."
)

TIME_SCALE = 0.001
REAL_TIME = 1.0
"""A benchmark of the emulator takes as long as one of the real thing: its waits are measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which providers a run sends to, and how each side reaches the other.

    `specs` describe providers that do not ship with the harness, each a TOML file or a `Provider`.
    Those of the `frozen` set stand in place of shipped ones of their names. Without `providers`:
    those of the `specs` and of the set, if there are any; else all, in a live run those with a base
    URL, or else with a key. `keys` have no flag: they come from the environment, and are never
    written. Nor has `emulated_time`: the addresses of a live run are an emulator's of somebody
    else, or lead to one; its time runs at this factor, so that our waits are as short, and it
    finds reference images and webhooks on loopback.
    """

    specs: tuple[Spec, ...] = option(
        "--spec",
        "A provider's TOML (repeatable). Without --provider, only the providers of these files.",
        default=(),
        metavar="FILE",
        repeatable=True,
        read=read_files,
    )
    frozen: Path | None = option(
        "--frozen",
        "Plan and judge by the documents that `harness providers freeze` wrote into DIR.",
        default=None,
        metavar="DIR",
        folder=True,
    )
    providers: tuple[str, ...] = option(
        "--provider",
        "Only this provider (repeatable); `harness providers list` names them.",
        default=(),
        metavar="NAME",
    )
    operations: tuple[str, ...] = option(
        "--operation",
        "Only this operation, or those of this kind: generate, edit, respond (repeatable).",
        default=(),
        metavar="NAME",
    )
    against: Against = option(
        "--against",
        "Replay recorded replies, start our emulator, or send to real endpoints.",
        default="cassettes",
        show_default=True,
    )
    base_urls: dict[str, str] = option(
        "--base-url",
        "Address of a provider (live; repeatable).",
        default={},
        metavar="NAME=URL",
        repeatable=True,
        read=read_base_urls,
    )
    assets_url: str | None = option(
        "--assets-url",
        "Public address of the reference images (live; see the README).",
        default=None,
        metavar="URL",
    )
    webhook_url: str | None = option(
        "--webhook-url", "Public address of our receiver (live).", default=None, metavar="URL"
    )
    receive_port: int | None = option(
        "--receive-port",
        "Local port for reference images and webhooks, where a tunnel ends.",
        default=None,
        least=1024,
        most=65535,
    )
    allow_private: bool = option(
        "--allow-private",
        "Fetch results from loopback, private and link-local addresses, too (live); "
        "without it, only where the base URL is itself in that network.",
        default=False,
    )
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    emulated_time: float | None = None

    @property
    def documents(self) -> tuple[Spec, ...]:
        """The TOMLs beside those that are known: the files, and the frozen set."""
        return self.specs if self.frozen is None else (*self.specs, FrozenDocuments(self.frozen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What a run sends.

    A `quick` run tries much in few requests. What `discover` measures is paid for and convicts
    nobody. A live benchmark has a new seed,
    because no cache may know its prompts.
    """

    only: Question = option(
        "--only", "Test conformance, or measure.", default="conformance", show_default=True
    )
    seed: int | None = option(
        "--seed", "Seed of all draws [0; a new one in a live benchmark].", default=None, least=0
    )
    quick: bool = option(
        "--quick",
        "Run first what a buyer wants to know: at most 8 images and 40 requests per provider, "
        "3 images of them to ask again for what looks wrong. A tighter limit holds.",
        default=False,
    )
    strength: int | None = option(
        "--strength",
        f"Number of values tried together in all combinations [{STRENGTH}].",
        default=None,
        least=2,
        most=3,
    )
    discover: bool = option(
        "--discover", "Also measure what the documents leave open.", default=False
    )
    explore: int = option(
        "--explore",
        "After the plan, draw at most so many more requests, per provider, while the budget lasts: "
        "valid ones, and others that break one rule. What failed before is sent first.",
        default=0,
        metavar="N",
        least=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What a run may spend and take.

    All limits hold for each provider by itself; each try of a submission counts. Where neither a
    budget nor images are limited, each operation has the allowance of `harness.planning.plan`.
    """

    budgets: dict[str, Decimal] = option(
        "--budget",
        "The most to spend at a provider, in its own unit (repeatable).",
        default={},
        metavar="NAME=AMOUNT",
        repeatable=True,
        read=read_budgets,
    )
    max_images: int | None = option(
        "--max-images", "The most images to pay for, per provider.", default=None, least=0
    )
    max_requests: int | None = option(
        "--max-requests",
        "The most submissions, per provider; polls and downloads do not count.",
        default=None,
        least=0,
    )
    max_minutes: float | None = option(
        "--max-minutes",
        "Send nothing new after this time, per provider.",
        default=None,
        least=0,
        above=True,
    )
    max_shrink: int | None = option(
        "--max-shrink-requests",
        f"The most requests to reduce a failing request, per finding [{MAX_SHRINK}].",
        default=None,
        least=0,
    )
    concurrency: int | None = option(
        "--concurrency",
        "Requests under way at once, per provider "
        f"[{CONCURRENCY}; {BENCHMARK_CONCURRENCY} in a benchmark].",
        default=None,
        least=1,
        most=256,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Which part of a run this process does, where and when; or what does all parts of it.

    Limits, budgets and concurrency are cut with a slice: all slices together keep to them. `on` is
    an engine (`ray`, or `ray://HOST:PORT`), which runs `slices` of them at once, at these
    `vantages` in turn.
    """

    slice: Slice | None = option(
        "--slice",
        "Send only this part of the plan: each Nth case, or block of a benchmark. `harness merge` "
        "joins the parts.",
        default=None,
        metavar="I/N",
        read=read_slice,
    )
    start_at: datetime | None = option(
        "--start-at",
        "Send nothing before this time, like 2026-12-01T09:30:00Z, so that slices begin together.",
        default=None,
        metavar="TIME",
        read=read_start,
    )
    vantage: str = option(
        "--vantage",
        "A name for where this runs; estimates are told for each.",
        default="",
        metavar="NAME",
        read=read_vantage,
    )
    on: str = option(
        "--on",
        "Run all slices on an engine: ray (a cluster on this machine) or ray://HOST:PORT.",
        default="",
        metavar="ENGINE",
    )
    slices: int | None = option(
        "--slices", "Slices on the engine (--on).", default=None, least=1, most=MOST_SLICES
    )
    vantages: tuple[str, ...] = option(
        "--vantages",
        "Vantage points of the slices in turn: custom resources of the engine's nodes (--on).",
        default=(),
        metavar="NAME,...",
        repeatable=True,
        read=read_vantages,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorOptions:
    """How the emulator is started."""

    time_scale: float | None = option(
        "--time-scale",
        "Factor on the emulator's durations and on our waits against it "
        f"[{TIME_SCALE:g}; {REAL_TIME:g} in a benchmark].",
        default=None,
        least=0,
    )
    faults: tuple[str, ...] = option(
        "--fault", "Switch a fault on (repeatable).", default=(), metavar="[PROVIDER:]NAME"
    )
    port: int | None = option(
        "--port", "First port of the emulator.", default=None, least=1024, most=65530
    )
    natural: bool = option(
        "--natural",
        "The emulator's pictures look like photographs, and are another one each time.",
        default=False,
    )
    signed: Path | None = option(
        "--signed",
        "The emulator signs its images; write the certificates of its test authority to FILE, and "
        "trust them in this run.",
        default=None,
        metavar="FILE",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a run writes."""

    out: Path | None = option("--out", "The run folder [reports/DATE-AGAINST].", default=None)
    resume: Path | None = option(
        "--resume",
        "Go on with an interrupted run; repeat no paid request.",
        default=None,
        folder=True,
    )
    retry_unknown: bool = option(
        "--retry-unknown",
        "With --resume: send again what may have been received and has no reply; each such request "
        "may be paid for twice.",
        default=False,
    )
    keep_images: KeepImages = option(
        "--keep-images",
        "Image files to keep in the run folder: all, those of findings, or none; digests and what "
        "was measured of them are always kept.",
        default="all",
        show_default=True,
    )
    decoders: int | None = option(
        "--decoders",
        "Processes that decode images at once [one for each two cores].",
        default=None,
        least=1,
        most=64,
    )
    record: bool = option("--record", "Write the replies as cassettes.", default=False)
    frames: bool = option("--frames", "The same as --format csv --format parquet.", default=False)
    formats: tuple[str, ...] = option(FORMAT, FORMAT_HELP, default=(), metavar="NAME")
    otel: bool = option(
        "--otel",
        "Export the run as OpenTelemetry spans, as the OTEL_EXPORTER_OTLP_* variables say.",
        default=False,
    )
    trust_anchors: tuple[Path, ...] = option(
        TRUST_ANCHORS,
        TRUST_ANCHORS_HELP,
        default=(),
        metavar="FILE",
        repeatable=True,
        read=read_files,
    )
    known: Path | None = option(KNOWN, KNOWN_HELP, default=None, metavar="FILE")
    cassettes: Path | None = option(
        "--cassettes",
        "Folder of the cassettes [cassettes; without one, the samples that come with the harness].",
        default=None,
        folder=True,
    )

    @property
    def on_request(self) -> tuple[str, ...]:
        """The formats that are written beside those of every run, each once."""
        return tuple(dict.fromkeys((*self.formats, *(FRAME_FORMATS if self.frames else ()))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: an operation (the first one by default), and arguments beside the plain ones.

    An argument that is None is left out. It asks for one image, unless `most_images` allows more.
    """

    operation: str = ""
    arguments: Mapping[str, Json] = field(default_factory=dict)
    most_images: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What a canary asks, and what it may cost by its prices; None is no limit.

    `most_images` and `most_amount` are what it may take with all that follows from it.

    `number` makes its words: no two canaries have the same. `asked` says on which day, as an
    ordinal, a case was asked last. With `only` (ids of cases, constraints, names of operations),
    these alone are asked, each `times`. Cases of `first` are asked before all others, and those
    that are `spared` not at all. `operations` are asked, all without any; of them nothing that
    names an address which begins like one of `unreachable`: it would only be skipped.
    """

    number: int
    operations: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    images: int | None = None
    amount: Decimal | None = None
    most_images: int | None = None
    most_amount: Decimal | None = None
    asked: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    times: int = 1
    first: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All choices of a run; each has a default, and a run without any replays the cassettes.

    `measuring` makes the run a benchmark; it follows from `benchmark` where `planning.only` asks
    for one. A `trial`, or plans that are `ready`, are sent instead of a new plan, and so is a
    `canary`, by provider. The properties are the choices whose default depends on something, as
    they hold.
    """

    target: Target = topic(Target, "Providers")
    planning: Planning = topic(Planning, "Requests")
    limits: RunLimits = topic(RunLimits, "Limits")
    benchmark: BenchmarkOptions = topic(BenchmarkOptions, "Benchmark (--only benchmark)")
    distribution: Distribution = topic(Distribution, "Slices and vantage points", typed_only=True)
    emulator: EmulatorOptions = topic(EmulatorOptions, "Emulator (--against emulator)")
    output: Output = topic(Output, "Output")
    measuring: Measuring | None = None
    trial: Trial | None = None
    canary: Mapping[str, Canary] | None = None
    ready: ReadyPlans | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """Names or kinds of the operations to ask for; none for all that a provider has."""
        return self.target.operations

    @property
    def cassettes(self) -> Path:
        """The folder of the cassettes."""
        return self.output.cassettes or CASSETTES

    @property
    def seed(self) -> int:
        """The seed of all that is drawn."""
        return self.planning.seed or 0

    @property
    def strength(self) -> int:
        """How many values are tried together in all combinations."""
        return self.planning.strength or STRENGTH

    @property
    def max_shrink(self) -> int:
        """The most requests to make one finding small."""
        return MAX_SHRINK if self.limits.max_shrink is None else self.limits.max_shrink

    @property
    def concurrency(self) -> int:
        """Requests under way at once at each provider, in a run for conformance."""
        return self.limits.concurrency or CONCURRENCY

    @property
    def time_scale(self) -> float:
        """The factor on the emulator's durations, and on our waits against it."""
        scale = self.emulator.time_scale
        return TIME_SCALE if scale is None else scale


def refuse_unknown_operations(words: Sequence[str], providers: Sequence[Provider]) -> None:
    """Raise UsageError for the name of an operation that none of the providers has."""
    for word in words:
        if not any(provider.meant(word) for provider in providers):
            names = dict.fromkeys(name for each in providers for name in each.operations)
            near = get_close_matches(word, names, n=1)
            guess = f"did you mean {near[0]}? " if near else ""
            chosen = ", ".join(provider.name for provider in providers)
            raise UsageError(
                f"--operation {word}: no such operation at {chosen}",
                hint=f"{guess}one of {', '.join(names)}",
            )


def refuse_conformance(flags: Sequence[str]) -> None:
    """Raise UsageError for these flags, if there are any: a benchmark has no use for them."""
    if flags:
        raise UsageError(
            f"{', '.join(flags)}: for conformance only",
            hint="choose what is asked with --workload, or leave --only benchmark out",
        )


def refuse_slow(planning: Planning, flags: Sequence[str] = ()) -> None:
    """Raise UsageError where a quick run is to do what takes long, or by any of these flags."""
    slow = [flag for flag in given(planning) if flag in SLOW] + [*flags]
    if planning.quick and slow:
        raise UsageError(
            f"--quick and {', '.join(slow)}: a quick run has no requests for it",
            hint="leave one of them out",
        )
