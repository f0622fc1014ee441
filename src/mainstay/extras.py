"""Packages that are optional: imported where they are first needed, and where one is missing, told with the cure."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mainstay.errors import SetupError

if TYPE_CHECKING:
    from types import ModuleType

_KNOWN_AS = {
    "catboost": "CatBoost",
    "google": "protobuf",
    "grpc": "grpcio",
    "keras": "Keras 3",
    "lightgbm": "LightGBM",
    "mlflow": "mlflow-skinny",
    "onnxruntime": "ONNX Runtime",
    "optuna": "Optuna",
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
    "xgboost": "XGBoost",
    "yaml": "PyYAML",
}


@cache
def own_version() -> str:
    """Give mainstay's own version; ``"unknown"`` where it is run from its source without being installed.

    Examples
    --------
    >>> own_version() == "unknown" or own_version()[0].isdigit()
    True

    """
    try:
        return version("mainstay")
    except PackageNotFoundError:
        return "unknown"


def need(module: str, who: str, extra: str = "", *, otherwise: str = "") -> ModuleType:
    """Import what an extra brings.

    Call it where the package is used, never when a file is imported: these are slow to import, and a server needs few.

    Parameters
    ----------
    module : str
        Its name in Python, with the part of it that is used: ``sklearn.isotonic``.
    who : str
        What can't go on without it, as the subject of a sentence.
    extra : str, optional
        The extra of mainstay that brings it, or several with commas; without one the package is named itself.
    otherwise : str, optional
        What helps as well as installing it.

    Returns
    -------
    ModuleType
        The module asked for, not the package that it is in.

    Raises
    ------
    SetupError
        Where it, or what it imports itself, isn't installed.

    Examples
    --------
    >>> need("math", "Counting", "train").floor(2.5)
    2
    >>> need("no_such_package", "Training", "train")
    Traceback (most recent call last):
    ...
    mainstay.errors.SetupError: Training needs no_such_package, which isn't here. pip install 'mainstay[train]'

    """
    try:
        return import_module(module)
    except ImportError:
        raise missing(module, who, extra, otherwise=otherwise) from None


def missing(module: str, who: str, extra: str = "", *, otherwise: str = "") -> SetupError:
    """Say that a package isn't here, and how it gets here; for who looks for it without importing it.

    Parameters
    ----------
    module, who, extra, otherwise
        As `need` takes them.

    Examples
    --------
    >>> missing("sklearn.tree", "Training", "train").message
    "Training needs scikit-learn, which isn't here."
    >>> missing("pandas", "This model", otherwise="take a Polars frame.").cure
    'pip install pandas, or take a Polars frame.'

    """
    package = module.partition(".")[0]
    cure = f"pip install 'mainstay[{extra}]'" if extra else f"pip install {package}"
    return SetupError(
        f"{who} needs {_KNOWN_AS.get(package, package)}, which isn't here.",
        f"{cure}, or {otherwise}" if otherwise else cure,
    )
