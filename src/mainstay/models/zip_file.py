"""What a zip inside a model's folder would unpack to, looked at before anybody unpacks it."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from mainstay.models.files import damaged

if TYPE_CHECKING:
    from pathlib import Path

_RATIO = 50  # times its own size; skops stores arrays as they are, and compressed ones shrink to a tenth
_LEAST = 64 * 1024 * 1024  # bytes below which nobody counts


def demand_bounded(content: bytes, path: Path) -> None:
    """Refuse a zip that is none, or that says it unpacks to much more than it is.

    What it says is what `zipfile` reads of it at most.

    Parameters
    ----------
    content : bytes
        The zip.
    path : Path
        What to call it in errors.

    Raises
    ------
    CorruptError
        Saying what is wrong with it.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise damaged(path, f"it can't be read by skops: {error}") from None
    if total > max(_RATIO * len(content), _LEAST):
        raise damaged(path, f"its {len(content)} bytes would unpack to {total}")
