"""`Subject`: a record on its way to an explanation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Contract, Deed, Row


@dataclass(frozen=True)
class Subject:
    """A record to explain.

    Parameters
    ----------
    encoded : array, shape (width,)
        What the model saw.
    values : mapping
        The same as values of the inputs, by name.
    filled : frozenset of str
        The features a policy filled in.
    fallback : float or tuple of float, optional
        The score of the fallback, where it answered instead of the model.

    """

    encoded: NDArray[np.float64]
    values: Mapping[str, Any]
    filled: frozenset[str] = field(default_factory=frozenset)
    fallback: float | tuple[float, ...] | None = None


def subject_of(
    row: Row,
    inputs: Contract,
    derived: Mapping[str, Any] | None = None,
    fallback: float | tuple[float, ...] | None = None,
) -> Subject:
    """Turn an accepted record into a `Subject`.

    Parameters
    ----------
    row : Row
        The record, as its contract accepted it.
    inputs : Contract
        What the model sees.
    derived : mapping, optional
        What feature code made of it, where there is some.
    fallback : float or tuple of float, optional
        The score of the fallback; counts where the record was left to it.

    """
    filled = _filled(row.deeds)
    if row.fallback:
        return Subject(np.full(inputs.width, np.nan), row.features, filled, fallback)
    if derived is None:
        return Subject(row.encoded, row.features, filled)
    return Subject(encode_values(inputs, derived), derived, filled)


def encode_values(inputs: Contract, values: Mapping[str, Any]) -> NDArray[np.float64]:
    """Encode values of the inputs, as they were served or logged; what isn't there is missing."""
    found: list[float] = []
    for column in inputs.features:
        value: Any = values.get(column.name)
        if column.type == "datetime" and isinstance(value, str):  # as the log has it
            value = dt.datetime.fromisoformat(value)
        found += column.codes(value)
    return np.asarray(found, dtype=np.float64)


def _filled(deeds: Iterable[Deed]) -> frozenset[str]:
    return frozenset(deed.column for deed in deeds if deed.did == "imputed")
