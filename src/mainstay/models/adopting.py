"""`adopt`: an estimator that was made elsewhere becomes a `Model`.

Each file of `mainstay.models.frameworks`, and of `mainstay.models.convert.networks` for networks, says in
``adopters()`` which types it takes; it is asked only about estimators of its own package, which is imported by then,
since the estimator came from it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import singledispatch
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from mainstay.errors import InputError, MainstayError
from mainstay.models import frameworks
from mainstay.models.answers import amounts, labels_of, probabilities
from mainstay.models.convert import networks
from mainstay.models.convert.networks.network import Network
from mainstay.models.load import known_frameworks
from mainstay.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.task import Task

    Adopter = Callable[[Any, Columns, Task], Model]

_ASKED = 25  # rows by themselves
_BEARING = {
    "a missing value": "put SimpleImputer before it, or say missing = 'impute' (or 'reject') in contract.toml",
    "a label that it never saw": "OneHotEncoder(handle_unknown='ignore'), or say unknown = 'reject' in contract.toml",
}
_FUNCTIONS = {"builtins": "function", "mainstay": "function"}  # a function is of no package, a file with one of ours
_INSIDE = ("arranged", "calibrated", "constant", "softmax")  # what only wraps, or is only made here
_TEMPLATE = '''\
def predict(columns):
    """Give the probability of yes (or one column per label, or the amount) for each row.

    columns: a dict of arrays by name; or, annotated `columns: pandas.DataFrame`, a frame.
    """
    return ...'''


@runtime_checkable
class _Adopts(Protocol):
    """A file that takes estimators."""

    def adopters(self) -> Mapping[type, Adopter]: ...


def adopt(estimator: object, columns: Columns, task: Task) -> Model:
    """Make a model of a fitted estimator, by its type.

    Parameters
    ----------
    estimator : object
        Fitted: of scikit-learn, XGBoost, CatBoost, LightGBM, PyTorch, Keras, an ONNX model, a function, or a model
        already.
    columns : Columns
        What it will be asked about.
    task : Task
        What it predicts.

    Raises
    ------
    InputError
        Where nobody knows its type (the error hands over the template to write), it isn't fitted, or doesn't fit the
        columns or the task.

    """
    if isinstance(estimator, Model):
        return estimator
    if isinstance(estimator, Network):
        return estimator.adopted(columns, task)
    for name in _homes(type(estimator)):
        module = importlib.import_module(name)
        if isinstance(module, _Adopts):
            for kind, adopter in module.adopters().items():
                _by_type.register(kind, adopter)
    return _by_type(estimator, columns, task)


def demand_sound(model: Model, X: NDArray[np.float64], task: Task) -> None:
    """Ask an adopted model about real rows, and refuse it where its answers can't be used.

    Parameters
    ----------
    model : Model
        The model.
    X : array, shape (n, width)
        Encoded rows.
    task : Task
        What it answers.

    Raises
    ------
    InputError
        Where the answers are of a wrong shape, no numbers, or no probabilities; or where a row by itself is answered
        otherwise than among others.

    """
    labels = len(labels_of(task))
    try:
        said = model.scores(X)
        one = [model.score_one(row) for row in X[:_ASKED]]
    except MainstayError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(
            f"The model fails on rows that the contract accepts: {type(error).__name__}: {words}.",
            "It must take every record that the contract accepts, missing values included: compare contract.toml with "
            "what it was fitted on.",
        ) from error
    many = probabilities(said, len(X), range(labels)) if labels else amounts(said, len(X))
    tolerance = float(getattr(model, "precision", 0.0)) + 1e-12
    if not np.allclose(np.asarray(one), many[:_ASKED], rtol=tolerance, atol=tolerance):
        raise InputError(
            "The model answers a row by itself otherwise than among others.",
            "What it does to a row must not depend on the rows beside it: no ranks, means or scaling of the batch.",
        )


def demand_bearing(model: Model, X: NDArray[np.float64], columns: Columns) -> None:
    """Ask an adopted model about what the contract lets in and training rows seldom hold; refuse one that fails.

    Parameters
    ----------
    model : Model
        The model.
    X : array, shape (n, width)
        Encoded rows; the first is changed in one column after the other: a missing value, a label nobody has seen.
    columns : Columns
        What the contract lets in.

    Raises
    ------
    InputError
        Naming the column, what it can't bear, and the cure.

    """
    for place, column in columns.places():
        strange = [] if column.sure else [(np.nan, "a missing value")]
        if column.open:
            strange.append((float(len(column.labels)), "a label that it never saw"))
        for value, what in strange:
            row = X[0].copy()
            row[place : place + column.width] = value
            try:
                said = model.score_one(row)
            except Exception as error:
                words = " ".join(str(error).split())[:200].rstrip(".")
                raise InputError(
                    f"The model can't bear {what} in '{column.name}', which the contract lets in: {words}.",
                    f"Let it: {_BEARING[what]}.",
                ) from error
            if not np.isfinite(said).all():
                raise InputError(
                    f"The model gives no number for {what} in '{column.name}', which the contract lets in.",
                    f"Let it: {_BEARING[what]}.",
                )


@singledispatch
def _by_type(estimator: object, columns: Columns, task: Task) -> Model:
    del columns, task
    kind = type(estimator)
    known = ", ".join(name for name in known_frameworks() if name not in _INSIDE)
    raise InputError(
        f"A {kind.__module__}.{kind.__qualname__} can't be taken as a model: known are {known}.",
        f"Put it behind a function of your own and give that, or a file with it:\n\n{_TEMPLATE}\n",
    )


def _homes(kind: type) -> Iterator[str]:
    """Name the adapters that may know a type: those called as a package that it, or a type it stands on, is from."""
    known = {
        (place.__name__, one.name) for place in (frameworks, networks) for one in pkgutil.iter_modules(place.__path__)
    }
    for base in kind.__mro__:
        package = base.__module__.split(".")[0]
        if base.__module__.startswith(f"{frameworks.__name__}."):
            yield base.__module__
        for place in (frameworks, networks):
            if (place.__name__, name := _FUNCTIONS.get(package, package)) in known:
                yield f"{place.__name__}.{name}"
