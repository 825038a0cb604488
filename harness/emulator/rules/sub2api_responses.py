"""What sub2api accepts in POST /v1/responses, with and without the tool image_generation.

Source: the seed document, section Endpoints, "image_generation tool with a text/agent model"; the
tool's options from the schema of OpenAI, their limits as for generation. `action`, `tool_choice`,
`input_image_mask` and keys that no document names are not judged.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from . import sub2api
from .openai_errors import invalid_value_error, missing_parameter, user_error, wrong_kind_error
from .switches import AS_WRITTEN, Refusal, RuleSwitches

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOL = "image_generation"
OPTIONS = (
    "size", "quality", "output_format", "output_compression", "background", "moderation",
    "partial_images",
)  # fmt: skip
# A recording has partial_images: 0 without stream, and OpenAI's own default of output_compression
# goes with png.
UNSAID = frozenset({"output_compression.only_with", "partial_images.only_with"})


def check_sub2api_response(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None."""
    if not isinstance(body, dict):
        return sub2api.UNREADABLE
    relaxed = dataclasses.replace(switches, ignored=switches.ignored | UNSAID)
    outer = {key: body.get(key) for key in ("stream", "user")}
    return (
        _model(body, switches)
        or _input(body, switches)
        or _tools(body)
        or _tool(body, relaxed)
        or sub2api.check_options(outer, relaxed)
    )


def tool_of(body: Mapping[str, object]) -> tuple[int, Mapping[str, object]] | None:
    """Return the image generation tool and its place among the tools, None where there is none."""
    tools = body.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else []):
        if isinstance(tool, dict) and tool.get("type") == TOOL:
            return index, tool
    return None


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None or model == "":
        return (
            missing_parameter("model.required", "model")
            if switches.holds("model.required")
            else None
        )
    if not switches.holds("model.one_of"):
        return None
    if not isinstance(model, str):
        return wrong_kind_error("model.one_of", "model", "a string", model)
    if model.startswith(("gpt-image-", "dall-e-")):
        reason = f"'{model}' is an image model. The Responses API requires a text model."
        return invalid_value_error("model.one_of", "model", "invalid_value", reason)
    return None


def _input(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    said = body.get("input")
    if said is None or said in ("", []):
        return (
            missing_parameter("prompt.required", "input")
            if switches.holds("prompt.required")
            else None
        )
    if isinstance(said, str) or not switches.holds("prompt.format"):
        return None
    if not isinstance(said, list):
        return wrong_kind_error("prompt.format", "input", "a string or an array", said)
    for index, item in enumerate(said):
        if not isinstance(item, dict):
            return wrong_kind_error("prompt.format", f"input[{index}]", "an object", item)
    return None


def _tools(body: Mapping[str, object]) -> Refusal | None:
    tools = body.get("tools")
    if tools is None or isinstance(tools, list):
        return None
    return wrong_kind_error("tools.format", "tools", "an array", tools)


def _tool(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    found = tool_of(body)
    if found is None:
        return None
    index, tool = found
    place = f"tools[{index}]"
    refusal = sub2api.check_options({key: tool.get(key) for key in OPTIONS}, switches)
    if refusal is not None:
        key = refusal.parameter
        message = refusal.message.replace(f"'{key}'", f"'{place}.{key}'")
        return dataclasses.replace(refusal, parameter=f"{place}.{key}", message=message)
    if tool.get("input_fidelity") is not None and switches.holds("input_fidelity.absent"):
        return user_error(
            "input_fidelity.absent",
            f"{place}.input_fidelity",
            "The parameter 'input_fidelity' is not supported for this model.",
            "invalid_input_fidelity_model",
        )
    return None
