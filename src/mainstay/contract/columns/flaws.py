"""What is wrong with nested lists that are no tensor of a shape, as the predicate of a sentence."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from mainstay.contract.columns.base import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract.columns.tensor import Tensor

    Place = tuple[int, ...]

_SHOWN = 40


def flaw_of(column: Tensor, found: object) -> str:
    """Say why a value is malformed.

    Examples
    --------
    >>> from mainstay.contract import Tensor
    >>> image = Tensor(name="image", shape=(2, 2), dtype="uint8")
    >>> flaw_of(image, [[1, 2, 3], [4, 5, 6]])
    'has shape 2 x 3, expected 2 x 2'
    >>> flaw_of(image, [[1, 2], [4]]), flaw_of(image, [[1, 2], [None, 256]])
    ('[1] has length 1, expected 2', 'element [1,0] is null')

    """
    if not isinstance(found, list | tuple):
        return "is no list"
    shape = _shape_of(found, len(column.shape))
    if shape is not None and shape != column.shape:
        said, wanted = (" x ".join(map(str, sizes)) for sizes in (shape, column.shape))
        return f"has shape {said}, expected {wanted}"
    for place, element in _elements(found, column.shape):
        there = f"[{','.join(map(str, place))}]"
        if len(place) < len(column.shape):
            return f"{there} {_flaw_of_list(element, column.shape[len(place)])}"
        flaw = _flaw_of_element(column, element)
        if flaw:
            return f"element {there} {flaw}"
    return ""


def excess_of(column: Tensor, value: list[Any]) -> str:
    """Name the first element of a tensor that is out of range, and the limit."""
    low, high = column.limits
    ends = ((column.min, low, "below", False), (column.max, high, "above", True))
    for limit, end, word, upper in ends:
        for place, element in _elements(value, column.shape):
            if end is not None and (element > end if upper else element < end):
                return f"element [{','.join(map(str, place))}] is {element}, {word} {limit}"
    return ""


def moved(value: list[Any], kept: list[Any], shape: tuple[int, ...]) -> int:
    """Count the elements that were clipped."""
    pairs = zip(_elements(value, shape), _elements(kept, shape), strict=True)
    return sum(one != other for (_, one), (_, other) in pairs)


def _shape_of(found: object, dimensions: int) -> Place | None:
    """Give the shape of lists that have one, as deep as they go; None where they differ among themselves."""
    sizes: list[int] = []
    level: list[Any] = [found]
    while level and all(isinstance(each, list | tuple) for each in level) and len(sizes) <= dimensions:
        lengths = {len(each) for each in level}
        if len(lengths) > 1:
            return None
        sizes.append(lengths.pop())
        level = list(itertools.chain.from_iterable(level))
    return None if any(isinstance(each, list | tuple) for each in level) and len(sizes) <= dimensions else tuple(sizes)


def _elements(found: Any, shape: Place, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Give elements with their places; of what isn't a list of the right length, that and its place."""
    if len(at) == len(shape) or not isinstance(found, list | tuple) or len(found) != shape[len(at)]:
        yield at, found
        return
    for place, each in enumerate(found):
        yield from _elements(each, shape, (*at, place))


def _flaw_of_list(found: object, wanted: int) -> str:
    if not isinstance(found, list | tuple):
        return f"{_is(found)}, no list"
    return f"has length {len(found)}, expected {wanted}"


def _flaw_of_element(column: Tensor, element: object) -> str:
    if element is None:
        return "is null"
    if type(element) not in (int, float):
        return f"{_is(element)}, no number"
    if not column.is_whole:
        return "" if _is_held(column, element) else f"{_is(element)}, no finite {column.dtype}"  # type: ignore[arg-type]
    whole = whole_number(element)
    if whole is None and isinstance(element, float) and element != math.floor(element if math.isfinite(element) else 0):
        return f"{_is(element)}, no whole number"
    low, high = column.ends
    return (
        "" if whole is not None and low <= whole <= high else f"{_is(element)}, and {column.dtype} is {low} to {high}"
    )


def _is_held(column: Tensor, element: float) -> bool:
    try:
        return math.isfinite(float(column.as_dtype(column.flat([element]))[0]))
    except OverflowError:
        return False


def _is(found: object) -> str:
    if isinstance(found, list | tuple | dict):
        return "is an object" if isinstance(found, dict) else "is a list"
    if isinstance(found, bool):
        return f"is {str(found).lower()}"
    text = repr(found) if isinstance(found, str | int | float) else str(getattr(found, "text", found))
    return f"is {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"
