"""The file of a recording as a value, in which its list of interactions is read one by one."""

from collections.abc import Callable, Iterator


class StreamedList:
    """A list of a file: each iteration reads it again, and holds one entry at a time."""

    def __init__(self, read: Callable[[], Iterator[object]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[object]:
        """Yield the entries in the file's order. Raises ValueError where the file is damaged."""
        return self._read()
