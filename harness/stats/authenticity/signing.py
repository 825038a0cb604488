"""Who signed images: the model's maker, somebody else, or nobody knows who."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from harness.core.inspection import Manifest
from harness.core.record import Record
from harness.spec.model import Model, Signer
from harness.stats.authenticity.deliveries import Contradictions, Delivery, images
from harness.stats.authenticity.model import Contradiction, Count, Label

EMULATED_MAKER = "Emulated Image Maker"
"""The organisation that signs the emulator's images: no real name, and it says nothing of one."""

ANCHORS = "give the public trust list as --trust-anchors FILE"

WHY = "another model was asked for, or its signer is unknown"

_MOST_AGENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What follows from one manifest, in words that go on behind `1 image `.

    Without a `kind` it is no contradiction, and only told.
    """

    text: str
    kind: str = ""
    label: Label = "says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What the manifests of a provider's images say of their signers."""

    manifests: Count
    signed: Count
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]


def signed_by(found: Collection[Delivery], model_of: Callable[[Record], Model | None]) -> Signed:
    """Return who signed the images; `model_of` says which model a request asked for, if known.

    An image without a manifest is evidence of nothing, and neither is one that could not be read.
    """
    contradictions, notes = Contradictions(), Counter[str]()
    not_read = Counter[str]()
    makers = checked = manifests = read = none = 0
    for delivery in found:
        manifest, seen = delivery.manifest, delivery.inspection
        read += seen is not None and seen.state != "not_read"
        none += seen is not None and seen.state == "none"
        if seen is not None and seen.state == "not_read":
            not_read[seen.why or "no reason was given"] += 1
        if manifest is None:
            continue
        model = model_of(delivery.record)
        signer = expected_signer(delivery, model)
        manifests += 1
        checked += manifest.chain != "unchecked" and signer is not None
        makers += is_makers(manifest, signer)
        for each in statements(manifest, model.name if model else "", signer):
            if each.kind:
                contradictions.add(each.kind, each.label, delivery, each.text)
            else:
                notes[each.text] += 1
    return Signed(
        manifests=Count(count=manifests, of=read),
        signed=Count(count=makers, of=checked),
        contradictions=contradictions.told(),
        notes=(
            *(f"{images(n)} {text}" for text, n in notes.items()),
            *_unread(not_read, none, manifests),
        ),
    )


def is_makers(manifest: Manifest, signer: Signer | None) -> bool:
    """Tell whether the model's maker has signed these very bytes, by the user's trust list."""
    return manifest.genuine and signer is not None and manifest.signer in signer.by


def expected_signer(delivery: Delivery, model: Model | None) -> Signer | None:
    """Return who signs the images of a model; the emulator's are signed by a maker of its own."""
    expected = model.signed if model else None
    if expected is None or not delivery.record.evidence.emulated:
        return expected
    return expected.model_copy(update={"by": (*expected.by, EMULATED_MAKER)})


def statements(manifest: Manifest, model: str, expected: Signer | None) -> Iterator[Statement]:
    """Yield what one manifest contradicts, or leaves open.

    `model` is the name of the model that was asked for, `expected` who signs its images; without
    it, nothing is compared.
    """
    if not manifest.signature_valid:
        text = f"with a manifest whose signature is broken (it says {signer_words(manifest)})"
        yield Statement(text=text, kind="broken_signature")
    elif manifest.bytes == "altered":
        yield Statement(
            text=f"whose bytes are not those that were {signer_words(manifest)}: altered since, or"
            " given the manifest of another image",
            kind="altered",
            label="signed" if manifest.chain == "trusted" else "says",
        )
    elif expected is None:
        drew = f"; it says drawn by {_agents(manifest)}" if manifest.agents else ""
        yield Statement(text=f"{signer_words(manifest)}{drew}; not compared: {WHY}")
    else:
        yield from _compared(manifest, model, expected)


def _compared(manifest: Manifest, model: str, expected: Signer) -> Iterator[Statement]:
    """Compare an unbroken manifest with who signs the model's images, and what they call it."""
    label: Label = "signed" if manifest.genuine else "says"
    family = next((agent for agent in manifest.agents if agent in expected.agents), None)
    if manifest.signer in expected.by:
        yield from _in_its_name(manifest)
    elif family is not None:
        makers = " or ".join(expected.by)
        text = f"{signer_words(manifest)}, who says that {family} drew it; {model} is signed by"
        yield Statement(text=f"{text} {makers}")
    else:
        yield Statement(
            text=f"{signer_words(manifest)}; {model} is signed by {' or '.join(expected.by)}",
            kind="signed_by_other",
            label=label,
        )
    if manifest.agents and expected.agents and family is None:
        drew = _agents(manifest)
        verb = "drawn" if manifest.genuine else "said to be drawn"
        yield Statement(
            text=f"{verb} by {drew} ({signer_words(manifest)}); {model} is"
            f" {' or '.join(expected.agents)} there",
            kind="other_family",
            label=label,
        )


def _agents(manifest: Manifest) -> str:
    return ", ".join(manifest.agents[:_MOST_AGENTS])


def _in_its_name(manifest: Manifest) -> Iterator[Statement]:
    """Say what is missing to a manifest in the maker's name; nothing of a genuine one."""
    if manifest.genuine:
        return
    if manifest.chain == "unchecked":
        yield Statement(text=f"{signer_words(manifest)} ({ANCHORS})")
        return
    if manifest.chain == "trusted":
        yield Statement(text=f"{signer_words(manifest)}, whose manifest holds no hash of the bytes")
        return
    text = (
        f"signed in the name of {name(manifest)} by a certificate that leads to none on the trust"
        " list: anybody can make one, or the list does not know its authority"
    )
    if _expired(manifest):  # what a maker signed long ago looks so, too
        yield Statement(text=f"{text}; it has expired")
    else:
        yield Statement(text=text, kind="signed_by_other")


def _expired(manifest: Manifest) -> bool:
    return any("expired" in code.lower() for code in manifest.failures)


def name(manifest: Manifest) -> str:
    """Return whom the signing certificate names, or that it names nobody."""
    told = manifest.signer or manifest.common_name or "somebody without a name"
    return f"{told} (a name in letters of two scripts)" if _is_mixed(told) else told


def _is_mixed(words: str) -> bool:
    """Tell whether a name has Latin letters and others: the one kind can look like the other."""
    latin = {unicodedata.name(sign, "").startswith("LATIN ") for sign in words if sign.isalpha()}
    return len(latin) > 1


def signer_words(manifest: Manifest) -> str:
    """Return the signer with the state of its chain: `signed by X, chain not checked`."""
    chain = {
        "unchecked": ", chain not checked",
        "untrusted": ", whom the trust list does not know",
        "trusted": "",
    }
    return f"signed by {name(manifest)}{chain[manifest.chain]}"


def _unread(not_read: Counter[str], none: int, manifests: int) -> Iterator[str]:
    """Say of how many images nothing was read, and why; and how many hold no manifest."""
    for why, number in not_read.items():
        yield f"{images(number)} not searched for a manifest: {why}"
    if none:
        where = f"{none:,} of {images(none + manifests)}" if manifests else images(none)
        yield f"no manifest in {where}; this says nothing"
