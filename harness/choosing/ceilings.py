"""Whether a provider keeps the ceilings of a purchase: for certain, certainly not, or unknown."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from harness.choosing.model import Ceiling, RunEvidence, UnitPrice, Word
from harness.choosing.words import amount, price, share, span
from harness.core.benchmark import Purchase, Slo
from harness.stats.benchmark.model import SloWord

NOT_MEASURED = "not measured"

_OF_SLO: dict[SloWord | None, Word] = {"met": "met", "missed": "exceeded", "open": "open"}


def of_offer(
    purchase: Purchase, evidence: Sequence[RunEvidence], usd: UnitPrice | None, lacking: str
) -> tuple[Ceiling, ...]:
    """Return each ceiling that a purchase sets at a workload, with what is known of it.

    `evidence` is what may decide; `lacking` says what is missing where `usd` is unknown.
    """
    return tuple(_of_offer(purchase, evidence, usd, lacking))


def _of_offer(
    purchase: Purchase, evidence: Sequence[RunEvidence], usd: UnitPrice | None, lacking: str
) -> Iterator[Ceiling]:
    if purchase.slo is not None:
        yield _time(purchase.slo, evidence)
    if purchase.failure_share is not None:
        yield _failure(purchase.failure_share, evidence)
    if purchase.usd_per_image is not None:
        yield _money("price", purchase.usd_per_image, usd, lacking)


def of_month(most: Decimal, month: UnitPrice | None, lacking: str) -> Ceiling:
    """Return the ceiling on the price of a month, with what is known of it."""
    return _money("month", most, month, lacking)


def ceiling_text(slo: Slo) -> str:
    """Return a ceiling on time in words: `p95 below 60 s`."""
    return f"{_quantile(slo)} below {slo.seconds:g} s"


def _quantile(slo: Slo) -> str:
    return f"p{slo.quantile * 100:g}"


def _time(slo: Slo, evidence: Sequence[RunEvidence]) -> Ceiling:
    quantile = _quantile(slo)
    word, rows = _word([(_OF_SLO.get(row.slo, "open"), row) for row in evidence])
    why = {
        "met": f"{quantile} certainly below {slo.seconds:g} s{_where(rows)}",
        "exceeded": f"{quantile} certainly above {slo.seconds:g} s{_where(rows)}",
        "open": f"{quantile} ceiling open{_where(rows)}",
        "unknown": f"{quantile} {NOT_MEASURED}",
    }
    return Ceiling(about="time", word=word, why=why[word])


def _failure(most: float, evidence: Sequence[RunEvidence]) -> Ceiling:
    word, rows = _word([(_of_share(most, row), row) for row in evidence])
    seen = "; ".join(dict.fromkeys(f"{span(row.failure)}, n {row.n}" for row in rows))
    why = {
        "met": f"failures certainly at most {share(most)} ({seen})",
        "exceeded": f"failures certainly above {share(most)} ({seen})",
        "open": f"failure ceiling of {share(most)} open ({seen})",
        "unknown": f"failures {NOT_MEASURED}",
    }
    return Ceiling(about="failure", word=word, why=why[word])


def _of_share(most: float, row: RunEvidence) -> Word:
    low, high = row.failure.low, row.failure.high
    if low is None or high is None:
        return "open"
    if high <= most:
        return "met"
    return "exceeded" if low > most else "open"


def _word(said: Sequence[tuple[Word, RunEvidence]]) -> tuple[Word, list[RunEvidence]]:
    """Return what several runs and loads say together, and which of them say so.

    One that is certain outweighs open ones; two that are certain of the contrary leave it open.
    """
    words = {word for word, _ in said}
    if not words:
        return "unknown", []
    certain = words - {"open"}
    word: Word = certain.pop() if len(certain) == 1 else "open"
    return word, [row for each, row in said if each == word or len(words - {"open"}) > 1]


def _where(rows: Sequence[RunEvidence]) -> str:
    """Return how many attempts tell, and where there are several loads or runs, of which."""
    if len(rows) == 1:
        return f" (n {rows[0].n})"
    return f" ({'; '.join(f'{row.run}, {row.stage}: n {row.n}' for row in rows)})"


def _money(
    about: Literal["price", "month"], most: Decimal, known: UnitPrice | None, lacking: str
) -> Ceiling:
    if known is None:
        why = f"price unknown in US dollars: {lacking}"
        return Ceiling(about=about, word="unknown", why=why)
    text = f"{price(known)} for {'a usable image' if about == 'price' else 'a month'}"
    ceiling = f"price ceiling of {amount(most)} usd"
    if known.status != "documented":
        why = f"{ceiling} open: {text}, which is {known.status}"
        return Ceiling(about=about, word="open", why=why)
    if known.high <= most:
        return Ceiling(about=about, word="met", why=text)
    if known.low is not None and known.low > most:
        return Ceiling(about=about, word="exceeded", why=f"{text}, above {amount(most)} usd")
    return Ceiling(about=about, word="open", why=f"{ceiling} open: {text}")
