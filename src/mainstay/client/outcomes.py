"""From what callers know happened (an `Outcome`, many of them, a DataFrame) to JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mainstay.client.answers import Outcome
from mainstay.client.errors import RefusedError
from mainstay.client.records import encode_any, listed

if TYPE_CHECKING:
    from collections.abc import Sequence


def outcomes(given: Any) -> list[object]:
    """Give feedback as a list: of one `Outcome`, one mapping, an iterable of them, or a DataFrame.

    Raises
    ------
    RefusedError
        Where it is none of them.

    Examples
    --------
    >>> outcomes({"id": "01a2", "label": "Yes"})
    [{'id': '01a2', 'label': 'Yes'}]

    """
    if isinstance(given, Outcome | Mapping):
        return [given]
    if hasattr(given, "columns"):
        return list(listed(given))
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise _no_outcome(given)
    told = list(given)
    for each in told:
        if not isinstance(each, Outcome | Mapping):
            raise _no_outcome(each)
    return told


def encode_outcomes(told: Sequence[object]) -> bytes:
    """Encode outcomes as a JSON array, values of other libraries as `encode_records` writes them.

    Raises
    ------
    RefusedError
        Where a value is of a type that JSON doesn't have.

    """
    try:
        return encode_any(told)
    except (TypeError, ValueError, OverflowError, RecursionError):
        cure = "Use texts, numbers and times for label, at, kpis and followed."
        raise RefusedError("An outcome can't be written as JSON.", cure) from None


def _no_outcome(found: object) -> RefusedError:
    cure = "Give Outcome(id=answer.id, label=...), many of them, or a DataFrame with the columns id and label."
    return RefusedError(f"A {type(found).__name__} is no outcome.", cure)
