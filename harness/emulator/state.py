"""The running state of one provider's server: ledger, jobs, faults, clock, draws and ids."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from .faults.catalogue import ActiveFaults
from .faults.job_faults import LARGE_PX, SLOWER
from .jobs import EmulatedJob
from .ledger import Ledger, LedgerEntry, key_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from .faults.planted import PlantedFault
    from .jobs import Stage
    from .ledger import Digests, Note
    from .pictures import ImageCache, RenderedImage
    from .signing.signer import ImageSigner

# No provider publishes how long its generations take. The medians, for one image of 1024x1024, are
# ours, placed among the few measurements known for this family of models (11 to 90 s) and
# Apiframe's "about 15s". They are proportional to the square root of the pixels, so that 3840x2160
# takes 2.8 times as long; each further image of a request adds 15 %.
MEDIAN_S = {"low": 8.0, "medium": 15.0, "high": 35.0}
# sigma of the logarithm: nine draws in ten lie within a factor of 1.8 around the median
SPREAD = 0.35
REFUSAL_S = 0.004
SUBMIT_S = 0.15  # a job provider's reply to a submission
POLL_S = 0.02


class LatencyModel:
    """Draws durations in seconds, already scaled; the same seed gives the same sequence.

    They are log-normal around a median by quality, size and number of images. Where the command
    line fixes the seconds of a request, all requests take them: images are made side by side.
    """

    def __init__(self, *, seed: str, time_scale: float, fixed_s: float | None = None) -> None:
        self._draws = Random(seed)
        self._time_scale = time_scale
        self._each_s = fixed_s
        self.large_factor = 1.0

    def generation_s(self, *, quality: str, pixels: int, images: int) -> float:
        """Draw how long the generation of `images` images of `pixels` pixels each takes."""
        if self._each_s is not None:
            return self._each_s * self._time_scale
        median_s = MEDIAN_S.get(quality, MEDIAN_S["medium"])
        median_s *= math.sqrt(pixels / 1_048_576) * (1 + 0.15 * (images - 1))
        median_s *= self.large_factor if pixels > LARGE_PX else 1.0
        return median_s * self._draws.lognormvariate(0.0, SPREAD) * self._time_scale

    def fixed_s(self, seconds: float) -> float:
        """Return a duration that does not vary, scaled."""
        return seconds * self._time_scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line decides for all servers.

    `time_scale` is a factor on every duration; `seconds_per_image` is how long each request that
    makes images takes before that, None for drawn durations. `keys` are those of the accounts;
    where there are none, the first key that a provider receives is its only one until a reset.
    With `natural`, pictures look like photographs; with a `signer`, they bear signed manifests.
    With `keep_requests`, the ledger keeps what requests held, not only the digests of that.
    """

    seed: int = 0
    time_scale: float = 1.0
    seconds_per_image: float | None = None
    keys: frozenset[str] = frozenset()
    natural: bool = False
    signer: ImageSigner | None = None
    keep_requests: bool = False


class ProviderState:
    """One provider's state.

    Equal seeds and equal orders of requests give equal images, ids and durations; time stamps and
    signatures are those of the wall clock.
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

    def reset(self, seed: int | None = None) -> None:
        """Forget requests, jobs and counters, and restart all draws, from another seed if given.

        Faults, variants and pictures stay.
        """
        if seed is not None:
            self.settings = replace(self.settings, seed=seed)
        self.ledger = Ledger(self.unit)
        self.jobs: dict[str, EmulatedJob] = {}
        self.replays: dict[str, tuple[str, str]] = {}
        self.latency = LatencyModel(
            seed=f"{self.settings.seed}:{self.provider}",
            time_scale=self.settings.time_scale,
            fixed_s=self.settings.seconds_per_image,
        )
        self.keys = self.settings.keys
        self._ids = 0
        self._renderings = 0
        self.set_faults(self.faults.names)

    def set_faults(self, names: frozenset[str]) -> None:
        """Make exactly these faults active and restart their counters."""
        self.faults = ActiveFaults(names, self.provider)
        self._flaky = Random(f"{self.settings.seed}:{self.provider}:flaky")
        self._outage = Random(f"{self.settings.seed}:{self.provider}:outage")
        self._chances = {
            fault.name: Random(f"{self.settings.seed}:{self.provider}:{fault.name}")
            for fault in self.faults.planted
        }
        self._api_requests = 0
        self.kept: dict[tuple[object, ...], RenderedImage] = {}  # what a fault serves again
        self.downloaded: set[str] = set()  # what was asked for before, or uploaded by a client
        self.latency.large_factor = SLOWER if "slow_large_images" in names else 1.0

    def is_valid(self, key: str) -> bool:
        """Tell whether a key is an account's; the first one becomes that where none was given."""
        if not self.keys:
            self.keys = frozenset((key,))
        return key in self.keys

    def now_s(self) -> float:
        """Return the seconds since the server started."""
        return time.monotonic() - self._start_s

    def new_id(self, kind: str) -> str:
        """Return 32 hexadecimal digits: a digest of seed, provider and a running number."""
        self._ids += 1
        text = f"{self.settings.seed}:{self.provider}:{kind}:{self._ids}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def next_rendering(self) -> int:
        """Return the number of a reply's pictures, from 1: a model never draws the same twice."""
        self._renderings += 1
        return self._renderings

    def every_second(self) -> bool:
        """Count an API request and return whether its number is even."""
        self._api_requests += 1
        return self._api_requests % 2 == 0

    def every_third(self) -> bool:
        """Count an API request and return whether its number is a multiple of three."""
        self._api_requests += 1
        return self._api_requests % 3 == 0

    def is_late(self, digest: str) -> bool:
        """Whether a result is not there yet: under a fault, for the first download of it."""
        if "result_missing_at_first" not in self.faults or digest in self.downloaded:
            return False
        self.downloaded.add(digest)
        return True

    def job_before(self, job: EmulatedJob) -> EmulatedJob | None:
        """Return the job that a first poll shows in place of this one, under a fault."""
        if "poll_tells_other_job" not in job.faults or job.polls != 1:
            return None
        ids = list(self.jobs)
        number = ids.index(job.id) if job.id in self.jobs else 0
        return self.jobs[ids[number - 1]] if number else None

    def is_flaky_now(self) -> bool:
        """Draw whether a request is among the 30 % that fail."""
        return self._flaky.random() < 0.3

    def outage_now(self) -> int | None:
        """Draw whether a request fails by chance: its status, 0 for no reply, None where served."""
        share = self.faults.outage_share
        if not share or self._outage.random() >= share:
            return None
        return self._outage.choice((500, 503, 0))

    def strikes(self, fault: PlantedFault) -> bool:
        """Draw whether a request that has the values of a planted fault gets it."""
        return self._chances[fault.name].random() < fault.rate

    def retry_after(self) -> str:
        """Return a value for Retry-After in whole seconds: 0 where time is scaled away."""
        return "1" if self.settings.time_scale >= 0.1 else "0"

    def poll_job(self, job_id: str, base_url: str) -> tuple[EmulatedJob | None, Stage | None]:
        """Count a poll; return the job, None if there is none, and its stage, None for a 404.

        An unknown job that a fault invents is not stored.
        """
        job = self.jobs.get(job_id)
        if job is not None:
            return job, job.poll(self.now_s())
        if "unknown_job_200" not in self.faults:
            return None, None
        invented = EmulatedJob(
            id=job_id,
            start_s=self.now_s(),
            created_at=time.time(),
            duration_s=0.0,
            price=0.0,
            base_url=base_url,
        )
        return invented, "waiting"

    def jobs_as_json(self) -> list[dict[str, object]]:
        """Return all jobs since the last reset; looking at them counts as no poll."""
        now_s = self.now_s()
        return [
            {
                "id": job.id,
                "stage": job.stage(now_s),
                "images": job.images,
                "cost": {"amount": job.cost, "unit": self.unit},
                "polls": job.polls,
            }
            for job in self.jobs.values()
        ]

    def record(
        self,
        request: Request,
        digests: Digests,
        status: int,
        note: Note,
        content: Mapping[str, object] | None = None,
    ) -> None:
        """Write a request into the ledger."""
        self.ledger.entries.append(
            LedgerEntry(
                time_s=self.now_s(),
                provider=self.provider,
                method=request.method,
                path=request.url.path,
                status=status,
                digests=digests,
                note=note,
                unit=self.unit,
                key=key_digest(request),
                content=content,
            )
        )
