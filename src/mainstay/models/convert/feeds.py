"""Which part of an encoded row goes into which input of a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mainstay.errors import InputError
from mainstay.models.frameworks.onnx import Feed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.models.columns import Columns, EncodedColumn

    Size = int | None
    """A fixed size, or None where any will do."""


def feeds_of(columns: Columns, inputs: Mapping[str, Sequence[Size]]) -> tuple[Feed, ...]:
    """Match the inputs of a network with the columns of a record.

    One input takes the whole encoded row: as a matrix, or in the shape of the one tensor column there is. Several take
    a column each, by its name.

    Parameters
    ----------
    columns : Columns
        What each number of a row is.
    inputs : mapping of str to sequence of int or None
        Each input with its shape, the batch first; None for a size that is open. An empty shape says nothing.

    Raises
    ------
    InputError
        Where an input has no column, a column no input, or their sizes differ.

    """
    if len(inputs) == 1:
        ((name, shape),) = inputs.items()
        only = columns.all[0] if len(columns.all) == 1 else None
        return (_feed(name, 0, only.shape if only else (columns.width,), shape),)
    places = {column.name: (at, column) for at, column in columns.places()}
    lost, unused = sorted(set(inputs) - set(places)), sorted(set(places) - set(inputs))
    if lost or unused:
        raise InputError(
            f"The network takes {', '.join(map(repr, inputs))}, and the records have "
            f"{', '.join(map(repr, columns.names))}: several inputs take a column each, by its name.",
            "Name the inputs after the columns, or let the network take one matrix of all of them.",
        )
    return tuple(_column_feed(*places[name], shape) for name, shape in inputs.items())


def _column_feed(at: int, column: EncodedColumn, shape: Sequence[Size]) -> Feed:
    return _feed(column.name, at, column.shape or ((1,) if len(shape) != 1 else ()), shape)


def _feed(name: str, start: int, own: tuple[int, ...], wanted: Sequence[Size]) -> Feed:
    """Reshape what the records have to what the input wants; a size that is open takes what is left."""
    width = math.prod(own)
    if not wanted:
        return Feed(name=name, start=start, width=width, shape=own or (1,))
    fixed = list(wanted[1:])
    if fixed.count(None) > 1 and len(fixed) == len(own):
        fixed = [size if size is not None else mine for size, mine in zip(fixed, own, strict=True)]
    known = math.prod(size for size in fixed if size is not None)
    sizes = tuple(size if size is not None else width // max(known, 1) for size in fixed)
    if fixed.count(None) > 1 or math.prod(sizes) != width:
        said = " x ".join("any" if size is None else str(size) for size in wanted[1:]) or "one number"
        raise InputError(
            f"The network's input '{name}' takes {said} a record, and the records have {' x '.join(map(str, own))} "
            f"({width} numbers).",
            "Give it the columns it was trained on, in their order; a category is one number, its code.",
        )
    return Feed(name=name, start=start, width=width, shape=sizes)
