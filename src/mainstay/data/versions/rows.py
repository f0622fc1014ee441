"""Rows that are in no file (a database, an address, a table in memory), written once so that they can be had again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from polars.io.plugins import register_io_source

from mainstay.errors import DataError
from mainstay.state import sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from mainstay.data.source import Opened


def write_rows(opened: Opened, folder: Path, fingerprint: str, most: int) -> Path | None:
    """Write the rows of a source to ``folder/<fingerprint>.parquet``, batch by batch, whole or not at all.

    Parameters
    ----------
    opened : Opened
        The source, as it was read.
    folder : Path
        Made where it isn't there.
    fingerprint : str
        Of its rows; the first 16 of its digits are the name, so that the same rows are written once.
    most : int
        Bytes in memory, all rows together, above which nothing is written.

    Returns
    -------
    Path or None
        The file; None where there are too many rows.

    Raises
    ------
    DataError
        Where the folder can't be written.

    """
    target = folder / f"{fingerprint[:16]}.parquet"
    if target.exists():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".rows.", dir=folder) as half:
            file = Path(half) / target.name
            seen = _Counted(opened, most)
            register_io_source(seen.batches, schema=opened.schema).sink_parquet(file)
            if seen.bytes > most:
                return None
            file.chmod(0o644)
            sync_file(file)
            file.replace(target)
            sync_folder(folder)
    except OSError as error:
        raise DataError(
            f"The rows can't be written to {target}: {error.strerror or error}.",
            "Check the folder and its permissions, or set [data] keep = false.",
        ) from None
    return target


class _Counted:
    """The batches of a source, until they are too many."""

    def __init__(self, opened: Opened, most: int) -> None:
        self.opened = opened
        self.most = most
        self.bytes = 0

    def batches(
        self, columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        for batch in self.opened.batches(columns):
            self.bytes += int(batch.estimated_size())
            if self.bytes > self.most:
                return
            wanted = batch if predicate is None else batch.filter(predicate)
            yield wanted if rows is None else wanted.head(rows)
