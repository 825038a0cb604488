"""The servers: paths, envelopes, replies and prices, one module per provider."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from .aimlapi import AimlApi
from .apiframe import Apiframe
from .buble import Buble
from .nanobanana import NanoBanana
from .openai import OpenAi
from .sub2api import Sub2Api

if TYPE_CHECKING:
    from ..pipeline import ProviderServer

__all__ = ["PROVIDERS", "VARIANTS"]

# The order is that of the ports under --port.
PROVIDERS: tuple[type[ProviderServer], ...] = (
    Buble,
    Sub2Api,
    Apiframe,
    NanoBanana,
    AimlApi,
    OpenAi,
)

# Other legitimate readings of the documents; no faults.
VARIANTS = {
    "buble:create_202": "creating a generation answers 202 instead of 200",
    "buble:retry_after": "polls of an unfinished job carry Retry-After: 5",
    "sub2api:no_model": "replies carry neither model nor revised_prompt",
    "apiframe:result_string": "the result of one image is its URL as a string",
    "apiframe:retry_after": "polls of an unfinished job carry Retry-After: 5",
    "apiframe:webhook_hex": "the key of webhook signatures is the digest as hexadecimal text",
    "nanobanana:errors_in_200": "errors come with HTTP 200 and code -1",
    "nanobanana:openai_shape": "/api/v1/images/edits answers with a list in data",
    "aimlapi:created_201": "a generation answers 201 instead of 200",
    "openai:opaque_only": "a transparent background is refused, as until August 2026",
}
