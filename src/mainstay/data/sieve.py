"""The row ledger: rows leave a table only through here, each with a reason and a count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.table import check_table
from mainstay.data.quarantine import free_name
from mainstay.data.words import count, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.table import Checked


class LedgerLine(msgspec.Struct, frozen=True):
    """One step of the way from the source to the model, with what it kept.

    Parameters
    ----------
    step : str
        ``"read"``, ``"target"``, ``"time"``, ``"group"``, ``"contract"`` or ``"split"``.
    rows_in, rows_out : int
        Rows before and after; the difference is in quarantine.
    reason : str
        Why rows were taken out and how many for each reason, or what the step did.

    """

    step: str
    rows_in: int
    rows_out: int
    reason: str


@dataclass(frozen=True)
class Sieve:
    """Rows still in, rows already out, and the ledger between them.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows still in, as they were read.
    index : array of int
        Their numbers in the source, from 0.
    out : tuple of polars.DataFrame
        Rows taken out as they were read, then their number in the source and the rules they broke.
    counts : mapping of str to int
        Rows taken out, by rule; a row that broke two rules counts for both.
    ledger : tuple of LedgerLine
        The steps so far.

    """

    frame: pl.DataFrame
    index: NDArray[np.int64]
    out: tuple[pl.DataFrame, ...]
    counts: Mapping[str, int]
    ledger: tuple[LedgerLine, ...]

    @classmethod
    def of(cls, frame: pl.DataFrame, words: str) -> Sieve:
        """Start with every row of a source."""
        line = LedgerLine("read", frame.height, frame.height, words)
        return cls(frame, np.arange(frame.height), (), {}, (line,))

    def refuse(self, step: str, bad: NDArray[np.bool_], rule: str) -> Sieve:
        """Take out the rows marked `bad` for one reason; no step is noted where there are none."""
        taken = int(bad.sum())
        if not taken:
            return self
        return self._keep(step, ~bad, pl.Series([rule] * taken), {rule: taken})

    def check(self, contract: Contract) -> tuple[Sieve, Checked]:
        """Hold the rows against the contract; gives the sieve after it and the typed rows."""
        checked = check_table(contract, self.frame)
        keep = np.zeros(self.frame.height, dtype=np.bool_)
        keep[checked.rows.to_numpy()] = True
        return self._keep("contract", keep, checked.failing.to_series(-1), checked.counts), checked

    @property
    def quarantined(self) -> pl.DataFrame:
        """All rows taken out so far, by their number in the source."""
        if not self.out:
            return self.frame.clear()
        return pl.concat(self.out).sort(self.out[0].columns[-2])

    def _keep(self, step: str, keep: NDArray[np.bool_], rules: pl.Series, counts: Mapping[str, int]) -> Sieve:
        bad = pl.Series(~keep)
        number, broken = (free_name(name, self.frame.columns) for name in ("row", "rules"))
        out = self.frame.filter(bad).with_columns(pl.Series(number, self.index[~keep]), rules.alias(broken))
        told = "; ".join(f"{rule} ({rows(n)})" for rule, n in sorted(counts.items(), key=lambda pair: -pair[1]))
        line = LedgerLine(step, self.frame.height, int(keep.sum()), told or "every row keeps to it")
        return replace(
            self,
            frame=self.frame.filter(~bad),
            index=self.index[keep],
            out=(*self.out, out) if out.height else self.out,
            counts={**self.counts, **counts},
            ledger=(*self.ledger, line),
        )


def explain_losses(ledger: tuple[LedgerLine, ...]) -> str:
    """Say in one sentence where rows were lost."""
    lost = [line for line in ledger if line.rows_in > line.rows_out]
    return "; ".join(f"{line.step} took out {count(line.rows_in - line.rows_out)}: {line.reason}" for line in lost)
