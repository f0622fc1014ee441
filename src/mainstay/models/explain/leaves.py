"""The leaves of LightGBM's trees, each with what its path demands of a row."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CATEGORY, _LEFT, _NAN = 1, 2, 2  # bits of a decision type, and the kind of missing value that is NaN
CODES = 64
"""Codes of a category that a mask can hold."""
_ALL = (1 << CODES) - 1


@dataclass(frozen=True)
class Demand:
    """What a path demands of one feature, all its splits together, and the share of training rows that met it.

    Parameters
    ----------
    low, high : float
        A number meets it where ``low < x <= high``.
    missing : bool
        Whether a missing value meets it; of a category also any code that the mask can't hold.
    mask : int
        Bits of the codes that meet it; -1 where the feature is a number.
    share : float
        Product of the shares of rows that went this way.

    """

    low: float = -math.inf
    high: float = math.inf
    missing: bool = True
    mask: int = -1
    share: float = 1.0


@dataclass(frozen=True)
class Leaf:
    """A leaf: its value, how many training rows came to it, and what its path demands, by feature."""

    value: float
    rows: int
    demands: dict[int, Demand] = field(default_factory=dict)


class _Tree:
    def __init__(self, text: str) -> None:
        found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if found.get("is_linear", "0") != "0":
            raise ValueError("linear trees have no leaf values")
        self.values = _floats(found["leaf_value"])
        self.rows = _ints(found.get("leaf_count", "0"))
        if len(self.values) == 1:
            return
        self.features, self.kinds = _ints(found["split_feature"]), _ints(found["decision_type"])
        self.thresholds, self.counts = _floats(found["threshold"]), _ints(found["internal_count"])
        self.left, self.right = _ints(found["left_child"]), _ints(found["right_child"])
        self.bounds, self.words = _ints(found.get("cat_boundaries", "")), _ints(found.get("cat_threshold", ""))

    def leaves(self) -> Iterator[Leaf]:
        if len(self.values) == 1:
            yield Leaf(self.values[0], self.rows[0])
            return
        waiting: list[tuple[int, dict[int, Demand]]] = [(0, {})]
        while waiting:
            node, demands = waiting.pop()
            if node < 0:
                yield Leaf(self.values[~node], self.rows[~node], demands)
                continue
            feature = self.features[node]
            before = demands.get(feature, Demand())
            for child, goes_left in ((self.left[node], True), (self.right[node], False)):
                rows = self.counts[child] if child >= 0 else self.rows[~child]
                share = before.share * rows / self.counts[node]
                waiting.append((child, {**demands, feature: self._narrowed(before, node, share, left=goes_left)}))

    def _narrowed(self, before: Demand, node: int, share: float, *, left: bool) -> Demand:
        kind, threshold = self.kinds[node], self.thresholds[node]
        if kind & _CATEGORY:
            mask = self._mask(int(threshold))
            # Whatever isn't among the codes goes to the right: missing values, too.
            allowed = mask if left else _ALL & ~mask
            return replace(
                before, mask=allowed & (_ALL if before.mask < 0 else before.mask), missing=before.missing and not left,
                share=share,
            )  # fmt: skip
        gap = kind >> 2 & 3
        if gap == 1:
            raise ValueError("zero counts as missing")
        missing_left = bool(kind & _LEFT) if gap == _NAN else threshold >= 0.0  # else a missing value counts as 0
        missing = before.missing and missing_left == left
        if left:
            return replace(before, high=min(before.high, threshold), missing=missing, share=share)
        return replace(before, low=max(before.low, threshold), missing=missing, share=share)

    def _mask(self, place: int) -> int:
        words = self.words[self.bounds[place] : self.bounds[place + 1]]
        mask = sum(word << (32 * j) for j, word in enumerate(words))
        if mask > _ALL:
            raise ValueError("a category has more codes than a mask holds")
        return mask


def leaves_of(text: str) -> list[Leaf]:
    """Read the leaves of trees in LightGBM's text format.

    Raises
    ------
    ValueError
        Where the trees have something that can't be told so: linear leaves, zeros that count as missing, categories
        of more than 64 codes.

    """
    trees = text.partition("\nTree=")[2].partition("\nend of trees")[0].split("\nTree=")
    try:
        return [leaf for tree in trees for leaf in _Tree(tree).leaves()]
    except (KeyError, IndexError, ZeroDivisionError) as error:
        raise ValueError(f"the trees can't be read: {error}") from None


def _floats(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _ints(text: str) -> list[int]:
    return [int(word) for word in text.split()]
