"""What a run is asked to do."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from harness.core.benchmark import Arrivals, Slo
from harness.core.workload import Workload
from harness.spec.provider import OPERATIONS

Against = Literal["cassettes", "emulator", "live"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What a benchmark is to measure.

    `levels` are the loads on each provider, one stage of `blocks` blocks each: requests under way
    at once for closed arrivals, requests per second for open ones. The first `warm_up` blocks of
    each stage come on top, and count in no figure.
    """

    workloads: tuple[Workload, ...]
    arrivals: Arrivals = "closed"
    levels: tuple[float, ...] = (4,)
    blocks: int = 8
    warm_up: int = 0
    until_decided: bool = False
    slo: Slo | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The choices of `harness run`.

    `budgets` are in each provider's own unit; `max_images` bounds the paid images of each
    provider, `max_requests` the submissions (each try of one counts; polls and downloads do not),
    `max_minutes` the time in which new ones leave. Where neither amount nor images are bounded,
    each operation has the default allowance of `harness.planning.plan`. `max_shrink` bounds what
    is asked to make one finding small; `discover` measures what documents leave open; `strength`
    is how many values are tried together in all combinations. `keys` come from the environment and
    are never written. `time_scale` stretches the emulator's durations and our pauses against it.
    `assets_url` and `webhook_url` are where providers reach reference images and our receiver;
    `receive_port` is the receiver's own. `measuring` makes the run a benchmark, which first
    measures our own error if it is to be `calibrated`.
    """

    against: Against
    providers: tuple[str, ...]
    seed: int
    out: Path
    cassettes: Path
    base_urls: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    budgets: dict[str, Decimal] = field(default_factory=dict)
    max_images: int | None = None
    max_requests: int | None = None
    max_minutes: float | None = None
    max_shrink: int = 10
    discover: bool = False
    strength: int = 2
    record: bool = False
    resume: Path | None = None
    concurrency: int = 8
    time_scale: float = 0.001
    faults: tuple[str, ...] = ()
    port: int | None = None
    operations: tuple[str, ...] = OPERATIONS
    assets_url: str | None = None
    webhook_url: str | None = None
    receive_port: int | None = None
    measuring: Measuring | None = None
    calibrated: bool = True
