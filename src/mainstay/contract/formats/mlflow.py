"""The signature of an MLflow model: what goes in, with its types and what may be absent, and what comes out.

It is the JSON of MLflow's own ``ModelSignature.to_dict``, made without MLflow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns import Boolean, Category, Datetime, Integer, Number, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

_TYPES: dict[type, str] = {Integer: "long", Number: "double", Boolean: "boolean", Datetime: "datetime"}
_ELEMENTS = {
    "float32": "float",
    "float64": "double",
    "int64": "long",
    "uint32": "long",
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
}
_NOTES = (("degraded", "boolean"), ("warnings", "string"))
SCORE_OF = "score "
"""What the column of a label's probability begins with."""


class Signature(msgspec.Struct, frozen=True):
    """A signature as MLflow keeps it in an ``MLmodel`` file.

    Parameters
    ----------
    inputs, outputs : str
        JSON of the columns or tensors.
    params : str, optional
        None: nothing can be set for one prediction.

    """

    inputs: str
    outputs: str
    params: str | None = None


def mlflow_signature(
    contract: Contract, *, amounts: bool, labels: Sequence[str] = (), untouched: bool = False
) -> Signature:
    """Describe a model as MLflow does.

    Parameters
    ----------
    contract : Contract
        What goes in.
    amounts : bool
        Whether amounts come out (a regression), rather than labels.
    labels : sequence of str
        Of several classes, each label: its probability comes out too.
    untouched : bool
        Whether to leave the type open (``any``) where MLflow would change a value before a model sees it, or refuse one
        as JSON or pandas usually have it; and to name all that a version answers.

    Notes
    -----
    A tensor beside other columns is an array to MLflow; where every feature is a tensor, the signature is one of
    tensors. An id goes in where it is there.

    MLflow's server casts what JSON brings to the types of the signature: 12.5 to 12 where whole numbers are asked for,
    null to false where booleans are. It refuses a time with a zone, whole numbers with gaps in a frame, and an array of
    float32 that holds Python's own numbers.

    Examples
    --------
    >>> from mainstay.contract import Contract, Integer
    >>> mlflow_signature(Contract((Integer(name="age", missing="allow"),)), amounts=True).inputs
    '[{"type": "long", "name": "age", "required": false}]'

    """
    told = "double" if amounts else "string"
    outputs = [
        {"type": told, "name": "prediction", "required": True},
        {"type": "double", "name": "score", "required": True},
        {"type": told, "name": "decision", "required": True},
    ]
    if untouched:
        outputs += [{"type": "double", "name": f"{SCORE_OF}{label}", "required": True} for label in labels]
        outputs += [{"type": kind, "name": name, "required": True} for name, kind in _NOTES]
    if contract.features and all(isinstance(column, Tensor) for column in contract.features):
        inputs = [_tensor(column) for column in contract.features if isinstance(column, Tensor)]
    else:
        taken = [column for column in contract.columns if column.role in {"feature", "id"}]
        inputs = [_open(column) if untouched and is_changed(column) else _column(column) for column in taken]
    return Signature(json.dumps(inputs, ensure_ascii=False), json.dumps(outputs, ensure_ascii=False))


def is_changed(column: AnyColumn) -> bool:
    """Say whether MLflow would change, or refuse, usual values of a column that the contract reads.

    Examples
    --------
    >>> from mainstay.contract import Category, Integer
    >>> is_changed(Integer(name="age")), is_changed(Category(name="plan", values=("basic", "full")))
    (True, False)
    >>> is_changed(Category(name="class", values=("1", "2")))  # numbers, in a frame
    True

    """
    if isinstance(column, Category):
        return any(value.strip().lstrip("-").replace(".", "", 1).isdigit() for value in column.values)
    return isinstance(column, Integer | Boolean | Datetime | Tensor)


def _open(column: AnyColumn) -> dict[str, object]:
    return {"type": "any", "name": column.name, "required": column.required}


def _column(column: AnyColumn) -> dict[str, object]:
    kind: dict[str, object] = {"type": _TYPES.get(type(column), "string")}
    if isinstance(column, Boolean) and column.spellings != {"true": True, "false": False}:
        kind = {"type": "string"}
    if isinstance(column, Tensor):
        kind = {"type": _ELEMENTS[column.dtype]}
        for _ in column.shape:
            kind = {"type": "array", "items": kind}
    return {**kind, "name": column.name, "required": column.required}


def _tensor(column: Tensor) -> dict[str, object]:
    spec = {"dtype": column.dtype, "shape": [-1, *column.shape]}
    return {"name": column.name, "type": "tensor", "tensor-spec": spec}
