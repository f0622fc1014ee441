"""Files of rows: csv, parquet and JSON lines, written whole or not at all, as many rows in memory as come at once."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

from polars.io.plugins import register_io_source

from mainstay.errors import InputError
from mainstay.events.export.cells import as_cells, with_moments
from mainstay.events.export.envelope import enveloped
from mainstay.state.files import PRIVATE_FILE, PRIVATE_FOLDER, sync_file, sync_folder, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl

    from mainstay.events.export.envelope import Envelope
    from mainstay.events.export.rows import Rows
    from mainstay.events.log import Stream

Format = Literal["csv", "parquet", "jsonl"]
FORMATS: tuple[Format, ...] = get_args(Format)
_PATIENCE = 1.0  # seconds


class Whole:
    """A file that gets its name only once all of it is there, and `keep` is called; else nothing is left of it.

    Nobody but this user may read it.

    Parameters
    ----------
    path : Path
        Its name.
    force : bool
        Whether it may replace another.

    Raises
    ------
    InputError
        Where there is one by that name already, and it isn't to be replaced.
    StoreError
        Where it can't be written there.

    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self._path = path
        self._force = force
        self._folder = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.tmp")
        self.half = self._folder / "half"
        """Where it is written meanwhile."""

    def __enter__(self) -> Self:
        if self._path.exists() and not self._force:
            raise self._taken()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._folder.mkdir(PRIVATE_FOLDER)
        except OSError as error:
            raise unwritable(self._path, error) from None
        return self

    def keep(self) -> None:
        """Give it its name."""
        try:
            self.half.chmod(PRIVATE_FILE)
            sync_file(self.half)
            if self._force:
                self.half.replace(self._path)
            else:
                os.link(self.half, self._path)  # fails where somebody else took the name meanwhile
            sync_folder(self._path.parent)
        except FileExistsError:
            raise self._taken() from None
        except OSError as error:
            raise unwritable(self._path, error) from None

    def __exit__(self, *_: object) -> None:
        # After an error Polars may open the file a moment later, in a thread of its own: in a folder that is gone it
        # can't.
        end = time.monotonic() + _PATIENCE
        while self._folder.exists() and time.monotonic() < end:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _taken(self) -> InputError:
        return InputError(f"{self._path} is there already.", "Say --force to replace it, or --out to write elsewhere.")


def write(rows: Rows, path: Path, kind: Format, stream: Stream, envelope: Envelope | None = None) -> None:
    """Write rows into a file that is there and empty.

    Raises
    ------
    StoreError
        Where the file can't be written, or the log not be read.

    """
    try:
        if kind == "parquet":
            _write_parquet(rows, path)
            return
        with path.open("wb") as file:
            if kind == "csv":
                as_cells(rows.empty()).write_csv(file)
            for frame in rows:
                _write_text(frame, file, kind, stream, envelope)
    except OSError as error:
        raise unwritable(path, error) from None


def _write_text(frame: pl.DataFrame, file: IO[bytes], kind: Format, stream: Stream, envelope: Envelope | None) -> None:
    if kind == "csv":
        as_cells(frame).write_csv(file, include_header=False)
    elif envelope is None:
        with_moments(frame).write_ndjson(file)
    else:
        file.write(enveloped(with_moments(frame), stream, envelope))


def _write_parquet(rows: Rows, path: Path) -> None:
    """Let Polars take the rows as they come: its writer wants a query, so they are made to look like one."""
    failed: list[BaseException] = []

    def give(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch: int | None
    ) -> Iterator[pl.DataFrame]:
        del predicate, n_rows, batch  # a query that only writes asks for none of these
        try:
            for frame in rows:
                yield frame if columns is None else frame.select(columns)
        except BaseException as error:
            failed.append(error)  # Polars would tell it as an error of its own
            raise

    source: Callable[..., Any] = register_io_source
    try:
        source(give, schema=rows.empty().schema).sink_parquet(path)
    except Exception:
        if failed:
            raise failed[0] from None
        raise
