"""Columns whose values may come once, held over the batches of a source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.fingerprint import digest_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.table import Checked
    from mainstay.data.sieve import Sieve


class Repeats:
    """The values of `unique` columns seen in earlier batches, as 64-bit digests: 8 bytes a value.

    Parameters
    ----------
    contract : Contract
        Says which columns are unique.

    """

    def __init__(self, contract: Contract) -> None:
        self._seen: dict[str, _Seen] = {column.name: _Seen() for column in contract.columns if column.unique}

    def refuse(self, sieve: Sieve, checked: Checked) -> tuple[Sieve, Checked]:
        """Take out the rows that repeat a value of an earlier batch; within a batch the contract itself does."""
        for name, seen in self._seen.items():
            if name not in sieve.frame.columns:
                continue
            known = checked.good[name].is_not_null().to_numpy()
            repeats = np.zeros(len(known), dtype=np.bool_)
            repeats[known] = seen.take(digest_rows(checked.good, [name])[known, 0])
            if repeats.any():
                sieve = sieve.refuse("contract", repeats, f"{name}: repeats an earlier row")
                kept = pl.Series(~repeats)
                checked = replace(
                    checked,
                    good=checked.good.filter(kept),
                    rows=checked.rows.filter(kept),
                    fallback=checked.fallback.filter(kept),
                )
        return sieve, checked


class _Seen:
    """A growing set of words, kept as sorted arrays of doubling length."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def take(self, words: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say which words were there before, and take all in."""
        known = np.zeros(len(words), dtype=np.bool_)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, words), len(run) - 1)
            known |= run[at] == words
        fresh = np.unique(words[~known])
        if len(fresh):
            self._runs.append(fresh)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]))
        return known
