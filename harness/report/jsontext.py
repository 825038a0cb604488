"""JSON that every reader can parse."""

import json
import math

from harness.core.jsontype import Json


def finite(value: Json) -> Json:
    """Replace what JSON cannot spell (infinities, not-a-number) by null."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case list():
            return [finite(item) for item in value]
        case dict():
            return {key: finite(item) for key, item in value.items()}
        case _:
            return value


def dumped(value: Json) -> str:
    """Return JSON text, indented, with a lone surrogate spelled as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
