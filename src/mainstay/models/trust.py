"""What may run or be built here: hashes of code and names of types, from the machine's own configuration.

Never what a bundle says of itself: a bundle may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import msgspec

from mainstay.errors import SetupError, TrustError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

Trusted: TypeAlias = Callable[[], frozenset[str]]
"""Gives what is trusted at this moment: hashes (SHA-256) of code, and types by their full names."""


class Brought(msgspec.Struct, frozen=True):
    """Something of a model that runs, or is built, only where it is trusted.

    Parameters
    ----------
    what : str
        For people: ``"model.py"``, ``"a type"``.
    key : str
        What it is trusted by: the SHA-256 of the code, or the full name of the type.

    """

    what: str
    key: str


@runtime_checkable
class BringsCode(Protocol):
    """A model that holds more than data."""

    @property
    def brings(self) -> tuple[Brought, ...]:
        """What runs, or is built, only where it is trusted."""


def nobody() -> frozenset[str]:
    """Trust nothing."""
    return frozenset()


def brought_by(model: object) -> tuple[Brought, ...]:
    """Give what a model brings, however deep it is wrapped; nothing where it is data."""
    inner = getattr(model, "inner", None)
    return (model.brings if isinstance(model, BringsCode) else ()) + (() if inner is None else brought_by(inner))


def packages_of(model: object) -> tuple[str, ...]:
    """Name the packages a model imports where it answers, beyond what its framework always needs."""
    inner = getattr(model, "inner", None)
    return tuple(getattr(model, "packages", ())) + (() if inner is None else packages_of(inner))


def demand(brought: Brought, trusted: Trusted, name: str) -> None:
    """Refuse what nobody here trusts.

    Parameters
    ----------
    brought : Brought
        What is to run, or to be built.
    trusted : callable
        Gives what is trusted here.
    name : str
        What it belongs to: ``"churn version 3"``.

    Raises
    ------
    TrustError
        Naming hash or type, and where to write it down.

    """
    if brought.key in trusted():
        return
    if "." in brought.key:
        raise TrustError(
            f"{name} is built of the type {brought.key}, which isn't trusted here and was not built.",
            f'If you know it, add it to mainstay.toml: [serving] trust = ["{brought.key}"].',
        )
    raise TrustError(
        f"{name} brings code of its own ({brought.what}, sha256 {brought.key}), which isn't trusted here and was not "
        "run.",
        f'Read it; if it may run here, add its hash to mainstay.toml: [serving] trust = ["{brought.key}"].',
    )


@dataclass(frozen=True)
class IdleModel:
    """A model that was loaded to be looked at: nothing it brings was run, and it doesn't answer."""

    framework: str

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: ARG002 - every model is called so
        """Refuse to answer."""
        raise self._refused()

    def score_one(self, row: NDArray[np.float64]) -> float:  # noqa: ARG002 - every model is called so
        """Refuse to answer."""
        raise self._refused()

    def save(self, folder: Path) -> None:  # noqa: ARG002 - every model is called so
        """Refuse to be saved."""
        raise self._refused()

    def _refused(self) -> SetupError:
        return SetupError(
            f"This {self.framework} model was loaded to be looked at and doesn't answer.",
            "Load the version to answer with it.",
        )
