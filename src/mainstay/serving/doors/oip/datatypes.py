"""The types an element of a tensor can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn

BYTES = "BYTES"
NUMERIC: dict[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""What each type of fixed size is to NumPy; raw tensors are little-endian."""

_NATIVE = {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}


def datatype_of(column: AnyColumn) -> str:
    """Name the type in which a column's values are best sent.

    Examples
    --------
    >>> from mainstay.contract import Category, Integer, Tensor
    >>> datatype_of(Integer(name="age")), datatype_of(Category(name="plan", values=("a",)))
    ('INT64', 'BYTES')
    >>> datatype_of(Tensor(name="image", shape=(2, 2), dtype="uint8"))
    'UINT8'

    """
    if column.type == "tensor":
        element: str = column.dtype  # type: ignore[union-attr]  # that kind alone has it
        return element.upper().replace("FLOAT", "FP")
    return _NATIVE.get(column.type, BYTES)


def unknown_datatype(field: str, datatype: str) -> NoReturn:
    """Refuse a type the protocol doesn't have, or that isn't understood here."""
    raise Refused(
        400,
        "tensor",
        f"Input '{field}' has the datatype '{datatype[:20]}', which isn't understood here.",
        f"Use one of {', '.join(NUMERIC)}, {BYTES}.",
    )
