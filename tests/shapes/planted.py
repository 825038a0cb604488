"""Which finding each fault of the small servers is to be found by.

`where` is how a finding may name it: a text that its constraint, its combination or its name
holds; `checks` are the checks that may see it.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.shapes.fal import Fal
from tests.shapes.gemini import Gemini
from tests.shapes.imagen import Imagen
from tests.shapes.images_api import ImagesApi
from tests.shapes.replicate import Replicate
from tests.shapes.server import Shape

HERE = Path(__file__).parent
SERVES = ("accepts_what_it_documents", "fails_where_it_should_serve")
REFUSES = ("refuses_what_it_forbids",)
COUNT = ("serves_as_many_images_as_asked",)
FORMAT = ("images_have_the_asked_format", "images_match_their_declaration")
RATIO = ("images_have_the_asked_aspect_ratio",)
SIZE = ("images_have_the_asked_dimensions",)
SHAPED = ("refusal_has_the_documented_shape", "refusal_is_a_client_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fault, and how it is to be found; `where` may be anything where it is empty."""

    fault: str
    checks: tuple[str, ...]
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An API, the TOML that describes it, and its faults."""

    name: str
    toml: Path
    env: str
    server: type[Shape]
    faults: tuple[Planted, ...]


def _found(fault: str, checks: tuple[str, ...], *where: str) -> Planted:
    return Planted(fault=fault, checks=checks, where=where)


SHAPES = (
    Described(
        name="fal_dev",
        toml=HERE / "fal.toml",
        env="FAL_KEY",
        server=Fal,
        faults=(
            _found("one image too few from three on", COUNT),
            _found("png comes as jpeg", FORMAT, "output_format"),
            _found("sizes of one's own are halved", SIZE, "size"),
            _found("width and height are swapped", SIZE, "size"),
            _found("five images are taken", REFUSES, "n.range"),
            _found("guidance_scale has no upper bound", REFUSES, "guidance_scale.range"),
            _found("guidance_scale 20 is refused", SERVES, "guidance_scale"),
            _found("png jobs never end well", SERVES, "output_format"),
            _found("any key will do", REFUSES, "auth.required"),
            _found("errors are plain text", SHAPED),
            _found("prompt is not needed", REFUSES, "prompt.required"),
            _found("landscape_16_9 is unknown", SERVES, "size"),
        ),
    ),
    Described(
        name="replicate_schnell",
        toml=HERE / "replicate.toml",
        env="REPLICATE_API_TOKEN",
        server=Replicate,
        faults=(
            _found("one output whatever is asked", COUNT),
            _found("webp comes as png", FORMAT, "output_format"),
            _found("16:9 is drawn square", RATIO, "aspect_ratio"),
            _found("five outputs are taken", REFUSES, "n.range"),
            _found("output_quality has no upper bound", REFUSES, "output_quality.range"),
            _found("output_quality 0 is refused", SERVES, "output_quality"),
            _found("2:3 always fails", SERVES, "aspect_ratio"),
            _found("no key is needed", REFUSES, "auth.required"),
            _found("refusals come with status 200", SHAPED),
            _found("any aspect_ratio is taken", REFUSES, "aspect_ratio.one_of"),
            _found("four outputs never end", SERVES, "n"),
            _found("seed as text is taken", REFUSES, "seed"),
        ),
    ),
    Described(
        name="gemini_image",
        toml=HERE / "gemini.toml",
        env="GEMINI_API_KEY",
        server=Gemini,
        faults=(
            _found("21:9 is drawn as 16:9", RATIO, "aspect_ratio"),
            _found("2K is drawn at 1K", SIZE, "resolution"),
            _found("the second model is unknown", SERVES, "model"),
            _found("temperature has no upper bound", REFUSES, "temperature.range"),
            _found("temperature 2 is refused", SERVES, "temperature"),
            _found("any imageSize is taken", REFUSES, "resolution.one_of"),
            _found("any key will do", REFUSES, "auth.required"),
            _found("refusals name no field", ("refusal_names_the_parameter",)),
            _found("unknown fields are taken", REFUSES, "body.unknown_fields"),
            _found("tokens do not add up", ("usage_adds_up",)),
            _found("input images are not looked at", REFUSES, "images.media_type"),
            _found("the image is broken", ("images_decode",)),
        ),
    ),
    Described(
        name="imagen_predict",
        toml=HERE / "imagen.toml",
        env="IMAGEN_KEY",
        server=Imagen,
        faults=(
            _found("three images where four are asked", COUNT),
            _found("jpeg comes as png", FORMAT, "output_format"),
            _found("9:16 is drawn as 16:9", RATIO, "aspect_ratio"),
            _found("five samples are taken", REFUSES, "n.range"),
            _found("compressionQuality has no upper bound", REFUSES, "output_compression.range"),
            _found("compressionQuality 100 is refused", SERVES, "output_compression"),
            _found("2K is drawn at 1K", SIZE, "resolution"),
            _found("no key is needed", REFUSES, "auth.required"),
            _found("allow_all fails", SERVES, "person_generation"),
            _found("any personGeneration is taken", REFUSES, "person_generation.one_of"),
            _found("errors come with status 200", SHAPED),
            _found("the prompt may be missing", REFUSES, "prompt.required"),
        ),
    ),
    Described(
        name="acme_images",
        toml=HERE / "images_api.toml",
        env="ACME_KEY",
        server=ImagesApi,
        faults=(
            _found("one image too few", COUNT),
            _found("webp comes as png", FORMAT, "output_format"),
            _found("the larger size is halved", (*SIZE, "images_match_their_declaration"), "size"),
            _found("eleven images are taken", REFUSES, "n.range"),
            _found("output_compression has no upper bound", REFUSES, "output_compression.range"),
            _found("quality high is refused", SERVES, "quality"),
            _found("any size is taken", REFUSES, "size"),
            _found("no key is needed", REFUSES, "auth.required"),
            _found("the JSON edit is not there", SERVES),
            _found("the form takes one image only", SERVES, "images"),
            _found("usage is left out", ("usage_adds_up", "reply_has_the_documented_fields")),
            _found("refusals name another parameter", ("refusal_names_the_parameter",)),
            _found("n as text is taken", REFUSES, "n."),
            _found("a user of 64 characters fails", SERVES, "user"),
        ),
    ),
)
