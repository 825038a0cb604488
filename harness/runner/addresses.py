"""Where a live run that goes on sends the user's key: never where its folder alone says.

A run folder may be a stranger's, and `run.json` names the addresses that the run began at. The key
goes there if the user types the address, if it is the documented one, or if this very key was sent
there when the run began. The last is proved by a seal in `run.json`: it is made with the key, so
that nobody without it can make one for another address. A folder with a seal that does not fit, or
with none, is gone on with by typing the address.

The seal covers the limits that `run.json` keeps, too: without one that fits, they are a stranger's,
and say nothing about what this user is ready to pay.
"""

import hashlib
import hmac
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from harness.core.errors import UsageError
from harness.core.jsonvalue import Json, canonical
from harness.core.record import RunHeader
from harness.planning.kept import owners_flags
from harness.planning.option_values import read_base_urls
from harness.store.line import SPECS
from harness.transport.outgoing import LOOPBACK

ROUNDS = 100_000
"""Of PBKDF2: a seal lies in a folder that may be handed on, and is no way to guess a key."""


def seal(  # noqa: PLR0913 - what a run that goes on must have in common with how it began
    key: str,
    *,
    provider: str,
    address: str,
    word: str,
    choices: Mapping[str, Json],
    spec: str = "",
) -> str:
    """Return the proof that a run, known by its `word`, began at an address with this key.

    It began with these `choices`, and with the TOML of this digest (`spec`), which a provider has
    that does not ship with the harness: with others, the proof is another one.
    """
    about = f"harness run address\0{provider}\0{address}\0{word}\0{canonical(dict(choices))}"
    return _proof(key, f"{about}\0{spec}" if spec else about)


@lru_cache(64)
def _proof(key: str, about: str) -> str:
    """Work it out once: each time takes as long as a guess is to take."""
    secret = key.encode("utf-8", "surrogatepass")
    salt = about.encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", secret, salt, ROUNDS).hex()


def seals(
    addresses: Mapping[str, str],
    keys: Mapping[str, str],
    *,
    word: str,
    choices: Mapping[str, Json],
    specs: Mapping[str, str],
) -> dict[str, str]:
    """Return the seal of each address, by provider; none where there is no key."""
    return {
        name: seal(
            keys[name],
            provider=name,
            address=address,
            word=word,
            choices=choices,
            spec=specs.get(name, ""),
        )
        for name, address in addresses.items()
        if keys.get(name)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAddresses:
    """What the user, the documents and the environment say, each by provider's name.

    `specs` are the digests of TOMLs that do not ship with the harness. Of those that are `kept`,
    nothing but the run folder is known: it may be a stranger's, and they name the variable of the
    key.
    """

    typed: Mapping[str, str]
    documented: Mapping[str, str]
    keys: Mapping[str, str] = field(repr=False)
    specs: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()


def resumed_addresses(past: RunHeader, folder: Path, own: OwnAddresses) -> dict[str, str]:
    """Return where each provider of a live run is reached as it goes on.

    It goes on where it began: its jobs are known there and nowhere else. UsageError for another
    address, and for one that the user has to confirm first.
    """
    addresses: dict[str, str] = {}
    unconfirmed: list[str] = []
    for name, evidence in past.evidence.items():
        address = _sound(name, evidence.source, folder)
        if name in own.typed and not _same(own.typed[name], address):
            raise UsageError(
                f"--base-url {name}={own.typed[name]}: this run began at {address}",
                hint="give that address if it is the right one, or start a new run",
            )
        addresses[name] = address
        if not _is_confirmed(past, name, address, own):
            unconfirmed.append(name)
    if unconfirmed:
        specs = [folder / SPECS / f"{name}.toml" for name in unconfirmed if name in own.kept]
        flags = [f"--spec {shlex.quote(str(spec))}" for spec in specs]
        flags += [f"--base-url {shlex.quote(f'{name}={addresses[name]}')}" for name in unconfirmed]
        flags += owners_flags(past.choices)
        where = ", ".join(f"{addresses[name]} for {name}" for name in unconfirmed)
        raise UsageError(
            f"{folder} names {where}, an address that you have not confirmed for this key; "
            "nothing was sent",
            hint="if you trust it: "
            f"harness run --resume {shlex.quote(str(folder))} {' '.join(flags)}",
        )
    return addresses


def _is_confirmed(past: RunHeader, name: str, address: str, own: OwnAddresses) -> bool:
    """Tell whether the key may be sent to the address."""
    documented = name in own.documented and _same(own.documented[name], address)
    if name not in own.kept and (name in own.typed or documented):
        return True
    key = own.keys.get(name)
    if not key:
        return True  # refused a moment later, in the words for that
    return _is_sealed(past, name, address, key, own.specs)


def began_here(past: RunHeader, keys: Mapping[str, str], specs: Mapping[str, str]) -> bool:
    """Tell whether it is proved that a live run began with these keys, and with its choices."""
    return bool(past.evidence) and all(
        bool(keys.get(name)) and _is_sealed(past, name, evidence.source, keys[name], specs)
        for name, evidence in past.evidence.items()
    )


def _is_sealed(
    past: RunHeader, name: str, address: str, key: str, specs: Mapping[str, str]
) -> bool:
    sealed = past.seals.get(name, "").encode("utf-8", "replace")
    proof = seal(
        key,
        provider=name,
        address=address,
        word=past.word,
        choices=past.choices,
        spec=specs.get(name, ""),
    )
    return bool(past.word) and hmac.compare_digest(proof.encode(), sealed)


def _sound(name: str, address: str, folder: Path) -> str:
    try:
        return read_base_urls([f"{name}={address}"])[name]
    except UsageError:
        raise UsageError(
            f"{folder}: {address!r} is no address of {name}", hint="start a new run"
        ) from None


def _same(first: str, second: str) -> bool:
    one, other = urlsplit(first.rstrip("/")), urlsplit(second.rstrip("/"))
    return (origin(first), one.path) == (origin(second), other.path)


def origin(address: str) -> tuple[str, str, int | None]:
    """Return what a key is bound to: scheme, host and port, in lower case."""
    parts = urlsplit(address)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or usual


def unencrypted(address: str) -> bool:
    """Tell whether a key travels to this address in the clear, beyond this machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK
