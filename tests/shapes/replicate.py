"""A model behind Replicate's predictions, asked with `Prefer: wait`.

From replicate.com/docs "HTTP API": POST /v1/models/OWNER/NAME/predictions answers 201 with a
prediction {id, status, output, error, urls {get, cancel}}, whole where the model was done within
the time that `Prefer: wait` gives; statuses starting, processing, succeeded, failed, canceled;
errors are {title, detail, status, invalid_fields}. The input is that of a FLUX-like model.
"""

from typing import Any, ClassVar

from tests.shapes.server import Answer, Received, Refusal, Shape, is_integer

RATIOS = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "9:16": (768, 1344),
}
FORMATS = {"webp": "webp", "jpg": "jpeg", "png": "png"}
PATH = "/v1/models/acme-labs/acme-schnell/predictions"


class Replicate(Shape):
    """The predictions of one model; every second one takes longer than the request waits."""

    KNOWN: ClassVar[tuple[str, ...]] = (
        "one output whatever is asked",
        "webp comes as png",
        "16:9 is drawn square",
        "five outputs are taken",
        "output_quality has no upper bound",
        "output_quality 0 is refused",
        "2:3 always fails",
        "no key is needed",
        "refusals come with status 200",
        "any aspect_ratio is taken",
        "four outputs never end",
        "seed as text is taken",
    )

    def __init__(self, *faults: str, key: str = "r8_0123456789abcdefghijABCDEFGHIJ") -> None:
        super().__init__(*faults, key=key)
        self.predictions: dict[str, dict[str, Any]] = {}
        self.polls: dict[str, int] = {}

    def answer(self, request: Received) -> Answer:
        """Answer at the addresses of predictions."""
        sent = request.headers.get("authorization", "")
        if sent != f"Bearer {self.key}" and "no key is needed" not in self.faults:
            raise Refusal(
                _problem(401, "Unauthenticated", "You did not pass a valid authentication token")
            )
        if request.method == "POST" and request.path == PATH:
            return self._created(request)
        if request.path.startswith("/v1/predictions/"):
            prediction_id, _, action = request.path.removeprefix("/v1/predictions/").partition("/")
            if prediction_id not in self.predictions:
                raise Refusal(NOT_FOUND)
            if action == "cancel":
                self.predictions[prediction_id] |= {"status": "canceled", "output": None}
                return Answer(document=self.predictions[prediction_id])
            return self._polled(prediction_id)
        raise Refusal(NOT_FOUND)

    def _created(self, request: Received) -> Answer:
        body = request.body if isinstance(request.body, dict) else {}
        content = body.get("input")
        if not isinstance(content, dict):
            raise self._wrong("input", "input is required", "required")
        self._validate(content)
        number = self.number()
        prediction_id = f"rrr4z55ocneqzikepnug6xe{number:04d}"
        own = f"{self.url}/v1/predictions/{prediction_id}"
        failed = "2:3 always fails" in self.faults and content.get("aspect_ratio") == "2:3"
        ended: dict[str, Any] = {
            "status": "failed" if failed else "succeeded",
            "error": "CUDA out of memory" if failed else None,
            "output": None if failed else self._output(content),
        }
        slow = number % 2 == 0 or self._hangs(content)
        state = {"status": "starting", "error": None, "output": None} if slow else ended
        prediction = {
            "id": prediction_id,
            "model": "acme-labs/acme-schnell",
            "input": content,
            "logs": "",
            "created_at": "2026-11-29T04:00:00.000Z",
            "urls": {"get": own, "cancel": f"{own}/cancel"},
        }
        self.predictions[prediction_id] = {**prediction, **ended}
        self.polls[prediction_id] = 0 if slow else 1
        return Answer(status=201, document={**prediction, **state})

    def _polled(self, prediction_id: str) -> Answer:
        prediction = dict(self.predictions[prediction_id])
        self.polls[prediction_id] += 1
        waits = self.polls[prediction_id] == 1 or self._hangs(prediction["input"])
        if waits and prediction["status"] != "canceled":
            prediction |= {"status": "processing", "output": None, "error": None}
        return Answer(document=prediction)

    def _hangs(self, content: dict[str, Any]) -> bool:
        return "four outputs never end" in self.faults and content.get("num_outputs") == 4

    def _output(self, content: dict[str, Any]) -> list[str]:
        ratio, name = content.get("aspect_ratio", "1:1"), content.get("output_format", "webp")
        width, height = RATIOS.get(str(ratio), (1024, 1024))
        if "16:9 is drawn square" in self.faults and ratio == "16:9":
            width = height = 1024
        form = FORMATS[name]
        if "webp comes as png" in self.faults and name == "webp":
            form = "png"
        number = content.get("num_outputs", 1)
        if "one output whatever is asked" in self.faults:
            number = 1
        return [self.keep(self.image(width, height, form), form) for _ in range(number)]

    def _wrong(self, name: str, message: str, kind: str) -> Refusal:
        answer = _problem(
            422,
            "Input validation failed",
            f"- {name}: {message}\n",
            [{"type": kind, "field": name, "description": message}],
        )
        if "refusals come with status 200" in self.faults:
            answer = Answer(status=200, document=answer.document)
        return Refusal(answer)

    def _validate(self, content: dict[str, Any]) -> None:
        if not isinstance(content.get("prompt"), str):
            raise self._wrong("input.prompt", "prompt is required", "required")
        enums = {"aspect_ratio": tuple(RATIOS), "output_format": tuple(FORMATS)}
        if "any aspect_ratio is taken" in self.faults:
            enums.pop("aspect_ratio")
        for name, listed in enums.items():
            if name in content and content[name] not in listed:
                words = ", ".join(f'"{word}"' for word in listed)
                raise self._wrong(f"input.{name}", f"must be one of the following: {words}", "enum")
        self._validate_numbers(content)
        if not isinstance(content.get("go_fast", True), bool):
            raise self._wrong("input.go_fast", "Invalid type. Expected: boolean", "invalid_type")

    def _validate_numbers(self, content: dict[str, Any]) -> None:
        unbounded = "output_quality has no upper bound" in self.faults
        bounds = {
            "num_outputs": (1, 5 if "five outputs are taken" in self.faults else 4),
            "output_quality": (
                1 if "output_quality 0 is refused" in self.faults else 0,
                10**9 if unbounded else 100,
            ),
            "seed": (-(2**63), 2**63 - 1),
            "num_inference_steps": (1, 4),
        }
        for name, (least, most) in bounds.items():
            number = content.get(name, least)
            lenient = name == "seed" and "seed as text is taken" in self.faults
            if lenient and isinstance(number, str):
                continue
            place = f"input.{name}"
            if not is_integer(number):
                raise self._wrong(place, "Invalid type. Expected: integer", "invalid_type")
            if number < least:
                message = f"Must be greater than or equal to {least}"
                raise self._wrong(place, message, "number_gte")
            if number > most:
                raise self._wrong(place, f"Must be less than or equal to {most}", "number_lte")


def _problem(
    status: int, title: str, detail: str, invalid: list[dict[str, str]] | None = None
) -> Answer:
    document: dict[str, Any] = {"title": title, "detail": detail, "status": status}
    if invalid is not None:
        document["invalid_fields"] = invalid
    return Answer(status=status, document=document, media_type="application/problem+json")


NOT_FOUND = _problem(404, "Not found", "The requested resource could not be found.")
