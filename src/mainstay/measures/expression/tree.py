"""What an expression is made of, once it is read: frozen nodes, each with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mainstay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = float | int | str | bool
"""What a name can hold and an expression can come to; missing is None."""

Operator = Literal["+", "-", "*", "/", "%"]
Relation = Literal["==", "!=", "<", "<=", ">", ">="]
Function = Literal["abs", "min", "max", "is_missing"]


class ExpressionError(InputError):
    """An expression can't be read, or doesn't fit what its names hold; says where and what to write instead.

    Parameters
    ----------
    message, cure : str
        What is wrong, and what to do about it.
    at : int
        Place in the expression, in characters from 0.

    """

    def __init__(self, message: str, cure: str = "", at: int = 0) -> None:
        super().__init__(f"Character {at + 1}: {message}", cure)
        self.at = at


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written; always finite."""

    value: float
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as written."""

    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """``true`` or ``false`` as written."""

    value: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """The value a column holds."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """A number with the other sign."""

    operand: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers and what is done with them."""

    operator: Operator
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One of the four functions, applied."""

    function: Function
    arguments: tuple[Node, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more values in a row, each compared with the next: ``0 <= age < 18``."""

    operands: tuple[Node, ...]
    relations: tuple[Relation, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Among:
    """Whether a value is one of a few that are written down."""

    operand: Node
    members: tuple[Value, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a truth."""

    operand: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Junction:
    """Two or more truths, all of which (``and``) or any of which (``or``) must hold."""

    word: Literal["and", "or"]
    parts: tuple[Node, ...]
    at: int = field(default=0, compare=False)


Node = Number | Text | Truth | Name | Negative | Arithmetic | Call | Comparison | Among | Not | Junction


def children(node: Node) -> tuple[Node, ...]:
    """Give the nodes directly below a node."""
    match node:
        case Negative(operand) | Not(operand) | Among(operand):
            return (operand,)
        case Arithmetic(_, left, right):
            return (left, right)
        case Call(_, below) | Comparison(below) | Junction(_, below):
            return below
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Give a node and everything below it, in the order of the text."""
    yield node
    for below in children(node):
        yield from walk(below)
