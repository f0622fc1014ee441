"""The row ledger: rows leave a table only through here, each with a reason and a count.

A source is sieved batch by batch; the steps of its batches add up to one ledger.
"""

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


UNLABELLED = "no outcome"
"""The step that takes out the rows whose outcome isn't known (yet): everyday, and no loss."""


NO_LOSS = frozenset({"sample", "shadow", "young", "no model", "treated"})
"""The steps that take out rows which others stand for, or which were never to be learned from."""


class LedgerLine(msgspec.Struct, frozen=True):
    """One step of the way from the source to the model, with what it kept.

    Parameters
    ----------
    step : str
        ``"read"``, ``"no outcome"``, ``"target"``, ``"time"``, ``"group"``, ``"contract"``, ``"fallback"``,
        ``"sample"`` or ``"split"``; before them of an event log ``"logged"``, ``"shadow"``, ``"young"``,
        ``"no model"``, ``"treated"`` and ``"weights"``.
    rows_in, rows_out : int
        Rows before and after; the difference is in quarantine.
    reason : str
        Why rows were taken out and how many for each reason, or what the step did.

    """

    step: str
    rows_in: int
    rows_out: int
    reason: str


class Step(msgspec.Struct, frozen=True):
    """What one step took out, over as many batches as were added up.

    Parameters
    ----------
    name : str
        As in `LedgerLine`.
    taken : int
        Rows taken out.
    counts : dict of str to int
        The same by rule; a row that broke two rules counts for both.

    """

    name: str
    taken: int
    counts: dict[str, int]

    def adds_to(self, other: Step) -> bool:
        """Whether both are the same step: by name, and by rule where each rule is a step."""
        return self.name == other.name and (self.name == "contract" or self.counts.keys() == other.counts.keys())

    def plus(self, other: Step) -> Step:
        """Add the same step of another batch."""
        return Step(self.name, self.taken + other.taken, add_counts(self.counts, other.counts))


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
    steps : tuple of Step
        The steps so far.
    words : str
        The source in words.

    """

    frame: pl.DataFrame
    index: NDArray[np.int64]
    out: tuple[pl.DataFrame, ...]
    steps: tuple[Step, ...]
    words: str

    @classmethod
    def of(cls, frame: pl.DataFrame, words: str, first: int = 0) -> Sieve:
        """Start with every row of a source, or of its batch that starts with row number `first`."""
        return cls(frame, np.arange(first, first + frame.height), (), (), words)

    def refuse(self, step: str, bad: NDArray[np.bool_], rule: str) -> Sieve:
        """Take out the rows marked `bad` for one reason."""
        taken = int(bad.sum())
        return self._keep(step, ~bad, pl.Series([rule] * taken), {rule: taken})

    def check(self, contract: Contract) -> tuple[Sieve, Checked]:
        """Hold the rows against the contract; gives the sieve after it and the typed rows."""
        checked = check_table(contract, self.frame, training=True)
        keep = np.zeros(self.frame.height, dtype=np.bool_)
        keep[checked.rows.to_numpy()] = True
        return self._keep("contract", keep, checked.failing.to_series(-1), checked.counts), checked

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows taken out, by rule; a row that broke two rules counts for both."""
        return told_counts(self.steps)

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """The steps so far, as lines."""
        return ledger_of(len(self.index) + sum(step.taken for step in self.steps), self.words, self.steps)

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
        return replace(
            self,
            frame=self.frame.filter(~bad),
            index=self.index[keep],
            out=(*self.out, out) if out.height else self.out,
            steps=add_steps(self.steps, (Step(step, int((~keep).sum()), dict(counts)),)),
        )


def add_counts(*counted: Mapping[str, int]) -> dict[str, int]:
    """Add counts by rule."""
    added: dict[str, int] = {}
    for counts in counted:
        for rule, n in counts.items():
            added[rule] = added.get(rule, 0) + n
    return added


def told_counts(steps: tuple[Step, ...]) -> dict[str, int]:
    """Give the rows taken out by each rule that any row broke."""
    return {rule: n for rule, n in add_counts(*(step.counts for step in steps)).items() if n}


def add_steps(before: tuple[Step, ...], after: tuple[Step, ...]) -> tuple[Step, ...]:
    """Add up the steps of two batches, or those of one."""
    steps = list(before)
    for step in after:
        same = next((place for place, other in enumerate(steps) if step.adds_to(other)), None)
        if same is None:
            steps.append(step)
        else:
            steps[same] = steps[same].plus(step)
    return tuple(steps)


def ledger_of(read: int, words: str, steps: tuple[Step, ...]) -> tuple[LedgerLine, ...]:
    """Write the ledger: what was read, and each step that took rows out; the contract's in any case."""
    lines, left = [LedgerLine("read", read, read, words)], read
    for step in steps:
        if not step.taken and step.name != "contract":
            continue
        counts = sorted(step.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        told = "; ".join(f"{rule} ({rows(n)})" for rule, n in counts if n)
        lines.append(LedgerLine(step.name, left, left - step.taken, told or "every row keeps to it"))
        left -= step.taken
    return tuple(lines)


def explain_losses(ledger: tuple[LedgerLine, ...]) -> str:
    """Say in one sentence where rows were lost."""
    lost = [line for line in ledger if line.rows_in > line.rows_out and line.step not in NO_LOSS]
    return "; ".join(f"{line.step} took out {count(line.rows_in - line.rows_out)}: {line.reason}" for line in lost)
