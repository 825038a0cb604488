"""Writes the journal off the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from harness.store.folder import RunFolder
from harness.store.line import JournalLine


class Journal:
    """Writes lines in order on one thread, so that no disk delays the event loop's clock."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def append(self, line: JournalLine) -> None:
        """Write a line; when this returns, a crash of ours cannot lose it.

        A line that was begun is written even where the waiting for it is cancelled.
        """
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._pool, self.folder.append, line)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            writing.add_done_callback(asyncio.Future.exception)  # nobody is left to hear of it
            raise

    def close(self) -> None:
        """Wait for the last line and close the files."""
        self._pool.shutdown(wait=True)
        self.folder.close()
