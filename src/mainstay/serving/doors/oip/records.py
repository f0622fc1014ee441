"""Tensors become records: what stands at the same place of each tensor is one record of the contract."""

from __future__ import annotations

import math
from itertools import repeat
from typing import TYPE_CHECKING, NoReturn

import msgspec

from mainstay.contract.body import too_many
from mainstay.errors import Problem, RecordError
from mainstay.serving.doors.oip.cells import cells_of
from mainstay.serving.doors.oip.datatypes import BYTES, NUMERIC, unknown_datatype
from mainstay.serving.doors.oip.head import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import AnyColumn
    from mainstay.serving.doors.oip.infer import Tensor
    from mainstay.serving.doors.oip.inputs import Inputs

_MOST_DIMENSIONS = 10
_LONGEST_NAME = 200
_encode = msgspec.json.Encoder().encode


def records_of(tensors: Sequence[Tensor], inputs: Inputs) -> bytes:
    r"""Write tensors as the JSON that the contract's decoder reads: one record, or an array of them.

    Parameters
    ----------
    tensors : sequence of Tensor
        Each is called as a column, with shape (n,) or (n, 1); of a column that is a tensor itself, (n, \*its shape).
        Where all k features are numbers, one of another name with shape (n, k) may stand for them, in their order.
        What is called as no column is ignored, as a field of a record is.
    inputs : Inputs
        What may be sent.

    Raises
    ------
    Refused
        400, where shapes don't fit the contract, each other, or the data.
    RecordError
        Where there are too many records or none, or a value isn't what its datatype says.

    """
    known = [tensor for tensor in tensors if tensor.name in inputs.columns]
    matrices = [tensor for tensor in tensors if _is_matrix(tensor, inputs)]
    if not known and not matrices:
        _nothing_known(tensors, inputs)
    _demand_once([*known, *matrices], inputs)
    for tensor in known:
        _demand_shape(tensor, inputs.columns[tensor.name])
    count = _count([*known, *matrices], inputs.max_records)
    columns: dict[str, Iterable[object]] = {tensor.name: _column(tensor, count) for tensor in known}
    for matrix in matrices:
        columns |= _columns_of(matrix, inputs.features, count)
    # A field that is no column has no value worth reading; its name may be a column's, misspelt.
    taken = inputs.names | {matrix.name for matrix in matrices}
    others = [tensor.name for tensor in tensors if tensor.name not in taken and len(tensor.name) <= _LONGEST_NAME]
    return _records(columns | {name: repeat(None) for name in others}, count)


def _records(columns: dict[str, Iterable[object]], count: int) -> bytes:
    records = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=False)]
    return _encode(records[0] if count == 1 else records)  # msgspec writes NaN as null, and every float to the bit


def _is_matrix(tensor: Tensor, inputs: Inputs) -> bool:
    wide = len(tensor.shape) == 2 and tensor.shape[1] == len(inputs.features)
    return wide and inputs.numeric and tensor.datatype in NUMERIC and tensor.name not in inputs.names


def _nothing_known(tensors: Sequence[Tensor], inputs: Inputs) -> NoReturn:
    names = ", ".join(column.name for column in inputs.features)
    wide = f", or one numeric tensor of shape [n, {len(inputs.features)}] for all" if inputs.numeric else ""
    named = ", ".join(f"'{tensor.name[:40]}'" for tensor in tensors[:3])
    refuse(
        f"No tensor is called as a column of this model: {named}." if tensors else "The request holds no tensor.",
        f"Send one for each column{wide}: {names}."[:1000],
    )


def _demand_once(tensors: Sequence[Tensor], inputs: Inputs) -> None:
    taken: set[str] = set()
    for tensor in tensors:
        if tensor.datatype != BYTES and tensor.datatype not in NUMERIC:
            unknown_datatype(tensor.name[:80], tensor.datatype)
        names = {tensor.name} if tensor.name in inputs.names else {column.name for column in inputs.features}
        if taken & names:
            refuse(f"Column '{min(taken & names)}' is sent twice.", "Send each column in one tensor.")
        taken |= names


def _demand_shape(tensor: Tensor, column: AnyColumn) -> None:
    shape = tensor.shape
    if len(shape) == 1 and shape[0] >= 0 and column.width == 1 and not hasattr(column, "shape"):
        return
    if not 0 < len(shape) <= _MOST_DIMENSIONS or min(shape) < 0:
        refuse(f"Input '{tensor.name}' has the shape {list(shape)}, which no records have.", "Send [n], or [n, 1].")
    inner = getattr(column, "shape", ())
    if shape[1:] == inner or math.prod(shape[1:]) == column.width:
        return
    fitting = f"[n, {', '.join(map(str, inner))}]" if inner else "[n] or [n, 1]"
    refuse(
        f"Input '{tensor.name}' has the shape {list(shape)}; a tensor of this column has the shape {fitting}.",
        "Send one value a record.",
    )


def _count(tensors: Sequence[Tensor], max_records: int) -> int:
    first = tensors[0]
    count = first.shape[0]
    for tensor in tensors:
        if tensor.shape[0] != count:
            refuse(
                f"Input '{tensor.name[:80]}' holds {tensor.shape[0]} records, and '{first.name[:80]}' holds {count}.",
                "Send as many values in each tensor.",
            )
    if count > max_records:
        raise too_many(max_records)
    if count < 1:
        raise RecordError([Problem(record=0, field="", found="", message="there is no record in the request.")])
    return count


def _column(tensor: Tensor, count: int) -> list[object]:
    """Give one value for each record; of a column that is a tensor, a flat list nested as its shape."""
    inner = tensor.shape[1:]
    if not inner:
        return [*cells_of(tensor, count)]
    values: list[object] = [*cells_of(tensor, count * math.prod(inner))]
    if math.prod(inner) == 1:
        return values
    for size in reversed(inner):
        values = [values[at : at + size] for at in range(0, len(values), size)]
    return values


def _columns_of(matrix: Tensor, features: Sequence[AnyColumn], count: int) -> dict[str, Iterable[object]]:
    cells = cells_of(matrix, count * len(features))
    columns: dict[str, Iterable[object]] = {}
    for place, column in enumerate(features):
        values = cells[place :: len(features)]
        # A matrix of numbers has no other words for yes and no.
        columns[column.name] = [_yes_or_no(it) for it in values] if column.type == "boolean" else values
    return columns


def _yes_or_no(value: object) -> object:
    return bool(value) if value in (0, 1) else value
