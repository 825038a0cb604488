"""Drives the package litellm; addresses are among the arguments of each call."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import litellm
import openai

KEY = "key-of-a-client"
litellm.telemetry = False
litellm.num_retries = 0


class Once(openai.OpenAI):  # type: ignore[misc] # not installed where the types are checked
    """A client of openai that nobody can tell to retry."""

    @property
    def max_retries(self) -> int:
        """Zero."""
        return 0

    @max_retries.setter
    def max_retries(self, _: int) -> None:
        """Take no other number: litellm sets two here, whatever it was asked for."""


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make one call without retries; with `by_itself` as far as litellm's own options go."""
    by_itself = arguments.pop("by_itself", False)
    if name == "image_generation" and arguments["model"].startswith("openai/") and not by_itself:
        arguments["client"] = Once(api_key=KEY, base_url=arguments["api_base"])
    result = attrgetter(name)(litellm)(
        api_key=KEY, max_retries=0, num_retries=0, timeout=300, **arguments
    )
    value = result.model_dump(mode="json", warnings=False)
    return {"reply": {"kind": type(result).__name__, "value": value}}
