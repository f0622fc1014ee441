"""`Grower`: grows one shape of trees on all folds in step, until the folds have stopped gaining or the budget ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.extras import need
from mainstay.training.meter import tree_price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lightgbm import Booster, Dataset
    from numpy.typing import NDArray

    from mainstay.measures.measure import Kind
    from mainstay.training.lesson import Lesson
    from mainstay.training.meter import Meter

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Shape = Mapping[str, float]

MOST_TREES, PATIENCE = 1500, 40
_WORTH_A_THREAD = 5_000_000  # cells
_OBJECTIVES: dict[Kind, dict[str, str]] = {
    "binary": {"objective": "binary", "metric": "binary_logloss"},
    "multiclass": {"objective": "multiclass", "metric": "multi_logloss"},
    "regression": {"objective": "regression", "metric": "rmse"},
}


@dataclass(frozen=True)
class Growth:
    """One shape, grown on all folds in step.

    Parameters
    ----------
    shape : mapping
        Its parameters.
    losses : array, shape (trees, folds)
        Loss on each fold's scored rows after each tree.
    boosters : list of Booster
        One per fold.
    ended : {"gained no more", "budget", "pruned", "clock"}
        Why it stopped.

    """

    shape: Shape
    losses: Floats
    boosters: list[Booster]
    ended: str = "gained no more"


class Grower:
    """Holds the rows of a lesson as LightGBM wants them.

    Parameters
    ----------
    lesson : Lesson
        Rows and folds.

    Raises
    ------
    SetupError
        Where LightGBM isn't installed.

    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self._package = need("lightgbm", "Training", "train")
        parts = lesson.folds.parts
        self._sets = [self._dataset(learn) for learn, _ in parts]
        self._tests = [self._dataset(score, known) for (_, score), known in zip(parts, self._sets, strict=True)]
        # A fold that learned from more rows says more about the model that learns from all: it matters in time order.
        self.weights = np.asarray([learn.size for learn, _ in parts], dtype=np.float64)

    def grow(
        self, shape: Shape, meter: Meter, hopeless: Callable[[int, float], bool] | None = None, most: int = MOST_TREES
    ) -> Growth:
        """Add trees on all folds in step.

        Parameters
        ----------
        shape : mapping
            LightGBM's parameters.
        meter : Meter
            Pays for the trees.
        hopeless : callable, optional
            Asked every 25 trees, with their number and the best loss so far, whether to give up.
        most : int
            Most trees.

        """
        boosters = [self._booster(shape, learned, test) for learned, test in zip(self._sets, self._tests, strict=True)]
        price = self.step_price(shape)
        curve: list[list[float]] = []
        best, best_at, ended = float("inf"), 0, "gained no more"
        share = self.weights / self.weights.sum()
        while len(curve) < most and len(curve) - best_at < PATIENCE:
            if curve and not meter.covers(price):
                ended = "budget"
                break
            for booster in boosters:
                booster.update()
            meter.spend(price)
            curve.append([booster.eval_valid()[0][2] for booster in boosters])
            mean = float(np.asarray(curve[-1]) @ share)
            if mean < best:
                best, best_at = mean, len(curve)
            if len(curve) % 25 == 0 and (ended := _why_stop(meter, hopeless, len(curve), best)):
                break
            ended = "gained no more"
        return Growth(shape, np.asarray(curve), boosters, ended)

    def whole(self, shape: Shape, trees: int, meter: Meter) -> Booster:
        """Grow so many trees on all rows of the lesson."""
        meter.spend(trees * self.price(self.lesson.y.size, shape))
        return self.fit(self._dataset(np.arange(self.lesson.y.size)), shape, trees)

    def other(self, shape: Shape, trees: int, rows: tuple[Floats, Floats, Floats | None]) -> Booster:
        """Grow so many trees on other rows, truth and weights."""
        return self.fit(self._made(*rows), shape, trees)

    def fit(self, rows: Dataset, shape: Shape, trees: int) -> Booster:
        """Grow so many trees on a data set."""
        booster: Booster = self._package.train(self.parameters(shape), rows, num_boost_round=trees)
        return booster

    def predict(self, booster: Booster, X: Floats, trees: int) -> Floats:
        """Give the raw scores (log odds, of several classes one per label; amounts) of the first so many trees."""
        found = booster.predict(X, num_iteration=trees, raw_score=True, num_threads=self._threads)
        return np.asarray(found, dtype=np.float64)

    def step_price(self, shape: Shape) -> float:
        """Price one more tree on every fold."""
        return sum(self.price(learn.size, shape) for learn, _ in self.lesson.folds.parts)

    def parameters(self, shape: Shape) -> dict[str, object]:
        """Give everything LightGBM is told."""
        return {
            **_OBJECTIVES[self.lesson.kind],
            **({"num_class": self.lesson.classes} if self.lesson.classes > 1 else {}),
            "seed": self.lesson.seed,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "num_threads": self._threads,
            "verbosity": -1,
            **{key: int(value) if value == int(value) else value for key, value in shape.items()},
        }

    def price(self, rows: int, shape: Shape) -> float:
        """Price one more tree; of several classes each step grows one for every label."""
        return self.lesson.classes * tree_price(rows, self.lesson.X.shape[1], shape.get("num_leaves", 31))

    @property
    def _threads(self) -> int:
        """How many threads pay: on small tables, and beside other processes, two wait for each other."""
        return 1 if self.lesson.X.size < _WORTH_A_THREAD else 2

    def _booster(self, shape: Shape, learned: Dataset, test: Dataset) -> Booster:
        booster: Booster = self._package.Booster(self.parameters(shape), learned)
        booster.add_valid(test, "fold")
        return booster

    def _dataset(self, places: Places, known: Dataset | None = None) -> Dataset:
        lesson = self.lesson
        weights = None if lesson.weights is None else lesson.weights[places]
        return self._made(lesson.X[places], lesson.y[places], weights, known)

    def _made(self, X: Floats, y: Floats, weights: Floats | None, known: Dataset | None = None) -> Dataset:
        made: Dataset = self._package.Dataset(
            X,
            label=y,
            weight=weights,
            reference=known,
            categorical_feature=[j for j, labels in self.lesson.labels.items() if labels > 3],
            params={"feature_pre_filter": False, "verbosity": -1, "num_threads": self._threads},
            free_raw_data=True,
        )
        return made


def best_size(growth: Growth, weights: Floats) -> tuple[int, float]:
    """Give the number of trees with the least weighted mean loss over the folds, and that loss."""
    weights = weights if weights.any() else np.ones(weights.size)
    means = growth.losses @ weights / weights.sum()
    return int(np.argmin(means)) + 1, float(means.min())


def _why_stop(meter: Meter, hopeless: Callable[[int, float], bool] | None, trees: int, best: float) -> str:
    if meter.late:
        return "clock"
    return "pruned" if hopeless is not None and hopeless(trees, best) else ""
