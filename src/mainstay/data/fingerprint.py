"""The fingerprint of a table's content: the same however the table is laid out, and read in batches.

Each row is digested to 128 bits; the digests are added modulo 2^128, so neither the order of the rows nor where one
batch ends and the next begins can matter (a multiset hash by addition: Bellare & Micciancio 1997, "A new paradigm for
collision-free hashing"; Clarke, Devadas, van Dijk, Gassend & Suh 2003, "Incremental multiset hash functions"). At this
width it tells tables apart that differ by accident; against someone who searches for a collision it is no proof.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.canonical import canonical_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_NAMES = "\x1f"
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


class Fingerprint:
    """The fingerprint of the batches added so far.

    Examples
    --------
    >>> whole = Fingerprint(["x"])
    >>> for batch in (pl.DataFrame({"x": ["2"]}), pl.DataFrame({"x": [1.5]})):
    ...     _ = whole.add(batch)
    >>> whole.digest == fingerprint(pl.DataFrame({"x": ["1.50", "2"]}))
    True

    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        self.rows = 0
        self._sum = 0

    def add(self, batch: pl.DataFrame) -> NDArray[np.uint64]:
        """Take in rows; gives their digests, shape (rows, 2)."""
        digests = digest_rows(batch, self.names)
        self.rows += len(digests)
        low, high = _total(digests[:, 0]), _total(digests[:, 1])
        self._sum = (self._sum + low + (high << 64)) % (1 << 128)
        return digests

    @property
    def digest(self) -> str:
        """What names these rows: 32 hex digits."""
        whole = blake2b(_NAMES.join(self.names).encode(), digest_size=16)
        whole.update(self.rows.to_bytes(16, "big") + self._sum.to_bytes(16, "big"))
        return whole.hexdigest()


def fingerprint(rows: pl.DataFrame | Iterable[pl.DataFrame]) -> str:
    """Digest a table's content, whole or in batches: 32 hex digits.

    Two tables with the same column names and the same multiset of rows have the same fingerprint: whatever the file
    format, separator, encoding, batches or row groups, order of columns, order of rows, or way a number, a truth or an
    ISO time is written (``1.50`` and ``1.5``, ``5e+05`` and ``500000``, ``True`` and ``true``). A code with leading
    zeros, ``001``, is taken for its number, which is the price of not knowing the types.

    Examples
    --------
    >>> a = pl.DataFrame({"x": ["1.50", "2"], "y": ["a", None]})
    >>> b = pl.DataFrame({"y": [None, "a"], "x": [2.0, 1.5]})
    >>> fingerprint(a) == fingerprint(b)
    True

    """
    batches = iter([rows] if isinstance(rows, pl.DataFrame) else rows)
    first = next(batches, pl.DataFrame())
    whole = Fingerprint(first.columns)
    whole.add(first)
    for batch in batches:
        whole.add(batch)
    return whole.digest


def digest_rows(frame: pl.DataFrame, names: Sequence[str], salt: bytes = b"") -> NDArray[np.uint64]:
    """Digest each row over the columns `names`, in that order: shape (rows, 2), equal for equal content."""
    if not names:
        return np.zeros((frame.height, 2), dtype=np.uint64)
    cells = canonical_cells(frame, names)
    lines = cells.select(pl.concat_str(pl.all(), separator="\x1f").cast(pl.Binary)).to_series().to_list()
    raw = b"".join([blake2b(line, digest_size=16, key=salt).digest() for line in lines])
    return np.frombuffer(raw, dtype="<u8").reshape(-1, 2).astype(np.uint64, copy=False)


def _total(words: NDArray[np.uint64]) -> int:
    """Add 64-bit words exactly; fewer than 2^32 of them."""
    return int((words & _LOW).sum()) + (int((words >> _HALF).sum()) << 32)
