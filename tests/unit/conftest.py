"""A snapshot made by hand, so that training and evaluation are tested without reading a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Category, Contract, Number
from mainstay.data.rows import Rows
from mainstay.data.sieve import LedgerLine
from mainstay.data.snapshot import Snapshot
from mainstay.data.source import Source
from mainstay.models import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.holdout import SplitKind
    from mainstay.measures.measure import Kind

PLANS = ("basic", "full", "gone")
GRADES = ("low", "medium", "high")
CONTRACT = Contract(
    (
        Number(name="tenure"),
        Number(name="price", missing="allow"),
        Category(name="plan", values=PLANS),
        Number(name="noise"),
    )
)


@pytest.fixture(scope="session")
def make_snapshot() -> Callable[..., Snapshot]:
    """Give the maker of snapshots: ``make_snapshot(kind, rows, seed=…, split=…, strength=…)``."""
    return snapshot


def snapshot(
    kind: Kind = "binary",
    rows: int = 1200,
    *,
    seed: int = 0,
    split: SplitKind = "random",
    strength: float = 1.0,
) -> Snapshot:
    """Draw rows of a known world and split them three to one.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
        What is predicted.
    rows : int
        How many, both sides together.
    seed : int
        Same seed, same rows.
    split : {"random", "time", "group"}
        How they are held out.
    strength : float
        0: the features say nothing at all.

    """
    rng = np.random.default_rng(seed)
    tenure, price = rng.exponential(20, rows), rng.normal(60, 15, rows)
    plan, noise = rng.integers(0, 3, rows), rng.normal(size=rows)
    signal = strength * (-0.05 * tenure + 0.03 * (price - 60) + np.array([0.5, -0.8, 0.0])[plan])
    price[rng.random(rows) < 0.05] = np.nan
    if kind == "binary":
        y = (rng.random(rows) < 1 / (1 + np.exp(0.8 - signal))).astype(np.float64)
        task = Task(kind="binary", target="churned", positive="Yes", negative="No")
    elif kind == "multiclass":
        sums = np.column_stack([np.zeros(rows), signal - 0.3, -1.2 * signal - 0.6]) + rng.gumbel(size=(rows, 3))
        y = sums.argmax(axis=1).astype(np.float64)
        task = Task(kind="multiclass", target="grade", labels=GRADES)
    else:
        y = 100 + 30 * signal + rng.gamma(2, 8, rows)
        task = Task(kind="regression", target="demand")
    X = np.column_stack([tenure, price, plan, noise])
    whole = Rows(
        X=X,
        y=y,
        segments={"plan": np.asarray(PLANS)[plan].astype(np.str_)},
        times=np.arange(rows, dtype=np.float64) if split == "time" else None,
        groups=np.asarray([f"g{k}" for k in rng.integers(0, 80, rows)]) if split == "group" else None,
        index=np.arange(rows),
        frame=pl.DataFrame(
            {"tenure": tenure, "price": price, "plan": [PLANS[k] for k in plan], "noise": noise}, nan_to_null=True
        ),
    )
    held = _held(whole, split, rng)
    return Snapshot(
        project="churn",
        contract=CONTRACT,
        task=task,
        train=whole.take(np.flatnonzero(~held)),
        test=whole.take(np.flatnonzero(held)),
        fingerprint=f"{seed}",
        ledger=(LedgerLine("read", rows, rows, ""),),
        segments=("plan",),
        quarantine=None,
        split=f"{rows} rows, a quarter held out by {split}",
        split_kind=split,
        time="",
        source=Source("rows.csv"),
        refused={},
        flags={},
    )


def _held(whole: Rows, split: SplitKind, rng: np.random.Generator) -> np.ndarray:
    if split == "time":
        return np.arange(len(whole)) >= 0.75 * len(whole)
    if whole.groups is not None:
        return np.isin(whole.groups, rng.permutation(np.unique(whole.groups))[:20])
    return rng.permutation(len(whole)) >= 0.75 * len(whole)
