"""Names and sources: what a wire key is called in the TOML, and how a place is cited."""

import re

Table = dict[str, object]
DOCUMENT = "openapi"
"""The key of the imported document among a TOML's documents."""

_OTHER_NAMES = {
    "prompt": ("textprompt", "promptText"),
    "n": ("num", "numberofimages", "numimages", "numoutputs", "imagecount", "samplecount"),
    "size": ("imagesize",),
    "aspect_ratio": (),
    "resolution": (),
    "quality": (),
    "output_format": ("imageformat",),
    "output_compression": ("compression",),
    "background": (),
    "moderation": (),
    "stream": (),
    "partial_images": (),
    "user": ("enduserid",),
    "response_format": (),
    "input_fidelity": (),
    "webhook_url": ("webhook", "callbackurl", "callback"),
    "model": ("modelid", "modelname"),
    "mode": (),
    "mask": ("maskimage", "maskurl", "maskimageurl"),
    "images": (
        *("image", "imageurl", "imageurls", "inputimage", "inputimages", "imageinput", "initimage"),
        *("referenceimage", "referenceimages", "inputimageurl", "inputimageurls", "inputurls"),
        *("sourceimage", "imagesurls", "imageurllist"),
    ),
}
USUAL_TYPES = {
    "n": "integer",
    "output_compression": "integer",
    "partial_images": "integer",
    "stream": "boolean",
    "images": "images",
    "mask": "file",
}
_NAMES = {
    **{re.sub(r"\W|_", "", name): name for name in _OTHER_NAMES},
    **{other.lower(): name for name, others in _OTHER_NAMES.items() for other in others},
}

_LETTERS = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def canonical_name(key: str) -> str:
    """Return the canonical parameter that a wire key means; empty where it means none."""
    return _NAMES.get(re.sub(r"\W|_", "", key).lower(), "")


def declared_name(key: str) -> str:
    """Return a wire key as a name of the TOML: small letters, digits and underscores."""
    words = _LETTERS.sub("_", _CAMEL.sub("_", key).lower()).strip("_")
    return words if words[:1].isalpha() else f"field_{words}".rstrip("_")


def cited(at: str) -> str:
    """Return a JSON pointer as a source."""
    return f"{DOCUMENT}: {at}"
