"""Parquet as records, read by a process of its own.

A file somebody sent can be made so that reading it takes all memory, or ends the process that reads it. So a worker
never does: it starts a reader (`mainstay.serving.doors.parquet_reader`) that may use so much memory and time and no
more, one at once, and imports nothing itself. That costs about half a second a request; whoever has many rows scores
the file with ``mainstay predict``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.serving.doors import parquet_reader
from mainstay.serving.doors.invocations import JSON, PARQUET, media_of
from mainstay.serving.replies import RETRY, Refused

if TYPE_CHECKING:
    from mainstay.serving.call import Call

_SECONDS = 20.0
_MOST_WAITING = 4


class ParquetReading:
    """Turns the body of a request that holds Parquet into JSON, before its door reads it.

    Parameters
    ----------
    most : int
        Records a request may hold.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._alone = asyncio.Lock()
        self._waiting = 0

    def wanted(self, call: Call) -> bool:
        """Say whether a request holds Parquet."""
        return media_of(call.head).type in PARQUET

    async def first(self, call: Call) -> None:
        """Read the body, and put the records in its place.

        Raises
        ------
        Refused
            400 where it is no Parquet, or takes more memory or time than a request may; 503 where others wait already.

        """
        if self._waiting >= _MOST_WAITING:
            raise Refused(503, "busy", "Other Parquet files are being read.", "Try again, or send JSON.", headers=RETRY)
        self._waiting += 1
        try:
            async with self._alone:
                call.body = await _read(call.body, self._most)
        finally:
            self._waiting -= 1
        call.head = {**call.head, b"content-type": JSON.encode()}


async def _read(body: bytes, most: int) -> bytes:
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-P", parquet_reader.__file__, str(most),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(reader.communicate(body), _SECONDS)
    except TimeoutError:
        said = b""
    finally:
        if reader.returncode is None:
            with suppress(ProcessLookupError):
                reader.kill()
            await reader.wait()
    if reader.returncode == 0:
        return said
    told = (
        said.decode("utf-8", "replace")
        if reader.returncode == parquet_reader.REFUSED
        else "it takes too much memory or time"
    )
    cure = "Send what pandas' to_parquet() writes, or JSON; score large files with: mainstay predict FILE"
    raise Refused(400, "parquet", f"The body can't be read as Parquet: {told[:300]}.", cure)
