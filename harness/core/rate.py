"""What a provider's own unit is worth, as the user knows it."""

from dataclasses import dataclass

from harness.core.jsonvalue import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one `unit` of a provider costs in US dollars, and who says so (a file and its line).

    Without a `unit` it is the one of the provider's price list.
    """

    usd: Amount
    unit: str = ""
    source: str = ""
