"""How a run reaches its providers: over sockets, live or at our emulator, or from cassettes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakSet

from harness.core.case import PlannedRequest
from harness.core.errors import EmulatorError, UsageError
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.core.record import Provenance
from harness.core.version import harness_version
from harness.planning.addresses import assets_of, texts_sent
from harness.planning.options import EmulatorOptions, Options
from harness.runner.execution.conversation import Access
from harness.runner.recording import recorded_evidence
from harness.runner.shutdown import STOP_S, first_line, stop_process
from harness.spec.lifecycle import Webhook
from harness.spec.provider import Provider
from harness.spec.weight import reply_bounds
from harness.transport.base import Transport
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.server import CallbackServer
from harness.transport.cassettes.cassette import Replay, Tape
from harness.transport.client import Live, LiveEndpoint
from harness.transport.http1.reach import Reach
from harness.transport.redaction import Redactor

EMULATOR_KEY = "emulator-key"
USAGE = 2


@dataclass(slots=True, kw_only=True)
class ProviderConnections:
    """All providers of a run, once `open` has started what they need.

    `addresses` are their base URLs; `places` are where they find our reference images and deliver
    webhooks.
    """

    options: Options
    providers: Mapping[str, Provider]
    pictures: ImageCollector
    redactor: Redactor
    word: str
    now_s: Callable[[], float]
    addresses: dict[str, str] = field(default_factory=dict)
    places: CallbackServer | None = None
    _open: "WeakSet[Live]" = field(default_factory=WeakSet)

    def withdraw(self) -> None:
        """Break off every round trip of which nothing has left: the run is stopped."""
        for transport in tuple(self._open):
            transport.withdraw()

    async def open(self, stack: AsyncExitStack) -> dict[str, Access]:
        """Start the emulator, where it is meant, and our own server; both end with the stack."""
        options = self.options
        self.addresses = options.target.base_urls
        if options.target.against == "emulator":
            process = emulator_process(
                time_scale=options.time_scale,
                seed=options.seed,
                chosen=options.emulator,
                key=EMULATOR_KEY,
            )
            self.addresses = stack.enter_context(process)
        self.places = places = _callback_server(
            options, self.providers.values(), word=self.word, now_s=self.now_s
        )
        stack.push_async_callback(places.aclose)
        await places.start()
        return {name: self._access(each, places) for name, each in self.providers.items()}

    def _access(self, provider: Provider, places: CallbackServer) -> Access:
        name = provider.name
        target = self.options.target
        started = target.against == "emulator"
        address = self.addresses[name]
        key = EMULATOR_KEY if started else target.keys[name]
        emulated_time = self.options.time_scale if started else target.emulated_time
        endpoint = LiveEndpoint(
            base_url=address,
            auth=provider.auth,
            key=key,
            provider=name,
            bounds=reply_bounds(provider),
        )
        reach = Reach(address, allow_private=self.options.target.allow_private)

        def transport() -> Transport:
            live = Live(
                endpoint,
                pictures=self.pictures,
                redactor=self.redactor,
                now_s=self.now_s,
                time_scale=1.0 if emulated_time is None else emulated_time,
                outside=places,
                reach=reach,
            )
            self._open.add(live)
            return live

        return Access(
            evidence=Provenance(
                kind="live" if emulated_time is None else "emulator",
                source="emulator" if started else address,
                date=today(),
                by=by(),
                vantage=self.options.distribution.vantage,
            ),
            transport=transport,
            cannot=_unreachable_reason(provider, places),
            announce=lambda shots: places.serve_assets(assets_of(provider, shots)),
        )


def from_tape(tape: Tape) -> Access:
    """Return a provider as it was recorded."""
    return Access(evidence=recorded_evidence(tape), transport=lambda: Replay(tape))


def _callback_server(
    options: Options, providers: Iterable[Provider], *, word: str, now_s: Callable[[], float]
) -> CallbackServer:
    """Return where providers reach a run; against the emulator that is on loopback."""
    live = options.target.against == "live"
    webhooks: dict[str, tuple[Webhook, str]] = {}
    for provider in providers:
        signed = options.target.keys.get(provider.name, "") if live else EMULATOR_KEY
        for operation in provider.operations.values():
            if operation.webhook is not None:
                webhooks[provider.name] = (operation.webhook, signed)
    return CallbackServer(
        now_s=now_s,
        assets_url=options.target.assets_url,
        webhook_url=options.target.webhook_url,
        port=options.target.receive_port,
        local=not live or options.target.emulated_time is not None,
        run_word=word,
        webhooks=webhooks,
    )


def _unreachable_reason(
    provider: Provider, places: CallbackServer
) -> Callable[[PlannedRequest], str | None]:
    """Return what says why a request cannot be sent: an address that it names has no place."""

    def why(shot: PlannedRequest) -> str | None:
        addresses = texts_sent(provider, shot)
        if places.assets_url is None and any(text.startswith(ASSETS) for text in addresses):
            return "its reference images have no public address: give one with --assets-url"
        if places.webhook_url is None and any(text.startswith(WEBHOOKS) for text in addresses):
            return "webhooks have no public address to go to: give one with --webhook-url"
        return None

    return why


def today() -> str:
    """Return the moment, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def by() -> str:
    """Return who made a recording."""
    return f"image-provider-harness {harness_version()}"


@contextmanager
def emulator_process(
    *,
    time_scale: float,
    seed: int,
    chosen: EmulatorOptions | None = None,
    key: str | None = None,
) -> Iterator[dict[str, str]]:
    """Start the emulator and yield the base URL of each provider; stop it at the end.

    `chosen` has its faults, its port and what its pictures are; `time_scale` is the scale that its
    own comes to. Without `key` the first that it receives is the only one: in a run that goes on,
    that may be a made-up one.

    Raises EmulatorError where it does not come up; what it said is in the message.
    """
    command = [sys.executable, "-m", "harness.emulator", "--json", "--until-eof"]
    command += ["--time-scale", str(time_scale), "--seed", str(seed)]
    command += ["--key", key] if key is not None else []
    command += _arguments(chosen) if chosen is not None else []
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,  # it ends when this closes: a killed harness leaves none behind
        text=True,
        start_new_session=True,  # Ctrl-C is ours to handle: what is in flight needs its server
    )
    try:
        yield _ready(process)
    finally:
        stop_process(process)


def _arguments(chosen: EmulatorOptions) -> list[str]:
    arguments = [part for fault in chosen.faults for part in ("--fault", fault)]
    arguments += ["--port", str(chosen.port)] if chosen.port is not None else []
    arguments += ["--natural"] if chosen.natural else []
    return arguments + (["--signed", str(chosen.signed)] if chosen.signed is not None else [])


def _ready(process: "subprocess.Popen[str]") -> dict[str, str]:
    try:
        addresses = json.loads(first_line(process))["providers"]
    except (ValueError, KeyError, TypeError):
        try:  # an argument it does not know ends it by itself
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        errors = process.communicate()[1].strip().splitlines()
        reason = errors[-1] if errors else "it said nothing"
        if process.returncode == USAGE:
            raise UsageError(reason.removeprefix("emulator: ")) from None
        raise EmulatorError(f"the emulator did not start: {reason}") from None
    return {str(name): str(address) for name, address in addresses.items()}
