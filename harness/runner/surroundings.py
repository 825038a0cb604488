"""What a run needs of places outside: reference images at addresses, and an inbox for webhooks."""

from collections.abc import Callable, Iterable

from harness.core.case import PlannedRequest
from harness.core.jsonvalue import Json, texts
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.planning.options import Options
from harness.spec.lifecycle import Webhook
from harness.spec.load import shipped_provider as shipped
from harness.transport.callbacks.server import CallbackServer


def callback_server(
    options: Options, *, word: str, now_s: Callable[[], float], key: str
) -> CallbackServer:
    """Return the places of a run; against the emulator (`key` is its key) they are on loopback."""
    live = options.target.against == "live"
    webhooks: dict[str, tuple[Webhook, str]] = {}
    for name in options.target.providers:
        signed = options.target.keys.get(name, "") if live else key
        for operation in shipped(name).operations.values():
            if operation.webhook is not None:
                webhooks[name] = (operation.webhook, signed)
    return CallbackServer(
        now_s=now_s,
        assets_url=options.target.assets_url,
        webhook_url=options.target.webhook_url,
        port=options.target.receive_port,
        local=not live,
        run_word=word,
        webhooks=webhooks,
    )


def assets_of(shots: Iterable[PlannedRequest]) -> frozenset[str]:
    """Return the names of all reference images that requests name by address."""
    return frozenset(
        text.removeprefix(ASSETS)
        for shot in shots
        for text in texts(_sent(shot))
        if text.startswith(ASSETS)
    )


def unreachable_reason(places: CallbackServer) -> Callable[[PlannedRequest], str | None]:
    """Return what says why a shot cannot leave from here, if so: its addresses would be nowhere."""

    def why(shot: PlannedRequest) -> str | None:
        named = [*texts(_sent(shot))]
        if places.assets_url is None and any(text.startswith(ASSETS) for text in named):
            return "its reference images have no public address: give one with --assets-url"
        if places.webhook_url is None and any(text.startswith(WEBHOOKS) for text in named):
            return "our receiver has no public address: give one with --webhook-url"
        return None

    return why


def _sent(shot: PlannedRequest) -> Json:
    """Return the body of a request, where it names addresses: files that are sent need none."""
    operation = shipped(shot.case.provider).operation(shot.case.operation)
    if operation.upload is None:
        return shot.request.body
    uploaded = operation.upload.argument
    return {name: value for name, value in shot.case.arguments.items() if name != uploaded}
