"""How a provider's key travels, and what a request without one meets."""

from typing import Annotated

from pydantic import StringConstraints

from harness.spec.expressions import Pattern, Sourced
from harness.spec.rules.presence import KeyRule


class Auth(Sourced):
    """How a key travels: `header: prefix + key`, or as the value of `query` in the address.

    The key comes from the environment only.

    `note` names other ways in which it may travel, which the harness does not use. Documents that
    show the key in their requests promise that it is `required`, unless that says otherwise.
    """

    header: str = ""
    """The header that carries the key: `header = "Authorization"`."""
    query: str = ""
    """The name in the query that carries the key, in place of a header: `query = "key"`."""
    prefix: str = ""
    """What stands before the key, with its space: `prefix = "Bearer "`."""
    env: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
    """The NAME of the environment variable that holds the key; the key itself is written nowhere:
    `env = "ACME_API_KEY"`."""
    key_shape: Pattern = ""
    """A regular expression that this provider's keys match, to find leaked ones:
    `key_shape = 'ak-[0-9a-f]{32}'`."""
    required: KeyRule | None = None
    """That a request without a valid key is refused; judged before anything is paid for."""
