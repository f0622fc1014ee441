"""An estimator of somebody's own (``model.py``, or one handed to `ship`): a fresh one is fitted on every fold.

It is given what it would get in a notebook: a pandas frame of the record's columns, and the labels as whole numbers in
the order of the task's labels (0 and 1 for no and yes), or the amounts.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.errors import InputError, MainstayError
from mainstay.extras import need
from mainstay.models.adopting import adopt, demand_bearing, demand_sound
from mainstay.models.answers import labels_of
from mainstay.training.lesson import Learned

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.models.candidate import Parameter
    from mainstay.models.columns import Columns
    from mainstay.models.model import Model
    from mainstay.models.task import Task
    from mainstay.training.lesson import Lesson, Recipe

    Floats = NDArray[np.float64]

_NEEDS_CATEGORIES = ("lightgbm", "xgboost")
_SHOWN = 60  # characters of a parameter


def fit_estimator(make: Callable[[], Any], columns: Columns, task: Task, name: str = "model.py") -> Recipe:
    """Give the recipe that fits what `make` makes, anew for each fold.

    Parameters
    ----------
    make : callable
        Gives an estimator that isn't fitted: with ``fit``, and ``predict_proba`` or ``predict``.
    columns : Columns
        What a row is turned back into for it.
    task : Task
        What it predicts.
    name : str
        What to call it in errors.

    """

    def recipe(lesson: Lesson) -> Learned:
        def fit(X: Floats, y: Floats, weights: Floats | None) -> Model:
            estimator = make()
            seen = columns.as_categories() if _package(estimator) in _NEEDS_CATEGORIES else columns
            _fit(estimator, seen.frame(X), y if task.kind == "regression" else y.astype(np.int64), weights, name)
            return adopt(estimator, seen, coded(task))

        lesson.say(f"{name}: fitting")
        model = fit(lesson.X, lesson.y, lesson.weights)
        demand_sound(model, lesson.X, task)  # on all rows first: what it can't take is told before the folds are fitted
        demand_bearing(model, lesson.X, columns)
        return Learned(model, lesson.fold_scores(fit), _parameters(make(), lesson.seed), refit=fit)

    return recipe


def cloned(estimator: Any) -> Callable[[], Any] | None:
    """Give what makes unfitted copies of a fitted estimator; None where it can't be fitted again.

    Raises
    ------
    InputError
        Where it is the class of an estimator and not one; and, by what is given, where scikit-learn can't copy it.

    """
    if isinstance(estimator, type):
        raise InputError(f"{estimator.__name__} is a class.", f"Give an estimator of it: {estimator.__name__}().")
    if not (hasattr(estimator, "get_params") and hasattr(estimator, "fit")):
        return None
    base = need("sklearn.base", "Training", "train")

    def make() -> Any:
        if _package(estimator) == "catboost":  # it keeps copies of what it takes, which scikit-learn's copy refuses
            return type(estimator)(**deepcopy(estimator.get_params()))
        try:
            return base.clone(estimator)
        except (TypeError, RuntimeError) as error:  # what scikit-learn says of a constructor that changes what it takes
            words = " ".join(str(error).split())[:300].rstrip(".")
            raise InputError(
                f"The {type(estimator).__name__} can't be fitted anew: {words}.",
                "Let its __init__ keep what it takes as it is; or give the fitted one with rows it never saw "
                "(holdout=, on the command line --holdout).",
            ) from error

    return make


def coded(task: Task) -> Task:
    """Give a task whose labels are spelled as their codes: what an estimator is fitted on."""
    codes = tuple(str(code) for code in range(len(labels_of(task))))
    if task.kind == "binary":
        return msgspec.structs.replace(task, negative="0", positive="1")
    return msgspec.structs.replace(task, labels=codes) if codes else task


def _fit(estimator: Any, frame: Any, y: NDArray[Any], weights: Floats | None, name: str) -> None:
    if not hasattr(estimator, "fit"):
        raise InputError(
            f"{name} gives a {type(estimator).__name__}, which has no fit.", "Return an estimator that isn't fitted."
        )
    said = {} if weights is None else {_weight_name(estimator): weights}
    try:
        estimator.fit(frame, y, **said)
    except MainstayError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:300].rstrip(".")
        raise InputError(
            f"{name} can't be fitted on the columns of the contract: {type(error).__name__}: {words}.",
            "It is given a pandas frame with labels as texts: put what turns them into numbers in front of it "
            "(ColumnTransformer with OneHotEncoder, SimpleImputer for what may be missing).",
        ) from error


def _weight_name(estimator: Any) -> str:
    steps = getattr(estimator, "steps", None)
    return f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"


def _package(estimator: Any) -> str:
    return type(estimator).__module__.partition(".")[0]


def _parameters(estimator: Any, seed: int) -> dict[str, Parameter]:
    """Tell the estimator's parameters that are numbers or short texts."""
    found = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    plain = {key: value for key, value in found.items() if isinstance(value, str | int | float | bool)}
    short = {key: value for key, value in plain.items() if len(str(value)) <= _SHOWN and value == value}  # noqa: PLR0124
    return {"estimator": type(estimator).__name__, **short, "seed": seed}
