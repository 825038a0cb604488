"""Sentences of documents, word for word: what of their spelling counts, and whether a text has one.

A quote is documentation: it makes no promise, so that no digest of promises covers it.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

QUOTED_AT = {
    "source": "quote",
    "second_source": "second_quote",
    "base_url_source": "base_url_quote",
    "failed_free": "failed_free_quote",
    "states_listed": "states_listed_quote",
}
"""By each key that cites a document, the key beside it that holds what the document says there."""

LONGEST = 300
"""Characters of a quote."""

_FREE = ("constant", "cheapest", "default", "headers", "item", "query")
"""Keys whose tables are the provider's own words, and not of this vocabulary."""
_OF_NAMES = ("arguments", "operations")
"""Keys of tables whose own keys are names."""

_ALIKE = {
    **dict.fromkeys(
        map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"), "-"
    ),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f"), '"'),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff")),
}
"""Signs that are one in print: dashes, quotation marks, and what nobody sees."""


def tables_within(table: Mapping[str, Any], *, of_names: bool = False) -> dict[str, Any]:
    """Return what a table holds but for tables of a provider's own words: `constant`, for one.

    `of_names` tells that its keys are names, which may be any word.
    """
    return {key: value for key, value in table.items() if of_names or key not in _FREE}


def is_of_names(key: str) -> bool:
    """Tell whether the keys of the table under this key are names."""
    return key in _OF_NAMES


def quoted(table: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table quotes, by the key that cites the document; an empty quote is none."""
    found = {cites: table.get(key) for cites, key in QUOTED_AT.items() if cites in table}
    return {cites: words for cites, words in found.items() if isinstance(words, str) and words}


def without_quotes(value: Any, *, of_names: bool = False) -> Any:  # noqa: ANN401 - any part of a TOML
    """Return the tables of a TOML without what they quote: two that promise the same are equal."""
    if isinstance(value, list):
        return [without_quotes(entry) for entry in value]
    if not isinstance(value, Mapping):
        return value
    quotes = {key for cites, key in QUOTED_AT.items() if isinstance(value.get(cites), str)}
    left_out = {key for key in quotes if isinstance(value.get(key), str)}
    inner = tables_within(value, of_names=of_names)
    return {
        key: without_quotes(entry, of_names=is_of_names(key)) if key in inner else entry
        for key, entry in value.items()
        if key not in left_out
    }


def folded(text: str) -> str:
    """Return a text as it is compared: white space is one space, dashes and quotation marks one."""
    return " ".join(unicodedata.normalize("NFC", text.translate(_ALIKE)).split())


def holds(document: str, quote: str) -> bool:
    """Tell whether a folded document has a quote, no number of which is cut."""
    wanted = folded(quote)
    start = document.find(wanted) if wanted else -1
    while start >= 0:
        if not _cuts(document, start) and not _cuts(document, start + len(wanted)):
            return True
        start = document.find(wanted, start + 1)
    return False


def _cuts(document: str, place: int) -> bool:
    around = document[max(0, place - 1) : place + 1]
    return place > 0 and len(around) > 1 and around.isdigit()


def nearest_words(document: str, quote: str) -> str:
    """Return the words of a folded document that agree most with a quote, as many as it has.

    Nothing where less than a third of them are the same.
    """
    wanted, words = folded(quote).split(), document.split()
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words):
        places[word].append(place)
    agreeing = Counter(
        place - at for at, word in enumerate(wanted) for place in places.get(word, ())
    )
    if not agreeing:
        return ""
    start, votes = min(agreeing.items(), key=lambda pair: (-pair[1], pair[0]))
    enough = 3 * votes >= len(wanted)
    return " ".join(words[max(start, 0) : start + len(wanted)]) if enough else ""
