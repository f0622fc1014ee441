"""Who is held out: at random within strata, the latest, or whole groups. Pure functions of content, time and group.

No function looks at the order of the rows, so the same content is split in the same way however its file is sorted.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

STRATA = 10


def hold_out_random(digests: Sequence[bytes], strata: NDArray[np.int64], share: float, seed: int) -> Mask:
    """Hold out `share` of each stratum, chosen by a keyed hash of the row's content.

    Rows with the same content go to the same side, so that no test row has been seen in training; but where more
    than half of all rows repeat another one (few distinct values, so repeats are no copies), each is dealt alone.

    Parameters
    ----------
    digests : sequence of bytes
        Digest of each row's content.
    strata : array of int, shape (n,)
        Label, or decile of the amount.
    share : float
        Share to hold out, 0 to 1.
    seed : int
        Another seed gives another split.

    Returns
    -------
    array of bool, shape (n,)
        True for held-out rows.

    """
    together = 2 * len(set(digests)) >= len(digests)
    lots = np.array(_draw(digests, seed, together=together), dtype=np.uint64)
    held = np.zeros(len(lots), dtype=np.bool_)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        cut = _nearest_cut(np.sort(lots[members]), share)
        held[members] = lots[members] < cut
    return held


def hold_out_latest(times: NDArray[np.float64], share: float) -> Mask:
    """Hold out the latest `share` of the rows; rows of one instant stay on one side.

    Examples
    --------
    >>> hold_out_latest(np.array([3.0, 1.0, 2.0, 4.0]), 0.25)
    array([False, False, False,  True])

    """
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) < 2:
        return np.zeros(len(times), dtype=np.bool_)
    before = np.cumsum(counts)[:-1] / len(times)
    first = moments[1 + int(np.argmin(np.abs(before - (1 - share))))]
    held: Mask = times >= first
    return held


def hold_out_groups(groups: NDArray[np.str_], share: float, seed: int) -> Mask:
    """Hold out whole groups, dealt by a keyed hash of their names, until the share of rows is nearest to `share`."""
    names, members = np.unique(groups, return_inverse=True)
    lots = _draw([str(name).encode() for name in names], seed, together=True)
    order = np.argsort(np.array(lots, dtype=np.uint64), kind="stable")
    reached = np.cumsum(np.bincount(members)[order]) / len(groups)
    last = min(int(np.argmin(np.abs(reached - share))), len(names) - 2)
    chosen = np.zeros(len(names), dtype=np.bool_)
    chosen[order[: last + 1]] = True
    held: Mask = chosen[members]
    return held


def strata_of(y: NDArray[np.float64], kind: str) -> NDArray[np.int64]:
    """Give the stratum of each row: its label, or the decile of its amount."""
    if kind != "regression":
        return y.astype(np.int64)
    edges = np.unique(np.quantile(y, np.linspace(0, 1, STRATA + 1)[1:-1]))
    return np.searchsorted(edges, y, side="right").astype(np.int64)


def _draw(digests: Sequence[bytes], seed: int, *, together: bool) -> list[int]:
    seen: dict[bytes, int] = {}
    lots = []
    key = seed.to_bytes(8, "big", signed=True)
    for digest in digests:
        turn = 0 if together else seen.get(digest, 0)
        seen[digest] = turn + 1
        lots.append(int.from_bytes(blake2b(digest + turn.to_bytes(8, "big"), digest_size=8, key=key).digest(), "big"))
    return lots


def _nearest_cut(lots: NDArray[np.uint64], share: float) -> np.uint64:
    """Find the lot below which the share of rows is nearest to `share`, without cutting through equal lots."""
    values, counts = np.unique(lots, return_counts=True)
    below = np.concatenate([[0.0], np.cumsum(counts)[:-1] / len(lots)])
    return np.uint64(values[int(np.argmin(np.abs(below - share)))])
