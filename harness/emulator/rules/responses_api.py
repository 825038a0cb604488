"""What POST /v1/responses refuses, with and without the tool image_generation.

Source: the tool's options from the schema of OpenAI, their limits as for generation. `action`,
`tool_choice`, `input_image_mask` and keys that no document names are not judged.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .wording import invalid_value_error, missing_parameter, wrong_kind_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .switches import Refusal, RuleSwitches

    CheckOptions = Callable[[Mapping[str, object], RuleSwitches], Refusal | None]

TOOL = "image_generation"
OPTIONS = (
    "size", "quality", "output_format", "output_compression", "background", "moderation",
    "partial_images",
)  # fmt: skip


def check_response(
    body: Mapping[str, object], switches: RuleSwitches, options: CheckOptions
) -> Refusal | None:
    """Return why a request body is refused, or None; `options` checks the tool's and the outer."""
    outer = {key: body.get(key) for key in ("stream", "user")}
    return (
        _model(body, switches)
        or _input(body, switches)
        or _tools(body)
        or _tool(body, switches, options)
        or options(outer, switches)
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


def _tool(
    body: Mapping[str, object], switches: RuleSwitches, options: CheckOptions
) -> Refusal | None:
    index, tool = tool_of(body) or (0, {})
    refusal = options({name: tool.get(name) for name in OPTIONS}, switches)
    if refusal is None:
        return None
    path = f"tools[{index}].{refusal.parameter}"
    message = refusal.message.replace(f"'{refusal.parameter}'", f"'{path}'")
    return dataclasses.replace(refusal, parameter=path, message=message)
