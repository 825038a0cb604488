"""An image model behind Gemini's generateContent: the model in the path, images as inline parts.

From ai.google.dev "Generating content" and "Image generation": contents[].parts[] of {text} or
{inlineData {mimeType, data}}, generationConfig {responseModalities, imageConfig {aspectRatio,
imageSize}, temperature, seed}; replies hold candidates[].content.parts[].inlineData and
usageMetadata; errors are google.rpc.Status. A picture of the tokens: 258 for an input image, 1,290
for one that was drawn at 1K, 2,520 at 4K.
"""

import base64
import binascii
from typing import Any, ClassVar

from tests.shapes.server import (
    Answer,
    Received,
    Refusal,
    Shape,
    as_base64,
    is_integer,
    is_number,
    opened,
)

RATIOS = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "21:9": (1536, 672),
}
SIZES = {"1K": 1, "2K": 2}
TEXT = "contents[0].parts[0].text"
INLINE = "contents[0].parts[1].inline_data"
MODELS = ("acme-flash-image", "acme-pro-image")
TOKENS = {"1K": 1290, "2K": 1680}


class Gemini(Shape):
    """generateContent of two models."""

    KNOWN: ClassVar[tuple[str, ...]] = (
        "21:9 is drawn as 16:9",
        "2K is drawn at 1K",
        "the second model is unknown",
        "temperature has no upper bound",
        "temperature 2 is refused",
        "any imageSize is taken",
        "any key will do",
        "refusals name no field",
        "unknown fields are taken",
        "tokens do not add up",
        "input images are not looked at",
        "the image is broken",
    )

    def answer(self, request: Received) -> Answer:
        """Answer a call of a model's method."""
        sent = request.headers.get("x-goog-api-key")
        if not sent:
            raise Refusal(
                _status(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers")
            )
        if sent != self.key and "any key will do" not in self.faults:
            message = "API key not valid. Please pass a valid API key."
            raise Refusal(_status(400, "INVALID_ARGUMENT", message))
        model, _, method = request.path.removeprefix("/v1beta/models/").partition(":")
        known = MODELS[:1] if "the second model is unknown" in self.faults else MODELS
        if request.method != "POST" or method != "generateContent" or model not in known:
            message = f"models/{model} is not found for API version v1beta"
            raise Refusal(_status(404, "NOT_FOUND", message))
        body = request.body
        if not isinstance(body, dict):
            raise self._wrong("", "Invalid JSON payload received.")
        return self._generated(model, body)

    def _wrong(self, name: str, message: str) -> Refusal:
        if "refusals name no field" in self.faults:
            vague = "Request contains an invalid argument."
            return Refusal(_status(400, "INVALID_ARGUMENT", vague))
        return Refusal(_status(400, "INVALID_ARGUMENT", message, name))

    def _generated(self, model: str, body: dict[str, Any]) -> Answer:
        self._known_fields(body, ("contents", "generationConfig", "safetySettings"), "")
        texts, images = self._parts(body)
        config = body.get("generationConfig", {})
        names = ("responseModalities", "imageConfig", "temperature", "seed", "candidateCount")
        self._known_fields(config, names, "generation_config")
        self._config(config)
        image_config = config.get("imageConfig", {})
        self._known_fields(
            image_config, ("aspectRatio", "imageSize"), "generation_config.image_config"
        )
        ratio, size = image_config.get("aspectRatio", "1:1"), image_config.get("imageSize", "1K")
        if ratio not in tuple(RATIOS):
            listed = ", ".join(RATIOS)
            raise self._wrong(
                "generation_config.image_config.aspect_ratio",
                f"aspect_ratio must be one of {listed}",
            )
        if size not in tuple(SIZES) and "any imageSize is taken" not in self.faults:
            raise self._wrong(
                "generation_config.image_config.image_size", "image_size must be one of 1K, 2K"
            )
        raw = self._drawn(ratio, size if size in tuple(SIZES) else "1K")
        return Answer(document=self._reply(model, raw, texts, images, size))

    def _drawn(self, ratio: str, size: str) -> bytes:
        if "21:9 is drawn as 16:9" in self.faults and ratio == "21:9":
            ratio = "16:9"
        factor = 1 if "2K is drawn at 1K" in self.faults else SIZES[size]
        width, height = RATIOS[ratio]
        raw = self.image(width * factor, height * factor, "png")
        return raw[: len(raw) // 2] if "the image is broken" in self.faults else raw

    def _reply(
        self, model: str, raw: bytes, texts: list[str], images: int, size: str
    ) -> dict[str, Any]:
        prompt = sum(len(text.split()) + 1 for text in texts) + 258 * images
        drawn = TOKENS.get(size, 1290)
        inline = {"mimeType": "image/png", "data": as_base64(raw)}
        more = 100 if "tokens do not add up" in self.faults else 0
        return {
            "candidates": [
                {
                    "content": {
                        "parts": [{"inlineData": inline}],
                        "role": "model",
                    },
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": prompt,
                "candidatesTokenCount": drawn,
                "totalTokenCount": prompt + drawn + more,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": drawn}],
            },
            "modelVersion": model,
            "responseId": f"resp{self.number()}",
        }

    def _parts(self, body: dict[str, Any]) -> tuple[list[str], int]:
        contents = body.get("contents")
        if not isinstance(contents, list) or not contents or not isinstance(contents[0], dict):
            raise self._wrong("contents", "contents is not specified")
        texts, images = [], 0
        for part in contents[0].get("parts") or []:
            if not isinstance(part, dict):
                raise self._wrong("contents[0].parts", "Invalid value: parts are objects")
            if isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif isinstance(part.get("inlineData"), dict):
                images += 1
                self._input_image(part["inlineData"])
            else:
                raise self._wrong(TEXT, "Invalid value: text must be a string")
        if not any(texts):
            raise self._wrong(TEXT, "Unable to submit request: no text")
        if images > 3:
            raise self._wrong("contents[0].parts", "At most 3 images are supported")
        return texts, images

    def _input_image(self, inline: dict[str, Any]) -> None:
        if "input images are not looked at" in self.faults:
            return
        try:
            raw = base64.b64decode(inline.get("data", ""), validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise self._wrong(f"{INLINE}.data", "Base64 decoding failed") from None
        found = opened(raw)
        if inline.get("mimeType") not in ("image/png", "image/jpeg", "image/webp"):
            raise self._wrong(f"{INLINE}.mime_type", "Unsupported MIME type")
        if found is None or f"image/{found[0]}" != inline["mimeType"]:
            raise self._wrong(f"{INLINE}.data", "Unable to process input image")

    def _config(self, config: dict[str, Any]) -> None:
        temperature = config.get("temperature", 1)
        most = 1e9 if "temperature has no upper bound" in self.faults else 2
        if "temperature 2 is refused" in self.faults:
            most = 1.999
        if not is_number(temperature):
            raise self._wrong("generation_config.temperature", "Invalid value (TYPE_FLOAT)")
        if not 0 <= temperature <= most:
            raise self._wrong(
                "generation_config.temperature", "temperature must be in the range [0, 2]"
            )
        if not is_integer(config.get("seed", 0)):
            raise self._wrong("generation_config.seed", "Invalid value (TYPE_INT32)")

    def _known_fields(self, table: Any, names: tuple[str, ...], at: str) -> None:  # noqa: ANN401
        if not isinstance(table, dict):
            raise self._wrong(at, f"Invalid value at '{at}'")
        if "unknown fields are taken" in self.faults:
            return
        for name in table:
            if name not in names:
                where = f" at '{at}'" if at else ""
                unknown = f'Unknown name "{name}"{where}: Cannot find field.'
                raise self._wrong(at, f"Invalid JSON payload received. {unknown}")


def _status(code: int, status: str, message: str, name: str = "") -> Answer:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if name:
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": name, "description": message}],
            }
        ]
    return Answer(status=code, document={"error": error})
