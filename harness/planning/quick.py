"""The few rows of a quick plan: each asks for much whose images can be measured.

A reply's images are compared with the size, format, number and quality that were asked for. So the
first row asks for several images, upright, in another format than the plain request; the second is
wide, in a third format and of high quality. Whatever else documents allow is tried beside it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from harness.cases.boundaries import plain_case
from harness.cases.build import Builder
from harness.cases.covering import RowBudget, Rows, RowSearch
from harness.cases.packed import PackedLevel, PackedRows, packed_rows
from harness.core.case import Case
from harness.core.jsonvalue import Json
from harness.planning.plan import KEPT_BACK, Allowance, Limits, planned_request
from harness.spec.rules import edges

Name = TypeVar("Name", bound=str)

MOST_IMAGES = 8
MOST_REQUESTS = 40
"""What a quick run takes at a provider: images, and submissions."""

KEPT_BACK_IMAGES = 3
"""How many of the images, of few half, are kept to ask again for what looks wrong."""

KEPT_BACK_REQUESTS = Decimal("0.25")
"""The share of the submissions that is kept for it."""

USUAL_FORMAT = "png"
"""What a provider sends if nothing is asked for, as far as is known: it is asked for last."""

LEAST_ROWS = 3
"""How many images there are for rows before a second operation is planned."""


def quick_limits(limits: Limits) -> Limits:
    """Return the limits of a quick run: these, where they are tighter."""
    return replace(limits.within(images=MOST_IMAGES, requests=MOST_REQUESTS), quick=True)


def quick_operations(operations: list[Name], limits: Limits) -> list[Name]:
    """Return the operations that a quick plan has images for, the first one at least."""
    return operations[: max(_images(limits) - LEAST_ROWS, 1)]


def quick_share(limits: Limits, operations: int) -> Allowance:
    """Return what may be planned for one of so many operations."""
    requests = MOST_REQUESTS if limits.requests is None else limits.requests
    return Allowance(requests=int(requests * (1 - KEPT_BACK_REQUESTS)) // operations)


def is_small(limits: Limits) -> bool:
    """Tell whether so few images may be made that only the rows of a quick plan teach enough."""
    return limits.quick or (limits.images is not None and limits.images <= MOST_IMAGES)


def _images(limits: Limits) -> int:
    """Return how many images may be planned."""
    most = MOST_IMAGES if limits.images is None else limits.images
    share = 2 if limits.quick else 3  # of a plain limit, every operation's plain request is part
    return most - min(KEPT_BACK_IMAGES, most // share)


def quick_rows(builders: Sequence[Builder], limits: Limits, *, seed: int) -> dict[str, Rows]:
    """Return the rows of each operation, by its name: the first operation's, then the next one's.

    Each is bought if what may be planned still pays for it.
    """
    plain = [planned_request(each.provider, plain_case(each)).price for each in builders]
    images = _images(limits) - sum(cost.images for cost in plain)
    amount = None
    if limits.amount is not None:
        spare = sum((cost.amount for cost in plain), Decimal(0))
        amount = limits.amount * (1 - KEPT_BACK) - spare
    rows = {}
    for builder in builders:
        search = RowSearch(builder, seed=seed)
        search.limit(RowBudget(images=images, amount=amount))
        several, wide, single = _wanted(packed_rows(builder))
        first, alone = builder is builders[0], len(builders) == 1
        for wanted in (several, wide)[: 2 * first] + (single,)[: not first or alone]:
            search.add(wanted)
        images -= search.spent.images
        amount = None if amount is None else amount - search.spent.amount
        rows[builder.name] = search.rows()
    return rows


def quick_cases(builder: Builder, cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the cases without what may cost more images than a quick run has to spare.

    That are the repetition under the plain request's key, and refusals that put many at risk.
    """
    for case in cases:
        kept = tuple(follow_up for follow_up in case.follow_ups if follow_up != "same_key")
        quick = replace(case, follow_ups=kept)
        if planned_request(builder.provider, quick).at_risk.images < KEPT_BACK_IMAGES:
            yield quick


_Wanted = list[list[PackedLevel]]
"""Of each argument the levels that a row may ask for, the best one first."""


def _wanted(packed: PackedRows) -> tuple[_Wanted, _Wanted, _Wanted]:
    """Return what a row asks for that has several images, a wide one and a single upright one."""
    upright, wide = _of_shape(packed, upright=True), _of_shape(packed, upright=False)
    formats, qualities = _others(packed, "output_format"), _others(packed, "quality")[::-1]
    one_image = [*packed.levels.get("n", ())[:1]]
    return (
        [_several(packed), *upright, formats, qualities[1:] + qualities[:1]],
        [one_image, *wide, formats[1:2] + formats, qualities],
        [one_image, *upright, formats, qualities],
    )


def _several(packed: PackedRows) -> list[PackedLevel]:
    """Return the ways to ask for several images, the fewest first."""
    numbers = [
        (number, packed_level)
        for packed_level in packed.levels.get("n", ())
        if isinstance(number := _value(packed_level), int) and number > 1
    ]
    return [level for _, level in sorted(numbers, key=lambda pair: pair[0])]


def _of_shape(packed: PackedRows, *, upright: bool) -> list[list[PackedLevel]]:
    """Return for each argument that says a shape the levels of this one, the cheapest first."""
    found = []
    for levels in packed.levels.values():
        shaped = [level for level in levels if _is_upright(_value(level)) is upright]
        shaped.sort(
            key=lambda level: (packed.price(packed.draft([level]).bits).amount, _area(level))
        )
        if shaped:
            found.append(shaped)
    return found


def _is_upright(value: Json) -> bool | None:
    """Tell whether a size or a ratio is higher than wide; None for a square and anything else."""
    shape = edges(value.replace(":", "x")) if isinstance(value, str) else None
    return None if shape is None or shape[0] == shape[1] else shape[0] < shape[1]


def _area(level: PackedLevel) -> int:
    shape = edges(_value(level))
    return shape[0] * shape[1] if shape else 0


def _others(packed: PackedRows, name: str) -> list[PackedLevel]:
    """Return the levels of an argument that ask for something else than the plain request does."""
    table = packed.table
    plain = ["auto", None, table.base.get(name, table.builder.operation.default(name))]
    others = [level for level in packed.levels.get(name, ()) if _value(level) not in plain]
    return sorted(others, key=lambda level: _value(level) == USUAL_FORMAT)


def _value(packed: PackedLevel) -> Json:
    text = packed.level.text
    value: Json = json.loads(text) if text else None
    return value
