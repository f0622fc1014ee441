"""Rows from an object store on loopback: by Polars' own readers, with what the environment says."""

from __future__ import annotations

import gzip
import os
import urllib.request

import polars as pl
import pytest

from mainstay.data.source import Source, open_source, read_source
from mainstay.data.sources import base, text
from mainstay.errors import DataError

ROWS = pl.DataFrame({"id": [f"c{k}" for k in range(300)], "amount": [k / 4 for k in range(300)]})
OPTIONS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


def put(bucket: str, name: str, content: bytes) -> str:
    """Store an object; the server on loopback asks for no signature."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/{bucket.removeprefix('s3://')}/{name}"
    kind = {"Content-Type": "application/octet-stream"}
    asked = urllib.request.Request(url, data=content, method="PUT", headers=kind)  # noqa: S310 - loopback
    urllib.request.urlopen(asked, timeout=10).close()  # noqa: S310
    return f"{bucket}/{name}"


def test_csv_and_parquet_are_read_from_a_bucket(bucket: str) -> None:
    csv = ROWS.write_csv().encode()
    url = put(bucket, "rows.csv", csv)
    opened = open_source(Source(url))
    assert (opened.words, opened.source.name) == ("comma-separated, UTF-8", "rows.csv")
    assert opened.whole().equals(ROWS.select(pl.all().cast(pl.String)))
    assert read_source(put(bucket, "rows.csv.gz", gzip.compress(csv))).equals(opened.whole())
    options = {name.lower(): os.environ[name] for name in OPTIONS}
    ROWS.write_parquet(f"{bucket}/parts/a.parquet", storage_options=options, credential_provider=None)
    ROWS.write_parquet(f"{bucket}/parts/b.parquet", storage_options=options, credential_provider=None)
    assert read_source(f"{bucket}/parts/a.parquet").equals(ROWS)
    assert read_source(f"{bucket}/parts/").equals(pl.concat([ROWS, ROWS]))


def test_a_large_text_in_a_bucket_is_streamed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "WHOLE_BYTES", 1 << 16)
    monkeypatch.setattr(text, "BATCH_BYTES", 1 << 14)
    many = pl.DataFrame({"id": [f'c"{k}"\n' for k in range(20_000)], "n": list(range(20_000))})
    opened = open_source(Source(put(bucket, "many.csv", many.write_csv().encode())))
    assert not opened.small
    assert sum(1 for _ in opened.batches()) > 5
    assert opened.whole()["n"].to_list() == [str(k) for k in range(20_000)]
    assert opened.whole()["id"].to_list() == [f'c"{k}"' for k in range(20_000)]  # outer blanks are stripped


def test_a_delta_table_is_read_from_a_bucket(bucket: str) -> None:
    deltalake = pytest.importorskip("deltalake")
    options = {name: os.environ[name] for name in OPTIONS} | {
        "AWS_ALLOW_HTTP": "true",
        "AWS_S3_ALLOW_UNSAFE_RENAME": "true",
    }
    for part in (ROWS[:100], ROWS[100:]):
        deltalake.write_deltalake(f"{bucket}/table", part, mode="append", storage_options=options)
    assert read_source(f"{bucket}/table").sort("amount").equals(ROWS)
    assert open_source(Source(f"{bucket}/table", as_of=0)).whole().height == 100


def test_what_the_store_refuses_is_one_sentence(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nothing.csv", "nothing.parquet"):
        with pytest.raises(DataError, match="can't be read") as raised:
            open_source(Source(f"{bucket}/{name}"))
        assert "quite-secret" not in str(raised.value)
    for name in OPTIONS:
        monkeypatch.delenv(name)
    with pytest.raises(DataError, match=r"holds no credentials for it\. Set AWS_ACCESS_KEY_ID"):
        open_source(Source(f"{bucket}/rows.csv"))
    assert base.Source("gs://b/rows.csv").name == "rows.csv"
    with pytest.raises(DataError, match="Set GOOGLE_APPLICATION_CREDENTIALS"):
        open_source(Source("gs://b/rows.csv"))
    with pytest.raises(DataError, match="AZURE_STORAGE_ACCOUNT_KEY"):
        open_source(Source("az://b/rows.csv"))
