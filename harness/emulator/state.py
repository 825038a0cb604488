"""The running state of one provider's server: books, jobs, faults, clock, draws and ids."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from .faults.catalogue import ActiveFaults
from .ledger import Ledger, LedgerEntry, Outcome

if TYPE_CHECKING:
    from starlette.requests import Request

    from .jobs import EmulatedJob
    from .ledger import Digests
    from .pictures import ImageCache


MEDIAN_S = {"low": 8.0, "medium": 15.0, "high": 35.0}
SPREAD = (
    0.35  # sigma of the logarithm: nine draws in ten lie within a factor of 1.8 around the median
)
REFUSAL_S = 0.004
SUBMIT_S = 0.15  # a job provider's reply to a submission
POLL_S = 0.02


class LatencyModel:
    """Draws durations in seconds, already scaled; the same seed gives the same sequence."""

    def __init__(self, *, seed: str, time_scale: float, fixed_s: float | None = None) -> None:
        self._draws = Random(seed)
        self._time_scale = time_scale
        self._each_s = fixed_s

    def generation_s(self, *, quality: str, pixels: int, images: int) -> float:
        """Draw how long the generation of `images` images of `pixels` pixels each takes."""
        if self._each_s is not None:
            return self._each_s * self._time_scale
        median_s = MEDIAN_S.get(quality, MEDIAN_S["medium"])
        median_s *= math.sqrt(pixels / 1_048_576) * (1 + 0.15 * (images - 1))
        return median_s * self._draws.lognormvariate(0.0, SPREAD) * self._time_scale

    def fixed_s(self, seconds: float) -> float:
        """Return a duration that does not vary, scaled."""
        return seconds * self._time_scale


@dataclass(slots=True, kw_only=True)
class Settings:
    """What the command line decides for all servers.

    `time_scale` is a factor on every duration; `seconds_per_image` is how long each request that
    makes images takes before that, None for drawn durations.
    """

    seed: int = 0
    time_scale: float = 1.0
    seconds_per_image: float | None = None


class ProviderState:
    """One provider's state.

    Equal seeds and equal orders of requests give equal images, ids and durations; time stamps are
    those of the wall clock.
    """

    def __init__(
        self,
        provider: str,
        unit: str,
        *,
        settings: Settings,
        pictures: ImageCache,
        variants: frozenset[str] = frozenset(),
    ) -> None:
        self.provider = provider
        self.unit = unit
        self.settings = settings
        self.pictures = pictures
        self.variants = variants
        self.faults = ActiveFaults()
        self._start_s = time.monotonic()
        self.reset()

    def reset(self) -> None:
        """Forget requests, jobs and counters and start all draws anew.

        Faults, variants and pictures stay.
        """
        seed = f"{self.settings.seed}:{self.provider}"
        self.ledger = Ledger(self.unit)
        self.jobs: dict[str, EmulatedJob] = {}
        self.replays: dict[str, tuple[str, str]] = {}
        self.latency = LatencyModel(
            seed=seed,
            time_scale=self.settings.time_scale,
            fixed_s=self.settings.seconds_per_image,
        )
        self._ids = 0
        self.set_faults(self.faults.names)

    def set_faults(self, names: frozenset[str]) -> None:
        """Make exactly these faults active and start their counters anew."""
        self.faults = ActiveFaults(names, self.provider)
        self._flaky = Random(f"{self.settings.seed}:{self.provider}:flaky")
        self._api_requests = 0

    def now_s(self) -> float:
        """Return the seconds since the server started."""
        return time.monotonic() - self._start_s

    def new_id(self, kind: str) -> str:
        """Return 32 hexadecimal digits: a digest of seed, provider and a running number."""
        self._ids += 1
        text = f"{self.settings.seed}:{self.provider}:{kind}:{self._ids}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def every_second(self) -> bool:
        """Count an API request and return whether its number is even."""
        self._api_requests += 1
        return self._api_requests % 2 == 0

    def is_flaky_now(self) -> bool:
        """Draw whether a request falls among the 30 % that fail."""
        return self._flaky.random() < 0.3

    def retry_after(self) -> str:
        """Return a value for Retry-After in whole seconds: 0 where time is scaled away."""
        return "1" if self.settings.time_scale >= 0.1 else "0"

    def note(self, request: Request, digests: Digests, note: Note) -> None:
        """Write a request into the ledger."""
        self.ledger.entries.append(
            LedgerEntry(
                time_s=self.now_s(),
                provider=self.provider,
                method=request.method,
                path=request.url.path,
                status=note.status,
                outcome=note.outcome,
                rule=note.rule,
                operation=note.operation,
                body_sha256=digests.body,
                request_sha256=digests.request,
                images=note.images,
                amount=note.amount,
                unit=self.unit,
                job=note.job,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the ledger keeps of a decision; see ledger.Entry."""

    status: int
    outcome: Outcome
    rule: str | None = None
    images: int = 0
    amount: float = 0.0
    job: str | None = None
    operation: str | None = None
