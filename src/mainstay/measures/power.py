"""How many records an experiment needs before it can see a difference."""

from __future__ import annotations

import math
from statistics import NormalDist


def records_needed(
    effect: float,
    spread: tuple[float, float],
    *,
    share: float = 0.5,
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    """Give how many records two arms need together before a difference of means is seen.

    The two-sample z-test, two-sided. The arms may differ in spread and in size.

    Parameters
    ----------
    effect : float
        The difference to be seen, per record.
    spread : tuple of float
        Standard deviation of what one record brings, in the arm with the model and in the one without.
    share : float
        Share of the records in the arm with the model, above 0 and below 1.
    power : float
        How often the difference is to be seen where it is there.
    level : float
        Confidence: how rarely a difference may be seen where none is.

    Returns
    -------
    float
        Infinity where there is no effect to see.

    Examples
    --------
    >>> round(records_needed(1.0, (10.0, 10.0)))
    3140
    >>> records_needed(0.0, (10.0, 10.0))
    inf

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 2; Kohavi, Tang and Xu (2020),
    Trustworthy Online Controlled Experiments, chapter 17.

    """
    if effect == 0 or not math.isfinite(effect):
        return math.inf
    return _per_record(spread, share) * (_reach(power, level) / effect) ** 2


def effect_seen(
    records: float, spread: tuple[float, float], *, share: float = 0.5, power: float = 0.8, level: float = 0.95
) -> float:
    """Give the smallest difference that so many records would show; parameters as in `records_needed`.

    Examples
    --------
    >>> round(effect_seen(3140, (10.0, 10.0)), 2)
    1.0

    """
    if records <= 0:
        return math.inf
    return math.sqrt(_per_record(spread, share) / records) * _reach(power, level)


def _per_record(spread: tuple[float, float], share: float) -> float:
    """Give the variance of the difference of means, times the number of records."""
    return spread[0] ** 2 / share + spread[1] ** 2 / (1 - share)


def _reach(power: float, level: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)
