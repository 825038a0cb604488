"""A model behind fal's queue: submit, poll the status address, fetch the response address.

From docs.fal.ai: "Queue API" (submit answers request_id, response_url, status_url, cancel_url;
IN_QUEUE, IN_PROGRESS, COMPLETED), "Errors" (a list of {loc, msg, type}), and the input of a
FLUX-like model: image_size is a word or {width, height}.
"""

from typing import Any, ClassVar

from tests.shapes.server import Answer, Received, Refusal, Shape, is_integer, is_number

WORDS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
MODEL = "/fal-ai/acme/dev"
FIELDS = (
    *("prompt", "image_size", "num_images", "num_inference_steps", "guidance_scale"),
    *("seed", "output_format", "enable_safety_checker"),
)


class Fal(Shape):
    """The queue of one model."""

    KNOWN: ClassVar[tuple[str, ...]] = (
        "one image too few from three on",
        "png comes as jpeg",
        "sizes of one's own are halved",
        "width and height are swapped",
        "five images are taken",
        "guidance_scale has no upper bound",
        "guidance_scale 20 is refused",
        "png jobs never end well",
        "any key will do",
        "errors are plain text",
        "prompt is not needed",
        "landscape_16_9 is unknown",
    )

    def __init__(self, *faults: str, key: str = "fal0123:secret4567890abcdef") -> None:
        super().__init__(*faults, key=key)
        self.jobs: dict[str, dict[str, Any]] = {}

    def answer(self, request: Received) -> Answer:
        """Answer at the queue's addresses."""
        self._check_key(request)
        if request.method == "POST" and request.path == MODEL:
            return self._submitted(request.body)
        prefix = f"{MODEL}/requests/"
        if request.path.startswith(prefix):
            job_id, _, action = request.path.removeprefix(prefix).partition("/")
            job = self.jobs.get(job_id)
            if job is None:
                return Answer(status=404, document={"detail": "Request not found"})
            if action == "status":
                return self._status(job_id, job)
            if action == "" and request.method == "GET":
                result: Answer = job["result"]
                return result
            if action == "cancel" and request.method == "PUT":
                return Answer(status=400, document={"status": "ALREADY_COMPLETED"})
        return Answer(status=404, document={"detail": "Not Found"})

    def _check_key(self, request: Received) -> None:
        sent = request.headers.get("authorization", "")
        if sent == f"Key {self.key}" or ("any key will do" in self.faults and sent):
            return
        detail = "Cannot access application: no valid key"
        raise Refusal(Answer(status=401, document={"detail": detail}))

    def _status(self, job_id: str, job: dict[str, Any]) -> Answer:
        job["polls"] += 1
        states = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
        state = states[min(job["polls"] - 1, 2)]
        document: dict[str, Any] = {
            "status": state,
            "request_id": job_id,
            **self._addresses(job_id),
        }
        if state == "IN_QUEUE":
            document["queue_position"] = 0
        return Answer(status=200 if state == "COMPLETED" else 202, document=document)

    def _addresses(self, job_id: str) -> dict[str, str]:
        own = f"{self.url}{MODEL}/requests/{job_id}"
        return {"response_url": own, "status_url": f"{own}/status", "cancel_url": f"{own}/cancel"}

    def _submitted(self, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        self._validate(body if isinstance(body, dict) else {})
        job_id = f"764cabcf-b745-4b3e-ae38-{self.number():012d}"
        self.jobs[job_id] = {"polls": 0, "result": self._result(body)}
        queued = {"status": "IN_QUEUE", "request_id": job_id, **self._addresses(job_id)}
        return Answer(document=queued)

    def _wrong(self, name: str, kind: str, message: str) -> Refusal:
        if "errors are plain text" in self.faults:
            return Refusal(Answer(status=422, raw=b"Unprocessable Entity", media_type="text/plain"))
        error = {"loc": ["body", *name.split(".")], "msg": message, "type": kind}
        return Refusal(Answer(status=422, document={"detail": [error]}))

    def _validate(self, body: dict[str, Any]) -> None:
        self._validate_texts(body)
        self._validate_size(body.get("image_size", "landscape_4_3"))
        most_scale = 1e9 if "guidance_scale has no upper bound" in self.faults else 20
        if "guidance_scale 20 is refused" in self.faults:
            most_scale = 19.99
        most_images = 5 if "five images are taken" in self.faults else 4
        bounds = {
            "num_images": (1, most_images, is_integer),
            "num_inference_steps": (1, 50, is_integer),
            "guidance_scale": (1, most_scale, is_number),
            "seed": (0, 2**32 - 1, is_integer),
        }
        for name, (least, most, typed) in bounds.items():
            if name not in body:
                continue
            if not typed(body[name]):
                raise self._wrong(name, "int_parsing", "Input should be a valid number")
            if body[name] < least:
                raise self._wrong(
                    name, "greater_than_equal", f"Input should be greater than or equal to {least}"
                )
            if body[name] > most:
                raise self._wrong(
                    name, "less_than_equal", f"Input should be less than or equal to {most}"
                )

    def _validate_texts(self, body: dict[str, Any]) -> None:
        if "prompt" not in body and "prompt is not needed" not in self.faults:
            raise self._wrong("prompt", "missing", "Field required")
        if not isinstance(body.get("prompt", ""), str):
            raise self._wrong("prompt", "string_type", "Input should be a valid string")
        if body.get("output_format", "jpeg") not in ("jpeg", "png"):
            raise self._wrong("output_format", "literal_error", "Input should be 'jpeg' or 'png'")
        if not isinstance(body.get("enable_safety_checker", True), bool):
            message = "Input should be a valid boolean"
            raise self._wrong("enable_safety_checker", "bool_type", message)

    def _validate_size(self, size: Any) -> None:  # noqa: ANN401 - any JSON
        if isinstance(size, dict):
            for name in ("width", "height"):
                edge = size.get(name, 0)
                if not is_integer(edge) or not 256 <= edge <= 2048:
                    message = "Input should be between 256 and 2048"
                    raise self._wrong(f"image_size.{name}", "less_than_equal", message)
            return
        unknown = "landscape_16_9 is unknown" in self.faults and size == "landscape_16_9"
        if not isinstance(size, str) or size not in WORDS or unknown:
            words = ", ".join(repr(word) for word in WORDS)
            message = f"Input should be {words} or an object"
            raise self._wrong("image_size", "literal_error", message)

    def _result(self, body: dict[str, Any]) -> Answer:
        size = body.get("image_size", "landscape_4_3")
        width, height = WORDS[size] if isinstance(size, str) else (size["width"], size["height"])
        if "sizes of one's own are halved" in self.faults and isinstance(size, dict):
            width, height = width // 2, height // 2
        if "width and height are swapped" in self.faults:
            width, height = height, width
        form, number = body.get("output_format", "jpeg"), body.get("num_images", 1)
        if "png jobs never end well" in self.faults and form == "png":
            return Answer(status=500, document={"detail": "Internal Server Error"})
        if "png comes as jpeg" in self.faults:
            form = "jpeg"
        if "one image too few from three on" in self.faults and number > 2:
            number -= 1
        images = [
            {
                "url": self.keep(self.image(width, height, form), form),
                "width": width,
                "height": height,
                "content_type": f"image/{form}",
            }
            for _ in range(number)
        ]
        return Answer(
            document={
                "images": images,
                "timings": {"inference": 0.4},
                "seed": body.get("seed", 7),
                "has_nsfw_concepts": [False] * number,
                "prompt": body.get("prompt", ""),
            }
        )
