"""What was cut out of addresses that requests under way still need, for a run that goes on.

A reply that is paid for may name its image by a signed address. The journal holds it without the
signature, so a process that takes over after a crash could not fetch the image. Until the request
has ended, what was cut stands in a file of the run folder that its owner alone can read; it is on
the disk before the journal's line, no report and no recording reads it, and it is removed with the
last request that needs it.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from harness.core.errors import StoreError
from harness.core.exchange import Exchange
from harness.store.folder import RunFolder
from harness.store.line import Ended, Exchanged, JournalLine, Skipped

Values = Callable[[Exchange], Mapping[str, str]]
"""Returns what the tags of an exchange's reply stand for."""


class CutAddresses:
    """Keeps the file beside the journal; without `values` there is nothing to keep."""

    def __init__(self, folder: RunFolder, values: Values = lambda _exchange: {}) -> None:
        self._folder, self._values = folder, values
        self._needed = {place: dict(values) for place, values in folder.cut_addresses().items()}

    def before(self, lines: Iterable[JournalLine]) -> None:
        """Keep what these lines are about to name without its signature.

        The lines are worth more than this file: where the disk does not take it, they still follow.
        """
        changed = False
        for line in lines:
            if isinstance(line, Exchanged) and (values := self._values(line.exchange)):
                self._needed.setdefault((line.provider, line.case), {}).update(values)
                changed = True
        self._write(changed=changed)

    def after(self, lines: Iterable[JournalLine]) -> None:
        """Forget what no request needs any more."""
        ended = [
            self._needed.pop((line.provider, line.case), None)
            for line in lines
            if isinstance(line, Ended | Skipped)
        ]
        self._write(changed=any(ended))

    def _write(self, *, changed: bool) -> None:
        if changed:
            with suppress(StoreError):
                self._folder.keep_cut_addresses(self._needed)
