"""Image files are decoded, searched for a manifest, and laid beside what was asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from time import monotonic

from harness.core.errors import UsageError
from harness.core.exchange import Picture
from harness.core.inspection import Inspection
from harness.core.jsonvalue import Json
from harness.core.outcome import Images, Usage
from harness.inspection.answer import answer
from harness.inspection.asked import checked, operation_of, read_asked
from harness.inspection.drew import Drew, one_drew, who_drew
from harness.inspection.model import (
    Contradicted,
    FilesInspected,
    InspectedFile,
    NotInspected,
    QualityTokens,
)
from harness.inspection.paths import ImagePath, image_paths
from harness.spec.drawn.delivery import IMAGE_MODEL, asked_model
from harness.spec.drawn.drawn import Drawn
from harness.spec.drawn.reading import reading
from harness.spec.model import Model
from harness.spec.provider import Operation, Provider
from harness.stats.authenticity.signing import is_makers, statements
from harness.stats.suspicions.suspicions import suspicions_of_files
from harness.transport.bodies.decode import CLAIMS
from harness.transport.bodies.decoder import ImageDecoder
from harness.transport.bodies.images import picture_of
from harness.transport.inspection.anchors import Anchors
from harness.transport.inspection.inspector import Inspector

Note = Callable[[str], None]

TELLS_EVERY_S = 5.0
"""How often somebody who waits hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What files are laid beside: the arguments of a request to one operation, and its model."""

    provider: Provider
    operation: Operation
    arguments: Mapping[str, Json]

    @property
    def model(self) -> Model | None:
        """The model that was asked for, the provider's own by default; None for an unknown one."""
        model = self.provider.model
        return model and asked_model(model, self.operation, self.arguments)

    @property
    def names_model(self) -> bool:
        """Whether somebody said which model was asked for."""
        return not {"model", IMAGE_MODEL}.isdisjoint(self.arguments)

    def drew(self, inspection: Inspection) -> Drew | None:
        """Return which model drew a file, by its manifest, where nobody said which was to."""
        return None if self.names_model else who_drew(inspection.manifest, self.model)


def inspect_files(  # noqa: PLR0913 - what is inspected, beside what, and who hears of it
    paths: Sequence[str | Path],
    provider: Provider,
    *,
    asked: Sequence[str] | Mapping[str, Json],
    usage: int | None,
    anchors: Anchors,
    note: Note,
) -> FilesInspected:
    """Inspect image files, and folders of them; send nothing.

    `asked` are arguments, or texts of them (`size=1024x1024,quality=high`); `usage` are the output
    tokens of the one reply that all files are from. Raises UsageError for arguments that cannot be
    compared; never on what a file holds.
    """
    if usage is not None and usage <= 0:
        raise UsageError(f"--usage {usage}: write the output tokens of the reply, 1 or more")
    beside = _beside(provider, asked)
    found, others = _sorted(image_paths(paths))
    shown = _looked_at(found, anchors, note)
    files, contradicted = [], list[Contradicted]()
    for path, (picture, inspection) in zip(found, shown, strict=True):
        files.append(_file(path.name, picture, inspection, beside))
        contradicted += _contradicted(files[-1], beside)
    drew = one_drew([beside.drew(file.inspection) for file in files])
    model, drawn = _drawn(files, beside, usage, drew)
    if drawn is not None and drawn.kind is not None:
        sole = files[0].name if len(files) == 1 else ""
        contradicted.append(
            Contradicted(name=sole, kind=drawn.kind, label="arithmetic", sentence=drawn.sentence)
        )
    result = FilesInspected(
        answer="",
        model=model.name if model else "",
        drew=drew.words if drew and drew.model and drew.model is model else "",
        files=tuple(files),
        others=others,
        asked=dict(beside.arguments),
        usage=usage,
        drawn=drawn,
        contradictions=tuple(contradicted),
        suspicions=suspicions_of_files(
            {file.name: (file.picture, file.inspection) for file in files}
        ),
    )
    return replace(result, answer=answer(result))


def _beside(provider: Provider, asked: Sequence[str] | Mapping[str, Json]) -> _Asked:
    if isinstance(asked, Mapping):
        operation = operation_of(provider, [f"{name}=" for name in asked])
        checked(asked, operation)
        arguments = dict(asked)
    else:
        operation = operation_of(provider, asked)
        arguments = read_asked(asked, operation)
    return _Asked(provider=provider, operation=operation, arguments=arguments)


def _sorted(
    paths: Iterator[ImagePath | NotInspected],
) -> tuple[list[ImagePath], tuple[NotInspected, ...]]:
    found, others = list[ImagePath](), list[NotInspected]()
    for each in paths:
        if isinstance(each, ImagePath):
            found.append(each)
        else:
            others.append(each)
    return found, tuple(others)


def _looked_at(
    found: Sequence[ImagePath], anchors: Anchors, note: Note
) -> list[tuple[Picture, Inspection]]:
    """Decode and inspect each file, in two processes side by side."""
    shown: list[tuple[Picture, Inspection]] = []
    decoder, told_s = ImageDecoder(), monotonic()
    with ThreadPoolExecutor(max_workers=1) as thread, Inspector(anchors) as inspector:
        try:
            for each in found:
                decoding = thread.submit(decoder.decoded, each.path)
                inspection = inspector.inspect(each.path)
                image = decoding.result().image
                picture = picture_of(inspection.digest, each.size_bytes, image)
                shown.append((picture, inspection))
                if monotonic() - told_s >= TELLS_EVERY_S:
                    told_s = monotonic()
                    note(f"inspected: {len(shown):,} of {len(found):,} files")
        finally:
            decoder.abort()
            decoder.close()
    return shown


def _file(name: str, picture: Picture, inspection: Inspection, beside: _Asked) -> InspectedFile:
    model, manifest = beside.model, inspection.manifest
    signer = model.signed if model else None
    told = statements(manifest, model.name if model else "", signer) if manifest else ()
    always = manifest is not None and manifest.signature_valid and manifest.bytes != "altered"
    notes = [each.text for each in told if each.kind and always]
    drew = who_drew(manifest, model)
    if drew is not None and drew.model is model:
        notes.append(drew.words)
    counts = model
    if drew is not None and not beside.names_model:
        counts = drew.model if drew.counts else model
    return InspectedFile(
        name=name,
        picture=picture,
        inspection=inspection,
        model=counts.name if counts else "",
        tokens=tuple(_tokens(picture, counts)),
        notes=tuple(notes),
        genuine=manifest is not None and is_makers(manifest, signer),
    )


def _tokens(picture: Picture, model: Model | None) -> Iterator[QualityTokens]:
    """Yield what these pixels take in each quality."""
    if model is None or model.tokens is None or not picture.width_px or not picture.height_px:
        return
    price = model.price
    for quality in model.tokens.qualities:
        tokens = model.tokens.of_image(quality, picture.width_px, picture.height_px)
        if tokens is not None:
            usd = None if price is None else Decimal(tokens) * price.image_output / price.per
            yield QualityTokens(quality=quality, tokens=tokens, usd=usd)


ALWAYS = ("altered", "broken_signature")
"""What a manifest contradicts whatever was asked for."""


def _contradicted(file: InspectedFile, beside: _Asked) -> Iterator[Contradicted]:
    """Yield what one file contradicts; whose model it is counts where a model was asked for."""
    picture, arguments = file.picture, beside.arguments
    refused = picture.only_recognised or picture.why.startswith(CLAIMS)
    if picture.state != "decoded" and not refused:
        sentence = f"no whole image: {picture.why}"
        yield Contradicted(name=file.name, kind="not_whole", label="pixels", sentence=sentence)
    size = beside.operation.size_px(arguments) if "size" in arguments else None
    came = (picture.width_px, picture.height_px)
    if size is not None and None not in came and came != size:
        sentence = f"{came[0]}x{came[1]} pixels; {size[0]}x{size[1]} were asked for"
        yield Contradicted(name=file.name, kind="other_size", label="pixels", sentence=sentence)
    wanted = arguments.get("output_format")
    if wanted is not None and picture.format not in (wanted, "unknown"):
        sentence = f"a file of {picture.format}; {wanted} was asked for"
        yield Contradicted(name=file.name, kind="other_format", label="pixels", sentence=sentence)
    model, manifest = beside.model, file.inspection.manifest
    if manifest is None:
        return
    for each in statements(manifest, model.name if model else "", model.signed if model else None):
        named = "model" in arguments and each.label == "signed"
        if each.kind in ALWAYS or (each.kind and named):
            yield Contradicted(
                name=file.name, kind=each.kind, label=each.label, sentence=f"a file {each.text}"
            )


def _drawn(
    files: Sequence[InspectedFile], beside: _Asked, usage: int | None, drew: Drew | None
) -> tuple[Model | None, Drawn | None]:
    """Return in which quality all files were drawn, by the tokens of the reply that they are of.

    That is read by the table of the model that comes first. What a manifest only says, and nobody
    proves, contradicts nothing, and excuses no count that is another quality's.
    """
    model = beside.model
    if usage is None or not files:
        return (drew.model if drew and drew.counts else model), None
    arguments = {"n": len(files), **beside.arguments}
    images = Images(
        pictures=tuple(file.picture for file in files),
        usage=Usage(input=None, output=usage, total=None, kinds={"image_output": usage}),
    )

    def read(by: Model | None) -> Drawn | None:
        if by is None:
            return None
        return reading(beside.provider, beside.operation, arguments, images, model=by)

    if drew is None or drew.model is model:
        return model, read(model)
    said = read(drew.model)
    if drew.proven or (said is not None and said.kind is None):
        return drew.model, said
    found = read(model)
    if drew.model is None and found is not None and found.kind in _OF_NO_QUALITY:
        return None, None
    if said is not None and found is not None and found.kind in _OF_NO_QUALITY:
        return drew.model, said
    return model, found


_OF_NO_QUALITY = ("fits_no_quality", "fits_other_model")
"""What follows for a model only if it is the one that drew."""
