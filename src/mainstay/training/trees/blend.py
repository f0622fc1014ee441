"""The best few shapes as one model: chosen greedily (Caruana et al. 2004), their trees laid one after the other.

The mean of several sums of trees is itself a sum of trees with smaller leaves, so a blend is a LightGBM model like any
other: one file, one call, exact contributions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SCALED = re.compile(r"^(leaf_value|internal_value)=(.*)$", re.MULTILINE)
_TREE = re.compile(r"^Tree=\d+$", re.MULTILINE)


def choose_blend(raw: Sequence[Floats], loss: Callable[[Floats], float], most: int = 3) -> tuple[int, ...]:
    """Choose whose raw scores to average, best first; one may come in more than once, and then counts more.

    Parameters
    ----------
    raw : sequence of array
        Raw scores of the same rows, one per shape.
    loss : callable
        Of averaged raw scores.
    most : int
        How many at most.

    Examples
    --------
    >>> truth = np.array([0.0, 1.0, 2.0])
    >>> high, low, bad = truth + 0.5, truth - 0.5, truth + 9
    >>> choose_blend([high, low, bad], lambda scores: float(np.mean((scores - truth) ** 2)))
    (0, 1)

    """
    chosen: list[int] = []
    total = np.zeros_like(raw[0])
    best = float("inf")
    while len(chosen) < most:
        losses = [loss((total + one) / (len(chosen) + 1)) for one in raw]
        place = int(np.argmin(losses))
        if losses[place] >= best:
            break
        best = losses[place]
        chosen.append(place)
        total = total + raw[place]
    return tuple(chosen)


def lay_together(texts: Sequence[str], weights: Sequence[float]) -> str:
    """Make one LightGBM text of several: the weighted sum of their raw scores.

    Parameters
    ----------
    texts : sequence of str
        LightGBM's text format; all learned from the same columns with the same objective.
    weights : sequence of float
        How much each counts.

    """
    if len(texts) == 1 and weights[0] == 1:
        return texts[0]
    head, _, foot = _taken_apart(texts[0])
    trees = [
        _scaled(tree, weight) for text, weight in zip(texts, weights, strict=True) for tree in _taken_apart(text)[1]
    ]
    numbered = [_TREE.sub(f"Tree={k}", tree, count=1) for k, tree in enumerate(trees)]
    sizes = " ".join(str(len(tree.encode())) for tree in numbered)
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", head, count=1, flags=re.MULTILINE)
    return head + "".join(numbered) + foot


def _taken_apart(text: str) -> tuple[str, list[str], str]:
    """Cut a text into its head, its trees (each with the blank lines behind it), and what follows."""
    starts = [match.start() for match in _TREE.finditer(text)]
    end = text.index("end of trees")
    trees = [text[start:stop] for start, stop in zip(starts, [*starts[1:], end], strict=True)]
    return text[: starts[0]] if starts else text[:end], trees, text[end:]


def _scaled(tree: str, weight: float) -> str:
    def scale(match: re.Match[str]) -> str:
        values = (repr(float(value) * weight) for value in match[2].split())
        return f"{match[1]}={' '.join(values)}"

    return _SCALED.sub(scale, tree)
