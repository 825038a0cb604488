"""Drives the package openai; each call says with `at` which base URL it goes to."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import openai
from pydantic import BaseModel, ValidationError

keyed = openai.OpenAI(api_key="key-of-a-client", max_retries=0, timeout=300)


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make one call and read its reply or its stream to the end."""
    client = keyed.with_options(base_url=arguments.pop("at"))
    if name == "responses.stream":
        with client.responses.stream(**arguments) as stream:
            events = [_shown(event) for event in stream]
            return {"events": events, "final": _shown(stream.get_final_response())}
    result = attrgetter(name)(client)(**arguments)
    if isinstance(result, openai.Stream):
        return {"events": [_shown(event) for event in result]}
    return {"reply": _shown(result)}


def _shown(model: BaseModel) -> dict[str, Any]:
    """Show what the client parsed; `wrong` says where that breaks the client's own types.

    The client itself lets anything through, and leaves the discovery to its user.
    """
    value = model.model_dump(mode="json", warnings=False, exclude_unset=True)
    return {
        "kind": type(model).__name__,
        "value": value,
        "wrong": _wrong(model, value),
        "unknown": sorted(model.model_extra or {}),
        "request_id": getattr(model, "_request_id", None),
    }


def _wrong(model: BaseModel, value: dict[str, Any]) -> list[str]:
    try:
        type(model).model_validate(value)
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return []
