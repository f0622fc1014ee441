"""Saved models of other tools, by their files: from a path to an estimator that `adopt` takes.

Only files that hold data are simply read. A pickle is code: it is run only where its SHA-256 was given by hand.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from mainstay.errors import InputError, NotFoundError, TrustError
from mainstay.extras import need
from mainstay.models.features import FeatureCode
from mainstay.models.frameworks import function, heuristic
from mainstay.models.frameworks.sklearn import from_skops

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mainstay.models.trust import Trusted

    Reader = Callable[[Path, Trusted], Any]

_CODE = "Read where it comes from; if its code may run here, say so"


def read_artefact(path: Path, trusted: Trusted) -> Any:
    """Read a saved model.

    Parameters
    ----------
    path : Path
        A file: ``.onnx``; LightGBM's ``.txt`` or ``.lgb``; XGBoost's ``.json``, ``.ubj`` or ``.xgb``; CatBoost's
        ``.cbm`` or ``.cb``; ``.skops``; rules in ``.toml``; a function in ``.py``; a pickle in ``.pkl``, ``.pickle`` or
        ``.joblib``; or a folder that MLflow wrote.
    trusted : callable
        Gives the hashes of code that may run here, and the types that may be built.

    Returns
    -------
    object
        What `mainstay.models.adopting.adopt` takes; of rules their text, of ONNX the bytes.

    Raises
    ------
    NotFoundError
        Where there is no such file.
    InputError
        Where it isn't what its name says, or nobody knows such files.
    TrustError
        Where it is code, or built of types, that nobody here trusts; nothing was run.

    """
    if not path.exists():
        raise NotFoundError(f"There is no {path}.", "Name a file, a folder that MLflow wrote, or an MLflow URI.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(READERS)
        raise InputError(
            f"{path.name} can't be taken for a model: no saved model ends in '{path.suffix}'.",
            f"Known are {known}, and folders and URIs of MLflow.",
        )
    return reader(path, trusted)


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lightgbm(path: Path, _: Trusted) -> Any:
    lightgbm = need("lightgbm", "Reading this file", "train")
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text.startswith("tree\n") or "\nend of trees\n" not in text:
        raise _wrong(path, "a LightGBM model", "it doesn't begin with 'tree' or lacks its end")
    return lightgbm.Booster(model_str=text)


def _xgboost(path: Path, _: Trusted) -> Any:
    xgboost = need("xgboost", "Reading this file", "xgboost")
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(path.read_bytes()))
    except xgboost.core.XGBoostError as error:
        raise _wrong(path, "an XGBoost model", str(error).strip().splitlines()[0]) from None
    return booster


def _catboost(path: Path, _: Trusted) -> Any:
    catboost = need("catboost", "Reading this file", "catboost")
    model = catboost.CatBoost()
    try:
        model.load_model(str(path), format="json" if path.suffix == ".json" else "cbm")
    except (catboost.CatBoostError, ValueError) as error:
        raise _wrong(path, "a CatBoost model", str(error)) from None
    return model


def _json(path: Path, trusted: Trusted) -> Any:
    """Tell XGBoost's JSON from CatBoost's: that one names its trees."""
    content = path.read_bytes()
    return _catboost(path, trusted) if b'"oblivious_trees"' in content else _xgboost(path, trusted)


def _onnx(path: Path, _: Trusted) -> Any:
    onnx = need("onnx", "Reading this file", "onnx")
    try:
        return onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # noqa: BLE001 - protobuf raises what it likes
        raise _wrong(path, "an ONNX model", str(error)) from None


def _skops(path: Path, trusted: Trusted) -> Any:
    return from_skops(path.read_bytes(), trusted, path.name, path)


def _pickle(path: Path, trusted: Trusted) -> Any:
    found = sha256_of(path)
    if found not in trusted():
        raise TrustError(
            f"{path.name} is a pickle, which is code, and it isn't trusted here: it was not run.",
            f"{_CODE}: --trust {found} (or save it as .skops).",
        )
    joblib = need("joblib", "Reading this file", "train")
    try:
        return joblib.load(io.BytesIO(path.read_bytes()))
    except Exception as error:  # noqa: BLE001 - it runs whatever it likes
        raise _wrong(path, "a pickle that can be loaded here", str(error)) from None


def _code(path: Path, trusted: Trusted) -> FeatureCode:
    code = FeatureCode(path.read_bytes(), function.FILE)
    if code.sha256 not in trusted():
        raise TrustError(
            f"{path.name} is code, and it isn't trusted here: it was not run.", f"{_CODE}: --trust {code.sha256}"
        )
    return code


def _rules(path: Path, _: Trusted) -> heuristic.Text:
    return heuristic.Text(path.read_bytes(), path.name)


READERS: Mapping[str, Reader] = {
    ".onnx": _onnx,
    ".txt": _lightgbm,
    ".lgb": _lightgbm,
    ".json": _json,
    ".ubj": _xgboost,
    ".xgb": _xgboost,
    ".cbm": _catboost,
    ".cb": _catboost,
    ".skops": _skops,
    ".toml": _rules,
    ".py": _code,
    ".pkl": _pickle,
    ".pickle": _pickle,
    ".joblib": _pickle,
}


def _wrong(path: Path, what: str, said: str) -> InputError:
    words = " ".join(said.split())[:200].rstrip(".")
    return InputError(f"{path.name} isn't {what}: {words}.", "Is it the right file, and whole?")
