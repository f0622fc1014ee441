"""Whole numbers that are codes rather than amounts: seen by what they say about the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.facts import Facts

    Floats = NDArray[np.float64]

MOST_CODES, MOST_STEPPED_CODES = 12, 31
_ROWS_PER_CODE = 20
_OUT_OF_LINE, _FAR_OUT_OF_LINE = 0.2, 0.5


def tell_codes(facts: Facts, known: Floats, y: Floats) -> tuple[bool, str] | None:
    """Decide whether small whole numbers are codes, by whether the target follows their order.

    A straight line through the codes explains part of what one mean per code explains. Where it leaves out much (and
    more than chance would, by the F test for lack of fit), order says little and each code stands for itself.

    Parameters
    ----------
    facts : Facts
        The column.
    known : array
        Its numbers, without the missing ones.
    y : array, shape (n,)
        The encoded target of every row.

    Returns
    -------
    tuple of bool and str, or None
        Whether they are codes, and the evidence; None where nothing can be told.

    """
    values, place = np.unique(known, return_inverse=True)
    if not 2 <= len(values) <= MOST_STEPPED_CODES or values[-1] - values[0] > len(values) + 1:
        return None
    known_y = y[~np.isnan(facts.numbers)]
    use = ~np.isnan(known_y)
    x, t, place = known[use], known_y[use], place[use]
    codes = len(np.unique(place))
    if codes == 2 and len(values) == 2:
        return True, f"two codes, {values[0]:g} and {values[1]:g}: a label rather than an amount"
    if len(x) < _ROWS_PER_CODE * codes or codes < 3 or t.std() == 0:
        return None
    sizes = np.bincount(place, minlength=len(values))
    means = np.bincount(place, weights=t, minlength=len(values)) / np.maximum(sizes, 1)
    between = float((sizes * (means - t.mean()) ** 2).sum())
    within = float(((t - means[place]) ** 2).sum())
    line = float(np.corrcoef(x, t)[0, 1] ** 2 * ((t - t.mean()) ** 2).sum())
    left_out = max(0.0, 1.0 - line / between) if between > 0 else 0.0
    chance = within / (len(t) - codes) if within > 0 else 1e-12
    surprising = (between - line) / (codes - 2) / chance > 4.0
    told = f"{codes} different whole numbers from {values[0]:g} to {values[-1]:g}; a straight line misses"
    enough = _OUT_OF_LINE if len(values) <= MOST_CODES else _FAR_OUT_OF_LINE
    if surprising and left_out > enough:
        return True, f"{told} {100 * left_out:.0f} % of what they say about the target: labels rather than amounts"
    if surprising:
        return (
            False,
            f"{told} only {100 * left_out:.0f} % of what they say about the target: amounts rather than labels",
        )
    return False, f"{told} no more of what they say about the target than chance would: amounts rather than labels"
