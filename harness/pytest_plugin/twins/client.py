"""The harness's own client of a provider, for tests: it sends one request and says what came of it.

It keeps the provider's documents: it polls jobs, waits as it is told, follows to the images and
decodes them. What it receives is kept in a run folder of its own, as in every run.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.exchange import Exchange
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.planning.options import Target, Trial
from harness.pytest_plugin.twins.errors import TwinUsageError
from harness.pytest_plugin.twins.examples import MOST_IMAGES, shipped
from harness.pytest_plugin.twins.twins import Twin
from harness.store.line import IMAGES
from harness.transport.bodies.images import file_name
from harness.trial import Tried, exchanged, prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of a request.

    `outcome` is one of `Images`, `Refused` and `Fault` (`harness.core.outcome`); `exchanges` are
    its round trips, the submission among them; `folder` keeps the journal and the images.
    """

    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    folder: Path

    @property
    def images(self) -> tuple[bytes, ...]:
        """The bytes of each image; AssertionError, which says why, where there are none."""
        match self.outcome:
            case Images(pictures=pictures):
                places = [self.folder / IMAGES / file_name(picture) for picture in pictures]
                return tuple(place.read_bytes() for place in places if place.is_file())
            case Refused(error=error):
                raise AssertionError(f"refused with HTTP {error.status}: {error.message}")
            case Fault(why=why):
                raise AssertionError(f"no images: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClient:
    """A client of one provider.

    `url` is where it sends to and `key` what it signs with. `time_scale` is that of the twin behind
    it, a factor on its waits between polls; None for real endpoints.
    """

    name: str
    url: str
    key: str
    time_scale: float | None
    folder: Path
    _numbers: "count[int]"

    @classmethod
    def of(cls, twin: Twin, folders: pytest.TempPathFactory) -> "ProviderClient":
        """Return the client of a twin."""
        return cls(
            name=twin.name,
            url=twin.url,
            key=twin.key,
            time_scale=twin.settings.time_scale,
            folder=folders.mktemp(f"client-{twin.name}-", numbered=True),
            _numbers=count(1),
        )

    def at(self, url: str, *, key: str | None = None, real: bool = False) -> "ProviderClient":
        """Return the same client for another address, as that of a gateway in front of the twin.

        Without `key`, with the same one. A `real` endpoint is polled no faster than its documents
        say; reference images, which a twin fetches from this process, have no address for it.
        """
        return replace(
            self,
            url=url,
            key=self.key if key is None else key,
            time_scale=None if real else self.time_scale,
        )

    def send(self, operation: str | None = None, **arguments: Json) -> Sent:
        """Send a request of an operation, the first one by default, and see it through.

        It is the cheapest valid one, but for these arguments, by their canonical names; None leaves
        one out. They may break rules: the provider is asked all the same. Raises TwinUsageError for
        an operation or argument that is not documented, and where the request cannot be sent.
        """
        sending = partial(self._send, operation, arguments)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return sending()
        with ThreadPoolExecutor(1) as pool:  # a test of asyncio's: its loop cannot run another
            return pool.submit(sending).result()

    def _send(self, operation: str | None, arguments: Mapping[str, Json]) -> Sent:
        provider = shipped(self.name).provider
        target = Target(
            against="live",
            providers=(self.name,),
            emulated_time=self.time_scale,
        )
        trial = Trial(operation=operation or "", arguments=arguments, most_images=MOST_IMAGES)
        out = self.folder / str(next(self._numbers))
        try:
            prepared = prepare(target, trial, base_url=self.url, out=out)
            tried: Tried = exchanged(prepared, environment={provider.auth.env: self.key})
        except UsageError as error:
            raise TwinUsageError(f"{self.name}: {error}") from None
        if tried.record.outcome is None:
            raise TwinUsageError(f"{self.name}: nothing was sent: {tried.record.skipped}")
        return Sent(
            outcome=tried.record.outcome, exchanges=tried.record.exchanges, folder=tried.folder
        )
