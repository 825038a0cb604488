"""The command line: one verb per question."""

from harness.cli.main import main

__all__ = ["main"]
