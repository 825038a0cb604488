"""`harness providers` and its verbs."""

from harness.cli.providers.command import providers

__all__ = ["providers"]
