"""What is kept back of a small limit, so that a suspicion can be confirmed and made smaller."""

from decimal import Decimal

_PLAIN_REQUESTS = 2
"""One plain request confirms a suspicion at its cheapest, another one makes it smaller."""

_SHARE = 3
"""Never more than this part of a limit: what is not tried cannot be suspected."""


def least_reserve(limit: Decimal, plain: Decimal) -> Decimal:
    """Return what follow-ups need of a limit, of which a plain request takes `plain`.

    Whole plain requests: two from six on, one from three on, none where the limit is less.
    """
    if plain <= 0:
        return Decimal(0)
    return plain * min(_PLAIN_REQUESTS, int(limit / (_SHARE * plain)))
