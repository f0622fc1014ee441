"""What an expression comes to for one record: nodes become functions once, and are called for every record.

Any other way to evaluate (a table's) must give the same bits, so nothing here is left to a library: remainders,
the least of two zeros and comparisons with what is no number are spelled out.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Final

from mainstay.measures.expression.tree import (
    Among,
    Arithmetic,
    Call,
    Comparison,
    ExpressionError,
    Junction,
    Name,
    Negative,
    Node,
    Not,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Record = Mapping[str, Value | None]
    Step = Callable[[Record], Value | None]
    Numeric = Callable[[Record], float | None]
    Logical = Callable[[Record], bool | None]


def compile_node(node: Node) -> Step:
    """Compile a node into a function from a record to its value."""
    match node:
        case Name(name):
            return _named(name, node.at)
        case Negative() | Arithmetic():
            return _number(node)
        case Call(function):
            return _truth(node) if function == "is_missing" else _number(node)
        case Comparison() | Among() | Not() | Junction():
            return _truth(node)
    constant = node.value
    return lambda _record: constant


def _named(name: str, at: int) -> Step:
    def value(record: Record) -> Value | None:
        found = record.get(name)
        if type(found) is int:
            return float(found)
        if found is None or isinstance(found, float | str | bool):
            return found
        raise ExpressionError(f"'{name}' holds {found!r}, which is no number, text or truth.", "Mend the record.", at)

    return value


def _number(node: Node) -> Numeric:
    match node:
        case Negative(operand):
            inner = _number(operand)
            return lambda record: None if (value := inner(record)) is None else -value
        case Arithmetic(sign, left, right):
            return _calculated(_OPERATORS[sign], _number(left), _number(right))
        case Call("abs", (operand,)):
            only = _number(operand)
            return lambda record: None if (value := only(record)) is None else abs(value)
        case Call("min" | "max" as function, arguments):
            return _extreme(_least if function == "min" else _greatest, tuple(map(_number, arguments)))
    step = compile_node(node)

    def number(record: Record) -> float | None:
        value = step(record)
        if value is None or type(value) is float:
            return value
        raise ExpressionError(f"{value!r} is no number, so it can't be calculated with.", "Use numbers here.", node.at)

    return number


def _calculated(combine: Callable[[float, float], float], left: Numeric, right: Numeric) -> Numeric:
    def value(record: Record) -> float | None:
        a, b = left(record), right(record)
        return None if a is None or b is None else combine(a, b)

    return value


def divide(a: float, b: float) -> float:
    """Divide as IEEE 754 does, where Python raises.

    Examples
    --------
    >>> divide(1.0, 0.0), divide(1.0, -0.0), divide(0.0, 0.0)
    (inf, -inf, nan)

    """
    if b != 0.0:
        return a / b
    return math.nan if a == 0.0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def remainder(a: float, b: float) -> float:
    """Give what is left of `a`, with the sign of `b`: ``a - floor(a / b) * b``, each step rounded.

    Examples
    --------
    >>> remainder(7.5, 2.0), remainder(-7.5, 2.0), remainder(7.5, -2.0), remainder(1.0, 0.0)
    (1.5, 0.5, -0.5, nan)

    """
    quotient = divide(a, b)
    # Python's floor is an int and has no -0.0, which a table's has.
    whole = float(math.floor(quotient)) if math.isfinite(quotient) and quotient != 0.0 else quotient
    return a - whole * b


_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "%": remainder,
}


def _extreme(better: Callable[[float, float], float], parts: tuple[Numeric, ...]) -> Numeric:
    def value(record: Record) -> float | None:
        found = [part(record) for part in parts]
        best = found[0]
        for other in found[1:]:
            if best is None or other is None:
                return None
            best = better(best, other)
        return best

    return value


def _least(a: float, b: float) -> float:
    """Give the lesser, the first of equals; no number where either is none."""
    return b if b < a or math.isnan(b) else a


def _greatest(a: float, b: float) -> float:
    return b if b > a or math.isnan(b) else a


def _truth(node: Node) -> Logical:
    match node:
        case Not(operand):
            inner = _truth(operand)
            return lambda record: None if (value := inner(record)) is None else not value
        case Junction(word, parts):
            return _joined(tuple(map(_truth, parts)), decides=word == "or")
        case Comparison():
            return _compared(node)
        case Among(operand, members):
            return _listed(compile_node(operand), members)
        case Call("is_missing", (operand,)):
            step = compile_node(operand)
            return lambda record: step(record) is None
    read = compile_node(node)

    def truth(record: Record) -> bool | None:
        value = read(record)
        if value is None or isinstance(value, bool):
            return value
        raise ExpressionError(f"{value!r} is neither true nor false.", "Compare it with something.", node.at)

    return truth


def _joined(parts: tuple[Logical, ...], *, decides: bool) -> Logical:
    """Join truths with ``or`` (one true decides) or ``and`` (one false does); else one missing leaves it open."""

    def value(record: Record) -> bool | None:
        known = True
        for part in parts:
            found = part(record)
            if found is decides:
                return decides
            known = known and found is not None
        return (not decides) if known else None

    return value


def _listed(step: Step, members: tuple[Value, ...]) -> Logical:
    wanted = frozenset(members)
    return lambda record: None if (value := step(record)) is None else value in wanted


_RELATIONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compared(node: Comparison) -> Logical:
    steps = tuple(map(compile_node, node.operands))
    pairs = zip(steps, steps[1:], node.relations, strict=False)
    parts = tuple(_pair(left, right, relation, node.at) for left, right, relation in pairs)
    return parts[0] if len(parts) == 1 else _joined(parts, decides=False)


def _pair(left: Step, right: Step, relation: str, at: int) -> Logical:
    holds = _RELATIONS[relation]
    ordering = relation not in ("==", "!=")

    def value(record: Record) -> bool | None:
        a, b = left(record), right(record)
        if a is None or b is None:
            return None
        if type(a) is not type(b) or (ordering and isinstance(a, bool)):
            raise ExpressionError(f"{a!r} {relation} {b!r} can't be compared.", "Compare like with like.", at)
        return holds(a, b)

    return value
