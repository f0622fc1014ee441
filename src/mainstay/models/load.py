"""Saving and loading models, which are data only: nothing loaded here can run code or falls back to a pickle."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from mainstay.errors import NotFoundError, SetupError
from mainstay.models import frameworks
from mainstay.models.files import HEADER, damaged, decode

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.model import Model


class _Adapter(Protocol):
    def load(self, folder: Path, header: bytes) -> Model: ...


class _Named(msgspec.Struct, frozen=True):
    framework: str


def known_frameworks() -> tuple[str, ...]:
    """Name the frameworks whose models can be loaded: the files in ``models/frameworks/``."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(frameworks.__path__)))


def save_model(model: Model, folder: Path) -> None:
    """Write a model into an existing folder, with a ``model.json`` that names its framework.

    Raises
    ------
    SetupError
        Where the model is of a framework that could not be loaded again.

    """
    if model.framework not in known_frameworks():
        raise _unknown(model.framework, "saved")
    model.save(folder)


def load_model(folder: Path) -> Model:
    """Read a model back.

    Raises
    ------
    NotFoundError
        Where there is no model in the folder.
    CorruptError
        Where a file isn't what was once written.
    SetupError
        Where the model's framework is unknown here, or its library isn't installed.

    """
    path = folder / HEADER
    try:
        header = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"There is no model in {folder}.", f"A model's folder holds a {HEADER}.") from None
    except OSError as error:
        raise damaged(path, str(error.strerror)) from None
    name = decode(folder, header, _Named).framework
    if name not in known_frameworks():
        raise _unknown(name, "loaded")
    adapter = cast("_Adapter", importlib.import_module(f"{frameworks.__name__}.{name}"))
    return adapter.load(folder, header)


def _unknown(name: str, verb: str) -> SetupError:
    known = ", ".join(known_frameworks())
    return SetupError(
        f"A model of the framework '{name[:40]}' can't be {verb} by this mainstay, which knows {known}.",
        "Update mainstay, or train the model again here.",
    )
