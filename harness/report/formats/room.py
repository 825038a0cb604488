"""How much of a page each part may take, so that a browser opens the page of any run."""

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from markupsafe import Markup

from harness.report.text import count

PAGE_BYTES = 2_900_000
"""What a page may take."""

SHARES = (1.0, 0.6, 0.35)
"""What a page tries, in turn, where its parts together are too large: this much of their room."""

MOST_LISTED = 200
"""How many findings a page names, those of each provider's worst besides."""

FIXED_BYTES = 400_000
"""What is there whatever the run holds: style, script, the first screen, headings, the findings
that are only named."""

TRANSCRIPTS, DETAILS, THUMBNAILS = "transcripts", "details", "thumbnails"

ROOM_BYTES: Mapping[str, int] = MappingProxyType(
    {
        TRANSCRIPTS: 850_000,
        DETAILS: 450_000,
        THUMBNAILS: 350_000,
        "finding": 700_000,
        "curl line": 250_000,
        "promise": 700_000,
        "source line": 200_000,
        "combination": 40_000,
        "table row": 450_000,
        "workload": 60_000,
        "provider": 120_000,
        "note": 60_000,
        "size picture": 250_000,
        "value map": 320_000,
        "picture strip": 150_000,
        "time chart": 160_000,
        "waterfall": 80_000,
        "error timeline": 120_000,
        "price picture": 120_000,
        "latency row": 60_000,
        "error row": 60_000,
        "cost row": 30_000,
        "evidence line": 200_000,
        "discovered answer": 100_000,
        "behaviour": 50_000,
        "observation": 100_000,
        "reason": 150_000,
        "job": 60_000,
        "slice": 100_000,
    }
)
"""What each part of a page may take at most, by what it has many of. Transcripts and details are
chosen within theirs before the page is drawn, small images as it begins."""


class Room:
    """What is left of each part's room while a page is drawn.

    `share` of every part's room is given. A part is closed by the first of its items that does not
    fit, so that what is shown are the first ones.
    """

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self._left = {part: int(room * share) for part, room in ROOM_BYTES.items()}
        self._refused: Counter[str] = Counter()

    def within(self, part: str, caller: Callable[[], str]) -> Markup:
        """Return an item of a part where there is room for it, else nothing; KeyError if unknown.

        `caller` draws it, as markup of ours in which all that is foreign is escaped; it is not
        called once the part is closed.
        """
        left = self._left[part]
        text = "" if self._refused[part] else caller()
        size = len(text.encode("utf-8", "surrogatepass"))
        if self._refused[part] or size > left:
            self._refused[part] += 1
            return Markup()
        self._left[part] = left - size
        return Markup(text)  # noqa: S704 - a template's own, escaped where it was drawn

    def left_out(self, part: str, where: str = "summary.json") -> Markup:
        """Say how many items of a part are not shown, and where they stand; nothing if none is."""
        number = self._refused.pop(part, 0)
        if not number:
            return Markup()
        return Markup(
            '<p class="meta left-out">{} not shown: this page has no room for more.'
            " Look into <code>{}</code>.</p>\n"
        ).format(f"{count(number, f'further {part}')} {'is' if number == 1 else 'are'}", where)
