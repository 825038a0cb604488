"""An API in the shape of OpenAI's Images API: JSON to generate; a form or JSON to edit.

From platform.openai.com "Images": POST /v1/images/generations; POST /v1/images/edits as
multipart/form-data (image[], mask) and as JSON (images of {image_url} or {file_id}); replies are
{created, data: [{b64_json}], output_format, quality, size, background, usage}; errors are
{error: {message, type, param, code}}.
"""

import base64
import re
from typing import Any, ClassVar

from tests.shapes.server import Answer, Received, Refusal, Shape, as_base64, is_integer, opened

QUALITIES = ("low", "medium", "high", "auto")
FORMATS = ("png", "jpeg", "webp")
TOKENS = {"low": 196, "medium": 1047, "high": 4160, "auto": 1047}
GENERATE = (
    *("model", "prompt", "n", "size", "quality"),
    *("output_format", "output_compression", "user"),
)
EDIT = (*GENERATE, "images", "background")
SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})")


class ImagesApi(Shape):
    """generations and edits of one model."""

    KNOWN: ClassVar[tuple[str, ...]] = (
        "one image too few",
        "webp comes as png",
        "the larger size is halved",
        "eleven images are taken",
        "output_compression has no upper bound",
        "quality high is refused",
        "any size is taken",
        "no key is needed",
        "the JSON edit is not there",
        "the form takes one image only",
        "usage is left out",
        "refusals name another parameter",
        "n as text is taken",
        "a user of 64 characters fails",
    )

    def answer(self, request: Received) -> Answer:
        """Answer at the two addresses."""
        sent = request.headers.get("authorization", "")
        if sent != f"Bearer {self.key}" and "no key is needed" not in self.faults:
            raise Refusal(_error(401, "Incorrect API key provided.", None, "invalid_api_key"))
        if (request.method, request.path) == ("POST", "/v1/images/generations"):
            body = request.body if isinstance(request.body, dict) else {}
            self._known(body, GENERATE)
            return self._drawn(body)
        if (request.method, request.path) == ("POST", "/v1/images/edits"):
            return self._drawn(self._edit(request))
        raise Refusal(_error(404, f"Invalid URL ({request.method} {request.path})", None, None))

    def _edit(self, request: Received) -> dict[str, Any]:
        if request.form:
            return self._from_form(request.form)
        if "the JSON edit is not there" in self.faults:
            raise Refusal(_error(404, "Invalid URL (POST /v1/images/edits)", None, None))
        body = request.body if isinstance(request.body, dict) else {}
        self._known(body, EDIT)
        images = body.get("images")
        if not isinstance(images, list) or not 1 <= len(images) <= 16:
            raise self._wrong("images", "Expected an array of 1 to 16 images.")
        for place, entry in enumerate(images):
            address = entry.get("image_url") if isinstance(entry, dict) else None
            head, _, data = str(address).partition(";base64,")
            try:
                found = opened(base64.b64decode(data, validate=True))
            except ValueError:
                found = None
            if found is None or head != f"data:image/{found[0]}":
                raise self._wrong(f"images[{place}].image_url", "Invalid image data.")
        return body

    def _from_form(self, form: dict[str, list[Any]]) -> dict[str, Any]:
        images = [*form.get("image[]", []), *form.get("image", [])]
        most = 1 if "the form takes one image only" in self.faults else 16
        if not 1 <= len(images) <= most:
            raise self._wrong("image", f"Expected 1 to {most} images.")
        for raw in images:
            if not isinstance(raw, bytes) or opened(raw) is None:
                raise self._wrong("image", "Invalid image file or mode.", "invalid_image_file")
        body: dict[str, Any] = {
            name: texts[-1] for name, texts in form.items() if name not in ("image[]", "image")
        }
        self._known(body, EDIT)
        for name in ("n", "output_compression"):
            if re.fullmatch(r"-?\d{1,9}", str(body.get(name, ""))):
                body[name] = int(body[name])
        return body

    def _known(self, body: dict[str, Any], names: tuple[str, ...]) -> None:
        for name in body:
            if name not in names:
                message = f"Unknown parameter: '{name}'."
                raise Refusal(_error(400, message, name, "unknown_parameter"))

    def _wrong(self, name: str, message: str, code: str = "invalid_value") -> Refusal:
        if "refusals name another parameter" in self.faults:
            name = "model" if name != "model" else "prompt"
        return Refusal(_error(400, message, name, code))

    def _validate(self, body: dict[str, Any]) -> None:
        for name in ("model", "prompt"):
            if name not in body:
                raise self._wrong(
                    name, f"Missing required parameter: '{name}'.", "missing_required_parameter"
                )
        if body["model"] != "acme-image-2":
            raise self._wrong("model", "The model does not exist.", "model_not_found")
        if not isinstance(body["prompt"], str) or not 1 <= len(body["prompt"]) <= 4000:
            raise self._wrong("prompt", "Invalid 'prompt': 1 to 4000 characters are expected.")
        user = body.get("user", "")
        if not isinstance(user, str) or len(user) > 64:
            raise self._wrong("user", "Invalid 'user': at most 64 characters are expected.")
        self._validate_lists(body)
        self._validate_numbers(body)

    def _validate_lists(self, body: dict[str, Any]) -> None:
        lists = {"quality": QUALITIES, "output_format": FORMATS}
        for name, listed in lists.items():
            refused = name == "quality" and "quality high is refused" in self.faults
            if name in body and (body[name] not in listed or (refused and body[name] == "high")):
                words = ", ".join(f"'{word}'" for word in listed)
                raise self._wrong(name, f"Invalid value. Supported values are: {words}.")

    def _validate_numbers(self, body: dict[str, Any]) -> None:
        bounds = {
            "n": (1, 11 if "eleven images are taken" in self.faults else 10),
            "output_compression": (
                0,
                10**9 if "output_compression has no upper bound" in self.faults else 100,
            ),
        }
        for name, (least, most) in bounds.items():
            number = body.get(name, least)
            if name == "n" and "n as text is taken" in self.faults and number in ("1", "2"):
                body[name] = int(number)
                continue
            if not is_integer(number):
                raise self._wrong(name, f"Invalid type for '{name}'.", "invalid_type")
            if not least <= number <= most:
                raise self._wrong(name, f"Expected a value between {least} and {most}.")

    def _edges(self, size: Any) -> tuple[int, int]:  # noqa: ANN401 - any JSON
        if size == "auto":
            return 1024, 1024
        found = SIZE.fullmatch(size) if isinstance(size, str) else None
        if found is None:
            if "any size is taken" in self.faults:
                return 1024, 1024
            raise self._wrong("size", "Invalid size: expected WIDTHxHEIGHT or 'auto'.")
        width, height = int(found[1]), int(found[2])
        if "any size is taken" in self.faults:
            return min(width, 2048), min(height, 2048)
        self._validate_edges(width, height)
        return width, height

    def _validate_edges(self, width: int, height: int) -> None:
        if width % 16 or height % 16:
            raise self._wrong("size", "Width and height must be divisible by 16.")
        if max(width, height) > 2048:
            raise self._wrong("size", "The longest edge must be at most 2048 pixels.")
        if max(width, height) > 3 * min(width, height):
            raise self._wrong("size", "The aspect ratio must be at most 3:1.")
        if width * height < 262_144:
            raise self._wrong("size", "At least 262144 pixels are required.")

    def _drawn(self, body: dict[str, Any]) -> Answer:
        self._validate(body)
        width, height = self._edges(body.get("size", "auto"))
        if "a user of 64 characters fails" in self.faults and len(body.get("user", "")) == 64:
            return _error(500, "The server had an error while processing your request.", None, None)
        form, number = body.get("output_format", "png"), body.get("n", 1)
        declared = form
        if "webp comes as png" in self.faults and form == "webp":
            form = "png"
        if "one image too few" in self.faults and number > 1:
            number -= 1
        drawn = (width, height)
        if "the larger size is halved" in self.faults and width * height > 2_000_000:
            drawn = (width // 2, height // 2)
        quality = body.get("quality", "auto")
        tokens = {"input": 12, "output": TOKENS[quality] * number}
        document: dict[str, Any] = {
            "created": 1_790_000_000,
            "background": "opaque",
            "data": [{"b64_json": as_base64(self.image(*drawn, form))} for _ in range(number)],
            "output_format": declared,
            "quality": "medium" if quality == "auto" else quality,
            "size": f"{width}x{height}",
            "usage": {
                "input_tokens": tokens["input"],
                "output_tokens": tokens["output"],
                "total_tokens": tokens["input"] + tokens["output"],
                "input_tokens_details": {"text_tokens": 12, "image_tokens": 0},
            },
        }
        if "usage is left out" in self.faults:
            del document["usage"]
        return Answer(document=document)


def _error(status: int, message: str, param: str | None, code: str | None) -> Answer:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return Answer(
        status=status,
        document={"error": {"message": message, "type": kind, "param": param, "code": code}},
    )
