"""JSON that every reader can parse."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

from harness.core.benchmark import Design, Slo, Watched
from harness.core.case import Price
from harness.core.jsonvalue import Json
from harness.core.plain import price_json
from harness.stats.benchmark.model import Attempt, Reliability, Speed, Spend
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.streams import Streams
from harness.stats.curves import CurveStep

_NAMES: dict[type, dict[str, str]] = {
    Completion: {
        "provider": "",
        "operation": "",  # they stand around it
        "widest_gap_s": "widest_gap",
        "delivered": "webhook",
    },
    # They stand beside it.
    Design: {"fits": "", "reference": "", "exchange_rates": "", "purchase": ""},
    Attempt: {"seconds": "observed_s", "phases": "phases_s", "bounded": ""},
    Slo: {"seconds": "ceiling_s"},
    Streams: {"provider": "", "operation": ""},
    Watched: {"seconds": "duration_s"},
}
"""The fields that have another name in JSON than in the code, or (with "") none."""

LEFT_OUT: dict[type, tuple[str, ...]] = {
    Price: ("at_most",),
    Spend: ("at_most",),
    CurveStep: ("low", "high"),
    Attempt: ("vantage",),
    Speed: ("given_up_s", "vantage"),
    Reliability: ("vantage",),
    Watched: ("waits",),
}
"""What JSON has only where it is true, or where there is one."""


def json_names(kind: type) -> dict[str, str]:
    """Return the name in JSON of each field of a dataclass that JSON has, in order.

    A property `n`, of how many the figures are, stands before the fields.
    """
    names = {field.name: field.name for field in fields(kind)}
    if isinstance(getattr(kind, "n", None), property):
        names = {"n": "n", **names}
    return {field: name for field, name in (names | _NAMES.get(kind, {})).items() if name}


def json_safe(value: object) -> Json:
    """Return a value as JSON, a dataclass as an object whose keys are its fields' names.

    Amounts become numbers, days ISO 8601, tuples lists, infinities and not-a-number null.
    TypeError for what is none of these.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case Price():
            return price_json(value)
        case Sequence() if not isinstance(value, bytes | bytearray):
            return [json_safe(entry) for entry in value]
        case Mapping():
            return {str(key): json_safe(entry) for key, entry in value.items()}
        case date():
            return value.isoformat()
        case _ if is_dataclass(value):
            names = json_names(type(value))
            written = {name: json_safe(getattr(value, field)) for field, name in names.items()}
            optional = LEFT_OUT.get(type(value), ())
            left_out = [name for name in optional if _nothing(written[name])]
            return {name: each for name, each in written.items() if name not in left_out}
        case _:
            raise TypeError(f"JSON has no word for {type(value).__name__}")


def _nothing(value: Json) -> bool:
    """Tell what is not there from a number that happens to be 0."""
    return value is None or value is False or value in ([], "")


def json_parts(value: object, within: str = "") -> Iterator[str]:
    """Yield the JSON text of any value in parts: rows of a sequence that is no tuple one by one.

    All parts together are what `json_text` returns of what `json_safe` does; `within` is the
    indentation of the line that it goes on with.
    """
    yield from _parts(value, within)
    if not within:
        yield "\n"


def _parts(value: object, within: str) -> Iterator[str]:
    deeper = within + _INDENT
    if isinstance(value, Mapping) and value:
        before = "{\n"
        for name, each in value.items():
            yield f"{before}{deeper}{_dumped(str(name), deeper)}: "
            yield from _parts(each, deeper)
            before = ",\n"
        yield f"\n{within}}}"
    elif isinstance(value, Sequence) and not isinstance(value, str | list | tuple) and value:
        before = "[\n"
        for each in value:
            yield f"{before}{deeper}{_dumped(json_safe(each), deeper)}"
            before = ",\n"
        yield f"\n{within}]"
    else:
        yield _dumped(json_safe(value), within)


_INDENT = "  "


def _dumped(value: Json, within: str) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    if within:
        text = text.replace("\n", f"\n{within}")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_text(value: Json) -> str:
    """Return JSON text, indented, with a lone surrogate spelled as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
