"""`Infer`: a request to infer as it was sent, over HTTP or gRPC; nothing in it was held against a model yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

Content = msgspec.Raw | memoryview | Sequence[bool | int | float | bytes]
"""Where the elements of a tensor are: JSON, raw bytes, or a typed list of gRPC's."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as it was sent, its elements not looked at yet.

    Parameters
    ----------
    name, datatype : str
        As the caller says.
    shape : tuple of int
        As the caller says.
    content : Content
        Its elements.

    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    content: Content


class Wanted(msgspec.Struct, frozen=True):
    """One output that is asked for.

    Parameters
    ----------
    name : str
        Of the output.
    binary : bool
        Whether its data is to come as raw bytes.

    """

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class Infer:
    """A request to infer.

    Parameters
    ----------
    id : str
        What the caller calls it.
    tensors : tuple of Tensor
        What was sent.
    wanted : tuple of Wanted
        The outputs that are asked for; none: all of them.
    binary : bool
        Whether outputs that nobody named come as raw bytes.

    """

    id: str
    tensors: tuple[Tensor, ...]
    wanted: tuple[Wanted, ...] = ()
    binary: bool = False
