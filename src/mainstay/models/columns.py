"""`Columns`: what each number of an encoded row is, so that it can be turned back into the value it stands for.

::

    Contract -> Columns                        once; it is saved with a model that needs it
    encoded X -> arrays, a pandas frame, records     for pipelines, functions, rules and explanations

The way there is the contract's own (`mainstay.contract.table.encode_table`); here is the way back.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from mainstay.contract import Boolean, Category, Datetime, Integer, Tensor
from mainstay.contract.columns.base import BLANKS, whole_number
from mainstay.errors import InputError
from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, Contract

    Floats = NDArray[np.float64]

Kind = Literal["number", "integer", "boolean", "category", "time", "tensor"]
Label = str | int | float | bool
Value = Label | list[Any] | None
OTHER = "(other)"
"""What a label stands for that isn't among a category's: no label is spelled so, or `Columns.of` refuses it."""
_LETS_IN = frozenset({"other", "flag"})
_SURE = frozenset({"reject", "impute", "fallback"})


class EncodedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column of encoded rows.

    Parameters
    ----------
    name : str
        Its name in the contract.
    kind : {"number", "integer", "boolean", "category", "time", "tensor"}
        What its numbers are: themselves, 0 and 1, codes, seconds since 1970, the elements of a tensor.
    labels : tuple of str, int, float or bool
        Of a category the value of each code (a code beyond them is any other label), of a boolean those of 0 and 1.
    sure : bool
        Whether it is never missing.
    open : bool
        Of a category: whether records may bring a label that isn't among them.
    shape : tuple of int
        Of a tensor: how many elements along each dimension.
    frame : str
        How a pandas frame holds it where that isn't plain: ``"category"`` or ``"str"``.
    ordered : tuple of str, int, float or bool
        The categories of that frame's column, in its order.

    """

    name: str
    kind: Kind
    labels: tuple[Label, ...] = ()
    sure: bool = False
    open: bool = False
    shape: tuple[int, ...] = ()
    frame: str = ""
    ordered: tuple[Label, ...] = ()

    @property
    def width(self) -> int:
        """How many numbers of an encoded row are its."""
        return math.prod(self.shape)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Names of these numbers, as the contract names them."""
        return Tensor(name=self.name, shape=self.shape).slot_names if self.kind == "tensor" else (self.name,)

    @property
    def codes(self) -> int:
        """How many codes it may have: its labels, and one more for any other; 0 where it is no category."""
        return len(self.labels) + 1 if self.kind == "category" else 0


class Columns(msgspec.Struct, frozen=True):
    """What each number of an encoded row is.

    Parameters
    ----------
    all : tuple of EncodedColumn
        In the order of the row.

    Examples
    --------
    >>> from mainstay.contract import Boolean, Category, Contract, Number
    >>> plan, paid = Category(name="plan", values=("basic", "full")), Boolean(name="paid", true="Yes", false="No")
    >>> columns = Columns.of(Contract((Number(name="age"), plan, paid)))
    >>> columns.record(np.array([31.0, 1.0, 0.0]))
    {'age': 31.0, 'plan': 'full', 'paid': 'No'}
    >>> columns.arrays(np.array([[31.0, 2.0, 1.0], [np.nan, np.nan, 0.0]]))["plan"].tolist()
    ['(other)', None]

    """

    all: tuple[EncodedColumn, ...]

    @staticmethod
    def of(inputs: Contract) -> Columns:
        """Describe rows that were encoded by a contract: `Snapshot.inputs` or `Bundle.inputs`.

        Raises
        ------
        InputError
            Where a category has a label that is spelled as any other label is.

        """
        return Columns(tuple(_encoded(column) for column in inputs.features))

    @property
    def width(self) -> int:
        """How many numbers an encoded row has."""
        return sum(column.width for column in self.all)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.all)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Names of the numbers of an encoded row, as the contract names them: ``age``, ``image[0,1]``."""
        return tuple(name for column in self.all for name in column.slot_names)

    @property
    def truths(self) -> Columns:
        """The same columns, yes and no being True and False however they are spelled: as rules see them."""
        plain = (False, True)
        return Columns(tuple(msgspec.structs.replace(c, labels=plain) if c.kind == "boolean" else c for c in self.all))

    @property
    def categories(self) -> dict[int, EncodedColumn]:
        """The categories, by their place in an encoded row."""
        return {place: column for place, column in self.places() if column.kind == "category"}

    def places(self) -> Iterator[tuple[int, EncodedColumn]]:
        """Give each column with the place of its first number."""
        place = 0
        for column in self.all:
            yield place, column
            place += column.width

    def arrays(self, X: Floats) -> dict[str, NDArray[Any]]:
        """Turn encoded rows into named arrays, one per column.

        Parameters
        ----------
        X : array, shape (n, width)
            Encoded rows.

        Returns
        -------
        dict of str to array, shape (n,)
            Numbers and times (seconds since 1970) as float64, missing as NaN; labels as objects, missing as None, any
            other label as `OTHER`; booleans spelled ``true`` and ``false`` as objects True and False; tensors of
            shape (n, *shape).

        Raises
        ------
        InputError
            Where the rows have another width.

        """
        X = self._fitting(X)
        return {column.name: _array(column, X[:, at : at + column.width], None) for at, column in self.places()}

    def frame(self, X: Floats) -> Any:
        """Turn encoded rows into a pandas frame, each kind of column always of the same type.

        As the frames of feature code: whole numbers that can't be missing are int64, other numbers float64, times
        datetime64 in UTC, labels objects with NaN where they are missing (pandas' and scikit-learn's own mark), or
        what `like` saw. A tensor gives one column of floats per element, named as the contract names them.

        Parameters
        ----------
        X : array, shape (n, width)
            Encoded rows.

        Raises
        ------
        SetupError
            Where pandas isn't installed.
        InputError
            Where the rows have another width.

        """
        pd = need("pandas", "This model")
        X = self._fitting(X)
        found: dict[str, Any] = {}
        for at, column in self.places():
            cells = X[:, at : at + column.width]
            if column.kind == "tensor":
                found |= {name: cells[:, j].copy() for j, name in enumerate(column.slot_names)}
            else:
                found[column.name] = _in_frame(pd, column, cells)
        return pd.DataFrame(found)

    def record(self, row: Floats) -> dict[str, Value]:
        """Turn one encoded row into values by name, missing as None; times are seconds since 1970."""
        values = self._fitting(row[None])[0].tolist()
        return {column.name: _value(column, values[at : at + column.width]) for at, column in self.places()}

    def like(self, frame: Any) -> Columns:
        """Give the same columns as a pandas frame holds them: ``1`` instead of ``"1"``, pandas' own categories.

        What was fitted on that frame then sees the values it knows. Columns the frame lacks are left as they are.
        """
        return Columns(tuple(_seen(c, frame[c.name]) if c.name in frame.columns else c for c in self.all))

    def as_categories(self) -> Columns:
        """Give the same columns, labels held as pandas' own categories in a frame, where nothing else is known."""
        return Columns(
            tuple(
                msgspec.structs.replace(c, frame="category", ordered=c.labels) if c.labels and not c.frame else c
                for c in self.all
            )
        )

    def as_read(self) -> Columns:
        """Give the same columns as pandas reads them from a file: labels that are all whole numbers as numbers."""
        return Columns(tuple(_read(column) for column in self.all))

    def _fitting(self, X: Floats) -> Floats:
        if X.ndim != 2 or X.shape[1] != self.width:
            raise InputError(
                f"The model takes {self.width} numbers a row, these rows have shape {X.shape}.",
                "Encode them with the model's own contract.",
            )
        return X


def label_text(value: object) -> str:
    """Spell a label as contracts and targets do: ``1`` and ``1.0`` are one, truths are ``true`` and ``false``.

    Examples
    --------
    >>> label_text(1.0), label_text(np.int64(1)), label_text(np.True_), label_text(" Yes "), label_text(2.5)
    ('1', '1', 'true', 'Yes', '2.5')

    """
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool):
        return "true" if plain else "false"
    whole = whole_number(plain)
    return str(plain).strip(BLANKS) if whole is None else str(whole)


def _encoded(column: AnyColumn) -> EncodedColumn:
    sure = column.when_missing in _SURE and column.when_malformed in _SURE
    labels: tuple[Label, ...] = ()
    if isinstance(column, Category):
        labels = tuple(column.values)
        if OTHER in labels:
            raise InputError(
                f"'{column.name}' has a label '{OTHER}', which stands for any other.", "Spell it so: other"
            )
    elif isinstance(column, Boolean):
        plain = column.spellings == {"true": True, "false": False}
        labels = (False, True) if plain else (column.false, column.true)
    shape = column.shape if isinstance(column, Tensor) else ()
    lets_in = isinstance(column, Category) and column.unknown in _LETS_IN
    return EncodedColumn(name=column.name, kind=_kind(column), labels=labels, sure=sure, open=lets_in, shape=shape)


def _kind(column: AnyColumn) -> Kind:
    if isinstance(column, Category):
        return "category"
    if isinstance(column, Boolean):
        return "boolean"
    if isinstance(column, Datetime):
        return "time"
    if isinstance(column, Tensor):
        return "tensor"
    return "integer" if isinstance(column, Integer) else "number"


def _array(column: EncodedColumn, cells: Floats, gone: object) -> NDArray[Any]:
    if column.kind == "tensor":
        return cells.reshape(len(cells), *column.shape).copy()
    flat = cells[:, 0]
    if not column.labels:
        return flat.copy()
    values = np.empty(len(column.labels) + 2, dtype=object)
    values[:] = [*column.labels, OTHER, gone]
    missing = np.isnan(flat)
    codes = np.where(missing, 0.0, flat).astype(np.int64)
    beyond = (codes < 0) | (codes >= len(column.labels))
    return values[np.where(missing, len(values) - 1, np.where(beyond, len(values) - 2, codes))]


def _in_frame(pd: Any, column: EncodedColumn, cells: Floats) -> Any:
    if column.kind == "time":
        whole = np.where(np.isnan(cells[:, 0]), np.nan, cells[:, 0] * 1e6)
        return pd.to_datetime(pd.Series(whole).round(), unit="us", utc=True).astype("datetime64[us, UTC]")
    if not column.labels:
        whole_ones = column.kind == "integer" and column.sure and not np.isnan(cells).any()
        # A plain array: to wrap each column of one record in a Series would take longer than the rest of the frame.
        return cells[:, 0].astype(np.int64) if whole_ones else cells[:, 0].copy()
    values = _array(column, cells, np.nan)
    if column.frame == "category":
        return pd.Series(_categorical(pd, column, values))
    if column.frame == "str":
        return pd.Series(values, dtype="str")
    plain = column.kind == "boolean" and column.sure and all(isinstance(label, bool) for label in column.labels)
    if plain and not np.isnan(cells).any():
        return pd.Series(values.astype(bool))
    return pd.Series(values, dtype=object)  # said, or pandas would guess from the rows at hand


def _categorical(pd: Any, column: EncodedColumn, values: NDArray[Any]) -> Any:
    places = {label: place for place, label in enumerate(column.ordered)}
    codes = [places.get(value, -1) for value in values.tolist()]  # any other label is missing to whoever fitted on them
    return pd.Categorical.from_codes(codes, categories=list(column.ordered))


def _value(column: EncodedColumn, cells: list[float]) -> Value:
    if column.kind == "tensor":
        nested: list[Any] = np.asarray(cells).reshape(column.shape).tolist()
        return nested
    (cell,) = cells
    if cell != cell:  # noqa: PLR0124 - only NaN differs from itself, and this is on the way of each request
        return None
    if not column.labels:
        return cell
    code = int(cell)
    return column.labels[code] if 0 <= code < len(column.labels) else OTHER


def _seen(column: EncodedColumn, series: Any) -> EncodedColumn:
    if not column.labels:
        return column
    kind = str(series.dtype)
    present = list(series.cat.categories) if kind == "category" else series.dropna().unique().tolist()
    known = {label_text(value): _plain(value) for value in present}
    labels = tuple(known.get(label_text(label), label) for label in column.labels)
    ordered = tuple(_plain(value) for value in present) if kind == "category" else ()
    return msgspec.structs.replace(
        column, labels=labels, ordered=ordered, frame=kind if kind in ("category", "str") else ""
    )


def _read(column: EncodedColumn) -> EncodedColumn:
    texts = [label for label in column.labels if isinstance(label, str)]
    if column.kind == "category" and texts and all(text.isdecimal() and str(int(text)) == text for text in texts):
        return msgspec.structs.replace(column, labels=tuple(int(text) for text in texts))
    return column


def _plain(value: object) -> Label:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, str | int | float | bool):
        return plain
    if isinstance(plain, dt.date):
        return plain.isoformat()
    return str(plain)
