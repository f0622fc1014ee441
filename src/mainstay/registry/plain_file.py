"""Reading a file that may be anything: a pipe that never ends, a link that leads away, more than memory holds."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_plain(path: Path, most: int) -> bytes:
    """Read a plain file of at most so many bytes; nothing else is opened, and nothing is waited for.

    Parameters
    ----------
    path : Path
        The file; a link is not followed.
    most : int
        Bytes it may have. They are counted as they are read, whatever the file says of itself.

    Raises
    ------
    OSError
        Where it isn't there, can't be read, is no plain file, or is larger.

    """
    # Without O_NONBLOCK the opening of a pipe that nobody writes to never returns.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no plain file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"{path.name} has more than {most} bytes")
    return content
