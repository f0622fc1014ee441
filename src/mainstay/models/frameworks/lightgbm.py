"""LightGBM's trees, scored by its shared library through ctypes: the Python package is found but never imported.

Importing ``lightgbm`` costs a second and a hundred megabytes (it brings scipy along); its library alone loads in
milliseconds and scores one row in three microseconds. The answers are the Python package's, bit for bit: it is the same
library. Loading reads LightGBM's own text format, which holds numbers only.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import threading
import weakref
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from mainstay.errors import InputError, SetupError
from mainstay.extras import missing
from mainstay.models.answers import wrapper_order
from mainstay.models.arranging import arrange, codes_of, demand_positive, places_of
from mainstay.models.explain.lightgbm import Contributions
from mainstay.models.files import damaged, decode, write_file, write_header
from mainstay.models.lightgbm_text import fault_of

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

TREES = "model.txt"
_DOUBLE, _ROW_MAJOR, _NORMAL, _ALL = 1, 1, 0, -1  # C_API_DTYPE_FLOAT64, is_row_major, C_API_PREDICT_NORMAL, every tree
_FLOAT64 = np.dtype(np.float64)
_MANY = 50_000  # below this many rows, starting threads costs more than it saves
_INSTALL = "Install it: pip install 'mainstay[train]'."


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of trees; they themselves lie in ``model.txt``.

    Parameters
    ----------
    features : int
        How many features a row has.
    fills : dict of int to float
        See `LightGBMModel`.

    """

    features: int
    fills: dict[int, float] = {}
    framework: str = "lightgbm"


class LightGBMModel:
    """Gradient-boosted trees.

    Safe to share between threads: each has its own buffers, and a single row is scored under the interpreter's lock
    (handing it over would take longer than the score).

    Parameters
    ----------
    text : str
        LightGBM's text format.
    fills : mapping of int to float
        For features that were never missing in training: what a missing value is taken for. LightGBM itself would
        silently read 0, however far from anything it has seen.

    Raises
    ------
    SetupError
        Where the library isn't installed, or lacks something of this machine.
    CorruptError
        Where the text isn't a model's.

    """

    framework = "lightgbm"
    packages = ("lightgbm",)

    def __init__(self, text: str, fills: Mapping[int, float] | None = None, origin: Path = Path(TREES)) -> None:
        self.text = text
        self.fills = dict(fills or {})
        self._library, self._quick = _libraries()
        self._booster = _booster(self._library, text, origin)
        weakref.finalize(self, self._library.LGBM_BoosterFree, self._booster)
        found = ctypes.c_int()
        _check(self._library, self._library.LGBM_BoosterGetNumFeature(self._booster, ctypes.byref(found)), origin)
        self.features = found.value
        _check(self._library, self._library.LGBM_BoosterGetNumClasses(self._booster, ctypes.byref(found)), origin)
        self.classes = found.value  # numbers per row: 1 for a probability or an amount
        self._single = ctypes.c_void_p()
        init = self._library.LGBM_BoosterPredictForMatSingleRowFastInit
        asked = (_NORMAL, 0, _ALL, _DOUBLE, self.features, b"num_threads=1 verbosity=-1", ctypes.byref(self._single))
        _check(self._library, init(self._booster, *asked), origin)
        weakref.finalize(self, self._library.LGBM_FastConfigFree, self._single)
        self._local = threading.local()
        # By its index, not its name: a function of our own that converts nothing, as everything it gets is C's already.
        self._ask = self._quick["LGBM_BoosterPredictForMatSingleRowFast"]
        self._bytes = self.features * ctypes.sizeof(ctypes.c_double)

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, features); returns shape (n,), of several classes (n, k)."""
        if X.ndim != 2 or X.shape[1] != self.features:
            raise InputError(
                f"The model takes {self.features} features, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        X = np.ascontiguousarray(self._filled(X), dtype=np.float64)
        out = np.empty(len(X) if self.classes == 1 else (len(X), self.classes))
        if not len(X):
            return out
        threads = b"num_threads=1 verbosity=-1" if len(X) < _MANY else b"verbosity=-1"
        length = ctypes.c_int64()
        shape = (*X.shape, _ROW_MAJOR, _NORMAL, 0, _ALL, threads, ctypes.byref(length))
        done = self._library.LGBM_BoosterPredictForMat(self._booster, X.ctypes.data, _DOUBLE, *shape, out.ctypes.data)
        _check(self._library, done, Path(TREES))
        return out

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (features,); the same bits as `scores`, in microseconds."""
        try:
            buffers = self._local.buffers
        except AttributeError:
            buffers = self._local.buffers = self._buffers()
        # A decoded row is an array over bytes of its own, which the library can read where they are.
        content: object = row.base
        whole = type(content) is bytes and len(content) == self._bytes and row.dtype is _FLOAT64
        if not whole or self.fills:
            content = self._laid_out(row, buffers)
        if self._ask(self._single, content, buffers.length, buffers.out):
            _check(self._library, -1, Path(TREES))
        return buffers.answer[0] if self.classes == 1 else np.asarray(buffers.answer[:])

    def _laid_out(self, row: Floats, buffers: _Buffers) -> object:
        buffer = buffers.row
        buffer[:] = row
        for place, fill in self.fills.items():
            if buffer[place] != buffer[place]:  # only NaN differs from itself
                buffer[place] = fill
        return buffers.address

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive | None:
        """Say what each feature adds to the sum of the trees, exactly: LightGBM's ``pred_contrib``."""
        del profile  # trees remember how the training rows went
        return self._contributions.of(self._filled(X))

    @cached_property
    def _contributions(self) -> Contributions:
        def check(code: int) -> None:
            _check(self._library, code, Path(TREES))

        return Contributions(self._library, self._quick, self._booster, self.features, text=self.text, check=check)

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_file(folder, TREES, self.text.encode())
        write_header(folder, Header(self.features, self.fills))

    def _filled(self, X: Floats) -> Floats:
        if not self.fills:
            return X
        X = X.copy()
        for place, fill in self.fills.items():
            X[np.isnan(X[:, place]), place] = fill
        return X

    def _buffers(self) -> _Buffers:
        row, length, answer = np.empty(self.features), ctypes.c_int64(), (ctypes.c_double * self.classes)()
        address = ctypes.c_void_p(row.ctypes.data)
        return _Buffers(row, address, ctypes.pointer(length), ctypes.pointer(answer), answer)


class _Buffers(NamedTuple):
    """What one thread lends the library for a single row."""

    row: Floats
    address: ctypes.c_void_p
    length: object
    out: object
    answer: ctypes.Array[ctypes.c_double]


def load(folder: Path, header: bytes) -> LightGBMModel:
    """Read trees."""
    found = decode(folder, header, Header)
    path = folder / TREES
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, str(getattr(error, "strerror", "") or "it isn't text")) from None
    model = LightGBMModel(text, found.fills, path)
    if model.features != found.features or any(not 0 <= place < model.features for place in found.fills):
        raise damaged(path, f"it takes {model.features} features, its header says {found.features}")
    return model


def _booster(library: ctypes.CDLL, text: str, origin: Path) -> ctypes.c_void_p:
    """Hand the text to the library, which believes what it is told: only whole and sound ones are handed over."""
    if not text.startswith("tree\n") or "\nend of trees\n" not in text:
        raise damaged(origin, "it isn't a whole LightGBM model")
    if fault := fault_of(text):
        raise damaged(origin, fault)
    booster, trees = ctypes.c_void_p(), ctypes.c_int()
    done = library.LGBM_BoosterLoadModelFromString(text.encode(), ctypes.byref(trees), ctypes.byref(booster))
    _check(library, done, origin)
    return booster


def _check(library: ctypes.CDLL, code: int, origin: Path) -> None:
    if code:
        said = bytes(library.LGBM_GetLastError()).decode(errors="replace")
        raise damaged(origin, f"LightGBM says: {said}")


def adopters() -> Mapping[type, Adopter]:
    """Give what makes models of LightGBM's types."""
    import lightgbm  # noqa: PLC0415 - asked about its estimators alone, so it is imported by then

    return {lightgbm.Booster: _adopt_booster, lightgbm.LGBMModel: _adopt_wrapper}


def _adopt_wrapper(estimator: Any, columns: Columns, task: Task) -> Model:
    order = wrapper_order(estimator, task, "Take LGBMClassifier for labels and LGBMRegressor for amounts.")
    demand_positive(order, task)
    return _adopt(estimator.booster_, columns, order if len(order) > 2 else ())


def _adopt_booster(booster: Any, columns: Columns, task: Task) -> Model:
    del task  # whether its answers fit is seen where it is asked
    return _adopt(booster, columns, ())


def _adopt(booster: Any, columns: Columns, order: tuple[int, ...]) -> Model:
    text = booster.model_to_string()
    take = places_of(booster.feature_name(), booster.num_feature(), columns)
    known = dict(zip(_categories(text), booster.pandas_categorical or (), strict=False))
    return arrange(LightGBMModel(text), columns, take, codes_of(known, take, columns), order)


def _categories(text: str) -> list[int]:
    """Find the features that are categories, in the order of their labels: by the parameters, else by their codes.

    The codes alone don't do: a category that no tree could split on is written as "none", like a constant number.
    """
    said = _after(text, "[categorical_feature:").strip("[]: ")
    if said:
        return [int(place) for place in said.split(",")]
    written = _after(text, "feature_infos=").split(" ")
    return [place for place, one in enumerate(written) if one and one != "none" and not one.startswith("[")]


def _after(text: str, start: str) -> str:
    return next((line.removeprefix(start) for line in text.splitlines() if line.startswith(start)), "")


@cache
def _libraries() -> tuple[ctypes.CDLL, ctypes.PyDLL]:
    """Open the library twice: for long calls, which let other threads run, and for short ones, which don't."""
    path = library_path()
    try:
        library, quick = ctypes.CDLL(str(path)), ctypes.PyDLL(str(path))
    except OSError as error:
        cure = "Install what it names (Debian: apt-get install libgomp1; macOS: brew install libomp)."
        raise SetupError(f"LightGBM's library can't be opened: {error}.", cure) from None
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    pointer: Any = ctypes.c_void_p
    integer: Any = ctypes.c_int
    text: Any = ctypes.c_char_p
    library.LGBM_BoosterFree.argtypes = [pointer]
    library.LGBM_FastConfigFree.argtypes = [pointer]
    library.LGBM_BoosterLoadModelFromString.argtypes = [text, pointer, pointer]
    library.LGBM_BoosterGetNumFeature.argtypes = [pointer, pointer]
    library.LGBM_BoosterGetNumClasses.argtypes = [pointer, pointer]
    numbers = [integer] * 4
    mat = [pointer, pointer, integer, ctypes.c_int32, ctypes.c_int32, *numbers, text, pointer, pointer]
    library.LGBM_BoosterPredictForMat.argtypes = mat
    single = [pointer, integer, integer, integer, integer, ctypes.c_int32, text, pointer]
    library.LGBM_BoosterPredictForMatSingleRowFastInit.argtypes = single
    quick.LGBM_BoosterPredictForMatSingleRowFast.argtypes = [pointer, pointer, pointer, pointer]
    return library, quick


def library_path() -> Path:
    """Find LightGBM's shared library inside its Python package, without importing the package.

    Raises
    ------
    SetupError
        Where the package isn't installed, or has no library.

    """
    found = importlib.util.find_spec("lightgbm")
    if found is None or found.origin is None:
        raise missing("lightgbm", "This model", "train")
    names = {"darwin": "lib_lightgbm.dylib", "win32": "lib_lightgbm.dll"}
    name = names.get(sys.platform, "lib_lightgbm.so")
    package = Path(found.origin).parent
    for folder in ("lib", "bin", "."):
        if (package / folder / name).is_file():
            return package / folder / name
    raise SetupError(f"The LightGBM in {package} has no {name}.", _INSTALL)
