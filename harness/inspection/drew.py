"""Which model drew a file, where nobody named one: what its manifest says, as far as that goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.core.inspection import Manifest
from harness.spec.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Drew:
    """What a manifest says of the model that drew.

    `model` is missing for one whose counts nobody knows, `agent` what the manifest calls it; it is
    `proven` where the maker of whatever drew has signed these very bytes, by the user's trust list.
    """

    model: Model | None
    agent: str
    proven: bool

    @property
    def counts(self) -> bool:
        """Whether its tokens are to be shown: not those of another that only says who drew."""
        return self.model is not None or self.proven

    @property
    def words(self) -> str:
        """Say so, behind `an image `."""
        verb = "drawn" if self.proven else "said to be drawn"
        called = f", as {self.model.name} is called there" if self.model else ""
        return f"{verb} by {self.agent}{called}"


def who_drew(manifest: Manifest | None, sold: Model | None) -> Drew | None:
    """Return which model drew a file, by its manifest; None where it says nothing of that.

    A manifest that is broken, or another image's, says nothing.
    """
    signed = sold.signed if sold else None
    if manifest is None or sold is None or signed is None:
        return None
    if not manifest.signature_valid or manifest.bytes == "altered":
        return None
    for agent in manifest.agents:  # the newest first: what is below may be the image edited
        model = next((model for model, agents in _families(sold) if agent in agents), None)
        if model is not None:
            proven = manifest.genuine and manifest.signer in signed.by
            return Drew(model=model, agent=agent, proven=proven)
    if manifest.agents:
        return Drew(model=None, agent=", ".join(manifest.agents[:3]), proven=manifest.genuine)
    if manifest.signer and manifest.signer not in signed.by:
        words = f"a model of {manifest.signer}"
        return Drew(model=None, agent=words, proven=manifest.genuine)
    return None


def _families(sold: Model) -> Iterator[tuple[Model, tuple[str, ...]]]:
    """Yield each model that is known, the sold one first, with what manifests call it."""
    yield sold, sold.signed.agents if sold.signed else ()
    for other in sold.others:
        yield sold.other(other), other.agents


def one_drew(each: Sequence[Drew | None]) -> Drew | None:
    """Return who drew all files of one reply; None where nothing says so, or they disagree.

    A file without a manifest is no evidence: the others speak for it.
    """
    said = [one for one in each if one is not None]
    if not said or len({(one.model.name if one.model else None) for one in said}) > 1:
        return None
    return next((one for one in said if not one.proven), said[0])
