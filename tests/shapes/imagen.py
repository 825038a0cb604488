"""An image model behind Imagen's predict: instances and parameters, predictions as base64.

From ai.google.dev "Imagen" and cloud.google.com "Generate images": POST
/v1beta/models/MODEL:predict with {instances: [{prompt}], parameters: {sampleCount 1 to 4,
aspectRatio, imageSize, personGeneration, seed, outputOptions {mimeType, compressionQuality}}};
the reply is {predictions: [{mimeType, bytesBase64Encoded}]}; an image that is filtered is left out.
Here errors come as a list of one google.rpc.Status, as some of Google's endpoints send them.
"""

from typing import Any, ClassVar

from tests.shapes.server import Answer, Received, Refusal, Shape, as_base64, is_integer

RATIOS = {
    "1:1": (1024, 1024),
    "3:4": (896, 1280),
    "4:3": (1280, 896),
    "9:16": (768, 1408),
    "16:9": (1408, 768),
}
PEOPLE = ("dont_allow", "allow_adult", "allow_all")
MEDIA = {"image/png": "png", "image/jpeg": "jpeg"}
PATH = "/v1beta/models/acme-image-001:predict"


class Imagen(Shape):
    """predict of one model."""

    KNOWN: ClassVar[tuple[str, ...]] = (
        "three images where four are asked",
        "jpeg comes as png",
        "9:16 is drawn as 16:9",
        "five samples are taken",
        "compressionQuality has no upper bound",
        "compressionQuality 100 is refused",
        "2K is drawn at 1K",
        "no key is needed",
        "allow_all fails",
        "any personGeneration is taken",
        "errors come with status 200",
        "the prompt may be missing",
    )

    def answer(self, request: Received) -> Answer:
        """Answer a call of predict; the key is in the query."""
        if request.query.get("key") != self.key and "no key is needed" not in self.faults:
            raise Refusal(_status(403, "PERMISSION_DENIED", "The caller does not have permission"))
        if request.method != "POST" or request.path != PATH:
            raise Refusal(_status(404, "NOT_FOUND", "Requested entity was not found."))
        body = request.body if isinstance(request.body, dict) else {}
        instances, parameters = body.get("instances"), body.get("parameters", {})
        if instances is None and "the prompt may be missing" in self.faults:
            instances = [{}]
        alone = instances[0] if isinstance(instances, list) and len(instances) == 1 else None
        if not isinstance(alone, dict):
            raise self._wrong("instances", "exactly one instance is expected")
        prompt = alone.get("prompt")
        missing = prompt is None and "the prompt may be missing" in self.faults
        if not missing and (not isinstance(prompt, str) or not prompt or len(prompt) > 2000):
            raise self._wrong("prompt", "prompt must be a text of 1 to 2000 characters")
        self._validate(parameters if isinstance(parameters, dict) else {})
        return self._predicted(parameters)

    def _wrong(self, name: str, message: str) -> Refusal:
        status = 200 if "errors come with status 200" in self.faults else 400
        answer = _status(400, "INVALID_ARGUMENT", f"{name}: {message}")
        return Refusal(Answer(status=status, document=answer.document))

    def _validate(self, parameters: dict[str, Any]) -> None:
        count = parameters.get("sampleCount", 4)
        most = 5 if "five samples are taken" in self.faults else 4
        if not is_integer(count) or not 1 <= count <= most:
            raise self._wrong("sampleCount", "must be between 1 and 4")
        seed = parameters.get("seed", 1)
        if not is_integer(seed) or not 1 <= seed <= 2**31 - 1:
            raise self._wrong("seed", "must be a positive 32-bit integer")
        lists = {
            "aspectRatio": tuple(RATIOS),
            "imageSize": ("1K", "2K"),
            "personGeneration": PEOPLE,
        }
        if "any personGeneration is taken" in self.faults:
            del lists["personGeneration"]
        for name, listed in lists.items():
            if name in parameters and parameters[name] not in listed:
                raise self._wrong(name, f"must be one of {', '.join(listed)}")
        self._validate_output(parameters.get("outputOptions", {}))

    def _validate_output(self, output: Any) -> None:  # noqa: ANN401 - any JSON
        if not isinstance(output, dict) or output.get("mimeType", "image/png") not in tuple(MEDIA):
            raise self._wrong("mimeType", f"must be one of {', '.join(MEDIA)}")
        quality = output.get("compressionQuality", 75)
        most = 10**9 if "compressionQuality has no upper bound" in self.faults else 100
        if "compressionQuality 100 is refused" in self.faults:
            most = 99
        if not is_integer(quality) or not 0 <= quality <= most:
            raise self._wrong("compressionQuality", "must be between 0 and 100")

    def _predicted(self, parameters: dict[str, Any]) -> Answer:
        if "allow_all fails" in self.faults and parameters.get("personGeneration") == "allow_all":
            return _status(500, "INTERNAL", "Internal error encountered.")
        count, ratio = parameters.get("sampleCount", 4), parameters.get("aspectRatio", "1:1")
        if "three images where four are asked" in self.faults and count == 4:
            count = 3
        if "9:16 is drawn as 16:9" in self.faults and ratio == "9:16":
            ratio = "16:9"
        media = parameters.get("outputOptions", {}).get("mimeType", "image/png")
        form = MEDIA[media]
        if "jpeg comes as png" in self.faults and form == "jpeg":
            form, media = "png", "image/png"
        doubled = parameters.get("imageSize") == "2K" and "2K is drawn at 1K" not in self.faults
        width, height = (edge * (2 if doubled else 1) for edge in RATIOS[ratio])
        return Answer(
            document={
                "predictions": [
                    {
                        "mimeType": media,
                        "bytesBase64Encoded": as_base64(self.image(width, height, form)),
                    }
                    for _ in range(count)
                ]
            }
        )


def _status(code: int, status: str, message: str) -> Answer:
    return Answer(
        status=code,
        document=[{"error": {"code": code, "message": message, "status": status}}],
    )
