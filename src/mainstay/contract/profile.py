"""The reference profile that drift is measured against: counts per bin and label, mergeable, without a single row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from mainstay.contract.columns import Boolean, Category
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

OTHER = "(other)"
_BINS = 20


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True):
    """How the values of one feature were spread.

    Parameters
    ----------
    name : str
        The feature.
    kind : {"numeric", "category"}
        Whether `counts` belong to bins or to labels.
    edges : tuple of float
        Numeric: the inner edges, ascending. Bin i holds ``edges[i-1] < x <= edges[i]``; the first and the last bin
        are open, so ``len(counts) == len(edges) + 1`` and every value has a bin.
    counts : tuple of int
        Values per bin or label.
    missing : int
        How many were missing.
    labels : tuple of str
        Category: what each count belongs to; the last is ``"(other)"``.

    """

    name: str
    kind: Literal["numeric", "category"]
    counts: tuple[int, ...]
    missing: int = 0
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How the features of some rows were spread.

    Parameters
    ----------
    columns : tuple of ColumnProfile
        One per feature, in the contract's order.
    rows : int
        How many rows were counted.

    """

    columns: tuple[ColumnProfile, ...]
    rows: int

    def column(self, name: str) -> ColumnProfile:
        """Give the profile of one feature; ContractError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"The profile has no feature called '{name}'.")


def profile_rows(contract: Contract, encoded: NDArray[np.float64]) -> Profile:
    """Profile encoded rows of shape (n, features) as the reference.

    Numeric features are cut into up to 20 bins of equal count. Each edge is an actual value of the rows, so that a
    value which many rows share gets a bin of its own. A constant gets three bins: below, equal, above.
    """
    columns = tuple(
        _count(_empty(column, encoded[:, place]), encoded[:, place]) for place, column in enumerate(contract.features)
    )
    return Profile(columns=columns, rows=len(encoded))


def count_like(reference: Profile, encoded: NDArray[np.float64]) -> Profile:
    """Count encoded rows of shape (n, features) in the bins and labels of `reference`."""
    columns = tuple(_count(column, encoded[:, place]) for place, column in enumerate(reference.columns))
    return Profile(columns=columns, rows=len(encoded))


def merge(a: Profile, b: Profile) -> Profile:
    """Add two profiles of the same bins; associative and commutative.

    Raises
    ------
    ContractError
        Where their bins differ.

    """
    if len(a.columns) != len(b.columns):
        raise ContractError("These profiles describe different features.", "Count both like the same reference.")
    return Profile(columns=tuple(map(_add, a.columns, b.columns)), rows=a.rows + b.rows)


def _add(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    if (a.name, a.kind, a.edges, a.labels) != (b.name, b.kind, b.edges, b.labels):
        raise ContractError(f"These profiles cut '{a.name}' differently.", "Count both like the same reference.")
    counts = tuple(x + y for x, y in zip(a.counts, b.counts, strict=True))
    return msgspec.structs.replace(a, counts=counts, missing=a.missing + b.missing)


def _empty(column: AnyColumn, values: NDArray[np.float64]) -> ColumnProfile:
    if isinstance(column, Category):
        labels = (*column.values, OTHER)
        return ColumnProfile(name=column.name, kind="category", counts=(), labels=labels)
    if isinstance(column, Boolean):
        return ColumnProfile(name=column.name, kind="category", counts=(), labels=("false", "true", OTHER))
    return ColumnProfile(name=column.name, kind="numeric", counts=(), edges=_edges(values[~np.isnan(values)]))


def _edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    if not values.size:
        return ()
    low, high = values.min(), values.max()
    if low == high:  # a bin below, one for the value itself, one above: a constant that moves is seen
        return float(np.nextafter(low, -np.inf)), float(low)
    last_of_bin = -(-values.size * np.arange(1, _BINS) // _BINS) - 1  # whole numbers: no share is rounded the wrong way
    cuts = np.unique(np.sort(values)[last_of_bin])
    return tuple(float(cut) for cut in cuts if cut < high)


def _count(like: ColumnProfile, values: NDArray[np.float64]) -> ColumnProfile:
    there = values[~np.isnan(values)]
    if like.kind == "numeric":
        places = np.searchsorted(np.asarray(like.edges, dtype=np.float64), there, side="left")
        bins = len(like.edges) + 1
    else:
        bins = len(like.labels)
        places = np.clip(there, 0, bins - 1).astype(np.int64)
    counts = np.bincount(places, minlength=bins)
    return msgspec.structs.replace(
        like, counts=tuple(int(count) for count in counts), missing=int(values.size - there.size)
    )
