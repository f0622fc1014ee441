"""`Bench`: held-out records, the way they are answered, and what changes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract import Integer, Number
from mainstay.evaluation.behaviour.changes import Changer
from mainstay.evaluation.behaviour.way import Answered, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.models.candidate import Training


@dataclass(frozen=True)
class Bench:
    """Held-out records that behaviour is tested on.

    Parameters
    ----------
    way : Way
        How they are answered.
    records : DataFrame, n rows
        Typed by the contract.
    plain : Answered
        What they are answered as they are.
    held : HeldOut
        The same rows with their truth, clusters and yardstick.
    changer : Changer
        How they are changed.

    """

    way: Way
    records: pl.DataFrame
    plain: Answered
    held: HeldOut
    changer: Changer

    @staticmethod
    def of(snapshot: Snapshot, training: Training, held: HeldOut, most: int) -> Bench:
        """Draw at most `most` held-out records, the same ones for the same seed."""
        size = len(snapshot.test)
        some = np.arange(size)
        if size > most:
            some = np.sort(np.random.default_rng(training.seed).permutation(size)[:most])
        chosen = training.chosen
        way = Way(snapshot.contract, snapshot.features, chosen.model, chosen.policy)
        records = snapshot.test.frame[pl.Series(some)].select(snapshot.contract.feature_names)
        changer = Changer(snapshot.contract, _spreads(snapshot), training.seed)
        return Bench(way, records, way.answer(records), held.take(some), changer)

    def changed(self, frames: Sequence[pl.DataFrame], column: str) -> Changed:
        """Answer changed records, but those in which `column` came out as it was."""
        before = self.records.get_column(column)
        kept, places = [], []
        for frame in frames:
            differs = before.cast(pl.String).ne_missing(frame.get_column(column).cast(pl.String))
            kept.append(frame.filter(differs))
            places.append(np.flatnonzero(differs.to_numpy()))
        stacked = pl.concat(kept, how="vertical_relaxed")
        return Changed(np.concatenate(places), stacked, self.way.answer(stacked))


@dataclass(frozen=True)
class Changed:
    """Changed records and their answers.

    Parameters
    ----------
    places : array of int, shape (m,)
        Of which record of the bench each is a change; one may be changed in several ways.
    records : DataFrame, m rows
        The changed records.
    answers : Answered
        Their answers.

    """

    places: NDArray[np.int64]
    records: pl.DataFrame
    answers: Answered


def _spreads(snapshot: Snapshot) -> dict[str, float]:
    frame = snapshot.train.frame
    columns = [column for column in snapshot.contract.features if isinstance(column, Number | Integer)]
    found = {column.name: frame.get_column(column.name).cast(pl.Float64).std() for column in columns}
    return {name: float(spread) for name, spread in found.items() if isinstance(spread, float)}
