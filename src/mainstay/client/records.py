"""From what callers have in their hands (a mapping, many of them, a DataFrame) to JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import msgspec

from mainstay.client.errors import FieldsError, RefusedError
from mainstay.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

Record = Mapping[str, Any]


class PolarsLike(Protocol):
    """A table with Polars' way of giving its rows."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """Give the rows."""


class PandasLike(Protocol):
    """A table with pandas' way of giving its rows."""

    def to_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Give the rows, asked with ``"records"``."""


class ArrowLike(Protocol):
    """A table with Arrow's way of giving its rows."""

    def to_pylist(self) -> list[dict[str, Any]]:
        """Give the rows."""


Table = PolarsLike | PandasLike | ArrowLike


def is_record(records: object) -> bool:
    """Say whether something is one record, rather than many."""
    return isinstance(records, Mapping)


def demand_no_key(key: str | None) -> None:
    """Refuse a key for many records: each of their requests needs one of its own."""
    if key is not None:
        raise RefusedError("A key is for one record.", "Leave it out: each request gets one of its own.")


def listed(records: Iterable[Record] | Table) -> list[Record]:
    """Give many records as a list of mappings.

    Parameters
    ----------
    records : iterable of mapping, or DataFrame
        Anything with ``to_dicts()`` (Polars), ``columns`` and ``to_dict("records")`` (pandas) or ``to_pylist()``
        (Arrow) is a table.

    Raises
    ------
    RefusedError
        Where it is neither.

    Examples
    --------
    >>> listed(({"tenure": n} for n in (1, 2)))
    [{'tenure': 1}, {'tenure': 2}]

    """
    if hasattr(records, "to_dicts"):
        return cast("list[Record]", records.to_dicts())
    if hasattr(records, "to_dict"):
        if not hasattr(records, "columns"):  # a row of pandas, or a column: nobody can say which
            raise _no_records(records, "Of a row give row.to_dict(); of a table, the DataFrame.")
        return cast("list[Record]", records.to_dict("records"))
    rows = records.to_pylist() if hasattr(records, "to_pylist") else records
    if isinstance(rows, str | bytes) or not isinstance(rows, Iterable):
        raise _no_records(records)
    made = list(rows)
    for record in made:
        if not isinstance(record, Mapping):
            raise _no_records(record)
    return made


def encode_records(records: Sequence[Record], first: int = 0) -> bytes:
    """Encode records as a JSON array; NaN, NaT and NA become null, which is how a missing value is written.

    Parameters
    ----------
    records : sequence of mapping
        The records.
    first : int
        Place of the first among all that the caller gave, for the error.

    Raises
    ------
    FieldsError
        Where a number is infinite, or a value is of a type that JSON doesn't have.

    Examples
    --------
    >>> encode_records([{"tenure": 3, "charge": float("nan")}])
    b'[{"tenure":3,"charge":null}]'

    """
    for place, record in enumerate(records, first):
        for field, value in record.items():
            if isinstance(value, float | list | tuple) and not _finite(value):
                raise _field_error(place, str(field), value, "must be a finite number; send null where it is missing.")
    try:
        return _encode(records)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise _culprit(records, first) from None


def encode_record(record: Record) -> bytes:
    """Encode one record as a JSON object, as `encode_records` does."""
    return encode_records([record])[1:-1]


def _finite(value: float | Sequence[Any]) -> bool:
    if isinstance(value, float):
        return not math.isinf(value)
    return all(_finite(each) for each in value if isinstance(each, float | list | tuple))


def _plain(value: Any) -> Any:
    """Turn what other libraries write values in into what JSON has; raises TypeError where there is nothing."""
    if _is_missing(value):
        return None
    for name in ("tolist", "item", "isoformat"):  # arrays and scalars of NumPy; scalars of others; times
        if hasattr(value, name):
            found = getattr(value, name)()
            if isinstance(found, float | list) and not _finite(found):
                raise ValueError(name)
            return found
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def _is_missing(value: Any) -> bool:
    try:
        return bool(value != value)  # noqa: PLR0124 - only NaN and NaT differ from themselves
    except (TypeError, ValueError):  # pandas' NA has no truth, and neither has a whole array
        return not hasattr(value, "tolist")


def _culprit(records: Sequence[Record], first: int) -> RefusedError:
    for place, record in enumerate(records, first):
        for field, value in record.items():
            try:
                _encode({field: value})
            except (TypeError, ValueError, OverflowError, RecursionError):
                return _field_error(
                    place, str(field), value, f"is of the type {type(value).__name__}, which JSON can't carry."
                )
    return RefusedError("A record can't be written as JSON.", "Use mappings with texts as keys.")


def _field_error(place: int, field: str, value: object, message: str) -> FieldsError:
    problem = Problem(record=place, field=field, found=repr(value)[:80], message=message)
    told = f"Record {place}, field '{field}': {message}"
    return FieldsError(told, "Nothing of its request was sent.", cause="fields", errors=[problem])


def _no_records(
    found: object, cure: str = "Give a mapping of fields to values, an iterable of them, or a DataFrame."
) -> RefusedError:
    return RefusedError(f"A {type(found).__name__} is no record.", cure)


_encode = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number").encode
encode_any = _encode
