"""The fixture `provider_cassette`: recordings with real images, for a user's own vcrpy."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.runner.exported import export_cassette


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteWriter:
    """Writes cassettes into folders of the test session."""

    folders: pytest.TempPathFactory

    def __call__(
        self,
        provider: str,
        operation: str | None = None,
        *,
        conversations: int | None = 1,
        base_url: str | None = None,
        cassettes: Path | str | None = None,
    ) -> str:
        """Write a cassette and return its path, a text as `vcr.use_cassette` takes it.

        The arguments are those of `harness.api.export_cassette`; one that cannot be written fails
        the test with a line.
        """
        folder = self.folders.mktemp("cassette-", numbered=True)
        try:
            written = export_cassette(
                provider,
                folder / "recording.yaml",
                operation=operation,
                conversations=conversations,
                base_url=base_url,
                cassettes=cassettes,
            )
        except HarnessError as error:
            # from None, or pytest would show the error twice
            raise pytest.fail.Exception(f"provider_cassette: {error}", pytrace=False) from None
        return str(written.path)
