"""Delta tables, today's or as they were: read by Polars at one version, so that nobody's writing can change it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from mainstay.data.sources.base import lazy_stream
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deltalake import DeltaTable

    from mainstay.data.sources.base import Source, Stream


def open_delta(source: Source, options: Mapping[str, str] | None = None) -> Stream:
    """Open a Delta table, in a folder or an object store, as of `source.as_of`.

    Raises
    ------
    DataError
        Where it is none, or has no such version.

    """
    from deltalake import DeltaTable, exceptions  # noqa: PLC0415 - slow to import

    try:
        table = DeltaTable(source.address, storage_options=dict(options or {}) or None)
        if source.as_of != "":
            table.load_as_version(_moment(source))
    except exceptions.TableNotFoundError:
        raise DataError(f"{source.name} isn't a Delta table.", "Check the address.") from None
    except (exceptions.DeltaError, OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise DataError(
            f"{source.name} can't be read{_as_of(source)}: {source.hide(said)}.",
            "Name a version that it has: as_of = 3.",
        ) from None
    return lazy_stream(_scan(table, options), source, f"Delta, version {table.version()}")


def _scan(table: DeltaTable, options: Mapping[str, str] | None) -> pl.LazyFrame:
    return pl.scan_delta(table, storage_options=dict(options) if options else None, credential_provider=None)


def _as_of(source: Source) -> str:
    return f" as of {source.as_of}" if source.as_of != "" else ""


def _moment(source: Source) -> int | dt.datetime:
    if isinstance(source.as_of, int):
        return source.as_of
    if source.as_of.isdecimal():
        return int(source.as_of)
    try:
        moment = dt.datetime.fromisoformat(source.as_of)
    except ValueError:
        raise DataError(
            f"as_of = '{source.as_of}' is neither a version nor a moment.", "Write 3, or 2026-11-01T12:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
