"""CatBoost's trees, scored by its Python package; the model is CatBoost's own binary form, which holds data only.

The package has no library that can be called by itself, so whoever answers with such a model imports it (two seconds
once, and a quarter of a millisecond a record).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.answers import label_order, labels_of
from mainstay.models.arranging import places_of
from mainstay.models.explain.catboost import shap_values, taken_apart
from mainstay.models.files import damaged, decode, write_file, write_header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Profile
    from mainstay.models.adopting import Adopter
    from mainstay.models.columns import Columns
    from mainstay.models.explain.additive import Additive
    from mainstay.models.model import Model, Score
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

TREES = "model.cbm"
OTHER, MISSING = "(other)", "nan"
_MAGIC = b"CBM1"
_PASSING = ("model_guid", "train_finish_time")


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of CatBoost's trees; they themselves lie in ``model.cbm``.

    Parameters
    ----------
    width : int
        Numbers of an encoded row.
    take : tuple of int
        For each feature of the model, its place in the row.
    labels : dict of int to tuple of str
        For each feature that is a category what the model calls each code; any other label is ``"(other)"``, a missing
        one ``"nan"``.
    order : tuple of int
        For each label of the task its place in the model's probabilities; empty for amounts.
    sha256 : str
        Of the trees' file: CatBoost reads one whose end is missing without a word.

    """

    width: int
    take: tuple[int, ...]
    labels: dict[int, tuple[str, ...]] = {}
    order: tuple[int, ...] = ()
    sha256: str = ""
    framework: str = "catboost"


class CatBoostModel:
    """Gradient-boosted trees of CatBoost.

    Parameters
    ----------
    content : bytes
        CatBoost's binary form.
    header : Header
        What the rows and the scores are.
    origin : Path
        What to call the file in errors.

    Raises
    ------
    SetupError
        Where CatBoost isn't installed.
    CorruptError
        Where the content isn't a model's.

    """

    framework = "catboost"
    packages = ("catboost",)

    def __init__(self, content: bytes, header: Header, origin: Path = Path(TREES)) -> None:
        self.content = content
        self.header = header
        self._model = _opened(content, origin)
        if len(self._model.feature_names_) != len(header.take):
            raise damaged(origin, f"it takes {len(self._model.feature_names_)} features")

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, width); returns shape (n,), of several classes (n, k)."""
        if X.ndim != 2 or X.shape[1] != self.header.width:
            raise InputError(
                f"The model takes {self.header.width} numbers a row, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        order = self.header.order
        if not len(X):
            return np.empty((0, len(order)) if len(order) > 2 else 0)
        kind = "Probability" if order else "RawFormulaVal"
        said = np.asarray(self._model.predict(self._seen(X), prediction_type=kind, thread_count=1), dtype=np.float64)
        if not order:
            return said
        return said[:, order[1]].copy() if len(order) == 2 else said[:, list(order)]

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (width,); the same bits as `scores`."""
        said = self.scores(row[None])
        return float(said[0]) if said.ndim == 1 else said[0]

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive | None:
        """Say what each feature adds to the sum of the trees: CatBoost's ``ShapValues``."""
        del profile  # trees remember how the training rows went
        if not len(X):
            return None
        said = shap_values(self._model, self._seen(X), tuple(self.header.labels))
        return taken_apart(said, self._take, self.header.width, self.header.order)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_file(folder, TREES, self.content)
        write_header(folder, self.header)

    def _seen(self, X: Floats) -> NDArray[Any]:
        seen = X[:, self._take]
        if not self.header.labels:
            return seen.astype(np.float32)  # what CatBoost computes with
        mixed = seen.astype(np.float32).astype(object)
        for place, labels in self.header.labels.items():
            cells = seen[:, place]
            texts = np.asarray([*labels, OTHER, MISSING], dtype=object)
            gone = np.isnan(cells)
            codes = np.where(gone, len(labels) + 1, np.minimum(np.where(gone, 0, cells), len(labels)))
            mixed[:, place] = texts[codes.astype(np.int64)]
        return mixed

    @cached_property
    def _take(self) -> NDArray[np.intp]:
        return np.asarray(self.header.take, dtype=np.intp)


def load(folder: Path, header: bytes) -> CatBoostModel:
    """Read trees."""
    found = decode(folder, header, Header)
    if any(not 0 <= place < found.width for place in found.take) or any(
        not 0 <= place < len(found.take) for place in found.labels
    ):
        raise damaged(folder / "model.json", "it takes places that no row has")
    path = folder / TREES
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, str(error.strerror)) from None
    if hashlib.sha256(content).hexdigest() != found.sha256:
        raise damaged(path, "it isn't what was once written")
    return CatBoostModel(content, found, path)


def adopters() -> Mapping[type, Adopter]:
    """Give what makes models of CatBoost's types."""
    from catboost import CatBoost  # noqa: PLC0415 - asked about its estimators alone, so it is imported by then

    return {CatBoost: adopt_catboost}


def adopt_catboost(estimator: Any, columns: Columns, task: Task) -> Model:
    """Make a model of fitted trees."""
    if not estimator.is_fitted():
        raise InputError(f"The {type(estimator).__name__} isn't fitted.", "Call its fit first.")
    classes = list(estimator.classes_)
    if bool(classes) == (task.kind == "regression"):
        raise InputError(
            f"This {type(estimator).__name__} doesn't answer a {task.kind} question.",
            "Take CatBoostClassifier for labels and CatBoostRegressor for amounts.",
        )
    if estimator.get_text_feature_indices() or estimator.get_embedding_feature_indices():
        raise InputError("The model reads texts or embeddings, which no encoded row holds.", "Fit it without them.")
    names = estimator.feature_names_
    take = places_of([] if all(name.isdecimal() for name in names) else names, len(names), columns)
    at = dict(columns.places())
    labels = {}
    for place in estimator.get_cat_feature_indices():
        column = at.get(take[place])
        if column is None or not column.labels:
            raise InputError(
                f"The model takes '{names[place]}' for a category, the contract doesn't.",
                'Say type = "category" in contract.toml, or fit it as a number.',
            )
        labels[place] = tuple(str(label) for label in column.labels)
    for place, source in enumerate(take):
        column = at.get(source)
        if column is not None and column.kind == "category" and place not in labels:
            raise InputError(
                f"The model takes '{column.name}' for a number, the contract for a label.",
                "Fit it with cat_features, or change the contract.",
            )
    order = label_order(classes, task) if labels_of(task) else ()
    content = serialized(estimator)
    return CatBoostModel(content, Header(columns.width, take, labels, order, hashlib.sha256(content).hexdigest()))


def serialized(estimator: Any) -> bytes:
    """Give its bytes, the same for the same trees: without the moment and the random name CatBoost puts into them."""
    told = estimator.get_metadata()
    aside = {name: told[name] for name in _PASSING if name in told.keys()}  # noqa: SIM118 - it has no `in` of its own
    for name in aside:
        del told[name]
    try:
        return bytes(estimator._serialize_model())  # noqa: SLF001 - as its own pickling does; save_model wants a file
    finally:
        for name, value in aside.items():
            told[name] = value


def _opened(content: bytes, origin: Path) -> Any:
    catboost = need("catboost", "This model", "catboost")
    if not content.startswith(_MAGIC):
        raise damaged(origin, "it isn't a CatBoost model")
    model = catboost.CatBoost()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model.load_model(blob=content)
    except (catboost.CatBoostError, ValueError) as error:
        raise damaged(origin, f"CatBoost says: {' '.join(str(error).split())[:200]}") from None
    return model
