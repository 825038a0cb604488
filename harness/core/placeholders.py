"""Addresses that stand in for places which only a run knows: reference images and webhooks.

Plans, journals and cassettes name these; the transport puts the real address in their place as the
request leaves. So a plan is the same wherever it runs, a cassette replays anywhere, and no address
of a machine is written down. `.invalid` resolves nowhere (RFC 2606): a stand-in that left by
mistake could reach nobody.
"""

ASSETS = "https://assets.invalid/"
"""Followed by a reference image's name (`harness.reference_images`)."""

MISSING = f"{ASSETS}missing.png"
"""An address in the same place at which there is nothing: it answers 404."""

WEBHOOKS = "https://webhooks.invalid/"
"""Followed by the token of a case: letters, digits, `-`."""

INBOX = "inbox:/"
"""Followed by a token: a request to our own receiver for what was delivered under it."""

THIS_RUN = "this-run"
"""In a header's value: replaced by a word of the run's own, so that no two runs say the same."""
