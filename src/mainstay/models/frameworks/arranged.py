"""A model that sees other columns, or other codes, than the contract's: picked and translated on the way in and out.

Whoever fitted it put columns in another order, left some out, or numbered labels by itself; the model inside stays as
it was fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.models.explain.additive import Exact
from mainstay.models.files import HEADER, damaged, decode, write_header
from mainstay.models.load import load_model, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Profile
    from mainstay.models.explain.additive import Additive
    from mainstay.models.model import Model, Score
    from mainstay.models.trust import Trusted

    Floats = NDArray[np.float64]

INNER = "inner"


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of an arranged model; the inner model has its own, one folder deeper.

    Parameters
    ----------
    width : int
        Numbers of an encoded row.
    take : tuple of int
        For each number the inner model sees, its place in the row.
    codes : dict of int to tuple of float or None
        For places of the inner model that hold a category: what it calls each code, the last for any code beyond
        them; None is missing.
    order : tuple of int
        For each score its place in what the inner model says; empty: as it says them.

    """

    width: int
    take: tuple[int, ...]
    codes: dict[int, tuple[float | None, ...]] = {}
    order: tuple[int, ...] = ()
    framework: str = "arranged"


@dataclass(frozen=True)
class ArrangedModel:
    """A model inside, and how a row becomes what it sees.

    Parameters
    ----------
    inner : Model
        As it was fitted.
    header : Header
        How rows and scores are arranged.

    Examples
    --------
    >>> from mainstay.models.frameworks.linear import LinearModel, Slope
    >>> inner = LinearModel(0.0, (Slope(0.0, 1.0), Slope(0.0, 10.0)), logistic=False)
    >>> ArrangedModel(inner, Header(3, (2, 0), {1: (7.0, 5.0)})).score_one(np.array([0.0, 9.0, 4.0]))
    74.0

    """

    inner: Model
    header: Header
    framework: str = "arranged"

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, width); returns shape (n,), of several classes (n, k)."""
        if X.ndim != 2 or X.shape[1] != self.header.width:
            raise InputError(
                f"The model takes {self.header.width} numbers a row, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        said = self.inner.scores(self.arrange(X))
        return said[:, self._order] if self.header.order else said

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (width,); the same bits as `scores`."""
        said = self.inner.score_one(self.arrange(row[None])[0] if self.header.codes else row[self._take])
        return np.asarray(said)[self._order] if self.header.order else said

    def attributions(self, X: Floats, profile: Profile | None = None) -> Additive | None:
        """Say what each number of a row adds to the inner model's sum: nothing, where it isn't taken.

        The inner model isn't told of the profile, which is of other columns: terms that start at a mean over the
        training rows start at zero here.
        """
        del profile
        sums = self.inner.attributions(self.arrange(X)) if isinstance(self.inner, Exact) else None
        return None if sums is None else sums.taken(self.header.take, self.header.width).ordered(self.header.order)

    def arrange(self, X: Floats) -> Floats:
        """Turn encoded rows of shape (n, width) into what the inner model sees."""
        seen = X[:, self._take]
        for place, codes in self._codes.items():
            cells = seen[:, place]
            gone = np.isnan(cells)
            found = np.where(gone, 0.0, cells).astype(np.int64)
            beyond = (found < 0) | (found >= codes.size)
            seen[:, place] = np.where(gone, np.nan, codes[np.where(beyond, codes.size - 1, found)])
        return seen

    @cached_property
    def _take(self) -> NDArray[np.intp]:
        return np.asarray(self.header.take, dtype=np.intp)

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.asarray(self.header.order, dtype=np.intp)

    @cached_property
    def _codes(self) -> dict[int, Floats]:
        return {
            place: np.asarray([np.nan if code is None else code for code in codes])
            for place, codes in self.header.codes.items()
        }

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder, the inner one into a folder inside."""
        inner = folder / INNER
        inner.mkdir(mode=0o700, exist_ok=True)
        save_model(self.inner, inner)
        write_header(folder, self.header)


def load_trusted(folder: Path, header: bytes, trusted: Trusted | None) -> ArrangedModel:
    """Read an arranged model, whose inner one may bring what must be trusted."""
    found = decode(folder, header, Header)
    sound = all(0 <= place < found.width for place in found.take) and all(
        0 <= place < len(found.take) and codes for place, codes in found.codes.items()
    )
    if not sound or min(found.order, default=0) < 0:
        raise damaged(folder / HEADER, "it takes places that no row has")
    inner = folder / INNER
    if not (inner / HEADER).is_file():
        raise damaged(inner / HEADER, "it isn't there")
    return ArrangedModel(load_model(inner, trusted), found)
