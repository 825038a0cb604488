"""What sub2api accepts in POST /v1/responses.

Source: the seed document, section Endpoints, "image_generation tool with a text/agent model".
"""

from __future__ import annotations

import dataclasses

from . import sub2api
from .edits_api import fidelity
from .responses_api import check_response, tool_of
from .switches import AS_WRITTEN, Refusal, RuleSwitches

# A recording has partial_images: 0 without stream, and OpenAI's own default of output_compression
# goes with png.
UNSPECIFIED = frozenset({"output_compression.only_with", "partial_images.only_with"})


def check_sub2api_response(body: object, switches: RuleSwitches = AS_WRITTEN) -> Refusal | None:
    """Return why a request body is refused, or None."""
    if not isinstance(body, dict):
        return sub2api.UNREADABLE
    relaxed = dataclasses.replace(switches, ignored=switches.ignored | UNSPECIFIED)
    index, tool = tool_of(body) or (0, {})
    return check_response(body, relaxed, sub2api.check_options) or fidelity(
        tool, switches, f"tools[{index}].input_fidelity"
    )
