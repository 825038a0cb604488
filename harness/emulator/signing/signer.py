"""Signs images as a maker does: who, when, and by which program they were drawn (C2PA)."""

from __future__ import annotations

import importlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .certificates import OF_CLAIMS, OF_TIME_STAMPS, authority, issued
from .timestamps import TimeAuthority

if TYPE_CHECKING:
    from .certificates import Identity

MAKER = "Emulated Image Maker"
AGENT, OTHER_AGENT = ("gpt-image", "2.0"), ("gpt-image", "pre-2.0")
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SETTINGS = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    """A certificate with the root that it leads to."""

    root: Identity
    leaf: Identity

    @property
    def chain(self) -> bytes:
        return (self.leaf.pem + self.root.pem).encode("ascii")


class ImageSigner:
    """A maker and its authorities, made anew by each process.

    `trust_anchors` are the roots, as PEM, of the maker's certificates and of the time stamps. A
    stranger, whose root is not among them, calls itself by the same names.
    """

    def __init__(self) -> None:
        """Make the certificates and start the time-stamping authority.

        Raises ModuleNotFoundError where c2pa-python is not installed.
        """
        self._c2pa: Any = importlib.import_module("c2pa")  # it ships types for half of its names
        self._maker, self._stranger = _signature(), _signature()
        root, self._clock = _time_authority()
        _, self._stranger_clock = _time_authority()
        self.trust_anchors = self._maker.root.pem + root.pem

    def signed(
        self,
        data: bytes,
        encoding: str,
        *,
        at_s: float,
        faults: frozenset[str] = frozenset(),
    ) -> bytes:
        """Return a file with a manifest that tells by which program it was drawn.

        `at_s` is the Unix time of its stamp in seconds. Under `faults` it is signed or stamped by
        strangers, not stamped, or drawn by another program. It takes some milliseconds and belongs
        in a thread: the time stamp is asked for over a socket.
        """
        c2pa = self._c2pa
        signature = self._stranger if "signed_by_stranger" in faults else self._maker
        agent = OTHER_AGENT if "other_family" in faults else AGENT
        key = signature.leaf.key_pem.encode("ascii")
        clock = self._stranger_clock if "stamped_by_stranger" in faults else self._clock
        address = None if "unstamped" in faults else clock.address(at_s)
        signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", signature.chain, key, address))
        out = io.BytesIO()
        with c2pa.Context(settings=c2pa.Settings.from_dict(SETTINGS)) as context:
            builder = c2pa.Builder(json.dumps(_manifest(agent)), context=context)
            builder.sign(signer, MEDIA_TYPES[encoding], io.BytesIO(data), out)
        return out.getvalue()

    def close(self) -> None:
        """Stop the time-stamping authorities."""
        self._clock.close()
        self._stranger_clock.close()


def _time_authority() -> tuple[Identity, TimeAuthority]:
    root = authority("Emulator Test TSA CA")
    return root, TimeAuthority(issued(root, "Emulator Test TSA", "Emulator", OF_TIME_STAMPS))


def _signature() -> _Signature:
    root = authority("Emulator Test CA")
    return _Signature(root=root, leaf=issued(root, MAKER, MAKER, OF_CLAIMS))


def _manifest(agent: tuple[str, str]) -> dict[str, object]:
    name, version = agent
    created = {
        "action": "c2pa.created",
        "softwareAgent": {"name": name, "version": version},
        "digitalSourceType": SOURCE,
    }
    actions = {"actions": [created, {"action": "c2pa.converted"}]}
    return {
        "claim_generator_info": [{"name": f"{MAKER} API", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }
