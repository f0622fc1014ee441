"""Fitted estimators and pipelines of scikit-learn, and whatever keeps to its protocol, answered by the library itself.

Saved with skops: a file of numbers, texts and names of types, of which only those are built that are trusted (those of
scikit-learn and numpy that skops knows to be safe, and what this machine's configuration names). Where skops can't save
an estimator, a pickle may be allowed by hand; it is code, and runs only where its hash is trusted.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
import warnings
from functools import cache, cached_property
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from mainstay.errors import InputError, MainstayError, SetupError
from mainstay.extras import need
from mainstay.models.answers import amounts, label_order, labels_of, probabilities
from mainstay.models.arranging import places_of
from mainstay.models.columns import Columns
from mainstay.models.files import damaged, decode, write_file, write_header
from mainstay.models.skops_file import steadied
from mainstay.models.trust import Brought, IdleModel, demand
from mainstay.models.zip_file import demand_bounded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.models.adopting import Adopter
    from mainstay.models.model import Model, Score
    from mainstay.models.task import Task
    from mainstay.models.trust import Trusted

    Floats = NDArray[np.float64]

Form = Literal["skops", "pickle"]
FILES: dict[Form, str] = {"skops": "estimator.skops", "pickle": "estimator.pkl"}
PICKLED = "a pickle"
_LOOKED_FOR = frozenset({"torch", "jax", "cupy", "dask"})
_SAFE = (  # beyond those of skops: they hold names, numbers and other parts, and none of them calls what it is told to
    "collections.OrderedDict",
    "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
_INSTALL = "pip install 'mainstay[train]'"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """``model.json`` of an estimator; it itself lies beside it.

    Parameters
    ----------
    columns : Columns
        What a row is turned back into.
    names : tuple of str
        Columns of the frame it is given, in order; empty: an array of plain numbers, by `take`.
    take : tuple of int
        Places of that array's columns in the row.
    order : tuple of int
        For each label of the task its column in the estimator's probabilities; empty for amounts.
    form : {"skops", "pickle"}
        How the estimator is saved.
    packages : tuple of str
        What must be importable where it answers.

    """

    columns: Columns
    names: tuple[str, ...] = ()
    take: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    form: Form = "skops"
    packages: tuple[str, ...] = ("sklearn", "skops")
    framework: str = "sklearn"


class SklearnModel:
    """A fitted estimator that is asked as scikit-learn's are.

    Parameters
    ----------
    estimator : object
        With ``predict_proba`` (labels) or ``predict`` (amounts).
    header : Header
        What it is given, and what its answer means.
    content : bytes, optional
        The estimator as it is saved; made from it where it isn't given.

    """

    framework = "sklearn"
    precision = 1e-9  # products of matrices are rounded by the number of their rows
    slow = True  # it answers in Python: in batches, beside the event loop

    def __init__(self, estimator: Any, header: Header, content: bytes | None = None) -> None:
        self.estimator = estimator
        self.header = header
        if content is not None:
            self.content = content

    @cached_property
    def _whole(self) -> bool:
        return self.header.names == self.header.columns.slot_names

    @property
    def packages(self) -> tuple[str, ...]:
        """What must be importable where it answers."""
        return self.header.packages

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, width); returns shape (n,), of several classes (n, k)."""
        order, n = self.header.order, len(X)
        if not n:
            return np.empty((0, len(order)) if len(order) > 2 else 0)
        given = self._given(X)
        if order:
            return probabilities(self.estimator.predict_proba(given), n, order)
        return amounts(self.estimator.predict(given), n)

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (width,); as `scores`, to `precision`."""
        said = self.scores(row[None])
        return float(said[0]) if said.ndim == 1 else said[0]

    @cached_property
    def content(self) -> bytes:
        """The estimator as it is saved.

        Raises
        ------
        InputError
            Where it can't be saved safely; says what of it, and the cure.

        """
        return to_pickle(self.estimator) if self.header.form == "pickle" else to_skops(self.estimator)

    @cached_property
    def brings(self) -> tuple[Brought, ...]:
        """The types it is built of that nobody trusts by default, or the hash of its pickle."""
        if self.header.form == "pickle":
            return (Brought(PICKLED, hashlib.sha256(self.content).hexdigest()),)
        return tuple(Brought("a type", name) for name in _untrusted(self.content))

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_file(folder, FILES[self.header.form], self.content)
        write_header(folder, self.header)

    def _given(self, X: Floats) -> Any:
        if self.header.names:
            frame = self.header.columns.frame(X)
            # What is there already, in order, isn't taken out of it once more.
            return frame if self._whole else frame[list(self.header.names)]
        if X.ndim != 2 or X.shape[1] != self.header.columns.width:
            raise InputError(
                f"The model takes {self.header.columns.width} numbers a row, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        return X[:, list(self.header.take)]


def load_trusted(folder: Path, header: bytes, trusted: Trusted | None) -> Model:
    """Read an estimator, built only of types that are trusted; or run its pickle, where its hash is."""
    found = decode(folder, header, Header)
    if trusted is None:
        return IdleModel("sklearn")
    path = folder / FILES[found.form]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, str(error.strerror)) from None
    name = f"The model in {folder}"
    if found.form == "pickle":
        demand(Brought(PICKLED, hashlib.sha256(content).hexdigest()), trusted, name)
        return SklearnModel(pickle.loads(content), found, content)  # noqa: S301 - its hash is trusted here
    return SklearnModel(from_skops(content, trusted, name, path), found, content)


def adopters() -> Mapping[type, Adopter]:
    """Give what makes models of scikit-learn's types."""
    from sklearn.base import BaseEstimator  # noqa: PLC0415 - asked about its estimators alone: imported by then

    return {BaseEstimator: adopt_sklearn}


def adopt_sklearn(estimator: Any, columns: Columns, task: Task) -> SklearnModel:
    """Make a model of a fitted estimator that keeps to scikit-learn's protocol.

    Raises
    ------
    InputError
        Where it isn't fitted, gives no probabilities, knows other labels, or takes columns that no record has.

    """
    from sklearn.exceptions import NotFittedError  # noqa: PLC0415 - its estimator is here, so it is imported
    from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415 - as above

    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        raise InputError(f"The {_name(estimator)} isn't fitted.", "Call its fit first.") from None
    order: tuple[int, ...] = ()
    if labels_of(task):
        _demand_probabilities(estimator)
        order = label_order(estimator.classes_, task)
    elif hasattr(estimator, "classes_"):
        raise InputError(
            f"The {_name(estimator)} tells labels apart, and '{task.target}' is an amount.", "Give a regressor."
        )
    packages = _packages(estimator)
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and getattr(estimator, "n_features_in_", None) is not None:
        take = places_of((), int(estimator.n_features_in_), columns)
        _demand_numbers(columns)
        header = Header(columns=columns, take=take, order=order, packages=packages)
    else:
        wanted = columns.slot_names if names is None else tuple(map(str, names))
        places_of(wanted, len(wanted), columns)
        header = Header(columns=columns, names=wanted, order=order, packages=(*packages, "pandas"))
    return SklearnModel(estimator, header)


def pickled(model: SklearnModel) -> SklearnModel:
    """Give the same model, saved as a pickle: for estimators that skops can't save, allowed by hand."""
    packages = (*model.header.packages, "cloudpickle")
    return SklearnModel(model.estimator, msgspec.structs.replace(model.header, form="pickle", packages=packages))


def savable(model: Model, *, allow_pickle: bool) -> Model:
    """Give a model that can be saved: itself, or with a pickle inside where it can't and somebody allows that.

    Raises
    ------
    InputError
        Where it can't be saved safely, and no pickle is allowed.

    """
    if not isinstance(model, SklearnModel):
        return model
    try:
        model.brings  # noqa: B018 - made now, so that what can't be saved is told before it is judged
    except InputError:
        if not allow_pickle:
            raise
        return pickled(model)
    return model


def to_skops(estimator: Any) -> bytes:
    """Save an estimator as skops does, and build it again: what can't be built again isn't saved.

    Raises
    ------
    InputError
        Saying what of it can't be saved safely, and the cure.

    """
    skops = _skops()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = steadied(skops.dumps(estimator))
            types = skops.get_untrusted_types(data=content)
            skops.loads(content, trusted=types)
            _demand_findable(types)
    except MainstayError:
        raise
    except Exception as error:  # noqa: BLE001 - skops meets whatever an estimator holds, and may fail in any way
        said = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(
            f"The {_name(estimator)} can't be saved safely: {said}.",
            "Replace what it names (a lambda or a class of a notebook can't be found again: put it into a package, or "
            "use scikit-learn's own); or allow a pickle, which then runs only where its hash is trusted: "
            "allow_pickle=True, on the command line --allow-pickle.",
        ) from None
    return content


def from_skops(content: bytes, trusted: Trusted, name: str, path: Path) -> Any:
    """Build an estimator again, of trusted types alone.

    Raises
    ------
    TrustError
        Naming the first type that isn't trusted; none was built.
    CorruptError
        Where the file isn't one of skops.
    SetupError
        Where a package it is built of isn't installed.

    """
    demand_bounded(content, path)
    skops = _skops()
    try:
        wanted = _untrusted(content)
    except Exception as error:  # noqa: BLE001 - a foreign file may fail in any way
        raise damaged(path, f"it can't be read by skops: {' '.join(str(error).split())[:200]}") from None
    for kind in wanted:
        demand(Brought("a type", kind), trusted, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of another version of scikit-learn: the golden records tell whether it answers as it did
            return skops.loads(content, trusted=[*wanted, *_SAFE])
    except ImportError as error:
        raise SetupError(
            f"{name} needs a package that isn't here: {error}.", "pip install -r its requirements.txt"
        ) from None
    except Exception as error:  # noqa: BLE001 - a foreign file may fail in any way
        raise damaged(path, f"skops can't build it: {' '.join(str(error).split())[:200]}") from None


def to_pickle(estimator: Any) -> bytes:
    """Save an estimator as a pickle, what was defined in a notebook included."""
    cloudpickle = need("cloudpickle", "Writing a pickle")
    try:
        content: bytes = cloudpickle.dumps(estimator)
    except Exception as error:  # noqa: BLE001 - an estimator may hold anything
        raise InputError(
            f"The {_name(estimator)} can't be pickled either: {' '.join(str(error).split())[:200]}.",
            "Leave out what it names: an open file, a lock, a connection.",
        ) from None
    return content


class _NotHere(MetaPathFinder):
    """Says of some packages that they aren't installed."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse to find them."""
        del path, target
        if fullname.split(".", maxsplit=1)[0] in _LOOKED_FOR:
            raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)


@cache
def _skops() -> Any:
    """Import skops, without what it only looks for.

    It lists every estimator of scikit-learn by importing every module there, one of which imports PyTorch where that is
    installed: two seconds and 200 MB for nothing.
    """
    absent = _NotHere()
    sys.meta_path.insert(0, absent)
    try:
        need("sklearn", "This model", "train")
        return need("skops.io", "This model", "train")
    finally:
        sys.meta_path.remove(absent)


def _demand_findable(types: list[str]) -> None:
    """Refuse what only this process knows: it can be built again here, and nowhere else."""
    for name in types:
        if name.startswith("__main__."):
            raise ImportError(f"{name} is defined in this notebook or script, where no other process finds it")


def _untrusted(content: bytes) -> tuple[str, ...]:
    """Name the types of a skops file that nobody trusts by default."""
    return tuple(name for name in _skops().get_untrusted_types(data=content) if name not in _SAFE)


def _demand_probabilities(estimator: Any) -> None:
    if not hasattr(estimator, "classes_"):
        raise InputError(f"The {_name(estimator)} predicts amounts, not labels.", "Give a classifier.")
    if not hasattr(estimator, "predict_proba"):
        raise InputError(
            f"The {_name(estimator)} gives labels and no probabilities, so costs can't be weighed.",
            "Wrap it: CalibratedClassifierCV(estimator).fit(X, y); or turn them on (SVC(probability=True), "
            'loss="log_loss", voting="soft").',
        )


def _demand_numbers(columns: Columns) -> None:
    texts = [column.name for column in columns.all if column.kind == "category"]
    if texts:
        raise InputError(
            f"The model was fitted on an array of numbers, but '{texts[0]}' holds labels, and nobody knows how they "
            "were numbered.",
            "Fit a pipeline that does the numbering (ColumnTransformer), on a frame.",
        )


def _packages(estimator: Any) -> tuple[str, ...]:
    """Name the packages of an estimator's parts: those of its own, and what it is composed of."""
    parts = [estimator]
    if hasattr(estimator, "get_params"):
        parts += [part for part in estimator.get_params(deep=True).values() if hasattr(part, "fit")]
    found = {type(part).__module__.split(".")[0] for part in parts} - {"builtins", "__main__"}
    return ("sklearn", "skops", *sorted(found - {"sklearn", "mainstay"}))


def _name(estimator: Any) -> str:
    return type(estimator).__name__
