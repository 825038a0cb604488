"""A frozen set: providers' TOMLs of one day in a folder, with a manifest that tells any change.

The folder holds `NAME.toml` for each provider and `frozen.json`: the day, the harness that wrote
it, a SHA-256 of each file, and one over the manifest itself.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

from harness.core.errors import StoreError, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.jsonvalue import Json, canonical, digest, mistake

MANIFEST = "frozen.json"
FORMAT = 1

_HINT = "put it back as it was written, or freeze anew: harness providers freeze DIR"
_Name = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z0-9_]+\Z"))]
_Text = Annotated[str, StringConstraints(max_length=100, pattern=re.compile(r"^[ -~]*\Z"))]
_Day = Annotated[str, StringConstraints(pattern=re.compile(r"^\d{4}-\d{2}-\d{2}\Z", re.ASCII))]


@dataclass(frozen=True, slots=True)
class FrozenDocuments:
    """A folder that `harness providers freeze` wrote, given where a provider's TOML may be."""

    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSet:
    """The TOMLs of a frozen set, as texts by provider, the day they are of, and who wrote them."""

    folder: Path
    day: str
    harness: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frozen:
    """One provider of the manifest: the digest of what it says, and the SHA-256 of its file."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    digest: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    __pydantic_config__ = ConfigDict(extra="forbid")

    day: _Day
    harness: _Text
    providers: dict[_Name, _Frozen]
    checksum: str
    format: Literal[1] = 1


_MANIFESTS = TypeAdapter(_Manifest)


def write_frozen(
    folder: Path, texts: Mapping[str, str], digests: Mapping[str, str], *, day: str, harness: str
) -> None:
    """Write a frozen set into a new or empty folder, its manifest last.

    UsageError where something is there already, StoreError where it cannot be written.
    """
    providers: dict[str, Json] = {
        name: {"digest": digests[name], "sha256": _sha256(text.encode())}
        for name, text in texts.items()
    }
    content: dict[str, Json] = {
        "format": FORMAT,
        "day": day,
        "harness": harness,
        "providers": providers,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(
                f"{folder} is not empty", hint="a frozen set stays as it is: choose a new folder"
            )
        for name, text in texts.items():
            (folder / f"{name}.toml").write_bytes(text.encode())
        lines = canonical({**content, "checksum": digest(content)})
        (folder / MANIFEST).write_text(f"{lines}\n", "utf-8")
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror or error}") from None


def read_frozen(folder: Path) -> FrozenSet:
    """Read a frozen set; UsageError where it is none, or any of its files was altered."""
    manifest = _manifest(folder)
    texts: dict[str, str] = {}
    for name, frozen in manifest.providers.items():
        path = folder / f"{name}.toml"
        raw = _read(path)
        if _sha256(raw) != frozen.sha256:
            raise UsageError(
                f"{path} was altered since it was frozen on {manifest.day}", hint=_HINT
            )
        texts[name] = raw.decode("utf-8-sig")  # it was UTF-8 as it was written
    return FrozenSet(folder=folder, day=manifest.day, harness=manifest.harness, texts=texts)


def _manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(
            f"{folder} is no frozen set: it has no {MANIFEST}",
            hint="write one: harness providers freeze DIR",
        )
    raw = _read(path)
    try:
        manifest = _MANIFESTS.validate_json(raw)
    except ValidationError as error:
        raise UsageError(f"{path}: {' '.join(mistake(error).split())[:200]}", hint=_HINT) from None
    content: Any = _MANIFESTS.dump_python(manifest, mode="json", exclude={"checksum"})
    if digest(content) != manifest.checksum:
        raise UsageError(f"{path} was altered: its checksum differs from its content", hint=_HINT)
    return manifest


def _read(path: Path) -> bytes:
    try:
        return read_at_most(path, MEBIBYTE)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint=_HINT) from None


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
