"""Which deviations are known: by a file that is named, or by the copy that a run folder keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.checks.check import CHECKS
from harness.core.errors import StoreError
from harness.known.file import known_in, known_text, shown, written_known
from harness.known.model import KnownDeviation, Place
from harness.spec.catalogue import Catalogue
from harness.store.disk import write_whole
from harness.store.line import KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """Known deviations, and the text that a run folder keeps of them; empty where there is none."""

    entries: tuple[KnownDeviation, ...] = ()
    text: str = ""

    @property
    def kept(self) -> dict[str, str]:
        """The text by its name in a run folder."""
        return {KNOWN: self.text} if self.text else {}

    def write(self, folder: Path) -> None:
        """Keep the text in a folder; StoreError where it cannot be written."""
        for name, text in self.kept.items():
            try:
                write_whole(folder / name, text.encode())
            except OSError as error:
                reason = error.strerror or str(error)
                raise StoreError(f"{folder / name}: cannot be written: {reason}") from error


def known_of(
    file: str | Path | None, kept: Iterable[str | None], catalogue: Catalogue
) -> KnownFile:
    """Return the known deviations of a file or, without one, those that run folders keep.

    The names in a file have to be those of something in the catalogue; those of a copy once were.
    Raises UsageError for a file that cannot be read, ConfigError with every mistake in it.
    """
    if file is not None:
        text = known_text(Path(file))
        providers = {**catalogue.providers, **dict.fromkeys(catalogue.broken)}
        entries = known_in(text, shown(Path(file)), providers=providers, checks=tuple(CHECKS))
        return KnownFile(entries=entries, text=text or "\n")
    texts = [text for text in kept if text]
    found: dict[Place, KnownDeviation] = {}
    for text in texts:
        for entry in known_in(text, f"{KNOWN} of the run folder"):
            found.setdefault(entry.place, entry)
    entries = tuple(found.values())
    return KnownFile(entries=entries, text=texts[0] if len(texts) == 1 else written_known(entries))
