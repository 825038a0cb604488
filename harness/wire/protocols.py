"""The wire protocols by name: a TOML names one, a generator function registers itself for it."""

from collections.abc import Callable

from harness.core.case import PlannedRequest
from harness.core.registry import Registry
from harness.spec.provider import Operation, Provider, admit_protocol
from harness.wire.retry import Wire

Speaker = Callable[[Provider, Operation, PlannedRequest], Wire]
"""Sends one request, whose files are uploaded, and goes on until it has an outcome."""

PROTOCOLS: Registry[Speaker] = Registry("wire protocol", package=__name__.rpartition(".")[0])


def protocol(name: str) -> Callable[[Speaker], Speaker]:
    """Register a generator function for the protocol that TOMLs call `name`.

    A user's package registers its protocols on import, before the TOML is loaded.
    """

    def register(speaker: Speaker) -> Speaker:
        PROTOCOLS.add(name, speaker)
        admit_protocol(name)
        return speaker

    return register
