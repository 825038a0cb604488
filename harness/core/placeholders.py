"""Placeholders for addresses that only a run knows: reference images and webhooks.

Plans, journals and cassettes hold these; the transport replaces them as the request leaves. So a
plan is the same wherever it runs, a cassette replays anywhere, and no address of a machine is
written down. `.invalid` resolves nowhere (RFC 2606): a placeholder sent by mistake reaches nobody.
"""

from harness.core.jsonvalue import Json, with_texts

ASSETS = "https://assets.invalid/"
"""Followed by a reference image's name (`harness.reference_images`)."""

MISSING = f"{ASSETS}missing.png"
"""An address in the same place at which there is nothing: it answers 404."""

BASE64 = "base64-of:"
"""Followed by a reference image's name, or by what is known of somebody else's file: at the end of
a text, the bytes of that image as base64 stand there as the request leaves."""

WEBHOOKS = "https://webhooks.invalid/"
"""Followed by the token of a case: letters, digits, `-`."""

INBOX = "inbox:/"
"""Followed by a token: a request to our own receiver for what was delivered under it."""

NO_SUCH_MODEL = "no-such-image-model"
"""The name of a model that nobody sells; other names outside a list may be models of others."""

THIS_RUN = "this-run"
"""In a header's value, or at the start of an idempotency key: replaced by a word of the run's own,
so that no two runs say the same."""


def without_run_word(value: Json) -> Json:
    """Return a body in which every idempotency key is the same: two requests may differ by it."""
    return with_texts(value, lambda text: THIS_RUN if text.startswith(f"{THIS_RUN}-") else text)
