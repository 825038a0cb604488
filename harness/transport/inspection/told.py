"""What a C2PA reader says of a manifest, as a `Manifest`: by its status codes, not by names.

Codes are those of the C2PA specification (2.2, section 15): of the active manifest alone, for what
an ingredient lacks is not lacking in the image. The process that reads manifests loads this module,
so it imports the standard library and `core.inspection` only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.core.inspection import Bytes, Chain, Manifest, SignedTime

LETTERS_AT_MOST = 200
NAMES_AT_MOST = 32
"""How much is kept of a stranger's words."""

_DEPTH_AT_MOST = 64
_HASHES = ("dataHash", "bmffHash", "boxesHash", "collectionHash", "multiAssetHash")
"""The assertions that bind a manifest to the bytes of its file."""

_INVALID = ("claimSignature.", "claim.", "algorithm.", "general.", "manifest.")
_UNBOUND = ("claim.hardBindings.missing",)
_ACTIONS = ("c2pa.actions", "c2pa.actions.v2")

Document = Mapping[str, Any]
"""JSON of a stranger: of any shape."""


def manifest_told(document: Document, *, checked: bool) -> Manifest | None:
    """Return the active manifest of a store; None where the document names none.

    `checked` says that a trust list was given: without one, no chain and no time is untrusted.
    """
    manifests = _mapping(document.get("manifests"))
    label = document.get("active_manifest")
    active = _mapping(manifests.get(label) if isinstance(label, str) else None)
    if not active:
        return None
    results = _mapping(document.get("validation_results"))
    own = _mapping(results.get("activeManifest"))
    good, bad = _codes(own.get("success")), _codes(own.get("failure"))
    told = {*good, *_codes(own.get("informational"))}
    signature = _mapping(active.get("signature_info"))
    signed_at = _instant(signature.get("time")) if "timeStamp.validated" in good else None
    return Manifest(
        signature_valid=_is_valid(good, bad),
        bytes=_bytes(good, bad),
        chain=_chain(good, bad, checked=checked),
        signer=_text(signature.get("issuer")),
        common_name=_text(signature.get("common_name")),
        signed_at=signed_at,
        time=_time(told, checked=checked) if signed_at else "none",
        generator=_generator(active),
        agents=_some(_agents(manifests, str(label), _broken(results))),
        actions=_some(_text(action.get("action")) for action in _actions(active)),
        failures=_some(bad),
    )


def _is_valid(good: Sequence[str], bad: Sequence[str]) -> bool:
    """Tell whether the signature holds, and the claim that it is of is one."""
    broken = [code for code in bad if code.startswith(_INVALID) and code not in _UNBOUND]
    return "claimSignature.validated" in good and not broken


def _bytes(good: Sequence[str], bad: Sequence[str]) -> Bytes:
    """Say whether the bytes are the signed ones, those of the manifest's assertions included."""
    for code in bad:
        kind, _, fault = code.removeprefix("assertion.").partition(".")
        binds = kind in (*_HASHES, "hashedURI")
        if code in ("assertion.missing", "assertion.undeclared") or (
            binds and not fault.startswith("malformed")
        ):
            return "altered"
    unclear = any(f"assertion.{kind}.malformed" in bad for kind in (*_HASHES, "hashedURI"))
    bound = any(f"assertion.{kind}.match" in good for kind in _HASHES)
    return "unaltered" if bound and not unclear else "unknown"


def _chain(good: Sequence[str], bad: Sequence[str], *, checked: bool) -> Chain:
    """Say where the signer's chain leads; a revoked or expired certificate leads nowhere."""
    if not checked:
        return "unchecked"
    fails = any(code.startswith("signingCredential.") for code in bad)
    return "trusted" if "signingCredential.trusted" in good and not fails else "untrusted"


def _time(told: Iterable[str], *, checked: bool) -> SignedTime:
    if not checked:
        return "unchecked"
    return "trusted" if "timeStamp.trusted" in {*told} else "untrusted"


def _instant(text: object) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds; None where it is none."""
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is None:
            return None
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None


def _generator(manifest: Document) -> str:
    for info in _mappings(manifest.get("claim_generator_info")):
        if name := _agent(info):
            return name
    return _text(manifest.get("claim_generator"))


def _agents(manifests: Document, active: str, broken: frozenset[str]) -> Iterator[str]:
    """Yield the programs that actions name, from the active manifest down its ingredients.

    Each manifest is read once, whatever refers to it; of those that are `broken` nothing is.
    """
    seen: set[str] = set()
    level = [active]
    for _ in range(_DEPTH_AT_MOST):
        below: list[str] = []
        for label in level:
            if label in seen or label in broken:
                continue
            seen.add(label)
            manifest = _mapping(manifests.get(label))
            for action in _actions(manifest):
                yield _agent(action.get("softwareAgent"))
            ingredients = _mappings(manifest.get("ingredients"))
            below += [_text(each.get("active_manifest")) for each in ingredients]
        level = below


def _broken(results: Document) -> frozenset[str]:
    """Return the ingredients' manifests whose own words are not what was signed."""
    labels: set[str] = set()
    for delta in _mappings(results.get("ingredientDeltas")):
        failures = _mapping(delta.get("validationDeltas")).get("failure")
        for status in _mappings(failures):
            code, url = str(status.get("code")), str(status.get("url"))
            kind = code.removeprefix("assertion.").partition(".")[0]
            if kind in ("signingCredential", "timeStamp", *_HASHES):
                continue  # of whom, when and which bytes: not what the manifest says
            _, _, place = url.partition("/c2pa/")
            labels.add(place.partition("/")[0])
    return frozenset(labels)


def _actions(manifest: Document) -> Iterator[Document]:
    """Yield the actions of a manifest, each with its agent in place of the agent's number."""
    for assertion in _mappings(manifest.get("assertions")):
        if str(assertion.get("label")).partition("__")[0] not in _ACTIONS:
            continue
        content = _mapping(assertion.get("data"))
        agents = content.get("softwareAgents")
        for action in _mappings(content.get("actions")):
            number = action.get("softwareAgentIndex")
            if isinstance(agents, list) and isinstance(number, int) and 0 <= number < len(agents):
                yield {"softwareAgent": agents[number], **action}
            else:
                yield action


def _agent(agent: object) -> str:
    """Return a program as `NAME VERSION`; the first manifests have a text there."""
    if isinstance(agent, str):
        return _text(agent)
    words = _mapping(agent)
    name, version = _text(words.get("name")), _text(words.get("version"))
    return f"{name} {version}".strip() if name else ""


def _codes(statuses: object) -> tuple[str, ...]:
    return tuple(_text(status.get("code")) for status in _mappings(statuses))


def _some(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first of the texts, each once, and none that is empty."""
    return tuple(list(dict.fromkeys(filter(None, texts)))[:NAMES_AT_MOST])


def _text(content: object) -> str:
    return content.strip()[:LETTERS_AT_MOST] if isinstance(content, str) else ""


def _mapping(content: object) -> Document:
    return content if isinstance(content, dict) else {}


def _mappings(content: object) -> Iterator[Document]:
    for entry in content if isinstance(content, list) else ():
        if isinstance(entry, dict):
            yield entry
