"""Measures of rows that stand for different numbers of records: of a label that was thinned, of a log that was sampled.

The weights are known, not estimated. A mean becomes a ratio of two means, ``weights * value`` over ``weights``, whose
interval is the delta method's (Hájek 1971). The area under the ROC curve compares labels, so weights by label leave it
as it is. What is no ratio is measured on rows drawn again, each about as often as it weighs, where the copies of a row
hang together: so its interval isn't narrower for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures import classes
from mainstay.measures.intervals import (
    Estimate,
    calibration_estimate,
    influence_estimate,
    skewed_estimate,
    skewed_mean_estimate,
    unmeasured,
)
from mainstay.measures.measure import CalibrationMeasure, DrawnMeasure, Measure, Setting, ShareMeasure
from mainstay.measures.scores import ratio, ratio_influences
from mainstay.measures.standing_in import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters

    Places = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Judged = tuple[Floats, float]


def money_estimate(values: Floats, clusters: Clusters | None = None, weights: Floats | None = None) -> Estimate:
    """Estimate mean money, weighted where rows stand for different numbers of records.

    Examples
    --------
    >>> money_estimate(np.array([10.0, -1.0, -1.0]), None, np.array([1.0, 10.0, 10.0])).value.__round__(3)
    -0.476

    """
    if weights is None or not values.size:
        return skewed_mean_estimate(values, clusters)
    return skewed_estimate(ratio(weights * values, weights), ratio_influences(weights * values, weights), clusters)


def share_estimate(hits: Floats, clusters: Clusters | None, weights: Floats) -> Estimate:
    """Estimate the share of records that `hits` (0/1) holds of."""
    if not hits.size:
        return unmeasured(0)
    top = weights * hits
    return influence_estimate(ratio(top, weights), ratio_influences(top, weights), scale="share", clusters=clusters)


def measure_weighed(
    measure: Measure, truth: Floats, judged: Judged, setting: Setting, weights: Floats | None
) -> Estimate:
    """Measure, with interval.

    Parameters
    ----------
    measure : Measure
        Any.
    truth : array, shape (n,)
    judged : tuple of array and float
        Scores, and where acting begins.
    setting : Setting
        Its threshold is not read.
    weights : array, shape (n,), optional
        How many records each row stands for.

    """
    scores, threshold = judged
    setting = replace(setting, threshold=threshold)
    if weights is None or not truth.size:
        return measure.estimate(truth, scores, setting)
    if isinstance(measure, CalibrationMeasure):
        if scores.ndim == 2:
            truth, scores = classes.right(truth, scores), classes.likeliest(scores)
        return calibration_estimate(truth, scores, setting.seed, weights=weights)
    if isinstance(measure, DrawnMeasure):
        return measure.draw(lambda drawn: measure.under(truth, scores, drawn * weights), truth, setting)
    pair = measure.as_ratio(truth, scores, threshold)
    if pair is not None:
        return _ratio_estimate(measure, pair, setting, weights)
    if _by_label(measure, truth, weights):
        return measure.estimate(truth, scores, setting)
    drawn = _drawn(measure, setting, weights)
    return drawn.measure.estimate(truth[drawn.places], scores[drawn.places], drawn.setting)


def _ratio_estimate(measure: Measure, pair: tuple[Floats, Floats], setting: Setting, weights: Floats) -> Estimate:
    top, bottom = (weights * part for part in pair)
    if not np.mean(bottom) > 0:
        return unmeasured(0)
    found = influence_estimate(
        ratio(top, bottom), ratio_influences(top, bottom), scale=measure.spread, clusters=setting.clusters
    )
    return replace(found, n=int(np.sum(pair[1]))) if isinstance(measure, ShareMeasure) else found


def advantage_weighed(  # noqa: PLR0917 - two answers on the same rows, and how to compare them
    measure: Measure, truth: Floats, mine: Judged, other: Judged, setting: Setting, weights: Floats | None
) -> Estimate:
    """Measure by how much one is better than another on the same rows, paired; positive is better."""
    pairs = None if weights is None else [measure.as_ratio(truth, *one) for one in (mine, other)]
    if weights is None or not truth.size:
        return measure.advantage(truth, mine, other, setting)
    sign = 1.0 if measure.better == "higher" else -1.0
    if isinstance(measure, DrawnMeasure):
        return measure.draw(
            lambda drawn: (
                sign
                * (measure.under(truth, mine[0], drawn * weights) - measure.under(truth, other[0], drawn * weights))
            ),
            truth,
            setting,
        )
    if pairs is None or pairs[0] is None or pairs[1] is None:
        if _by_label(measure, truth, weights):
            return measure.advantage(truth, mine, other, setting)
        again = _drawn(measure, setting, weights)
        first, second = ((scores[again.places], threshold) for scores, threshold in (mine, other))
        return again.measure.advantage(truth[again.places], first, second, again.setting)
    ours, theirs = ([weights * part for part in pair] for pair in pairs if pair is not None)
    number = ratio(ours[0], ours[1]) - ratio(theirs[0], theirs[1])
    influences = ratio_influences(ours[0], ours[1]) - ratio_influences(theirs[0], theirs[1])
    return influence_estimate(sign * number, sign * influences, clusters=setting.clusters)


@dataclass(frozen=True)
class _Drawn:
    """Rows drawn again, and how they are measured."""

    measure: Measure
    places: Places
    setting: Setting


def _drawn(measure: Measure, setting: Setting, weights: Floats) -> _Drawn:
    places = resample(weights)
    clusters = places if setting.clusters is None else setting.clusters[places]
    return _Drawn(measure.at(places), places, replace(setting, clusters=clusters))


def _by_label(measure: Measure, truth: Floats, weights: Floats) -> bool:
    """Whether all rows of a label weigh the same, so that what compares labels needs no weights."""
    return measure.kind == "binary" and not any(np.ptp(weights[truth == label]) for label in np.unique(truth))
