"""Object stores: ``s3://``, ``gs://`` and ``az://``, by Polars' own readers; options from the environment alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import polars as pl

from mainstay.data.sources.base import lazy_stream, told, unreadable
from mainstay.data.sources.delta import open_delta
from mainstay.data.sources.text import line_bytes, open_text
from mainstay.errors import DataError
from mainstay.project.stores import credentials_cure, store_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.sources.base import Source, Stream

_PARQUET, _ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
_TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".csv.zst", ".tsv.gz", ".tsv.zst", ".txt.gz", ".txt.zst")


def open_object(source: Source) -> Stream:
    """Open an object, a pattern of them, or a Delta table.

    Raises
    ------
    DataError
        Where the environment holds no credentials, or the store refuses.

    """
    options = _options(source)
    url = source.address.replace("s3a://", "s3://", 1)
    low = urlsplit(url).path.lower()
    if low.endswith(_TEXT):
        lines = pl.scan_lines(url, storage_options=options, credential_provider=None)

        def raw() -> Iterator[bytes]:
            try:
                yield from line_bytes(lines)
            except (pl.exceptions.PolarsError, OSError) as error:
                raise unreadable(error, source) from None

        return open_text(source, source.name, raw, encoding="utf-8")
    if low.endswith(_ARROW):
        frame = told(lambda: pl.scan_ipc(url, storage_options=options, credential_provider=None), source)
        return lazy_stream(frame, source, "Arrow")
    if low.endswith(_PARQUET):
        frame = told(lambda: pl.scan_parquet(url, storage_options=options, credential_provider=None), source)
        return lazy_stream(frame, source, "Parquet")
    if _is_delta(source, options):
        return open_delta(source, options)
    below = url.rstrip("/") + "/**/*.parquet"
    frame = told(lambda: pl.scan_parquet(below, storage_options=options, credential_provider=None), source)
    return lazy_stream(frame, source, "a folder of Parquet")


def _is_delta(source: Source, options: dict[str, str]) -> bool:
    if source.as_of != "":
        return True
    from deltalake import DeltaTable  # noqa: PLC0415 - slow to import

    return bool(told(lambda: DeltaTable.is_deltatable(source.address, storage_options=options), source))


def _options(source: Source) -> dict[str, str]:
    options = store_options(source.address)
    if options is None:
        raise DataError(
            f"{source.name} is in an object store, and the environment holds no credentials for it.",
            credentials_cure(source.address),
        )
    return options
