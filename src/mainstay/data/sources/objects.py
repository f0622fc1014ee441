"""Object stores: ``s3://``, ``gs://`` and ``az://``, by Polars' own readers; options from the environment alone."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import polars as pl

from mainstay.data.sources.base import lazy_stream, told, unreadable
from mainstay.data.sources.delta import open_delta
from mainstay.data.sources.text import line_bytes, open_text
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.sources.base import Source, Stream

SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss", "adl")
_FAMILY = {"s": "AWS_", "g": "GOOGLE_", "a": "AZURE_"}
_CREDENTIALS = {
    "AWS_": (
        "AWS_ACCESS_KEY_ID",
        "AWS_SKIP_SIGNATURE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_IMDSV1_FALLBACK",
    ),
    "GOOGLE_": (
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_SKIP_SIGNATURE",
    ),
    "AZURE_": (
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_MSI_ENDPOINT",
        "AZURE_SKIP_SIGNATURE",
    ),
}
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
    if source.as_of != "" or find_spec("deltalake") is None:
        return source.as_of != ""
    from deltalake import DeltaTable  # noqa: PLC0415 - an extra

    return bool(told(lambda: DeltaTable.is_deltatable(source.address, storage_options=options), source))


def _options(source: Source) -> dict[str, str]:
    """Take what the environment says about this kind of store."""
    prefix = _FAMILY[urlsplit(source.address).scheme[0]]
    found = {name.lower(): value for name, value in os.environ.items() if name.startswith(prefix) and value}
    if not any(os.environ.get(name) for name in _CREDENTIALS[prefix]):
        raise DataError(
            f"{source.name} is in an object store, and the environment holds no credentials for it.",
            _cure(prefix),
        )
    if found.get("aws_endpoint_url", "").startswith("http://"):
        found.setdefault("aws_allow_http", "true")
    return found


def _cure(prefix: str) -> str:
    first = {
        "AWS_": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        "GOOGLE_": "GOOGLE_APPLICATION_CREDENTIALS",
        "AZURE_": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    }[prefix]
    return f"Set {first}, or {prefix}SKIP_SIGNATURE=true for public data."
