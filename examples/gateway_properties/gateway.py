"""What a gateway in front of Nano Banana lets through: the provider's rules, checked for free."""

import re

QUALITIES = ("low", "medium", "high", "auto")
SIZE = re.compile(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})", re.ASCII)


def problems(request: dict[str, object]) -> list[str]:
    """Return what is wrong with a request, a sentence each."""
    found = [f"there is no {name}" for name in ("model", "prompt") if name not in request]
    if request.get("model", "gpt-image-2") != "gpt-image-2":
        found.append("the model is gpt-image-2")
    prompt = request.get("prompt", "")
    if not isinstance(prompt, str) or len(prompt) > 2000:
        found.append("the prompt is a text of at most 2,000 characters")
    number = request.get("n", 1)
    if number != 1 or isinstance(number, bool | float):
        found.append("n is 1")
    if request.get("quality", "auto") not in QUALITIES:
        found.append(f"the quality is one of {', '.join(QUALITIES)}")
    return found + size_problems(request.get("size", "auto"))


def size_problems(size: object, *, most_ratio: float = 3.0) -> list[str]:
    """Return what is wrong with a size."""
    if size == "auto":
        return []
    parts = SIZE.fullmatch(size) if isinstance(size, str) else None
    if parts is None:
        return ["the size is auto or WIDTHxHEIGHT"]
    width, height = int(parts[1]), int(parts[2])
    found = []
    if width % 16 or height % 16:
        found.append("width and height are multiples of 16")
    if max(width, height) > 3840:
        found.append("no edge is above 3840 px")
    if max(width, height) > most_ratio * min(width, height):
        found.append(f"the ratio is at most {most_ratio:g}:1")
    if not 655_360 <= width * height <= 8_294_400:
        found.append("there are 655,360 to 8,294,400 pixels")
    return found
