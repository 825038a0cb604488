"""Who signed a provider's images: the model's maker, somebody else, or nobody knows who."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.inspection import Manifest
from harness.spec.model import Model, Signer
from harness.stats.authenticity.deliveries import Contradictions, Delivery, images
from harness.stats.authenticity.model import Contradiction, Count, Label

EMULATED_MAKER = "Emulated Image Maker"
"""The organisation that signs the emulator's images: no real name, and it says nothing of one."""

ANCHORS = "give the public trust list as --trust-anchors FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What the manifests of a provider's images say of their signers."""

    manifests: Count
    signed: Count
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]


def signed_by(found: Sequence[Delivery], models: Sequence[Model | None]) -> Signed:
    """Return who signed the images; `models` says of each which model was asked for, if known.

    An image without a manifest is evidence of nothing, and neither is one that could not be read.
    """
    read = [each for each in found if each.inspection and each.inspection.state != "not_read"]
    pairs = [
        (each, manifest, model)
        for each, model in zip(found, models, strict=True)
        if (manifest := each.manifest) is not None
    ]
    checked = [pair for pair in pairs if pair[1].chain != "unchecked"]
    contradictions, notes = Contradictions(), Counter[str]()
    for delivery, manifest, model in pairs:
        _judge(delivery, manifest, model, contradictions, notes)
    return Signed(
        manifests=Count(count=len(pairs), of=len(read)),
        signed=Count(
            count=sum(_is_makers(each, manifest, model) for each, manifest, model in checked),
            of=len(checked),
        ),
        contradictions=contradictions.told(),
        notes=(*(f"{images(n)} {text}" for text, n in notes.items()), *_unread(found, len(pairs))),
    )


def _is_makers(delivery: Delivery, manifest: Manifest, model: Model | None) -> bool:
    """Tell whether the model's maker has signed these very bytes, by the user's trust list."""
    expected = _expected(delivery, model)
    return manifest.genuine and expected is not None and manifest.signer in expected.by


def _expected(delivery: Delivery, model: Model | None) -> Signer | None:
    """Return who signs the images of a model; the emulator's are signed by a maker of its own."""
    expected = model.signed if model else None
    if expected is None or not delivery.record.evidence.emulated:
        return expected
    return expected.model_copy(update={"by": (*expected.by, EMULATED_MAKER)})


def _judge(
    delivery: Delivery,
    manifest: Manifest,
    model: Model | None,
    contradictions: Contradictions,
    notes: "Counter[str]",
) -> None:
    """Note what one manifest contradicts, or what it leaves open."""
    trusted: Label = "signed" if manifest.chain == "trusted" else "says"
    if not manifest.signature_valid:
        text = f"with a manifest whose signature is broken (it says {signer_words(manifest)})"
        contradictions.add("broken_signature", "says", delivery, text)
        return
    if manifest.bytes == "altered":
        contradictions.add(
            "altered",
            trusted,
            delivery,
            f"whose bytes are not those that were {signer_words(manifest)}: altered since, or given"
            " the manifest of another image",
        )
        return
    expected = _expected(delivery, model)
    if expected is None or model is None:
        notes[f"signed by {name(manifest)}{_chain(manifest)}; the documents name no signer"] += 1
        return
    _compare(delivery, manifest, (model.name, expected), contradictions, notes)


def _compare(
    delivery: Delivery,
    manifest: Manifest,
    asked: tuple[str, Signer],
    contradictions: Contradictions,
    notes: "Counter[str]",
) -> None:
    """Compare an unbroken manifest with who signs the model's images, and what they call it."""
    model, expected = asked
    label: Label = "signed" if manifest.genuine else "says"
    family = next((agent for agent in manifest.agents if agent in expected.agents), None)
    own = manifest.signer in expected.by
    if not own and not family:
        contradictions.add(
            "signed_by_other",
            label,
            delivery,
            f"signed by {name(manifest)}{_chain(manifest)}; {model} is signed by"
            f" {' or '.join(expected.by)}",
        )
    elif not own:
        notes[f"signed by {name(manifest)}{_chain(manifest)}, over one that {family} drew"] += 1
    if manifest.agents and expected.agents and not family:
        drew = ", ".join(manifest.agents[:_MOST_AGENTS])
        verb = "drawn" if manifest.genuine else "said to be drawn"
        contradictions.add(
            "other_family",
            label,
            delivery,
            f"{verb} by {drew} ({signer_words(manifest)}); {model} is"
            f" {' or '.join(expected.agents)} there",
        )
    if own and manifest.chain == "untrusted" and not _expired(manifest):
        contradictions.add("signed_by_other", "says", delivery, _in_the_name(manifest))
    elif own and not manifest.genuine:
        notes[_unsure(manifest)] += 1


_MOST_AGENTS = 3


def _expired(manifest: Manifest) -> bool:
    """Tell whether a certificate has run out: what a maker signed long ago looks so, too."""
    return any("expired" in code.lower() for code in manifest.failures)


def _in_the_name(manifest: Manifest) -> str:
    return (
        f"signed in the name of {name(manifest)} by a certificate that leads to none on the trust"
        " list: anybody can make one, or the list does not know its authority"
    )


def _unsure(manifest: Manifest) -> str:
    """Say what is missing to a manifest in the maker's name."""
    if manifest.chain == "unchecked":
        return f"signed by {name(manifest)}, chain not checked ({ANCHORS})"
    if manifest.chain == "untrusted":
        return f"{_in_the_name(manifest)}; its certificate has expired"
    return f"signed by {name(manifest)}, whose manifest holds no hash of the bytes"


def name(manifest: Manifest) -> str:
    """Return whoever the signing certificate names, or that it names nobody."""
    return manifest.signer or manifest.common_name or "somebody without a name"


def signer_words(manifest: Manifest) -> str:
    """Return the signer with the state of its chain: `signed by X, chain not checked`."""
    return f"signed by {name(manifest)}{_chain(manifest)}"


def _chain(manifest: Manifest) -> str:
    match manifest.chain:
        case "unchecked":
            return ", chain not checked"
        case "untrusted":
            return ", whom the trust list does not know"
        case _:
            return ""


def _unread(found: Iterable[Delivery], manifests: int) -> Iterable[str]:
    """Say of how many images nothing was read, and why; and that none has a manifest."""
    reasons = Counter(
        each.inspection.why or "no reason was given"
        for each in found
        if each.inspection is not None and each.inspection.state == "not_read"
    )
    for why, number in reasons.items():
        yield f"{images(number)} not searched for a manifest: {why}"
    none = sum(each.inspection is not None and each.inspection.state == "none" for each in found)
    if none and not manifests:
        yield f"no manifest in {images(none)}; this says nothing"
    elif none:
        yield f"no manifest in {none:,} of {images(none + manifests)}; this says nothing"
