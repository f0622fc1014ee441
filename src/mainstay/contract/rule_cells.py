"""Expressions over whole columns: to the same bits as for one record (`mainstay.measures.expression`).

Numbers are calculated and compared by numpy, which keeps to IEEE 754. Polars doesn't to the last bit: it divides by a
number as it multiplies with one over it, takes ``0 - x`` as ``-x``, has a remainder of its own, and puts what is no
number above all numbers. Texts and truths are Polars'. A serving worker never imports this module.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from mainstay.measures.expression.evaluation import compile_node
from mainstay.measures.expression.kinds import kind_of
from mainstay.measures.expression.tree import (
    Among,
    Arithmetic,
    Call,
    Comparison,
    Junction,
    Name,
    Negative,
    Node,
    Not,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.measures.expression import Kind

    Floats = NDArray[np.float64]

_RELATIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def as_cells(node: Node, columns: Mapping[str, pl.Expr], kinds: Mapping[str, Kind]) -> pl.Expr:
    """Compile a node over columns.

    Parameters
    ----------
    node : Node
        The root of an expression that has a kind (`kind_of`).
    columns : mapping of str to Expr
        The values of each name; numbers of any type.
    kinds : mapping of str to {"number", "text", "truth"}
        What each name holds.

    """
    return _Cells(columns, kinds).of(node)


class _Cells:
    def __init__(self, columns: Mapping[str, pl.Expr], kinds: Mapping[str, Kind]) -> None:
        self.columns = columns
        self.kinds = kinds

    def of(self, node: Node) -> pl.Expr:  # noqa: PLR0911 - one return per kind of node
        """Compile a node; what speaks of no column is worked out as it is for a record."""
        if not any(isinstance(below, Name) for below in walk(node)):
            return pl.lit(compile_node(node)({}))
        match node:
            case Name(name):
                cell = self.columns[name]
                return cell.cast(pl.Float64) if self.kinds[name] == "number" else cell
            case Negative(operand):
                return _together(np.negative, [self.of(operand)])
            case Arithmetic(sign, left, right):
                return _together(_OPERATORS[sign], [self.of(left), self.of(right)])
            case Call(function, arguments):
                return self.called(function, arguments)
            case Among(operand, members):
                return self.of(operand).is_in(list(members))
            case Not(operand):
                return self.of(operand).not_()
            case Junction(word, parts):
                return functools.reduce(operator.and_ if word == "and" else operator.or_, map(self.of, parts))
            case Comparison():
                return self.compared(node)
        raise AssertionError(node)  # pragma: no cover - numbers, texts and truths speak of no column

    def called(self, function: str, arguments: Sequence[Node]) -> pl.Expr:
        cells = [self.of(argument) for argument in arguments]
        return cells[0].is_null() if function == "is_missing" else _together(_FUNCTIONS[function], cells)

    def compared(self, node: Comparison) -> pl.Expr:
        cells = [self.of(operand) for operand in node.operands]
        numeric = kind_of(node.operands[0], self.kinds) == "number"
        parts = [
            _together(_RELATIONS[relation], [left, right], pl.Boolean())
            if numeric
            else _RELATIONS[relation](left, right)
            for left, right, relation in zip(cells, cells[1:], node.relations, strict=False)
        ]
        return functools.reduce(operator.and_, parts)


def _together(function: Callable[..., Any], cells: Sequence[pl.Expr], kind: pl.DataType | None = None) -> pl.Expr:
    """Apply a function of numpy arrays to cells; missing where any of them is."""

    def applied(series: Sequence[pl.Series]) -> pl.Series:
        with np.errstate(all="ignore"):
            found = pl.Series(function(*(one.to_numpy() for one in series)))
        there = functools.reduce(operator.and_, (one.is_not_null() for one in series))
        return pl.select(pl.when(there).then(found)).to_series()

    return pl.map_batches(list(cells), applied, return_dtype=kind or pl.Float64(), is_elementwise=True)


def _remainder(a: Floats, b: Floats) -> Floats:
    rest: Floats = a - np.floor(a / b) * b
    return rest


def _least(first: Floats, *others: Floats) -> Floats:
    """Take the least, the first of equals; no number where any is none."""
    for other in others:
        first = np.where((other < first) | np.isnan(other), other, first)
    return first


def _greatest(first: Floats, *others: Floats) -> Floats:
    for other in others:
        first = np.where((other > first) | np.isnan(other), other, first)
    return first


_OPERATORS: Final[Mapping[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": _remainder,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"abs": np.abs, "min": _least, "max": _greatest}
