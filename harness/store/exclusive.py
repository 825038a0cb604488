"""A file that one process at a time holds; the system lets go when that process ends."""

import os
import sys

if sys.platform == "win32":
    import msvcrt

    FAR_BYTE = 0x3FFFFFFF
    """The byte that is locked: others cannot read it, so it is one that no file of ours reaches."""

    def hold(descriptor: int) -> None:
        """Lock an open file; BlockingIOError where another process holds it."""
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, FAR_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from None
        finally:
            os.lseek(descriptor, place, os.SEEK_SET)

else:
    import fcntl

    def hold(descriptor: int) -> None:
        """Lock an open file; BlockingIOError where another process holds it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
