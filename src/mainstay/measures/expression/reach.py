"""What an expression can come to, known from what its names can hold: the way to see that a rule can never hold.

Interval arithmetic (Moore, "Interval Analysis", 1966). Rounding to nearest keeps the order of numbers, so the ends of
an interval, calculated like any other number, are the ends of what is calculated. Names are taken as independent of
each other: what is said to be out of reach is so; what is said to be in reach may not be.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mainstay.measures.expression.evaluation import divide
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
    Number,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Reach:
    """What something can be.

    Parameters
    ----------
    low, high : float
        Between what it lies, as a number.
    odd : bool
        Whether it can be no number at all (``0 / 0``).
    texts : frozenset of str, optional
        Which texts it can be; None for any.
    true, false : bool
        Which of the two it can be, as a truth.
    missing : bool
        Whether it can be missing.

    """

    low: float = -math.inf
    high: float = math.inf
    odd: bool = False
    texts: frozenset[str] | None = None
    true: bool = True
    false: bool = True
    missing: bool = False


ANYTHING: Final = Reach(odd=True, missing=True)


def reach(node: Node, names: Mapping[str, Reach]) -> Reach:  # noqa: C901, PLR0911 - one case per kind of node
    """Say what a node can come to; it must have a kind (`kind_of`).

    Examples
    --------
    >>> from mainstay.measures.expression import parse
    >>> reach(parse("tenure > 200").root, {"tenure": Reach(0, 100)}).true
    False
    >>> total = reach(parse("a + 2 * b").root, {"a": Reach(0, 1), "b": Reach(-1, 1)})
    >>> total.low, total.high
    (-2.0, 3.0)

    """
    match node:
        case Name(name):
            return names.get(name, ANYTHING)
        case Number(value):
            return Reach(value, value)
        case Text(text):
            return Reach(texts=frozenset({text}))
        case Negative(operand):
            inner = reach(operand, names)
            return replace(inner, low=-inner.high, high=-inner.low)
        case Arithmetic(sign, left, right):
            return _calculated(sign, reach(left, names), reach(right, names))
        case Call(function, arguments):
            return _called(function, [reach(argument, names) for argument in arguments])
        case Comparison(operands, relations):
            parts = [reach(operand, names) for operand in operands]
            pairs = zip(parts, parts[1:], relations, strict=False)
            return _joined([_compared(left, right, relation) for left, right, relation in pairs])
        case Among(operand, members):
            return _listed(reach(operand, names), members)
        case Not(operand):
            return _opposite(reach(operand, names))
        case Junction("and", parts):
            return _joined([reach(part, names) for part in parts])
        case Junction(_, parts):
            return _opposite(_joined([_opposite(reach(part, names)) for part in parts]))
    return Reach(true=node.value, false=not node.value)


_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
}


def _calculated(sign: str, a: Reach, b: Reach) -> Reach:
    missing = a.missing or b.missing
    if sign == "%" or (sign == "/" and b.low <= 0 <= b.high):
        return replace(ANYTHING, missing=missing)
    ends = [_OPERATORS[sign](x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    if any(math.isnan(end) for end in ends):
        return replace(ANYTHING, missing=missing)
    endless = any(map(math.isinf, (a.low, a.high, b.low, b.high)))
    return Reach(min(ends), max(ends), odd=a.odd or b.odd or endless, missing=missing)


def _called(function: str, parts: list[Reach]) -> Reach:
    odd, missing = any(part.odd for part in parts), any(part.missing for part in parts)
    if function == "is_missing":
        return Reach(true=parts[0].missing)
    if function == "abs":
        low, high = parts[0].low, parts[0].high
        return Reach(max(low, -high, 0.0), max(-low, high), odd=odd, missing=missing)
    pick = min if function == "min" else max
    return Reach(pick(p.low for p in parts), pick(p.high for p in parts), odd=odd, missing=missing)


def _compared(a: Reach, b: Reach, relation: str) -> Reach:
    missing, odd = a.missing or b.missing, a.odd or b.odd
    if relation in (">", ">="):
        a, b, relation = b, a, "<" if relation == ">" else "<="
    if relation == "<":
        return Reach(true=a.low < b.high and _ordered(a, b), false=odd or not a.high < b.low, missing=missing)
    if relation == "<=":
        return Reach(true=a.low <= b.high and _ordered(a, b), false=odd or not a.high <= b.low, missing=missing)
    equal = Reach(true=_can_equal(a, b), false=odd or not _must_equal(a, b), missing=missing)
    return equal if relation == "==" else _opposite(equal)


def _ordered(a: Reach, b: Reach) -> bool:
    """Say whether one text of `a` can come before or with one of `b`; a bound is enough, and numbers have no texts."""
    return a.texts is None or b.texts is None or min(a.texts, default="") <= max(b.texts, default="")


def _can_equal(a: Reach, b: Reach) -> bool:
    if a.texts is not None and b.texts is not None and not a.texts & b.texts:
        return False
    truths = (a.true and b.true) or (a.false and b.false)
    return truths and a.low <= b.high and b.low <= a.high


def _must_equal(a: Reach, b: Reach) -> bool:
    one_text = a.texts is not None and a.texts == b.texts and len(a.texts) == 1
    one_truth = a.true != a.false and (a.true, a.false) == (b.true, b.false)
    return one_text or one_truth or (a.low == a.high == b.low == b.high)


def _exactly(value: object) -> Reach:
    return Reach(texts=frozenset({value})) if isinstance(value, str) else Reach(float(str(value)), float(str(value)))


def _listed(a: Reach, members: tuple[object, ...]) -> Reach:
    found = [_compared(a, _exactly(member), "==") for member in members]
    return Reach(true=any(one.true for one in found), false=all(one.false for one in found), missing=a.missing)


def _opposite(a: Reach) -> Reach:
    return replace(a, true=a.false, false=a.true)


def _joined(parts: list[Reach]) -> Reach:
    return Reach(
        true=all(part.true for part in parts),
        false=any(part.false for part in parts),
        missing=any(part.missing for part in parts),
    )
