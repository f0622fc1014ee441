"""What a model takes and gives, in the words of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.doors.oip.datatypes import datatype_of
from mainstay.serving.doors.oip.inputs import is_numeric
from mainstay.serving.doors.oip.outputs import kinds_of

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn, Contract
    from mainstay.models import Task

PLATFORM = "mainstay"


class TensorMetadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input or output; -1 stands for the number of records.

    Parameters
    ----------
    name, datatype : str
        Of the tensor.
    shape : tuple of int
        The records first.
    parameters : dict, optional
        Whether it may be left out, its unit, the labels of its columns.

    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    parameters: dict[str, str | bool] | None = None


class ModelMetadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model.

    Parameters
    ----------
    name : str
        Of the model.
    versions : tuple of str
        Those that answer now.
    platform : str
        Who runs it.
    inputs, outputs : tuple of TensorMetadata
        What it takes and gives.
    parameters : dict, optional
        Where all features are numbers, how they can come as one tensor.

    """

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    parameters: dict[str, str] | None = None


def metadata_of(name: str, versions: tuple[str, ...], contract: Contract, task: Task) -> ModelMetadata:
    """Describe a model.

    Parameters
    ----------
    name : str
        Of the model.
    versions : tuple of str
        Those that answer now.
    contract : Contract
        What a record of it must look like.
    task : Task
        What it predicts.

    """
    wide = f"all features in this order as one numeric tensor of shape [-1, {len(contract.features)}]"
    return ModelMetadata(
        name,
        versions,
        PLATFORM,
        tuple(_input(column) for column in (*contract.features, *contract.ids)),
        tuple(
            TensorMetadata(
                kind.name,
                kind.datatype,
                (-1, kind.width) if kind.width else (-1,),
                {"labels": ", ".join(task.labels)} if kind.width else None,
            )
            for kind in kinds_of(task)
        ),
        {"matrix": wide} if is_numeric(contract) else None,
    )


def _input(column: AnyColumn) -> TensorMetadata:
    told: dict[str, str | bool] = {}
    if column.nullable:
        told["optional"] = True
    if column.unit:
        told["unit"] = column.unit
    inner: tuple[int, ...] = getattr(column, "shape", ())
    return TensorMetadata(column.name, datatype_of(column), (-1, *inner), told or None)
