"""A search for the parameters of trees by Optuna (Akiba et al. 2019), within a budget, every trial kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mainstay.extras import need
from mainstay.models.studies import Trial
from mainstay.training.trees.growth import Grower, best_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from optuna import Trial as OptunaTrial

    from mainstay.training.meter import Meter
    from mainstay.training.trees.growth import Growth, Shape

_KEPT = 4  # growths that may be mixed
_MOST_TRIALS = 500
_NAME = "lightgbm"


def search(
    grower: Grower, meter: Meter, shapes: Sequence[Shape], where: str = "all rows"
) -> tuple[list[Growth], list[Trial]]:
    """Search until the budget is spent: the given shapes first, then what a tree-structured Parzen estimator proposes.

    A trial that is worse than the median of the others at the same number of trees is given up.

    Parameters
    ----------
    grower : Grower
        Holds rows and folds.
    meter : Meter
        Counts the work, so that the same seed makes the same trials on any machine.
    shapes : sequence of mapping
        Tried first.
    where : str
        Which rows this search sees, for the record.

    Returns
    -------
    growths : list of Growth
        The best few, best first.
    trials : list of Trial
        All, in their order.

    Raises
    ------
    SetupError
        Where Optuna isn't installed.

    """
    optuna = _package()
    lesson = grower.lesson
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=lesson.seed, multivariate=True, n_startup_trials=len(shapes) + 4),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=50),
    )
    for shape in shapes:
        study.enqueue_trial(_asked(shape))
    kept: list[tuple[float, Growth]] = []
    trials: list[Trial] = []
    while len(trials) < _MOST_TRIALS and (not trials or meter.left > 0) and not meter.late:
        trial, start = study.ask(), time.perf_counter()
        shape = _suggested(trial)
        growth = grower.grow(shape, meter, hopeless=_pruner(trial))
        trees, loss = best_size(growth, grower.weights)
        done = growth.ended == "gained no more" or not trials
        state = {"pruned": "pruned", "clock": "cut", "budget": "cut"}.get(growth.ended, "done")
        if done:
            study.tell(trial, loss)
            kept = sorted([*kept, (loss, growth)], key=lambda pair: pair[0])[:_KEPT]
        else:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        seconds = time.perf_counter() - start
        one = Trial(
            candidate=_NAME,
            number=len(trials),
            parameters={**shape, "trees": trees},
            loss=loss,
            seconds=seconds,
            state=state,
            where=where,
        )
        trials.append(one)
        if len(trials) % 10 == 1:
            lesson.say(f"{_NAME}: {len(trials)} trials on {where}, best {kept[0][0]:.5g}")
    return [growth for _, growth in kept], trials


def _asked(shape: Shape) -> dict[str, float]:
    """Write a shape as the search's own parameters."""
    return {
        "num_leaves": shape["num_leaves"],
        "learning_rate": shape["learning_rate"],
        "min_data_in_leaf": shape["min_data_in_leaf"],
        "feature_fraction": shape.get("feature_fraction", 1.0),
        "bagging_fraction": shape.get("bagging_fraction", 1.0),
        "lambda_l2": max(shape.get("lambda_l2", 1e-3), 1e-3),
    }


def _suggested(trial: OptunaTrial) -> dict[str, float]:
    shape = {
        "num_leaves": trial.suggest_int("num_leaves", 3, 127, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 3, 200, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 100.0, log=True),
    }
    return {**shape, "bagging_freq": 1} if shape["bagging_fraction"] < 1 else shape


def _pruner(trial: OptunaTrial) -> Callable[[int, float], bool]:
    def hopeless(trees: int, best: float) -> bool:
        trial.report(best, trees)
        return bool(trial.should_prune())

    return hopeless


def _package() -> ModuleType:
    package = need("optuna", 'search = "optuna"', "train")  # half a second to import
    package.logging.set_verbosity(package.logging.WARNING)
    return package
