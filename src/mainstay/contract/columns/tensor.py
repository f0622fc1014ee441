"""Tensors: a fixed shape of numbers, for neural networks."""

from __future__ import annotations

import itertools
import math
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta

from mainstay.contract.columns.base import Column, Excess, Family, Quick, whole_number
from mainstay.contract.columns.flaws import excess_of, flaw_of, moved
from mainstay.contract.columns.span import range_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

Element = Literal["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
LARGEST = 2**20
"""Elements a tensor may have."""
_MOST_DIMENSIONS = 8


class Tensor(Column, frozen=True, kw_only=True, dict=True, tag="tensor"):
    """A fixed shape of numbers; a model sees each of them.

    In JSON it is a list, or lists in lists, of exactly this shape; in a table a column of lists or arrays. What isn't
    finite, or doesn't fit the type of its elements, is malformed, and one such element makes the whole value so.

    Parameters
    ----------
    shape : tuple of int
        How many elements along each dimension, the outermost first.
    dtype : {"float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"}
        Type of the elements; numbers are rounded to float32 where it says so.
    min, max : float, optional
        The range of its elements, ends included.
    outside : {"reject", "clip", "flag", "fallback"}
        What happens where an element lies out of range; "clip" moves those elements alone.

    Examples
    --------
    >>> image = Tensor(name="image", shape=(2, 2), dtype="uint8")
    >>> image.parse([[0, 255], [1, 2.0]]), image.parse([[0, 256], [1, 2]]), image.parse([0, 1, 2, 3])
    ([[0, 255], [1, 2]], None, None)
    >>> image.slot_names
    ('image[0,0]', 'image[0,1]', 'image[1,0]', 'image[1,1]')

    """

    shape: tuple[int, ...] = ()
    dtype: Element = "float32"
    min: int | float | None = None
    max: int | float | None = None
    outside: Excess = "reject"

    made_of: ClassVar[Family] = "nested"
    families: ClassVar[frozenset[Family]] = frozenset({"nested"})
    beyond_policy: ClassVar[str] = "outside"
    learned: ClassVar[Literal["middle", "most", ""]] = ""
    wrong: ClassVar[str] = "not a tensor of its shape and type"
    can_be = ("feature", "ignored")

    @cached_property
    def width(self) -> int:
        """How many numbers a model sees of it: the product of its shape."""
        return math.prod(self.shape)

    @cached_property
    def slot_names(self) -> tuple[str, ...]:
        """Names of the numbers a model sees of it: ``image[0,1]``."""
        places = itertools.product(*map(range, self.shape))
        return tuple(f"{self.name}[{','.join(map(str, place))}]" for place in places)

    @property
    def is_whole(self) -> bool:
        """Whether its elements are whole numbers."""
        return not self.dtype.startswith("float")

    @cached_property
    def ends(self) -> tuple[int, int]:
        """The least and the greatest whole number of its type."""
        ends = np.iinfo(self.dtype)
        return int(ends.min), int(ends.max)

    @cached_property
    def limits(self) -> tuple[float | None, float | None]:
        """The least and the greatest element, as its type holds them: 0.1 is another number as float32."""
        low, high = (None if end is None else self._as_element(end) for end in (self.min, self.max))
        return low, high

    def _as_element(self, number: float) -> float:
        return int(number) if self.is_whole else float(self.as_dtype(np.array([number], dtype=np.float64))[0])

    def allowed(self) -> str:
        """Say what is allowed, as the end of a sentence."""
        shape = " x ".join(map(str, self.shape))
        return f"a list of {shape} numbers of type {self.dtype}{range_in_words(self.min, self.max)}"

    def json_schema(self) -> dict[str, object]:
        """Describe a value in JSON Schema 2020-12, as a caller should send it."""
        limits: dict[str, object] = {}
        if self.is_whole:
            limits = {"minimum": self.ends[0], "maximum": self.ends[1]}
        if self.outside == "reject":
            limits |= {key: end for key, end in (("minimum", self.min), ("maximum", self.max)) if end is not None}
        schema: dict[str, object] = {"type": "integer" if self.is_whole else "number", **limits}
        for size in reversed(self.shape):
            schema = {"type": "array", "items": schema, "minItems": size, "maxItems": size}
        return schema

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        if not self.shape or len(self.shape) > _MOST_DIMENSIONS or any(size < 1 for size in self.shape):
            yield "shape", f"is {list(self.shape)}: a tensor has 1 to {_MOST_DIMENSIONS} dimensions of at least 1."
            return
        if self.width > LARGEST:
            yield "shape", f"is {list(self.shape)}, which is {self.width} numbers; at most {LARGEST} are taken."
            return
        yield from self._wrong_limits()
        if self.fill is not None:
            yield "fill", "can't be set: a tensor isn't filled in. Remove it."
        if self.unique:
            yield "unique", "can't be set: tensors aren't compared with each other. Remove it."
        for key in ("missing", "malformed", "outside"):
            if getattr(self, key) == "impute":
                yield key, "is 'impute', but a tensor isn't filled in: use 'reject', 'allow' or 'fallback'."
        yield from super().contradictions()

    def _wrong_limits(self) -> Iterator[tuple[str, str]]:
        for key in ("min", "max"):
            limit = getattr(self, key)
            if limit is None:
                continue
            if not _is_finite(limit):
                yield key, f"is {limit}, which is no finite number."
            elif self.is_whole and limit != int(limit):
                yield key, f"is {limit}, but its elements are whole numbers."
            elif self.is_whole and not self.ends[0] <= limit <= self.ends[1]:
                yield key, f"is {limit}, which no {self.dtype} is: {self.ends[0]} to {self.ends[1]}."
        if self.min is not None and self.max is not None and self.min > self.max:
            yield "min", f"is {self.min}, above max = {self.max}."

    def parse(self, value: object) -> list[Any] | None:
        """Read one value that isn't missing; None where it is of the wrong kind."""
        flat = _flattened(value, self.shape)
        elements = None if flat is None else self._elements(flat)
        return None if elements is None else self._nested(elements)

    def _nested(self, elements: NDArray[Any]) -> list[Any]:
        nested: list[Any] = elements.reshape(self.shape).tolist()
        return nested

    def _elements(self, flat: list[Any]) -> NDArray[Any] | None:
        """Give the elements as they are kept: int64 or float64, float32 already rounded."""
        kinds = set(map(type, flat))
        if not kinds <= {int, float}:
            return None
        if self.is_whole:
            whole = flat if kinds == {int} else [whole_number(element) for element in flat]
            fits = None not in whole and self.ends[0] <= min(whole) and max(whole) <= self.ends[1]
            return np.array(whole, dtype=np.int64) if fits else None
        try:
            return self._finite(self.flat(flat))
        except OverflowError:  # a whole number beyond 1.8e308
            return None

    def flat(self, elements: list[Any]) -> NDArray[np.float64]:
        """Give numbers as float64; OverflowError where one is beyond it."""
        return np.array(elements, dtype=np.float64)

    def _finite(self, elements: NDArray[np.float64]) -> NDArray[np.float64] | None:
        kept = self.as_dtype(elements)
        return kept if np.isfinite(kept).all() else None

    def as_dtype(self, elements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Round float64 elements to the column's type; what is too much for it becomes infinite."""
        if self.dtype == "float64":
            return elements
        with np.errstate(over="ignore"):
            return elements.astype(np.float32).astype(np.float64)

    def beyond(self, value: list[Any]) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        if self.min is None and self.max is None:
            return ""
        elements, (low, high) = np.asarray(value), self.limits
        if low is not None and elements.min() < low:
            return f"below {self.min} in some element"
        return f"above {self.max} in some element" if high is not None and elements.max() > high else ""

    def flaw(self, found: object) -> str:
        """Say what is wrong with its shape, or with which element."""
        return flaw_of(self, found)

    def excess(self, value: list[Any]) -> str:
        """Name the first element that is out of range."""
        return excess_of(self, value)

    def clipping(self, value: list[Any], kept: list[Any]) -> str:
        """Say how many elements were clipped."""
        count = moved(value, kept, self.shape)
        return f"{count} element{'s' * (count != 1)} clipped"

    def clip(self, value: list[Any]) -> list[Any]:
        """Bring the elements of a parsed value back to the nearest allowed ones."""
        clipped: list[Any] = self.clipped(np.asarray(value)).tolist()
        return clipped

    def clipped(self, elements: NDArray[Any]) -> NDArray[Any]:
        """Bring elements back to the nearest allowed ones; the others stay as they are, a negative zero too."""
        low, high = self.limits
        if low is not None:
            elements = np.where(elements < low, low, elements)
        return elements if high is None else np.where(elements > high, high, elements)

    def code(self, value: list[Any]) -> float:
        """Refuse: a tensor is more than one number."""
        raise NotImplementedError(f"{self.name} is {self.width} numbers: use codes")

    def codes(self, value: list[Any] | None) -> tuple[float, ...]:
        """Encode a parsed value, or None for missing, as `width` numbers."""
        if value is None:
            return (math.nan,) * self.width
        flat: Sequence[Any] = value
        for _ in self.shape[1:]:
            flat = list(itertools.chain.from_iterable(flat))
        return tuple(map(float, flat)) if self.is_whole else tuple(flat)

    def quick(self) -> Quick:
        """Say how to read values at full speed."""
        nested: Any = int if self.is_whole else float
        for size in reversed(self.shape):
            nested = Annotated[list[nested], Meta(min_length=size, max_length=size)]
        return Quick(nested, read=self._read_quickly)

    def _read_quickly(self, value: list[Any]) -> list[Any] | None:
        parsed = self.parse(value)
        return None if parsed is None or self.beyond(parsed) else parsed

    def stored(self) -> pl.DataType:
        """Give the Polars type of parsed values."""
        import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

        return pl.Array(pl.Int64() if self.is_whole else pl.Float64(), self.shape)

    def parse_cells(self, cell: pl.Expr, family: Family) -> pl.Expr:
        """Read a whole column of a table; null where a value is of the wrong kind (or missing)."""
        from mainstay.contract import tensor_cells  # noqa: PLC0415 - a serving worker must never load polars

        del family
        return tensor_cells.read(cell, self)

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it; of both the first."""
        from mainstay.contract import tensor_cells  # noqa: PLC0415 - a serving worker must never load polars

        return tensor_cells.beyond(cell, self)

    def clip_cells(self, cell: pl.Expr) -> pl.Expr:
        """Bring the elements of parsed values back to the nearest allowed ones."""
        from mainstay.contract import tensor_cells  # noqa: PLC0415 - a serving worker must never load polars

        return tensor_cells.clip(cell, self)

    def encode_cells(self, cells: pl.Series) -> NDArray[np.float64]:
        """Encode parsed values for a model; shape (rows, width), missing values NaN."""
        from mainstay.contract import tensor_cells  # noqa: PLC0415 - a serving worker must never load polars

        return tensor_cells.encode(cells, self)


def _is_finite(limit: float) -> bool:
    try:
        return math.isfinite(limit)
    except OverflowError:  # a whole number beyond 1.8e308
        return False


def _flattened(value: object, shape: tuple[int, ...]) -> list[Any] | None:
    """Give the elements of nested lists in order; None where they aren't of the shape."""
    level: list[Any] = [value]
    for size in shape:
        below: list[Any] = []
        for item in level:
            if not isinstance(item, list | tuple) or len(item) != size:
                return None
            below.extend(item)
        level = below
    return level
