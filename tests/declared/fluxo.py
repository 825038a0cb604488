"""The provider that exists nowhere, as a value."""

from functools import cache
from pathlib import Path

from harness.cases.build import Builder
from harness.spec.load import load_provider_file
from harness.spec.provider import Provider

TOML = Path(__file__).with_name("fluxo.toml")


@cache
def fluxo() -> Provider:
    """Read it once."""
    return load_provider_file(TOML)


@cache
def builder(operation: str) -> Builder:
    """Build cases of one of its operations."""
    return Builder(fluxo(), operation)


OPERATIONS = ("text_to_image", "image_to_image")
