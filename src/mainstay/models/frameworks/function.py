"""A plain function as a model: ``def predict(columns)`` in a file, or written into a notebook.

It is code, as ``features.py`` is: the very bytes that are hashed are compiled, and only where their hash is trusted.
What it answers is held to what a model says, each time.
"""

from __future__ import annotations

import inspect
import textwrap
from types import FunctionType
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.answers import amounts, labels_of, probabilities
from mainstay.models.columns import Columns
from mainstay.models.features.code import FeatureCode
from mainstay.models.features.compiled import compile_code, imports, told, wants_pandas
from mainstay.models.files import damaged, decode, write_file, write_header
from mainstay.models.trust import Brought, IdleModel, demand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.models.adopting import Adopter
    from mainstay.models.model import Model, Score
    from mainstay.models.task import Task
    from mainstay.models.trust import Trusted

    Floats = NDArray[np.float64]

_LATER = "from __future__ import annotations"  # those of its signature name what isn't imported inside
FILE, NAME = "predict.py", "predict"
TEMPLATE = "def predict(columns): … return an array, one number per row."


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of a function; its code lies in ``predict.py``.

    Parameters
    ----------
    columns : Columns
        What a row is turned back into.
    labels : int
        How many labels it tells apart; 0 for amounts.

    """

    columns: Columns
    labels: int
    framework: str = "function"


class FunctionModel:
    """A function of the columns.

    Parameters
    ----------
    code : FeatureCode
        The file, trusted.
    header : Header
        What it is given, and what its answer means.

    Raises
    ------
    ProjectError
        Where it isn't Python, or has no function `predict`.
    SetupError
        Where it wants pandas and that isn't here.

    """

    framework = "function"
    precision = 1e-9  # sums may be rounded by the number of rows
    slow = True  # the code is theirs: in batches, beside the event loop

    def __init__(self, code: FeatureCode, header: Header) -> None:
        self.code = code
        self.header = header
        self._function = compile_code(code, NAME, TEMPLATE)
        self._pandas = wants_pandas(self._function, code)
        if self._pandas:
            need("pandas", "This model")

    @property
    def brings(self) -> tuple[Brought, ...]:
        """Its code."""
        return (Brought(FILE, self.code.sha256),)

    @property
    def packages(self) -> tuple[str, ...]:
        """What its code imports."""
        return tuple(name for name in imports(self.code) if name != "mainstay")

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, width); returns shape (n,), of several classes (n, k)."""
        columns, labels, n = self.header.columns, self.header.labels, len(X)
        if not n:
            return np.empty((0, labels) if labels > 2 else 0)
        given = columns.frame(X) if self._pandas else columns.arrays(X)
        try:
            said = self._function(given)
        except Exception as error:  # noqa: BLE001 - the code is theirs and may fail in any way
            cure = "Mend that line: it must take every record that the contract accepts."
            raise InputError(told(error, self.code), cure) from None
        return probabilities(said, n, range(labels)) if labels else amounts(said, n)

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (width,); as `scores`, to `precision`."""
        said = self.scores(row[None])
        return float(said[0]) if said.ndim == 1 else said[0]

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_file(folder, FILE, self.code.content)
        write_header(folder, self.header)


def load_trusted(folder: Path, header: bytes, trusted: Trusted | None) -> Model:
    """Read a function, where its hash is trusted."""
    found = decode(folder, header, Header)
    if trusted is None:
        return IdleModel("function")
    try:
        code = FeatureCode((folder / FILE).read_bytes(), FILE)
    except OSError as error:
        raise damaged(folder / FILE, str(error.strerror)) from None
    demand(Brought(FILE, code.sha256), trusted, f"The model in {folder}")
    return FunctionModel(code, found)


def adopters() -> Mapping[type, Adopter]:
    """Give what makes models of functions, and of files with one."""
    return {FunctionType: adopt_function, FeatureCode: adopt_code}


def adopt_function(function: FunctionType, columns: Columns, task: Task) -> FunctionModel:
    """Make a model of a function, by its source: it must stand by itself, with its imports inside.

    Raises
    ------
    InputError
        Where its source can't be had, or it uses what lies outside of it.

    """
    if function.__closure__ or function.__name__ == "<lambda>":
        raise InputError(
            "A lambda, or a function inside another, can't be saved: it is more than its text.",
            f"Write it by itself, with its imports inside: {TEMPLATE}",
        )
    try:
        text = f"{_LATER}\n\n{textwrap.dedent(inspect.getsource(function))}"
    except (OSError, TypeError):
        raise InputError(
            f"The source of {function.__name__} can't be found.", f"Put it into a file and give that: {TEMPLATE}"
        ) from None
    outside = inspect.getclosurevars(function).globals
    if outside:
        raise InputError(
            f"{function.__name__} uses {', '.join(sorted(outside)[:5])}, which it doesn't bring along.",
            "Import and define inside of it what it needs, or put it all into a file and give that.",
        )
    if function.__name__ != NAME:
        text += f"\n\n{NAME} = {function.__name__}\n"
    return adopt_code(FeatureCode(text.encode(), FILE), columns, task)


def adopt_code(code: FeatureCode, columns: Columns, task: Task) -> FunctionModel:
    """Make a model of a file with a function `predict`."""
    return FunctionModel(FeatureCode(code.content, FILE), Header(columns, len(labels_of(task))))
