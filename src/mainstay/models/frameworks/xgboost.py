"""XGBoost's trees, scored by its shared library through ctypes: the Python package is found but never imported.

The answers are the package's, bit for bit: it is the same library. The model is XGBoost's own UBJSON, which holds
numbers and names only. XGBoost computes in single precision, and so do these scores.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import sys
import threading
import weakref
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.errors import InputError, SetupError
from mainstay.extras import missing
from mainstay.models.answers import wrapper_order
from mainstay.models.arranging import arrange, codes_of, demand_positive, places_of
from mainstay.models.explain.xgboost import CONTRIBUTIONS, link_of, taken_apart
from mainstay.models.files import damaged, decode, write_file, write_header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Profile
    from mainstay.models.adopting import Adopter
    from mainstay.models.columns import Columns
    from mainstay.models.explain.additive import Additive, Link
    from mainstay.models.model import Model, Score
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

TREES = "model.ubj"
_INSTALL = "Install it: pip install 'mainstay[xgboost]'."
_MATRIX = b'{"missing": NaN, "nthread": 1}'
_LABELS_ONLY = {"multi:softmax": "multi:softprob", "binary:hinge": "binary:logistic"}


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of XGBoost's trees; they themselves lie in ``model.ubj``.

    Parameters
    ----------
    features : int
        How many features a row has.
    classes : int
        How many scores a record has: 1 for a probability or an amount.
    trees : int
        How many rounds of trees count; 0 for all.

    """

    features: int
    classes: int = 1
    trees: int = 0
    framework: str = "xgboost"


class XGBoostModel:
    """Gradient-boosted trees of XGBoost.

    Safe to share between threads: the library keeps an answer of each thread's own.

    Parameters
    ----------
    content : bytes
        UBJSON, as ``Booster.save_raw("ubj")`` gives it.
    header : Header
        What the rows and the scores are.
    origin : Path
        What to call the file in errors.

    Raises
    ------
    SetupError
        Where the library isn't installed, or lacks something of this machine.
    CorruptError
        Where the content isn't a model's.

    """

    framework = "xgboost"
    packages = ("xgboost",)

    def __init__(self, content: bytes, header: Header, origin: Path = Path(TREES)) -> None:
        self.content = content
        self.header = header
        self._library = _library()
        self._booster = _booster(self._library, content, origin)
        found = ctypes.c_uint64()
        _check(self._library, self._library.XGBoosterGetNumFeature(self._booster, ctypes.byref(found)), origin)
        if found.value != header.features:
            raise damaged(origin, f"it takes {found.value} features, its header says {header.features}")
        self._asked = _asked(0, header.trees)
        self._local = threading.local()

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, features); returns shape (n,), of several classes (n, k)."""
        if X.ndim != 2 or X.shape[1] != self.header.features:
            raise InputError(
                f"The model takes {self.header.features} features, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        if not len(X):
            return np.empty(0 if self.header.classes == 1 else (0, self.header.classes))
        X = np.ascontiguousarray(X, dtype=np.float64)
        return self._ask(_interface(X), len(X))

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (features,); the same bits as `scores`."""
        try:
            buffer, interface = self._local.buffers
        except AttributeError:
            buffer = np.empty((1, self.header.features))
            interface = _interface(buffer)
            self._local.buffers = buffer, interface
        buffer[0] = row
        said = self._ask(interface, 1)
        return float(said[0]) if self.header.classes == 1 else said[0]

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive | None:
        """Say what each feature adds to the sum of the trees, to single precision: XGBoost's ``pred_contribs``."""
        del profile  # trees remember how the training rows went
        link = self._link
        if link is None:
            return None
        X = np.ascontiguousarray(X, dtype=np.float64)
        matrix = ctypes.c_void_p()  # unlike scores, contributions are asked of a matrix of the library's own
        made = self._library.XGDMatrixCreateFromDense(_interface(X), _MATRIX, ctypes.byref(matrix))
        _check(self._library, made, Path(TREES))
        try:
            shape, dims, out = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
            answer = (ctypes.byref(shape), ctypes.byref(dims), ctypes.byref(out))
            asked = _asked(CONTRIBUTIONS, self.header.trees)
            done = self._library.XGBoosterPredictFromDMatrix(self._booster, matrix, asked, *answer)
            _check(self._library, done, Path(TREES))
            said = np.ctypeslib.as_array(out, shape=(len(X), self.header.classes, X.shape[1] + 1)).astype(np.float64)
        finally:
            self._library.XGDMatrixFree(matrix)
        return taken_apart(said, link)

    @cached_property
    def _link(self) -> Link | None:
        length, config = ctypes.c_uint64(), ctypes.c_char_p()
        told = (ctypes.byref(length), ctypes.byref(config))
        _check(self._library, self._library.XGBoosterSaveJsonConfig(self._booster, *told), Path(TREES))
        return link_of(config.value or b"{}")

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_file(folder, TREES, self.content)
        write_header(folder, self.header)

    def _ask(self, interface: bytes, n: int) -> Floats:
        shape, dims, out = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
        answer = (ctypes.byref(shape), ctypes.byref(dims), ctypes.byref(out))
        _check(
            self._library,
            self._library.XGBoosterPredictFromDense(self._booster, interface, self._asked, None, *answer),
            Path(TREES),
        )
        said = np.ctypeslib.as_array(out, shape=(n, self.header.classes)).astype(np.float64)  # a copy: theirs is reused
        if self.header.classes == 1:
            return said[:, 0]
        # In single precision they sum to one only nearly. One class after the other: so one row adds up as many do.
        total = sum((said[:, k] for k in range(1, said.shape[1])), said[:, 0].copy())
        return np.asarray(said / total[:, None])


def load(folder: Path, header: bytes) -> XGBoostModel:
    """Read trees."""
    found = decode(folder, header, Header)
    path = folder / TREES
    if found.classes < 1 or found.trees < 0:
        raise damaged(folder / "model.json", "it says it has no scores")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, str(error.strerror)) from None
    return XGBoostModel(content, found, path)


def adopters() -> Mapping[type, Adopter]:
    """Give what makes models of XGBoost's types."""
    import xgboost  # noqa: PLC0415 - asked about its estimators alone, so it is imported by then

    return {xgboost.Booster: _adopt_booster, xgboost.XGBModel: _adopt_wrapper}


def _adopt_wrapper(estimator: Any, columns: Columns, task: Task) -> Model:
    order = wrapper_order(estimator, task, "Take XGBClassifier for labels and XGBRegressor for amounts.")
    return _adopt(estimator.get_booster(), columns, task, order)


def _adopt_booster(booster: Any, columns: Columns, task: Task) -> Model:
    return _adopt(booster, columns, task, ())


def _adopt(booster: Any, columns: Columns, task: Task, order: tuple[int, ...]) -> Model:
    described = json.loads(booster.save_raw("json"))["learner"]
    objective = described["objective"]["name"]
    if objective in _LABELS_ONLY:
        raise InputError(
            f"The objective {objective} gives labels, not probabilities.", f"Fit with {_LABELS_ONLY[objective]}."
        )
    demand_positive(order, task)
    classes = max(1, int(described["learner_model_param"]["num_class"]))
    best = booster.attr("best_iteration")
    header = Header(booster.num_features(), classes, 0 if best is None else int(best) + 1)
    take = places_of(booster.feature_names or (), booster.num_features(), columns)
    inner = XGBoostModel(bytes(booster.save_raw("ubj")), header)
    codes = codes_of(_categories(described), take, columns)
    return arrange(inner, columns, take, codes, order if classes > 1 else ())


def _categories(described: Mapping[str, Any]) -> dict[int, list[object]]:
    """Read the labels of categories, by feature, from a model's JSON; XGBoost writes them since 3.1."""
    encoded = described["gradient_booster"].get("model", {}).get("cats", {}).get("enc", [])
    found: dict[int, list[object]] = {}
    for place, one in enumerate(encoded):
        if "offsets" in one and one["values"]:
            text = bytes(value % 256 for value in one["values"])
            ends = one["offsets"]
            found[place] = [text[a:b].decode() for a, b in pairwise(ends)]
        elif "type" in one and one["values"]:
            found[place] = list(one["values"])
    return found


def _asked(kind: int, trees: int) -> bytes:
    """Write what the library is asked for: its type of prediction, and how many rounds of trees count."""
    return json.dumps(
        {
            "type": kind,
            "training": False,
            "iteration_begin": 0,
            "iteration_end": trees,
            "strict_shape": True,
            "missing": float("nan"),
            "cache_id": 0,
        }
    ).encode()


def _interface(X: Floats) -> bytes:
    """Describe an array to the library (the array interface protocol, as JSON)."""
    return json.dumps({"data": [X.ctypes.data, True], "shape": X.shape, "typestr": "<f8", "version": 3}).encode()


def _booster(library: ctypes.CDLL, content: bytes, origin: Path) -> ctypes.c_void_p:
    """Hand the content to the library; it reads UBJSON, which begins with a brace and ends with one."""
    if not (content.startswith(b"{") and content.endswith(b"}")):
        raise damaged(origin, "it isn't a whole XGBoost model")
    booster = ctypes.c_void_p()
    _check(library, library.XGBoosterCreate(None, ctypes.c_uint64(0), ctypes.byref(booster)), origin)
    weakref.finalize(booster, library.XGBoosterFree, ctypes.c_void_p(booster.value))
    _check(library, library.XGBoosterSetParam(booster, b"nthread", b"1"), origin)  # a server has a process per core
    done = library.XGBoosterLoadModelFromBuffer(booster, content, ctypes.c_uint64(len(content)))
    _check(library, done, origin)
    return booster


def _check(library: ctypes.CDLL, code: int, origin: Path) -> None:
    if code:
        said = bytes(library.XGBGetLastError()).decode(errors="replace").strip().splitlines()
        raise damaged(origin, f"XGBoost says: {said[0][:300] if said else 'nothing'}")


@cache
def _library() -> ctypes.CDLL:
    path = library_path()
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        cure = "Install what it names (Debian: apt-get install libgomp1; macOS: brew install libomp)."
        raise SetupError(f"XGBoost's library can't be opened: {error}.", cure) from None
    library.XGBGetLastError.restype = ctypes.c_char_p
    pointer: Any = ctypes.c_void_p
    text: Any = ctypes.c_char_p
    library.XGBoosterFree.argtypes = [pointer]
    library.XGDMatrixCreateFromDense.argtypes = [text, text, pointer]
    library.XGDMatrixFree.argtypes = [pointer]
    library.XGBoosterPredictFromDMatrix.argtypes = [pointer, pointer, text, pointer, pointer, pointer]
    library.XGBoosterSaveJsonConfig.argtypes = [pointer, pointer, pointer]
    library.XGBoosterSetParam.argtypes = [pointer, text, text]
    library.XGBoosterGetNumFeature.argtypes = [pointer, pointer]
    library.XGBoosterLoadModelFromBuffer.argtypes = [pointer, text, ctypes.c_uint64]
    library.XGBoosterPredictFromDense.argtypes = [pointer, text, text, pointer, pointer, pointer, pointer]
    return library


def library_path() -> Path:
    """Find XGBoost's shared library inside its Python package, without importing the package.

    Raises
    ------
    SetupError
        Where the package isn't installed, or has no library.

    """
    found = importlib.util.find_spec("xgboost")
    if found is None or found.origin is None:
        raise missing("xgboost", "This model", "xgboost")
    name = {"darwin": "libxgboost.dylib", "win32": "xgboost.dll"}.get(sys.platform, "libxgboost.so")
    path = Path(found.origin).parent / "lib" / name
    if not path.is_file():
        raise SetupError(f"The XGBoost in {path.parent.parent} has no {name}.", _INSTALL)
    return path
