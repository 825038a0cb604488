"""`harness plan`, and what it prints."""

from harness.cli.plan.command import plan

__all__ = ["plan"]
