"""Two versions' rows: which they are, what columns they have, and how values are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.lifecycle.contrast.values import Changed, changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Contract, Profile
    from mainstay.contract.profile import ColumnProfile
    from mainstay.registry import Bundle, Lineage

_WORTH_TELLING = 0.05
_MOST = 10


class Shifted(msgspec.Struct, frozen=True):
    """A feature whose values are spread otherwise.

    Parameters
    ----------
    feature : str
        Its name.
    share : float
        At least this share of the values lies elsewhere, 0 to 1: of numbers the largest gap between the two cumulative
        distributions that the bins can't explain, of labels half the sum of the differences.

    """

    feature: str
    share: float


class DataContrast(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions' rows.

    Parameters
    ----------
    same : bool
        Whether both learned from the same rows, however they were written.
    facts : tuple of Changed
        Fingerprint, rows, md5, source and pointer, where they differ.
    columns : tuple of Changed
        Columns of the contract that came, went, or are of another kind.
    shifts : tuple of Shifted
        What is spread otherwise by five in a hundred or more, the most first.

    """

    same: bool
    facts: tuple[Changed, ...]
    columns: tuple[Changed, ...]
    shifts: tuple[Shifted, ...]


def contrast_data(was: Bundle, now: Bundle) -> DataContrast:
    """Compare the rows of two versions by what their bundles say of them."""
    return DataContrast(
        same=was.lineage.data_fingerprint == now.lineage.data_fingerprint,
        facts=changes(_facts(was.lineage), _facts(now.lineage)),
        columns=changes(_columns(was.contract), _columns(now.contract)),
        shifts=tuple(shifts(was.profile, now.profile)),
    )


def shifts(was: Profile, now: Profile) -> Iterator[Shifted]:
    """Give the features whose values are spread otherwise, the most first; the bins of both may differ."""
    before = {column.name: column for column in was.columns}
    pairs = [(before[column.name], column) for column in now.columns if column.name in before]
    found = [Shifted(one.name, _apart(other, one)) for other, one in pairs if other.kind == one.kind]
    worst = sorted(found, key=lambda shifted: -shifted.share)
    yield from (shifted for shifted in worst[:_MOST] if shifted.share >= _WORTH_TELLING)


def _facts(lineage: Lineage) -> Mapping[str, object]:
    return {
        "fingerprint": lineage.data_fingerprint,
        "rows": lineage.rows,
        "md5": lineage.data_md5,
        "source": lineage.source,
        "pointer": lineage.data_pointer,
    }


def _columns(contract: Contract) -> Mapping[str, str]:
    return {column.name: f"{column.type} ({column.role})" for column in contract.columns}


def _apart(one: ColumnProfile, other: ColumnProfile) -> float:
    here, there = sum(one.counts) + one.missing, sum(other.counts) + other.missing
    if not here or not there:
        return 0.0
    missing = abs(one.missing / here - other.missing / there)
    held = _labels_apart(one, other) if one.kind == "category" else _numbers_apart(one, other)
    return round(float(max(missing, held)), 4)


def _labels_apart(one: ColumnProfile, other: ColumnProfile) -> float:
    """Give the total variation distance of the shares of labels."""
    shares = [_shares(column) for column in (one, other)]
    names = {*shares[0], *shares[1]}
    return 0.5 * sum(abs(shares[0].get(name, 0.0) - shares[1].get(name, 0.0)) for name in names)


def _shares(column: ColumnProfile) -> Mapping[str, float]:
    total = sum(column.counts) or 1
    return {label: n / total for label, n in zip(column.labels, column.counts, strict=False)}


def _numbers_apart(one: ColumnProfile, other: ColumnProfile) -> float:
    """Give a lower bound of the largest gap between two cumulative distributions that are known at their own edges."""
    return max(_beyond(one, other), _beyond(other, one), 0.0)


def _beyond(one: ColumnProfile, other: ColumnProfile) -> float:
    mine, theirs = _cumulative(one), _cumulative(other)
    edges = np.asarray(other.edges)
    gaps = [0.0]
    for edge, share in zip(one.edges, mine, strict=True):
        place = int(np.searchsorted(edges, edge, side="right"))  # edges of the other one at or below this
        low = float(theirs[place - 1]) if place else 0.0
        high = float(theirs[place]) if place < len(edges) else 1.0
        if place and edges[place - 1] == edge:
            high = low  # it is known exactly here
        gaps.append(max(low - share, share - high))
    return max(gaps)


def _cumulative(column: ColumnProfile) -> NDArray[np.float64]:
    """Give the share of values at or below each edge."""
    counts = np.asarray(column.counts, dtype=np.float64)
    total = counts.sum() or 1.0
    return np.asarray(np.cumsum(counts)[: len(column.edges)] / total)
