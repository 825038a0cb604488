"""The wire protocols by name: a TOML names one, and who speaks it registers itself here."""

from collections.abc import Callable

from harness.core.case import PlannedRequest
from harness.core.registry import Registry
from harness.spec.provider import Operation, Provider, admit_protocol
from harness.wire.retry import Wire

Speaker = Callable[[Provider, Operation, PlannedRequest], Wire]
"""Sends one shot, whose files are uploaded, and sees it through to its outcome."""

PROTOCOLS: Registry[Speaker] = Registry("wire protocol", package=__name__.rpartition(".")[0])


def protocol(name: str) -> Callable[[Speaker], Speaker]:
    """Register a generator function as what speaks the protocol that TOMLs call `name`.

    A package beside the harness registers its own as it is imported, before the TOML is loaded.
    """

    def register(speaker: Speaker) -> Speaker:
        PROTOCOLS.add(name, speaker)
        admit_protocol(name)
        return speaker

    return register
