"""Ranges of numbers, shared by the kinds that have a least and a greatest value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from mainstay.contract.columns.base import Column, Excess

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

Size = TypeVar("Size", int, float)


def range_in_words(low: float | None, high: float | None) -> str:
    """Say a range.

    Examples
    --------
    >>> range_in_words(0, 100), range_in_words(0, None), range_in_words(None, None)
    (' from 0 to 100', ' of at least 0', '')

    """
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return "" if high is None else f" of at most {high}"


def range_schema(low: float | None, high: float | None, outside: str) -> dict[str, object]:
    """Describe a range in JSON Schema, where values outside are refused."""
    limits = {"minimum": low, "maximum": high} if outside == "reject" else {}
    return {key: limit for key, limit in limits.items() if limit is not None}


def beyond_range(value: float, low: float | None, high: float | None) -> str:
    """Name the end of the range that a number lies beyond; empty where it lies within."""
    if low is not None and value < low:
        return f"below {low}"
    return f"above {high}" if high is not None and value > high else ""


def beyond_range_cells(cell: pl.Expr, low: float | None, high: float | None) -> list[tuple[str, pl.Expr]]:
    """Name each end of the range and where numbers lie beyond it."""
    rules = []
    if low is not None:
        rules.append((f"below {low}", cell < low))
    if high is not None:
        rules.append((f"above {high}", cell > high))
    return rules


def clip_to_range(value: Size, low: Size | None, high: Size | None) -> Size:
    """Bring a number back to the nearest end of the range."""
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value


class Spanned(Column, frozen=True, kw_only=True):
    """A column of numbers with a least and a greatest value.

    Parameters
    ----------
    outside : {"reject", "clip", "flag", "impute", "fallback"}
        What happens to a value out of range: refused; brought back to the nearest end and the answer marked as
        degraded; taken as it is with a warning; replaced by `fill`; or answered by the fallback.

    """

    outside: Excess = "reject"

    if TYPE_CHECKING:
        min: Any = None
        max: Any = None

    beyond_policy: ClassVar[str] = "outside"
    learned: ClassVar[Literal["middle", "most", ""]] = "middle"

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Give each setting that contradicts another, with what is wrong about it."""
        yield from super().contradictions()
        if self.min is not None and self.max is not None and self.min > self.max:
            yield "min", f"is {self.min}, above max = {self.max}."

    def beyond(self, value: float) -> str:
        """Name the limit a parsed value breaks; empty where it keeps to all."""
        return beyond_range(value, self.min, self.max)

    def clip(self, value: Any) -> Any:
        """Bring a parsed value back to the nearest allowed one."""
        return clip_to_range(value, self.min, self.max)

    def beyond_cells(self, cell: pl.Expr) -> list[tuple[str, pl.Expr]]:
        """Name each limit and where the parsed values break it."""
        return beyond_range_cells(cell, self.min, self.max)

    def clip_cells(self, cell: pl.Expr) -> pl.Expr:
        """Bring parsed values back to the nearest allowed ones."""
        return cell.clip(self.min, self.max)
