"""What a file's workloads are bought for: its `[purchase]`.

    [purchase]
    images_per_month = 10_000  # of all workloads of the file together
    slo = "p95<60s"            # a ceiling on time to pixels, as --slo takes it
    failure_share = 0.02       # at most 2 % of the requests may bring no usable image
    usd_per_image = 0.05       # at most, for a usable image
    usd_per_month = 400        # at most, for all images of a month

Every key may be left out: what is not asked excludes nobody. A ceiling holds at each workload.
Prices are in US dollars; `[rates]` of harness.toml and `--exchange-rate` say what another unit is
worth. A benchmark takes the same file; it sends the same requests with and without a purchase.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictInt, ValidationError

from harness.core.benchmark import Purchase, Slo, parse_slo
from harness.core.jsonvalue import read_amount
from harness.spec.expressions import Frozen
from harness.spec.toml.lines import key_lines
from harness.spec.workload.mistakes import sentence

TABLE = "purchase"
_MOST_IMAGES = 1_000_000_000


def _slo(given: object) -> Slo:
    slo = parse_slo(given) if isinstance(given, str) else None
    if slo is None:
        raise ValueError("write a ceiling like 'p95<60s' or 'p99<2min'")
    return slo


def _share(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1:
        raise ValueError("write a share from 0 to below 1, like 0.02 for 2 %")
    return float(given)


def _usd(given: object) -> Decimal:
    amount = None if isinstance(given, str) else read_amount(given)
    if not amount:
        raise ValueError("write an amount of US dollars above 0, like 0.05")
    return amount


_Usd = Annotated[Decimal, BeforeValidator(_usd)]


class _Table(Frozen):
    """The table, as it is written."""

    images_per_month: Annotated[StrictInt, Field(ge=1, le=_MOST_IMAGES)] | None = None
    slo: Annotated[Slo, BeforeValidator(_slo)] | None = None
    failure_share: Annotated[float, BeforeValidator(_share)] | None = None
    usd_per_image: _Usd | None = None
    usd_per_month: _Usd | None = None


def read_purchase(table: object, text: str) -> tuple[Purchase | None, list[str]]:
    """Return what a file's table asks, and what is wrong with it, each mistake with its line.

    `text` is the file. None where the table has mistakes, or asks for nothing.
    """
    lines = key_lines(text)
    if not isinstance(table, dict):
        _, line = lines.nearest(TABLE)
        return None, [f"line {line}, {TABLE}: write a table, [{TABLE}]"]
    try:
        asked = _Table.model_validate(table)
        _refuse_month_without_volume(asked)
    except ValidationError as error:
        mistakes = [(_key(found), sentence(found, _Table.model_fields)) for found in error.errors()]
    except ValueError as error:
        mistakes = [("usd_per_month", f"usd_per_month: {error}")]
    else:
        return (Purchase(**dict(asked)) if table else None), []
    return None, [
        f"line {lines.nearest(f'{TABLE}.{key}')[1]}, {TABLE}.{said}" for key, said in mistakes
    ]


def _refuse_month_without_volume(asked: _Table) -> None:
    if asked.usd_per_month is not None and asked.images_per_month is None:
        raise ValueError("a price of a month needs images_per_month beside it")


def _key(error: Any) -> str:  # noqa: ANN401 - pydantic's own error details
    return str(error["loc"][0])
