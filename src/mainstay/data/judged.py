"""Rows to be judged on from a source of their own: for a model that learned from the other one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.words import rows
from mainstay.errors import DataError
from mainstay.models.features.run import encode_rows

if TYPE_CHECKING:
    from mainstay.data.rows import Rows
    from mainstay.data.snapshot import Snapshot


def judged_on(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    """Give a snapshot whose training rows are all rows of one source, and whose test rows are all of another.

    Parameters
    ----------
    snapshot : Snapshot
        Everything about it stays: contract, fills, task.
    other : Snapshot
        Taken with the contract of `snapshot`.

    Raises
    ------
    DataError
        Where the two ask for something else.

    """
    mine, theirs = snapshot.task, other.task
    if mine != theirs:
        raise DataError(
            f"The rows to be judged on ask for something else: '{theirs.target}' is {other.target_words}, and "
            f"{snapshot.target_words} in the other source.",
            "Give rows with the same labels, and say positive in [data].",
        )
    test = _all(other)
    X = encode_rows(snapshot.contract, snapshot.features, test.frame)
    return replace(
        snapshot,
        train=_all(snapshot),
        test=replace(test, X=X),
        split=f"{rows(len(test))} of {other.source.name} held out, none of them among those it learned from",
    )


def _all(snapshot: Snapshot) -> Rows:
    """Put both sides of a split back together, in the order of the source."""
    one, two = snapshot.train, snapshot.test
    whole = replace(
        one,
        X=np.concatenate([one.X, two.X]),
        y=np.concatenate([one.y, two.y]),
        segments={name: np.concatenate([labels, two.segments[name]]) for name, labels in one.segments.items()},
        times=None if one.times is None or two.times is None else np.concatenate([one.times, two.times]),
        groups=None if one.groups is None or two.groups is None else np.concatenate([one.groups, two.groups]),
        index=np.concatenate([one.index, two.index]),
        frame=pl.concat([one.frame, two.frame]),
        weights=None if one.weights is None or two.weights is None else np.concatenate([one.weights, two.weights]),
        stands=None if one.stands is None or two.stands is None else np.concatenate([one.stands, two.stands]),
    )
    return whole.take(np.argsort(whole.index, kind="stable"))
