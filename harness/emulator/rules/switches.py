"""Which rules of a provider hold, and what a refusal consists of."""

from __future__ import annotations

from dataclasses import dataclass

# The word that a loosened list of words accepts: the one that follows in OpenAI's own list, and the
# next step of a series. Other lists have no next word.
NEXT_WORD = {"background.one_of": "transparent", "resolution.one_of": "8K"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a provider refuses a request.

    `rule` is the id of the broken rule. `parameter` is the provider's own name of the offending
    parameter, None where the request as a whole is wrong. `kind` is what OpenAI calls the error's
    type. Providers without a code, a kind or a status of their own leave those at their defaults.
    """

    rule: str
    parameter: str | None
    message: str
    status: int = 400
    code: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSwitches:
    """Which rules are off, refuse their own boundary value, or accept one value more.

    `tightened` holds ids of rules, with `:min` appended for the lower end of a range. A rule in
    `loosened` accepts the nearest value outside, at both ends where it has two, and nothing beyond.
    `RuleSwitches()` is the documents as written. A rule both ignored and tightened is ignored.
    """

    ignored: frozenset[str] = frozenset()
    tightened: frozenset[str] = frozenset()
    loosened: frozenset[str] = frozenset()

    def holds(self, rule: str) -> bool:
        """Whether the rule is enforced at all."""
        return rule not in self.ignored

    def tight(self, rule: str) -> bool:
        """Whether the rule refuses the value that the documents name as the last allowed one."""
        return rule in self.tightened

    def loose(self, rule: str) -> bool:
        """Whether the rule accepts the nearest forbidden value."""
        return rule in self.loosened

    def longest(self, rule: str, documented: int) -> int:
        """Return the greatest length that the rule allows where it holds."""
        return documented - self.tight(rule) + self.loose(rule)

    def admits(self, rule: str, value: object, allowed: tuple[str, ...]) -> bool:
        """Whether a closed list of words accepts `value`; tightened, it refuses its last word."""
        if not self.holds(rule) or (self.loose(rule) and value == NEXT_WORD.get(rule)):
            return True
        if not isinstance(value, str) or value not in allowed:
            return False
        return not (self.tight(rule) and value == allowed[-1])

    def spans(self, rule: str, value: int, low: int, high: int) -> bool:
        """Whether `low <= value <= high` where the rule holds.

        Tightened, it refuses `high`, and `low` where `:min` is tightened; a range of a single value
        has no boundary to refuse.
        """
        if not self.holds(rule) or (self.loose(rule) and value in (low - 1, high + 1)):
            return True
        if low < high:
            low, high = low + self.tight(f"{rule}:min"), high - self.tight(rule)
        return low <= value <= high


AS_WRITTEN = RuleSwitches()
