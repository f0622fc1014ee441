"""The reference profile that drift is measured against: counts per bin and label, mergeable, without a single row.

Of a tensor not every element is watched, but its norm and its mean: two numbers that move when pictures get darker,
signals louder or a sensor dies. A text is left out: what a model sees of it is nothing, and what the project's own
feature code makes of it is watched as a feature of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from mainstay.contract.columns import Boolean, Category, Text
from mainstay.contract.personal import coarse
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        The feature; of a tensor ``"image (norm)"`` and ``"image (mean)"``.
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
    slots : tuple of int, optional
        The first of its numbers in an encoded row, and the one after its last; where it isn't said, the one number at
        its own place in the profile.
    of : {"value", "norm", "mean"}
        What is watched of these numbers.

    """

    name: str
    kind: Literal["numeric", "category"]
    counts: tuple[int, ...]
    missing: int = 0
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    slots: tuple[int, int] | None = None
    of: Literal["value", "norm", "mean"] = "value"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How the features of some rows were spread.

    Parameters
    ----------
    columns : tuple of ColumnProfile
        One per feature, in the contract's order; two per tensor, none per text.
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
    """Profile encoded rows of shape (n, width) as the reference.

    Numeric features are cut into up to 20 bins of equal count. Each edge is an actual value of the rows, so that a
    value which many rows share gets a bin of its own; that of a personal feature is rounded, so that it is nobody's. A
    constant gets three bins: below, equal, above.
    """
    empty = tuple(_empty(contract))
    watched = _watch(empty, encoded)
    own = _personal_slots(contract)
    cut = tuple(
        _cut(column, watched[:, place], coarsely=column.slots is not None and column.slots[0] in own)
        for place, column in enumerate(empty)
    )
    return Profile(columns=_count_all(cut, watched), rows=len(encoded))


def watch(profile: Profile, encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what a profile watches of encoded rows of shape (n, width): one number per column of the profile."""
    return _watch(profile.columns, encoded)


def count_like(reference: Profile, encoded: NDArray[np.float64]) -> Profile:
    """Count encoded rows of shape (n, width) in the bins and labels of `reference`."""
    return count_watched(reference, watch(reference, encoded))


def count_watched(reference: Profile, watched: NDArray[np.float64]) -> Profile:
    """Count what `watch` gave in the bins and labels of `reference`; shape (n, columns of the profile)."""
    return Profile(columns=_count_all(reference.columns, watched), rows=len(watched))


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
    if (a.name, a.kind, a.edges, a.labels, a.of) != (b.name, b.kind, b.edges, b.labels, b.of):
        raise ContractError(f"These profiles cut '{a.name}' differently.", "Count both like the same reference.")
    counts = tuple(x + y for x, y in zip(a.counts, b.counts, strict=True))
    return msgspec.structs.replace(a, counts=counts, missing=a.missing + b.missing)


def _empty(contract: Contract) -> Iterator[ColumnProfile]:
    """Give what is to be watched, with nothing counted and no bin cut."""
    at = 0
    for column in contract.features:
        slots = (at, at + column.width)
        at += column.width
        if column.made_of == "nested":
            for of in ("norm", "mean"):
                yield ColumnProfile(name=f"{column.name} ({of})", kind="numeric", counts=(), slots=slots, of=of)
        elif not isinstance(column, Text):
            labels = _labels(column)
            kind: Literal["numeric", "category"] = "category" if labels else "numeric"
            yield ColumnProfile(name=column.name, kind=kind, counts=(), labels=labels, slots=slots)


def _labels(column: AnyColumn) -> tuple[str, ...]:
    if isinstance(column, Category):
        return (*column.values, OTHER)
    return ("false", "true", OTHER) if isinstance(column, Boolean) else ()


def _watch(columns: Sequence[ColumnProfile], encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    watched = np.empty((len(encoded), len(columns)))
    for place, column in enumerate(columns):
        first, end = column.slots or (place, place + 1)
        if column.of == "norm":
            watched[:, place] = np.linalg.norm(encoded[:, first:end], axis=1)
        else:
            watched[:, place] = encoded[:, first] if column.of == "value" else encoded[:, first:end].mean(axis=1)
    return watched


def _personal_slots(contract: Contract) -> frozenset[int]:
    """Name the first slot of each personal feature."""
    widths = [column.width for column in contract.features]
    firsts = np.cumsum([0, *widths[:-1]]).tolist()
    return frozenset(first for first, column in zip(firsts, contract.features, strict=True) if column.personal)


def _cut(column: ColumnProfile, values: NDArray[np.float64], *, coarsely: bool) -> ColumnProfile:
    if column.kind == "category":
        return column
    there = values[~np.isnan(values)]
    edges = _edges(there)
    if coarsely and edges:
        span = float(there.max() - there.min())
        edges = tuple(sorted({coarse(edge, span) for edge in edges}))
    return msgspec.structs.replace(column, edges=edges)


def _edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    if not values.size:
        return ()
    low, high = values.min(), values.max()
    if low == high:  # a bin below, one for the value itself, one above: a constant that moves is seen
        return float(np.nextafter(low, -np.inf)), float(low)
    last_of_bin = -(-values.size * np.arange(1, _BINS) // _BINS) - 1  # whole numbers: no share is rounded the wrong way
    cuts = np.unique(np.sort(values)[last_of_bin])
    return tuple(float(cut) for cut in cuts if cut < high)


def _count_all(columns: Sequence[ColumnProfile], watched: NDArray[np.float64]) -> tuple[ColumnProfile, ...]:
    return tuple(_count(column, watched[:, place]) for place, column in enumerate(columns))


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
