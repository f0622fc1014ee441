"""Feature by feature: is it good for anything, and what does it cost (rule 22; Data 2 and 3 of the ML Test Score).

Shuffling a feature says how much the model leans on it; whether it is *needed* only a model says that was fitted
without it, because another feature may stand in. Fitting is dear, so it is done for those alone that are in doubt: the
features whose shuffling did not surely hurt, and those that say the same as another one. The recipe of the chosen
candidate is fitted again without a search, on at most 5 000 training rows, with the feature held constant; the same
fit with all features is what it is compared with, in pairs, on held-out rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluation.findings import found
from mainstay.evaluation.influences import LOSSES
from mainstay.measures.intervals import mean_estimate
from mainstay.models.ablation import Ablated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.finding import Finding
    from mainstay.models.ablation import Use
    from mainstay.models.candidate import Fit, Training
    from mainstay.models.report import Influence

    Floats = NDArray[np.float64]

MOST_ROWS, MOST_FITS, MOST_WIDTH = 5000, 8, 200
ALL = "all that don't help, together"
_SAME = 0.995
_SURE = 2.0  # standard errors
LEVEL = 1 - 0.05 / MOST_FITS
"""Of the intervals: the doubt is shared out over the fits (Bonferroni); one of many is soon called harmful by luck."""


def ablate(
    snapshot: Snapshot, training: Training, held: HeldOut, influences: Sequence[Influence]
) -> tuple[Ablated, ...]:
    """Name for each feature whether it helps, and what it costs.

    Empty where the chosen candidate can't be fitted again, has one feature, or more than 200 numbers. The last one,
    called `ALL`, leaves every feature out that doesn't help; it is there where several don't.

    Parameters
    ----------
    snapshot : Snapshot
        Training rows.
    training : Training
        With what fits the chosen candidate again.
    held : HeldOut
        Held-out rows.
    influences : sequence of Influence
        What shuffling each feature did.

    """
    fit, names = training.refit, snapshot.inputs.encoded_names
    if fit is None or not 1 < len(names) <= MOST_WIDTH or held.truth.size < 2:
        return ()
    sure = {one.feature for one in influences if one.value > _SURE * one.error}
    twins = find_twins(snapshot.train.X, names)
    doubtful = [one.feature for one in reversed(influences) if one.feature not in sure or one.feature in twins]
    refits = _Refits(snapshot, training, held, fit)
    lost = {name: refits.without([name]) for name in doubtful[: MOST_FITS - 1]}
    columns = {column.name: column for column, _ in snapshot.inputs.slots}
    missing = dict(zip(names, np.isnan(snapshot.train.X).mean(axis=0).tolist(), strict=True))
    told = tuple(
        Ablated(
            feature=name,
            use=_use(lost.get(name), twins.get(name, "")),
            lost=lost.get(name),
            twin=twins.get(name, ""),
            missing=missing[name],
            owner=columns[name].owner if name in columns else "",
            source=columns[name].source if name in columns else "",
        )
        for name in (one.feature for one in influences)
    )
    idle = [one.feature for one in told if one.use != "helps" and not _first_twin(one, told)]
    if not 1 < len(idle) < len(names):  # where all are, nothing is left to learn from
        return told
    together = refits.without(idle)
    return (*told, Ablated(feature=ALL, use=_use(together, ""), lost=together))


def find_twins(X: Floats, names: Sequence[str]) -> dict[str, str]:
    """Find features that say the same as another one: their ranks go together, up or down.

    Returns
    -------
    dict of str to str
        From each of a pair to the other.

    """
    rows = X[:: max(1, len(X) // 2000)]
    filled = np.where(np.isnan(rows), np.nanmin(np.where(np.isnan(rows), np.inf, rows), initial=0.0) - 1.0, rows)
    ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in filled.T]).astype(np.float64)
    varies = np.flatnonzero(ranks.std(axis=1) > 0)
    if varies.size < 2:
        return {}
    alike = np.abs(np.corrcoef(ranks[varies]))
    np.fill_diagonal(alike, 0.0)
    return {
        names[varies[i]]: names[varies[int(alike[i].argmax())]] for i in range(varies.size) if alike[i].max() > _SAME
    }


class _Refits:
    """Fits the chosen recipe again and again on the same rows, and judges it on the same rows."""

    def __init__(self, snapshot: Snapshot, training: Training, held: HeldOut, fit: Fit) -> None:
        rng = np.random.default_rng(training.seed)
        rows = snapshot.train
        some = np.sort(rng.permutation(len(rows))[:MOST_ROWS])
        self._X, self._y = rows.X[some], rows.y[some]
        self._weights = None if rows.fit_weights is None else rows.fit_weights[some]
        judged = np.sort(rng.permutation(held.truth.size)[:MOST_ROWS])
        self._asked, self._truth = held.X[judged], held.truth[judged]
        self._clusters = None if held.clusters is None else held.clusters[judged]
        self._names = list(snapshot.inputs.encoded_names)
        self._losses = LOSSES[snapshot.task.kind]
        self._fit = fit
        self._unit = "squared error" if snapshot.task.kind == "regression" else "log loss"
        self._plain = self._judge([])

    def without(self, names: Sequence[str]) -> Finding:
        """Measure the loss that is added where some features are held constant."""
        added = self._judge([self._names.index(name) for name in names]) - self._plain
        where = names[0] if len(names) == 1 else ALL
        note = f"Added {self._unit} where it is left out."
        estimate = mean_estimate(added, self._clusters, LEVEL)
        return found(estimate, "left_out", where=where, group="ablation", note=note)

    def _judge(self, places: list[int]) -> Floats:
        learned, asked = self._X.copy(), self._asked.copy()
        for place in places:
            there = learned[:, place][~np.isnan(learned[:, place])]
            learned[:, place] = asked[:, place] = np.median(there) if there.size else 0.0
        model = self._fit(learned, self._y, self._weights)
        return np.asarray(self._losses(self._truth, model.scores(asked)))


def _use(lost: Finding | None, twin: str) -> Use:
    if lost is None or lost.interval is None:
        return "helps" if lost is None else "unused"
    if lost.interval.low > 0:
        return "helps"
    if lost.interval.high < 0:
        return "harmful"
    return "duplicate" if twin else "unused"


def _first_twin(one: Ablated, told: Sequence[Ablated]) -> bool:
    """Say whether this is the one of two duplicates that stays when the other goes."""
    if one.use != "duplicate":
        return False
    names = [other.feature for other in told]
    stays = any(other.feature == one.twin and other.use == "helps" for other in told)
    return not stays and names.index(one.feature) < names.index(one.twin)
