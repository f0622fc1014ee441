"""Saving and loading models: data, or what this machine's own configuration trusts; nothing falls back to a pickle."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import msgspec

from mainstay.errors import NotFoundError, SetupError
from mainstay.models import frameworks
from mainstay.models.files import HEADER, damaged, decode
from mainstay.models.trust import nobody

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.model import Model
    from mainstay.models.trust import Trusted


class _Adapter(Protocol):
    def load(self, folder: Path, header: bytes) -> Model: ...


@runtime_checkable
class _Asks(Protocol):
    """An adapter whose models may hold more than data; it is told what is trusted, None where it is only looked at."""

    def load_trusted(self, folder: Path, header: bytes, trusted: Trusted | None) -> Model: ...


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


def load_model(folder: Path, trusted: Trusted | None = nobody) -> Model:
    """Read a model back.

    Parameters
    ----------
    folder : Path
        What `save_model` wrote.
    trusted : callable or None
        Gives the hashes of code that may run here, and the types that may be built. None: the model is only looked at;
        nothing it brings is run, and one that brings something doesn't answer.

    Raises
    ------
    NotFoundError
        Where there is no model in the folder.
    CorruptError
        Where a file isn't what was once written.
    SetupError
        Where the model's framework is unknown here, or its library isn't installed.
    TrustError
        Where it brings code, or is built of types, that aren't trusted here; none of it was run.

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
    adapter = importlib.import_module(f"{frameworks.__name__}.{name}")
    if isinstance(adapter, _Asks):
        return cast("_Asks", adapter).load_trusted(folder, header, trusted)
    return cast("_Adapter", adapter).load(folder, header)


def _unknown(name: str, verb: str) -> SetupError:
    known = ", ".join(known_frameworks())
    return SetupError(
        f"A model of the framework '{name[:40]}' can't be {verb} by this mainstay, which knows {known}.",
        "Update mainstay, or train the model again here.",
    )
