"""Values and bounds of a JSON Schema as a TOML can hold them."""

import math

from harness.core.jsonvalue import Json
from harness.core.tomltext import can_be_written
from harness.spec.importing.shapes import Shape


def fits_type(kind: str, value: Json) -> bool:
    """Tell whether a value is of an argument's type, and one that a TOML can hold."""
    if not can_be_written(value):
        return False
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return False


def whole(shape: Shape, keyword: str, *, up: bool) -> int | None:
    """Return a bound of whole numbers, the exclusive one beside it worked in."""
    toward = math.ceil if up else math.floor
    exclusive = keyword.replace("m", "exclusiveM", 1)
    bounds = [] if (number := shape.number(keyword)) is None else [toward(number)]
    if (beyond := shape.number(exclusive)) is not None:
        bounds.append(math.floor(beyond) + 1 if up else math.ceil(beyond) - 1)
    return (max if up else min)(bounds) if bounds else None
