"""What sub2api accepts in POST /v1/responses, with and without the tool image_generation.

Source: the seed document, section Endpoints, "image_generation tool with a text/agent model"; the
tool's options from the schema of OpenAI, their limits as for generation. `action`, `tool_choice`,
`input_image_mask` and keys that no document names are not judged.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from . import sub2api
from .sub2api_edits import fidelity
from .switches import AS_WRITTEN, Refusal, RuleSwitches
from .wording import invalid_value_error, missing_parameter, wrong_kind_error

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOL = "image_generation"
OPTIONS = (
    "size", "quality", "output_format", "output_compression", "background", "moderation",
    "partial_images",
)  # fmt: skip
# A recording has partial_images: 0 without stream, and OpenAI's own default of output_compression
# goes with png.
UNSPECIFIED = frozenset({"output_compression.only_with", "partial_images.only_with"})


def check_sub2api_response(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None."""
    if not isinstance(body, dict):
        return sub2api.UNREADABLE
    relaxed = dataclasses.replace(switches, ignored=switches.ignored | UNSPECIFIED)
    outer = {key: body.get(key) for key in ("stream", "user")}
    return (
        _model(body, switches)
        or _input(body, switches)
        or _tools(body)
        or _tool(body, relaxed)
        or sub2api.check_options(outer, relaxed)
    )


def tool_of(body: Mapping[str, object]) -> tuple[int, Mapping[str, object]] | None:
    """Return the index of the image generation tool and the tool, None where there is none."""
    tools = body.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else []):
        if isinstance(tool, dict) and tool.get("type") == TOOL:
            return index, tool
    return None


def _model(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    model = body.get("model")
    if model is None or model == "":
        holds = switches.holds("model.required")
        return missing_parameter("model.required", "model") if holds else None
    if not switches.holds("model.one_of"):
        return None
    if not isinstance(model, str):
        return wrong_kind_error("model.one_of", "model", "a string", model)
    if model.startswith(("gpt-image-", "dall-e-")):
        reason = f"'{model}' is an image model. The Responses API requires a text model."
        return invalid_value_error("model.one_of", "model", "invalid_value", reason)
    return None


def _input(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    messages = body.get("input")
    if messages is None or messages in ("", []):
        holds = switches.holds("prompt.required")
        return missing_parameter("prompt.required", "input") if holds else None
    if isinstance(messages, str) or not switches.holds("prompt.format"):
        return None
    if not isinstance(messages, list):
        return wrong_kind_error("prompt.format", "input", "a string or an array", messages)
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            return wrong_kind_error("prompt.format", f"input[{index}]", "an object", message)
    return None


def _tools(body: Mapping[str, object]) -> Refusal | None:
    tools = body.get("tools")
    if tools is None or isinstance(tools, list):
        return None
    return wrong_kind_error("tools.format", "tools", "an array", tools)


def _tool(body: Mapping[str, object], switches: RuleSwitches) -> Refusal | None:
    index, tool = tool_of(body) or (0, {})
    refusal = sub2api.check_options({name: tool.get(name) for name in OPTIONS}, switches)
    if refusal is None:
        return fidelity(tool, switches, f"tools[{index}].input_fidelity")
    path = f"tools[{index}].{refusal.parameter}"
    message = refusal.message.replace(f"'{refusal.parameter}'", f"'{path}'")
    return dataclasses.replace(refusal, parameter=path, message=message)
