"""What our receiver got under a request's own address, as its inbox was read."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.exchange import Exchange, Failure, Reply
from harness.core.jsonvalue import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One webhook: when it came on the run's clock, how it was signed, and what it said.

    `signature` is `valid`, `forged` or `missing`; `key` is the reading of the key that fits.
    `at_s` is missing where a recording holds no time. `digest` is that of the body as it came.
    """

    at_s: float | None
    signature: str
    key: Json
    digest: str
    body: Json


def webhooks_received(
    exchanges: Sequence[Exchange],
) -> tuple[WebhookDelivery, ...] | Failure | None:
    """Return what was delivered by the last look into the inbox, which holds all that came.

    A failure where nothing could be received; None where nobody looked.
    """
    answers = [exchange.answer for exchange in exchanges if exchange.step == "deliveries"]
    if not answers:
        return None
    if isinstance(answers[0], Failure):
        return answers[0]
    last = [answer.document for answer in answers if isinstance(answer, Reply)][-1]
    listed = last.get("deliveries") if isinstance(last, dict) else None
    return tuple(
        _read(delivery)
        for delivery in (listed if isinstance(listed, list) else ())
        if isinstance(delivery, dict)
    )


def _read(delivery: dict[str, Json]) -> WebhookDelivery:
    at_s = delivery.get("at_s")
    return WebhookDelivery(
        at_s=float(at_s) if isinstance(at_s, int | float) else None,
        signature=str(delivery.get("signature")),
        key=delivery.get("key"),
        digest=str(delivery.get("sha256")),
        body=delivery.get("body"),
    )
