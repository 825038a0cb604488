"""How a benchmark was laid out, and how well the harness itself measured."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field

from harness.core.errors import UsageError
from harness.core.jsonvalue import Amount
from harness.core.rate import Rate
from harness.core.workload import Fit, Workload

Arrivals = Literal["closed", "constant", "poisson"]
"""`closed`: a fixed number of requests under way; the others leave by a timetable, whatever the
replies do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of a benchmark under one load, per provider; a sweep or a ramp has several.

    Closed arrivals have a `concurrency`, open ones a `rate_per_s` (then `concurrency` is missing).
    """

    name: str
    blocks: int
    concurrency: int | None = None
    rate_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """A ceiling on time to pixels: the `quantile` (0.95) is to be below `seconds`."""

    quantile: float
    seconds: float


_SLO = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)\s*<\s*(\d{1,6}(?:\.\d{1,6})?)\s*(ms|s|min|)", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "min": 60.0}


def parse_slo(text: str) -> Slo | None:
    """Read a ceiling on time to pixels, like `p95<60s`; None for what is none."""
    match = _SLO.fullmatch(text.strip())
    if match is None:
        return None
    quantile, seconds = float(match[1]) / 100, float(match[2]) * _UNIT_S[match[3] or "s"]
    return Slo(quantile=quantile, seconds=seconds) if quantile and seconds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a buyer of workloads asks of a provider; None where nothing is asked.

    `images_per_month` are those of all workloads together. At each workload, `slo` is the ceiling
    on time to pixels, `failure_share` that on the share of requests without a usable image (between
    0 and 1), `usd_per_image` that on the price of a usable image; `usd_per_month` is the ceiling on
    the price of a month.
    """

    images_per_month: int | None = None
    slo: Slo | None = None
    failure_share: float | None = None
    usd_per_image: Amount | None = None
    usd_per_month: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What was decided before the first request left.

    `warm_up` blocks at the start are marked and left out of every figure. With `until_decided`,
    requests stop once a comparison is decided at error rate `alpha`. `timeout_s` replaces the
    timeout that the provider documents. The other providers are compared with the `reference`;
    `exchange_rates` are known by provider. `purchase` is what the workloads are bought for; it
    changes no request.
    """

    seed: int
    workloads: tuple[Workload, ...]
    fits: tuple[Fit, ...]
    arrivals: Arrivals
    stages: tuple[Stage, ...]
    warm_up: int = 0
    timeout_s: float | None = None
    slo: Slo | None = None
    until_decided: bool = False
    alpha: float = 0.05
    reference: str | None = None
    exchange_rates: dict[str, Rate] = field(default_factory=dict)
    purchase: Annotated[Purchase | None, Field(exclude_if=lambda asked: asked is None)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The harness's own error, measured against a server with known delays, in seconds.

    Of `n` replies of `body_bytes` at `concurrency`, `p50_s` and `p99_s` are quantiles of (what we
    reported - what the server did), from the request's departure to the last byte; `first_p50_s`
    and `first_p99_s` the same to the first byte of the body. `failed` says why there is none.
    """

    concurrency: int
    body_bytes: int
    n: int
    p50_s: float | None = None
    p99_s: float | None = None
    first_p50_s: float | None = None
    first_p99_s: float | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWaits:
    """What requests waited for on our own machine, after their bytes had been stamped.

    Of `replies`, `decoder_full` found all `decoders` busy; they waited `decoder_s` in all, one of
    them `decoder_longest_s`, before a decoder took them. Lines of the journal were on the disk
    after `journal_s` in all, one after `journal_longest_s`. For `paused_s` nothing more of a body
    was read, for the disk took what was there too slowly: that alone may be in a provider's times.
    """

    decoders: int
    replies: int = 0
    decoder_full: int = 0
    decoder_s: float = 0.0
    decoder_longest_s: float = 0.0
    journal_lines: int = 0
    journal_s: float = 0.0
    journal_longest_s: float = 0.0
    paused_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What our own process and machine did while a benchmark ran; None could not be measured.

    `lag_*` is how late the event loop woke up, in seconds. `cpu_share` is the busiest second's
    share of the CPU time that all cores together have, `own_cpu_share` what our process took of
    one core over the run. `memory_left_share` is the least share of memory that was free.
    `clock_step_s` is by how much the wall clock moved against the monotonic one. `waits` is
    missing in older runs.
    """

    seconds: float
    lag_p99_s: float
    lag_max_s: float
    own_cpu_share: float
    cpu_share: float | None = None
    memory_peak_bytes: int | None = None
    memory_left_share: float | None = None
    clock_step_s: float = 0.0
    waits: Annotated[OwnWaits | None, Field(exclude_if=lambda waits: waits is None)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What a run's header holds of its benchmark; all else is in the records.

    `stopped` says by `NAME/WORKLOAD` why fewer requests were sent than designed.
    """

    design: Design
    calibrations: tuple[Calibration, ...] = ()
    watched: tuple[Watched, ...] = ()
    stopped: dict[str, str] | None = None

    def against(self, slo: Slo) -> "Benchmark":
        """Return the same with another ceiling, which changes no request."""
        return replace(self, design=replace(self.design, slo=slo))

    def beside(self, reference: str | None, rates: Mapping[str, Rate]) -> "Benchmark":
        """Return the same with another reference, if one is given, and further exchange rates.

        Raises UsageError where the reference is none of the providers that were asked.
        """
        design = self.design
        named = design.reference if reference is None else checked_reference(reference, design)
        known = {**design.exchange_rates, **rates}
        return replace(self, design=replace(design, reference=named, exchange_rates=known))


def checked_reference(reference: str, design: Design) -> str:
    """Return the name of a benchmark's reference; UsageError where it is not in the benchmark."""
    names = [*dict.fromkeys(fit.provider for fit in design.fits)]
    if reference not in names:
        raise UsageError(
            f"--reference {reference}: not measured in this benchmark",
            hint=f"name one of {', '.join(names)}; --provider adds others to a new run",
        )
    return reference
