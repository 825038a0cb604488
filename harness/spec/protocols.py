"""The names of wire protocols that a TOML may give; `harness.wire` holds who speaks them."""

from typing import Annotated

from pydantic import AfterValidator

SHIPPED = ("reply", "job", "responses")
"""The protocols of the harness. `job` and the table of that name go together; a protocol from
elsewhere may use the table or not."""

_spoken = set(SHIPPED)


def admit(name: str) -> None:
    """Let the TOMLs that are loaded from now on name a protocol."""
    _spoken.add(name)


def _known(name: str) -> str:
    if name not in _spoken:
        known = ", ".join(sorted(_spoken))
        raise ValueError(f"unknown wire protocol {name!r}, known are {known}")
    return name


ProtocolName = Annotated[str, AfterValidator(_known)]
"""Validated as a file is loaded; whoever speaks the protocol has to be imported before."""
