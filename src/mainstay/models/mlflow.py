"""Models that MLflow keeps: a URI or a folder, read by the file of its flavour, never by MLflow's own loading.

MLflow writes most flavours as a pickle, and those of skops with the list of trusted types beside them; here a pickle
runs only where its SHA-256 is trusted, and types by this machine's list alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.contract.formats.yaml_text import read_yaml
from mainstay.errors import InputError, NotFoundError, TrustError
from mainstay.extras import need
from mainstay.models.artefacts import READERS, read_artefact, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mainstay.models.trust import Trusted

NAME = "MLmodel"
_URI = re.compile(r"(models|runs|mlflow-artifacts|s3|gs|wasbs|dbfs|http|https|file):/")
_FILES: Mapping[str, str] = {  # flavour -> what its file is called in MLmodel
    "onnx": "data",
    "lightgbm": "data",
    "xgboost": "data",
    "catboost": "data",
    "sklearn": "pickled_model",
    "keras": "data",
    "tensorflow": "data",
    "pytorch": "model_data",
}
_LOGIN = re.compile(r"//[^/@\s]*@")  # who asks, and by which password
_CAUSE = re.compile(r"\(Caused by (?:\w+\()?(.*?)\)*$")  # of what its client tells at length
_NOISE = re.compile(r"^['\"]?HTTPS?Connection(?:Pool)?\([^)]*\): |\[Errno -?\d+\] ")
_BRIEF = {  # by itself it tries for minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
_OF_A_SERVER = ("models:", "runs:", "mlflow-artifacts:")
_LOCAL = ("mlflow.db", "mlruns")  # where MLflow itself keeps what no server is told


def is_uri(text: str) -> bool:
    """Say whether this is an MLflow URI: ``models:/churn@champion``, ``runs:/<run>/model``.

    Examples
    --------
    >>> is_uri("models:/churn@champion"), is_uri("model.onnx"), is_uri("C:/model.onnx")
    (True, False, False)

    """
    return bool(_URI.match(text))


@contextlib.contextmanager
def fetched(uri: str) -> Iterator[Path]:
    """Fetch a model of MLflow by its URI, for as long as this lasts; MLflow's own settings say where its server is.

    Raises
    ------
    SetupError
        Where MLflow isn't installed.
    NotFoundError
        Where there is no such model, or no such server.

    """
    _demand_server(uri)
    quiet()
    artifacts = need("mlflow.artifacts", "Fetching from MLflow", "mlflow")
    refused = need("mlflow.exceptions", "Fetching from MLflow", "mlflow").MlflowException
    with tempfile.TemporaryDirectory() as kept:
        try:
            with _briefly(), contextlib.redirect_stderr(io.StringIO()):  # its progress bars
                folder = artifacts.download_artifacts(artifact_uri=uri, dst_path=kept)
        except (refused, OSError) as error:
            words = _LOGIN.sub("//", cause_of(error))[:300].rstrip(".")
            raise NotFoundError(
                f"MLflow gives no model for {uri}: {words}.",
                "Check the URI (models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN/PATH) and MLFLOW_TRACKING_URI.",
            ) from None
        yield Path(folder)


def cause_of(error: Exception) -> str:
    """Say in one line what went wrong, of all that MLflow's client tells.

    Examples
    --------
    >>> cause_of(OSError("Max retries exceeded (Caused by NewConnectionError(x: [Errno 111] Connection refused))"))
    'x: Connection refused'

    """
    words = " ".join(str(error).split())
    if caused := _CAUSE.search(words):
        words = caused[1].strip("'\"")
    return _NOISE.sub("", words)


def _demand_server(uri: str) -> None:
    """Refuse to ask a server that nobody named: MLflow would make an empty database in this folder, and look there."""
    if not uri.startswith(_OF_A_SERVER) or any(Path(name).exists() for name in _LOCAL):
        return
    named = any(os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"))
    asked = sys.modules.get("mlflow")  # a notebook may have named it
    if not named and not (asked and asked.tracking.is_tracking_uri_set()):
        raise NotFoundError(
            f"Nothing says which MLflow server has {uri}.", "Set MLFLOW_TRACKING_URI, as to http://localhost:5000."
        )


@contextlib.contextmanager
def _briefly() -> Iterator[None]:
    """Let a server that is away be told in seconds; what the environment says of it stays as it is."""
    ours = {name: value for name, value in _BRIEF.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def quiet() -> None:
    """Let MLflow's client report nothing home, unless the environment says otherwise; call it before its import."""
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "true")


def read_folder(folder: Path, trusted: Trusted) -> Any:
    """Read a folder that MLflow wrote, by the file of its flavour.

    Raises
    ------
    InputError
        Where it is none, or holds no flavour that is known here.
    TrustError
        Where its file is a pickle, or built of types, that nobody here trusts; nothing was run.

    """
    flavours = _flavours(folder)
    flavour = next((name for name in _FILES if name in flavours), "")
    if not flavour:
        raise InputError(
            f"The model in {folder} has the flavours {', '.join(flavours) or 'none'}, of which none is known here.",
            f"Known are {', '.join(_FILES)}; or put it behind a function: def predict(columns).",
        )
    inside = folder / str(flavours[flavour].get(_FILES[flavour]) or "data")
    if folder.resolve() not in inside.resolve().parents:
        raise InputError(f"{NAME} in {folder} names {inside}, which lies outside.", "Don't use it.")
    path = _file(inside)
    if path.suffix == ".pth":
        return _torch(path, trusted)
    if path.suffix == ".keras":
        return _keras(path)
    if path.suffix.lower() not in READERS:
        raise InputError(
            f"{path.name} of the flavour {flavour} can't be read here.", f"Known are {', '.join(READERS)}."
        )
    return read_artefact(path, trusted)


def _flavours(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{folder} is a folder without {NAME}.", "Name a folder that MLflow wrote.") from None
    found = read_yaml(text)
    flavours = found.get("flavors") if isinstance(found, dict) else None
    if not isinstance(flavours, dict):
        raise InputError(f"{folder / NAME} names no flavours.", "Is it whole?")
    return {str(name): dict(said or {}) for name, said in flavours.items() if isinstance(said, dict | None)}


def _file(inside: Path) -> Path:
    """Give the one file of a flavour: itself, or the one in its folder."""
    if not inside.is_dir():
        return inside
    known = [path for path in sorted(inside.iterdir()) if path.suffix in (".pth", ".keras", ".onnx")]
    if not known:
        raise InputError(f"{inside} holds no model that is known here.", "Is it whole?")
    return known[0]


def _torch(path: Path, trusted: Trusted) -> Any:
    found = sha256_of(path)
    if found not in trusted():
        raise TrustError(
            f"{path.name} is a pickle, which is code, and it isn't trusted here: it was not run.",
            f"If its code may run here, say so: --trust {found}; or log the model as ONNX.",
        )
    return need("torch", "This model", "torch").load(path, map_location="cpu", weights_only=False)


def _keras(path: Path) -> Any:
    keras = need("keras", "This model", "keras")
    try:
        return keras.models.load_model(path, safe_mode=True, compile=False)
    except Exception as error:  # noqa: BLE001 - Keras raises what it likes
        raise InputError(f"{path.name} can't be read by Keras: {' '.join(str(error).split())[:200]}.") from None
