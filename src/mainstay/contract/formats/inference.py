"""The metadata of a model in the Open Inference Protocol (KServe V2): its inputs and outputs as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns import Boolean, Integer, Number, Tensor

if TYPE_CHECKING:
    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

_TYPES: dict[type, str] = {Integer: "INT64", Number: "FP64"}
_ELEMENTS = {"float32": "FP32", "float64": "FP64"}


class TensorMetadata(msgspec.Struct, frozen=True):
    """One input or output.

    Parameters
    ----------
    name : str
        The column.
    datatype : str
        ``"FP64"``, ``"INT64"``, ``"BOOL"``, ``"BYTES"`` (UTF-8 text) or a tensor's own.
    shape : tuple of int
        -1, the number of records, comes first.

    """

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelMetadata(msgspec.Struct, frozen=True):
    """The answer to ``GET /v2/models/{name}``.

    Parameters
    ----------
    name : str
        The model.
    platform : str
        Who serves it.
    inputs, outputs : tuple of TensorMetadata
        One per column.
    versions : tuple of str
        Those that can be asked for.

    """

    name: str
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    versions: tuple[str, ...] = ()


def inference_metadata(
    contract: Contract, name: str, *, amounts: bool, versions: tuple[str, ...] = ()
) -> ModelMetadata:
    """Describe a model as the Open Inference Protocol does.

    Parameters
    ----------
    contract : Contract
        What goes in.
    name : str
        Of the model.
    amounts : bool
        Whether amounts come out (a regression), rather than labels.
    versions : tuple of str
        Those that can be asked for.

    Examples
    --------
    >>> from mainstay.contract import Contract, Integer
    >>> inference_metadata(Contract((Integer(name="age"),)), "churn", amounts=True).inputs
    (TensorMetadata(name='age', datatype='INT64', shape=(-1, 1)),)

    """
    told = "FP64" if amounts else "BYTES"
    return ModelMetadata(
        name=name,
        platform="mainstay",
        inputs=tuple(_input(column) for column in contract.columns if column.role in {"feature", "id"}),
        outputs=tuple(
            TensorMetadata(output, datatype, (-1, 1))
            for output, datatype in (("prediction", told), ("score", "FP64"), ("decision", told))
        ),
        versions=versions,
    )


def _input(column: AnyColumn) -> TensorMetadata:
    if isinstance(column, Tensor):
        datatype = _ELEMENTS.get(column.dtype, column.dtype.upper())
        return TensorMetadata(column.name, datatype, (-1, *column.shape))
    if isinstance(column, Boolean) and column.spellings == {"true": True, "false": False}:
        return TensorMetadata(column.name, "BOOL", (-1, 1))
    return TensorMetadata(column.name, _TYPES.get(type(column), "BYTES"), (-1, 1))
