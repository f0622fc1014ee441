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

from mainstay.errors import InputError
from mainstay.models import frameworks
from mainstay.models.convert import networks
from mainstay.models.load import known_frameworks
from mainstay.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mainstay.models.columns import Columns
    from mainstay.models.task import Task

    Adopter = Callable[[Any, Columns, Task], Model]

_FUNCTIONS = {"builtins": "function"}  # a function is of no package
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
    for name in _homes(type(estimator)):
        module = importlib.import_module(name)
        if isinstance(module, _Adopts):
            for kind, adopter in module.adopters().items():
                _by_type.register(kind, adopter)
    return _by_type(estimator, columns, task)


@singledispatch
def _by_type(estimator: object, columns: Columns, task: Task) -> Model:
    del columns, task
    kind = type(estimator)
    known = ", ".join(name for name in known_frameworks() if name not in ("calibrated", "constant"))
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
        for place in (frameworks, networks):
            if (place.__name__, name := _FUNCTIONS.get(package, package)) in known:
                yield f"{place.__name__}.{name}"
