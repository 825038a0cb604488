"""Webhooks that were delivered, as a reply: what each said, and whether its signature is right."""

import hashlib
import hmac
from collections.abc import Sequence

from harness.core.exchange import Picture, Reply
from harness.core.jsonvalue import Json
from harness.spec.lifecycle import Webhook
from harness.transport.bodies.body import Clean, read_body
from harness.transport.bodies.images import ImageCollector
from harness.transport.callbacks.app import ReceivedWebhook


def inbox_reply(
    deliveries: Sequence[ReceivedWebhook],
    signed: tuple[Webhook, str] | None,
    *,
    pictures: ImageCollector,
    known: Clean,
    text: Clean,
) -> Reply:
    """Return the deliveries in the order of their arrival.

    `signed` is what the documents say of the signature, and the API key. Of the headers those are
    kept that speak of the body or of webhooks: the others tell addresses. `known` cleans texts of
    any length, `text` short ones.
    """
    told: list[Json] = []
    found: dict[str, Picture] = {}
    for delivery in deliveries:
        body = read_body(delivery.raw, pictures, clean=known)
        found |= body.pictures
        signature, key = judged(delivery, signed)
        told.append(
            {
                "at_s": delivery.at_s,
                "signature": signature,
                "key": key,
                "headers": {name: text(value) for name, value in _spoken(delivery, signed)},
                "body": body.document,
                "text": None if body.text is None else text(body.text),
                "sha256": hashlib.sha256(delivery.raw).hexdigest(),
            }
        )
    return Reply(
        status=200,
        document={"deliveries": told},
        pictures=found,
        size_bytes=sum(len(delivery.raw) for delivery in deliveries),
    )


def judged(delivery: ReceivedWebhook, signed: tuple[Webhook, str] | None) -> tuple[str, str | None]:
    """Return `valid` with the reading of the key that fits, `forged` or `missing`."""
    if signed is None:
        return "missing", None
    webhook, api_key = signed
    name = webhook.signature.lower()
    given = [value for key, value in delivery.headers if key == name]
    if not given:
        return "missing", None
    hashed = hashlib.sha256(api_key.encode("utf-8", "surrogatepass"))
    readings = {"sha256": hashed.digest(), "sha256_hex": hashed.hexdigest().encode()}
    for reading in webhook.keys:
        right = webhook.prefix + hmac.new(readings[reading], delivery.raw, "sha256").hexdigest()
        if hmac.compare_digest(", ".join(given).encode(), right.encode()):
            return "valid", reading
    return "forged", None


def _spoken(
    delivery: ReceivedWebhook, signed: tuple[Webhook, str] | None
) -> Sequence[tuple[str, str]]:
    signature = signed[0].signature.lower() if signed else ""
    return [
        (name, value)
        for name, value in delivery.headers
        if name != signature and (name == "content-type" or "webhook" in name)
    ]
