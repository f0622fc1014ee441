"""A program of its own, ``parquet_reader.py MOST``: Parquet in, records as JSON out, within limits.

What it may use is set before anything is read: a file made to exhaust the machine ends this process and nothing else.
It imports nothing of ours, so that it starts quickly.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSED = 3
"""The exit code after a sentence about the file."""
_MEMORY = 1024**3
_SECONDS = 10
_LARGEST = 64 * 1024**2


def main(words: Sequence[str]) -> int:
    """Read standard input, write standard output; returns the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import polars as pl  # noqa: PLC0415 - within the limits, and never where this module is only asked for REFUSED

    try:
        # One more than is taken: so many are refused by the words of the contract's own decoder.
        frame = pl.read_parquet(io.BytesIO(sys.stdin.buffer.read()), n_rows=int(words[0]) + 1, use_pyarrow=False)
        written = json.dumps(frame.to_dicts(), default=_plain).encode()
    except BaseException as error:  # noqa: BLE001 - Polars' panics are none of Exception
        sys.stdout.write(" ".join(f"{error}".split())[:300].rstrip("."))
        return REFUSED
    if len(written) > _LARGEST:
        sys.stdout.write(f"as records it is larger than {_LARGEST} bytes")
        return REFUSED
    sys.stdout.buffer.write(written)
    return 0


def _plain(value: Any) -> Any:
    """Write what JSON has no word for: times and days as ISO 8601, decimals as their digits, bytes as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
