"""How the providers of a run are reached: over sockets, live or at our emulator; or from a tape."""

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from harness.core.case import PlannedRequest
from harness.core.record import Provenance
from harness.planning.options import Options
from harness.runner.emulated import emulator_process
from harness.runner.header import by, today
from harness.runner.surroundings import assets_of, callback_server, unreachable_reason
from harness.spec.load import shipped_provider as shipped
from harness.transport.base import Transport
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.cassettes.cassette import Tape
from harness.transport.cassettes.replay import Replay
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor

EMULATOR_KEY = "emulator-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One provider as a run reaches it, and what that rests on.

    `cannot` says why a shot cannot be sent from here, if so; `announce` is told of shots before
    they leave, so that the reference images which they name are there.
    """

    evidence: Provenance
    transport: Callable[[], Transport]
    cannot: Callable[[PlannedRequest], str | None] = lambda _shot: None
    announce: Callable[[Iterable[PlannedRequest]], None] = lambda _shots: None


@dataclass(slots=True, kw_only=True)
class ProviderConnections:
    """All providers of a run, once `open` has started what they need.

    `addresses` are their base URLs; `places` are where they find our reference images and deliver
    webhooks.
    """

    options: Options
    pictures: ImageCollector
    redactor: Redactor
    word: str
    now_s: Callable[[], float]
    addresses: dict[str, str] = field(default_factory=dict)
    places: CallbackServer | None = None

    async def open(self, stack: AsyncExitStack) -> dict[str, Access]:
        """Start the emulator, where it is meant, and our own server; both end with the stack."""
        options = self.options
        if options.target.against == "emulator":
            self.addresses = stack.enter_context(
                emulator_process(
                    time_scale=options.time_scale,
                    seed=options.seed,
                    faults=options.emulator.faults,
                    port=options.emulator.port,
                )
            )
        else:
            self.addresses = options.target.base_urls
        places = callback_server(options, word=self.word, now_s=self.now_s, key=EMULATOR_KEY)
        self.places = places
        stack.push_async_callback(places.aclose)
        await places.start()
        return {name: self._access(name, places) for name in options.target.providers}

    def _access(self, name: str, places: CallbackServer) -> Access:
        emulated = self.options.target.against == "emulator"
        address = self.addresses[name]
        key = EMULATOR_KEY if emulated else self.options.target.keys[name]
        endpoint = LiveEndpoint(base_url=address, auth=shipped(name).auth, key=key, provider=name)

        def transport() -> Transport:
            return Live(
                endpoint,
                pictures=self.pictures,
                redactor=self.redactor,
                now_s=self.now_s,
                time_scale=self.options.time_scale if emulated else 1.0,
                outside=places,
            )

        return Access(
            evidence=Provenance(
                kind="emulator" if emulated else "live",
                source="emulator" if emulated else address,
                date=today(),
                by=by(),
            ),
            transport=transport,
            cannot=unreachable_reason(places),
            announce=lambda shots: places.serve_assets(assets_of(shots)),
        )


def from_tape(tape: Tape) -> Access:
    """Return a provider as it was recorded."""
    evidence = Provenance(
        kind="recorded",
        source=str(tape.metadata.get("evidence", "unknown")),
        date=str(tape.metadata.get("recorded", "unknown")),
        by=str(tape.metadata.get("by", "unknown")),
    )
    return Access(evidence=evidence, transport=lambda: Replay(tape))
