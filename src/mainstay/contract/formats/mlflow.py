"""The signature of an MLflow model: what goes in, with its types and what may be absent, and what comes out.

It is the JSON of MLflow's own ``ModelSignature.to_dict``, made without MLflow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns import Boolean, Datetime, Integer, Number, Tensor

if TYPE_CHECKING:
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


def mlflow_signature(contract: Contract, *, amounts: bool) -> Signature:
    """Describe a model as MLflow does.

    Parameters
    ----------
    contract : Contract
        What goes in.
    amounts : bool
        Whether amounts come out (a regression), rather than labels.

    Notes
    -----
    A tensor beside other columns is an array to MLflow; where every feature is a tensor, the signature is one of
    tensors. An id goes in where it is there.

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
    if contract.features and all(isinstance(column, Tensor) for column in contract.features):
        inputs = [_tensor(column) for column in contract.features if isinstance(column, Tensor)]
    else:
        inputs = [_column(column) for column in contract.columns if column.role in {"feature", "id"}]
    return Signature(json.dumps(inputs, ensure_ascii=False), json.dumps(outputs))


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
