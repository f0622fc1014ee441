"""`Told`: a metric with its numbers, summed and ready to be written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]


class Told(msgspec.Struct, frozen=True):
    """One metric.

    Parameters
    ----------
    name : str
        With its unit, without ``_total``.
    kind : str
        ``"counter"``, ``"gauge"`` or ``"histogram"``.
    text : str
        What it means, in a sentence.
    labels : tuple of str
        Names of its labels.
    rows : mapping
        From the values of the labels to the number; of a histogram to its buckets, each for itself, and the sum.
    scale : int
        What the numbers are divided by.
    bounds : tuple of float
        The largest number of each bucket of a histogram.

    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...]
    rows: Mapping[Labels, float | Sequence[int]]
    scale: int = 1
    bounds: tuple[float, ...] = ()
