"""One pass over a source: what it holds, and which of its rows a sample keeps.

A sample is drawn evenly and by content: each row's lot is a hash of its digest and the seed, and the lowest lots are
kept, so the same rows are drawn however the source is sorted or laid out (bottom-k sampling: Cohen & Kaplan 2007,
"Summarizing data using bottom-k sketches"). Copies of one row share its lot, which would draw or drop a frequent row
as one; so each copy of a row that is frequent draws a lot of its own.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.fingerprint import Fingerprint
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.data.source import Opened

    Words = NDArray[np.uint64]

MOST_ROWS = 250_000  # the default trainer has no budget of time yet; more rows than this take it most of an hour
MOST_CELLS = 25_000_000
_BUCKETS = 20  # bits
_FREQUENT = 64
_CHUNK = 1 << 20
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Survey:
    """What one pass over a source found.

    Parameters
    ----------
    fingerprint : str
        Of all its rows.
    rows : int
        How many there are.
    kept : array of int, optional
        Numbers of the rows that the sample keeps, from 0, ascending; None where it keeps all.

    """

    fingerprint: str
    rows: int
    kept: NDArray[np.int64] | None

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the places of rows among those kept."""
        return numbers if self.kept is None else np.searchsorted(self.kept, numbers)


def survey(opened: Opened, *, most: int = 0, seed: int = 0) -> Survey:
    """Read a source once.

    Parameters
    ----------
    opened : Opened
        The source.
    most : int
        Most rows to keep; 0: 250 000, or 25 million cells where that is fewer.
    seed : int
        Another seed draws another sample.

    """
    most = most or min(MOST_ROWS, max(1000, MOST_CELLS // len(opened.schema)))
    whole = Fingerprint(opened.schema.names())
    counts = np.zeros(1 << _BUCKETS, dtype=np.int64)
    with tempfile.TemporaryFile(prefix="mainstay-digests-") as file:
        for batch in opened.batches():
            words = whole.add(batch)[:, 0]
            counts += np.bincount(_bucket(words), minlength=len(counts))
            file.write(words.tobytes())
        kept = _draw(file, counts, whole.rows, most, seed) if whole.rows > most else None
    return Survey(whole.digest, whole.rows, kept)


def gather(opened: Opened, found: Survey, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read the rows that the sample keeps.

    Raises
    ------
    DataError
        Where the source no longer holds as many rows as the survey found.

    """
    frames, first = [], 0
    for batch in opened.batches(columns):
        frames.append(batch if found.kept is None else batch[_within(found.kept, first, batch.height)])
        first += batch.height
    demand_same(opened, found, first)
    return pl.concat(frames)


def demand_same(opened: Opened, found: Survey, rows: int) -> None:
    """Refuse a source that gives another number of rows than before."""
    if rows != found.rows:
        raise DataError(
            f"{opened.source.name} changed while it was read: it had {found.rows} rows, then {rows}.",
            "Wait until whoever writes it is done, then start again.",
        )


def _within(kept: NDArray[np.int64], first: int, height: int) -> pl.Series:
    low, high = np.searchsorted(kept, [first, first + height])
    return pl.Series(kept[low:high] - first)


def _draw(file: IO[bytes], counts: NDArray[np.int64], rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Find the rows with the lowest lots: at most `most`, and no two of the same lot parted."""
    share = min(1.0, 1.05 * most / rows + 1e-4)
    while True:
        lots, places = _below(file, counts, share, seed)
        if len(lots) >= most or share >= 1.0:
            break
        share = min(1.0, 2 * share)
    order = np.argsort(lots, kind="stable")
    if len(order) > most:
        cut = lots[order[most]]
        order = order[lots[order] < cut]
    return np.sort(places[order])


def _below(file: IO[bytes], counts: NDArray[np.int64], share: float, seed: int) -> tuple[Words, NDArray[np.int64]]:
    limit = np.uint64(min(share * 2.0**64, 2.0**64 - 2**11))
    frequent = counts > _FREQUENT + 8 * counts.mean()
    turns = _Turns()
    start = _mixed(np.array([seed % (1 << 64)], dtype=np.uint64))[0]
    lots, places, first = [], [], 0
    for words in _words(file):
        mixed = words ^ start
        often = frequent[_bucket(words)]
        if often.any():
            mixed[often] += turns.take(words[often]) * _STEP
        drawn = _mixed(mixed)
        chosen = np.flatnonzero(drawn <= limit)
        lots.append(drawn[chosen])
        places.append(chosen + first)
        first += len(words)
    return np.concatenate(lots), np.concatenate(places)


class _Turns:
    """Counts the copies of each content: the first copy's turn is 0, the next one's 1."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def take(self, words: Words) -> Words:
        """Give the turn of each word."""
        values, inverse, counts = np.unique(words, return_inverse=True, return_counts=True)
        before = np.array([self._seen.get(value, 0) for value in values.tolist()], dtype=np.uint64)
        order = np.argsort(inverse, kind="stable")
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        ranks = np.empty(len(words), dtype=np.uint64)
        ranks[order] = (np.arange(len(words)) - starts).astype(np.uint64)
        self._seen.update(zip(values.tolist(), (before + counts.astype(np.uint64)).tolist(), strict=True))
        return before[inverse] + ranks


def _words(file: IO[bytes]) -> Iterator[Words]:
    file.seek(0)
    while raw := file.read(8 * _CHUNK):
        yield np.frombuffer(raw, dtype=np.uint64)


def _bucket(words: Words) -> NDArray[np.int64]:
    return (words >> np.uint64(64 - _BUCKETS)).astype(np.int64)


def _mixed(words: Words) -> Words:
    """Spread words evenly (the finaliser of SplitMix64: Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return words ^ (words >> np.uint64(31))
