"""Objects below an address of an object store, by `obstore`; what it says against us becomes a sentence.

The environment says by which key, and where: the names that the S3 sources of data know (``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``, ...).
"""

from __future__ import annotations

import datetime as dt
import os
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import urlsplit

from mainstay.errors import SetupError, StoreError
from mainstay.extras import need
from mainstay.registry.store.asking import WHO, once_more, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from obstore.store import RetryConfig
    from obstore.store import S3Store as Client

T = TypeVar("T")
CHUNK = 8 << 20
"""Bytes of one request at most, so that a time limit on a request is fair to large files."""
_PATIENCE = 2.0  # seconds until a store that says nothing counts as one that is down
_SENDING = 60.0  # seconds for one request that carries a chunk of a file
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


class Found(NamedTuple):
    """An object: its name below the folder that was listed, its bytes, and when it was written."""

    name: str
    size: int
    at: dt.datetime


class Objects:
    """The objects below an address. Making one asks nothing of the network.

    Parameters
    ----------
    address : str
        ``s3://bucket/prefix``.

    Raises
    ------
    SetupError
        Where the address names no bucket, or holds a key.

    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise SetupError(
                "The address of the object store holds more than a bucket and a prefix.",
                "Write MAINSTAY_STORE as s3://bucket/prefix; a key belongs in AWS_ACCESS_KEY_ID.",
            )
        if not parts.netloc:
            raise SetupError(f"{address} names no bucket.", "Write MAINSTAY_STORE as s3://bucket/prefix.")
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self.address = "/".join(filter(None, (f"s3://{self._bucket}", self._prefix)))

    def read(self, path: str, most: int) -> bytes | None:
        """Read an object of at most `most` bytes; None where it isn't there."""

        def whole() -> bytes:
            found = self._asking.get(path)
            if found.meta["size"] > most:
                raise StoreError(
                    f"{self.address}/{path} has {found.meta['size']} bytes, more than such a file can have.",
                    "Don't use it: it isn't what was once written.",
                )
            return bytes(found.bytes())

        try:
            return self._told(whole)
        except FileNotFoundError:
            return None

    def pieces(self, path: str, size: int) -> Iterator[bytes]:
        """Read the first `size` bytes of an object, piece by piece.

        Raises
        ------
        FileNotFoundError
            Where it isn't there, or is shorter.

        """
        for start in range(0, size, CHUNK):
            length = min(CHUNK, size - start)
            piece = self._told(partial(self._piece, path, start, length))
            if len(piece) != length:
                raise FileNotFoundError(path)
            yield piece

    def _piece(self, path: str, start: int, length: int) -> bytes:
        return bytes(self._asking.get_range(path, start=start, length=length))

    def create(self, path: str, content: bytes) -> bool:
        """Write an object where there is none; says whether there was none."""
        try:
            self._told(lambda: self._asking.put(path, content, mode="create"))
        except FileExistsError:
            return False
        return True

    def replace(self, path: str, content: bytes) -> None:
        """Write an object, whatever was there."""
        self._told(lambda: self._asking.put(path, content, mode="overwrite"))

    def send(self, path: str, file: Path) -> None:
        """Write a file as an object; what is there already is never overwritten.

        Raises
        ------
        StoreError
            Where something else lies there.

        """
        size = file.stat().st_size
        try:
            with sentences(self.address):
                if size <= CHUNK:
                    self._sending.put(path, file.read_bytes(), mode="create")
                    return
                # In pieces a store takes no condition with it; that nobody else writes here, the claim has seen to.
                if not self._is_there(path):
                    self._sending.put(path, file, chunk_size=CHUNK)
                    return
        except FileExistsError:
            if self.read(path, CHUNK) == file.read_bytes():
                return  # ours: the answer to an earlier try was lost
        raise StoreError(f"{self.address}/{path} is there already.", "It isn't overwritten; nothing was registered.")

    def _is_there(self, path: str) -> bool:
        try:
            self._told(lambda: self._asking.head(path))
        except FileNotFoundError:
            return False
        return True

    def list(self, below: str) -> list[Found]:
        """Name every object of a folder."""
        found = self._told(lambda: list(self._asking.list(below).collect()))
        return [Found(one["path"].removeprefix(f"{below}/"), one["size"], one["last_modified"]) for one in found]

    def folders(self, below: str) -> tuple[str, ...]:
        """Name the folders right below one."""
        found = self._told(lambda: self._asking.list_with_delimiter(below))
        return tuple(path.removeprefix(f"{below}/") for path in found["common_prefixes"])

    def delete(self, paths: Sequence[str]) -> None:
        """Remove objects; those that are gone already are no trouble."""
        if paths:
            with sentences(self.address):
                self._sending.delete(list(paths))

    @cached_property
    def _asking(self) -> Client:
        """For what is small: a store that is down or slow is told within seconds."""
        return self._client(read=_PATIENCE, retries={"max_retries": 0})

    @cached_property
    def _sending(self) -> Client:
        return self._client(read=None, retries={"max_retries": 3, "retry_timeout": dt.timedelta(seconds=_SENDING)})

    def _client(self, *, read: float | None, retries: RetryConfig) -> Client:
        store = need("obstore.store", WHO, "s3")
        options: dict[str, object] = {
            "connect_timeout": dt.timedelta(seconds=_PATIENCE),
            "timeout": dt.timedelta(seconds=_SENDING),
            "allow_http": any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS),
        }
        if read is not None:
            options["read_timeout"] = dt.timedelta(seconds=read)
        client: Client = store.S3Store(
            self._bucket, prefix=self._prefix or None, client_options=options, retry_config=retries
        )
        return client

    def _told(self, ask: Callable[[], T]) -> T:
        return once_more(self.address, ask)
