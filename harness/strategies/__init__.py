"""Hypothesis strategies of what a provider documents: for tests of your own gateway or client.

    from hypothesis import given
    from harness import strategies

    @given(strategies.requests("apiframe"))
    def test_my_gateway_takes_what_is_documented(arguments):
        assert my_gateway.validate(arguments) == []

    @pytest.mark.parametrize("rule", strategies.rules("apiframe"))
    def test_my_gateway_refuses_what_is_not(rule):
        @given(strategies.violations("apiframe", rule))
        def refused(arguments):
            assert my_gateway.validate(arguments) != []
        refused()

A provider is the name of a shipped or installed one, the path of a TOML, or a
`harness.Provider`. What is drawn is a dict of canonical arguments (`{"prompt": ..., "n": 2}`), the
same words for every provider, or with `wire=True` a `WireRequest`: method, path, headers, JSON or
form, as the provider's documents want them, without a key and without an address.

Reference images are real files that the harness makes, each known by its name: `image_bytes`
returns its bytes. Where a provider takes files, an image is a dict of what is known of it
(`{"filename": "png-rgb-256x256-1.png", "media_type": "image/png", "bytes": ..., "width": ...}`);
where it takes addresses, it is `https://assets.invalid/NAME`, which resolves nowhere: serve the
bytes yourself and put your address in its place. A webhook's address is one below
`https://webhooks.invalid/`, which resolves nowhere either.

What fails is made small: the fewest optional arguments, a short prompt, the fewest pixels, the
value next to the boundary.
"""

from harness.strategies.documented import (
    Arguments,
    ProviderLike,
    requests,
    rules,
    sizes,
    violations,
)
from harness.strategies.wire import WireRequest, image_bytes

__all__ = [
    "Arguments",
    "ProviderLike",
    "WireRequest",
    "image_bytes",
    "requests",
    "rules",
    "sizes",
    "violations",
]
