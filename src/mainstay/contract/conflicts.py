"""What is wrong with the rules of a contract, seen before any record is: by types, by ranges, and by trying."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from mainstay.contract.columns import Boolean, Category, Datetime, Integer, Number
from mainstay.contract.moments import seconds_of
from mainstay.contract.rules import names_of_rules
from mainstay.measures.expression import Expression, ExpressionError, Reach, kind_of, parse, reach
from mainstay.measures.expression.tree import Among, Arithmetic, Call, Comparison, Name, Node, Text, walk
from mainstay.measures.expression.tree import Number as Constant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.rules import Rule
    from mainstay.measures.expression import Value

_KEPT = ("reject", "clip", "impute", "fallback")
"""Policies under which no value beyond the limits is ever served."""
_ENOUGH = 400
"""Values of one name that two rules are tried on; rules that name more are not compared."""


class Conflict(NamedTuple):
    """What is wrong with a rule: its place among the rules, the setting, the rest of the sentence, and the cure."""

    place: int
    key: str
    message: str
    cure: str


def conflicts(columns: tuple[AnyColumn, ...], rules: tuple[Rule, ...]) -> Iterator[Conflict]:
    """Give everything that is wrong with the rules over these columns.

    Examples
    --------
    >>> from mainstay.contract import Integer, Rule
    >>> columns = (Integer(name="tenure", min=0, max=100),)
    >>> [found] = conflicts(columns, (Rule(name="loyal", holds="tenure > 200"),))
    >>> found.message
    'can never hold: tenure > 200, but tenure has min = 0, max = 100.'

    """
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        if not rule.name.strip():
            yield Conflict(place, "name", "is empty.", "Call the rule something: it is named where it is broken.")
        if rule.name in seen:
            yield Conflict(place, "name", f"is '{rule.name}', as another rule is.", "Give each rule a name of its own.")
        seen.add(rule.name)
    sound: list[tuple[int, Rule, Expression]] = []
    for place, rule in enumerate(rules):
        try:
            expression = _read(rule, columns)
        except ExpressionError as error:
            yield Conflict(place, "holds", f"can't be read. {error.message}", error.cure)
            continue
        if _never_holds(expression, columns):
            said = f"can never hold: {rule.holds}{_because(expression, columns)}."
            yield Conflict(place, "holds", said, "Mend the rule, or the limits of these columns.")
            continue
        sound.append((place, rule, expression))
    yield from _pairs(columns, sound)


def _read(rule: Rule, columns: tuple[AnyColumn, ...]) -> Expression:
    expression = parse(rule.holds)
    _refuse_other_roles(expression, columns)
    if kind_of(expression.root, names_of_rules(columns)) != "truth":
        raise ExpressionError("it comes to a value, not to yes or no.", "Compare it with something.")
    if not expression.names:
        raise ExpressionError("it speaks of no column.", "Name a feature.")
    _refuse_division_by_zero(expression, columns)
    return expression


def _refuse_division_by_zero(expression: Expression, columns: tuple[AnyColumn, ...]) -> None:
    """Refuse a divisor that is never anything else: no record can make sense of it."""
    spans = {column.name: reach_of_column(column) for column in columns}
    for node in walk(expression.root):
        if isinstance(node, Arithmetic) and node.operator in "/%":
            divisor = reach(node.right, spans)
            if divisor.low == divisor.high == 0 and not divisor.odd:
                raise ExpressionError("it divides by what is always 0.", "Divide by something else.", node.at)


def _refuse_other_roles(expression: Expression, columns: tuple[AnyColumn, ...]) -> None:
    """Name the reason where a column is there, but is none that a rule can speak of."""
    places = {node.name: node.at for node in walk(expression.root) if isinstance(node, Name)}
    for column in columns:
        if column.name in places and column.role != "feature":
            said = f"'{column.name}' has the role '{column.role}', and a request's rules see features alone."
            raise ExpressionError(said, "Make it a feature, or leave it out.", places[column.name])
        if column.name in places and column.width > 1:
            said = f"'{column.name}' is a tensor of {column.width} numbers."
            raise ExpressionError(said, "Limit its elements by min and max.", places[column.name])


def _never_holds(expression: Expression, columns: tuple[AnyColumn, ...]) -> bool:
    spans = {column.name: reach_of_column(column) for column in columns}
    if not reach(expression.root, spans).true:
        return True
    points = _points([expression], columns)
    return points is not None and not any(expression.evaluate(point) is not False for point in points)


def reach_of_column(column: AnyColumn) -> Reach:
    """Say what a column's served values can be."""
    gaps = {column.when_missing, column.when_malformed} - {"reject"}
    missing = bool(gaps) or column.when_beyond in ("impute", "fallback")
    kept = column.when_beyond in _KEPT
    if isinstance(column, Category) and kept:
        return Reach(texts=frozenset(column.values), missing=missing)
    low, high = _limits(column) if kept else (None, None)
    return Reach(-math.inf if low is None else low, math.inf if high is None else high, missing=missing)


def _limits(column: AnyColumn) -> tuple[float | None, float | None]:
    if isinstance(column, Datetime):
        ends = [None if end is None else seconds_of(end) for end in (column.earliest, column.latest)]
        return ends[0], ends[1]
    if isinstance(column, Integer | Number):
        return None if column.min is None else float(column.min), None if column.max is None else float(column.max)
    return None, None


def _because(expression: Expression, columns: tuple[AnyColumn, ...]) -> str:
    """Name the limits that stand against it."""
    parts = []
    for column in columns:
        if column.name in expression.names:
            values = f"values = {list(column.values[:10])}" if isinstance(column, Category) else ""
            told = [f"{key} = {limit}" for key in ("min", "max") if (limit := getattr(column, key, None)) is not None]
            asks = any(isinstance(node, Call) and node.function == "is_missing" for node in walk(expression.root))
            told += ["missing = 'reject'"] if asks and column.required else []
            said = values or ", ".join(told)
            parts += [f"{column.name} has {said}"] if said else []
    return f", but {'; '.join(parts)}" if parts else ""


def _pairs(columns: tuple[AnyColumn, ...], sound: Sequence[tuple[int, Rule, Expression]]) -> Iterator[Conflict]:
    """Give the rules over one and the same column that exclude each other."""
    for (_, rule, expression), (place, other_rule, other) in itertools.combinations(sound, 2):
        if len(expression.names) != 1 or expression.names != other.names:
            continue
        points = _points([expression, other], columns)
        if points is not None and all(False in (expression.evaluate(it), other.evaluate(it)) for it in points):
            said = f"is '{other_rule.holds}', which excludes '{rule.holds}' of the rule '{rule.name}'."
            yield Conflict(place, "holds", said, "No record could keep to both: mend one.")


def _points(
    expressions: Sequence[Expression], columns: tuple[AnyColumn, ...]
) -> list[Mapping[str, Value | None]] | None:
    """Give values of the only column that rules speak of, one from each stretch on which none of them can change.

    Between two neighbouring constants that a column is compared with, a rule has one truth, so one value of each
    stretch and every constant itself are a proof. None where the rules have another shape, or too many constants.
    """
    name = expressions[0].names[0]
    column = next(column for column in columns if column.name == name)
    nodes = [node for expression in expressions for node in walk(expression.root)]
    if len(expressions[0].names) > 1 or not all(map(_is_plain, nodes)):
        return None
    found: set[Value] = {value for node in nodes for value in _constants(node)}
    if len(found) > _ENOUGH:
        return None
    values: list[Value | None] = [*_values(column, found)]
    if reach_of_column(column).missing and any(isinstance(node, Call) for node in nodes):  # is_missing, and no other
        values.append(None)
    return [{name: value} for value in values]


def _is_plain(node: Node) -> bool:
    """Say whether a node compares, lists and joins without calculating."""
    if isinstance(node, Comparison):
        return all(isinstance(operand, Name | Constant | Text) for operand in node.operands)
    return type(node).__name__ not in ("Arithmetic", "Negative") and getattr(node, "function", "") in ("", "is_missing")


def _constants(node: Node) -> tuple[Value, ...]:
    if isinstance(node, Among):
        return node.members
    return (node.value,) if isinstance(node, Constant | Text) else ()


def _values(column: AnyColumn, constants: set[Value]) -> list[Value]:
    if isinstance(column, Boolean):
        return [True, False]
    if column.made_of == "text":
        return _texts(column, {it for it in constants if isinstance(it, str)})
    span = reach_of_column(column)
    within = {it for it in constants if isinstance(it, float) and span.low <= it <= span.high}
    ends = {end for end in (span.low, span.high) if math.isfinite(end)}
    cuts = sorted(within | ends)
    between: list[float] = [a / 2 + b / 2 for a, b in itertools.pairwise(cuts)]
    beyond = [cuts[0] - 1 if cuts else 0.0] if math.isinf(span.low) else []
    beyond += [cuts[-1] + 1 if cuts else 0.0] if math.isinf(span.high) else []
    if isinstance(column, Integer):
        ends_of = (
            end + step for it in (*cuts, *between) for end in (math.floor(it), math.ceil(it)) for step in (-1, 0, 1)
        )
        return [float(it) for it in (*sorted(set(ends_of)), *map(math.floor, beyond)) if span.low <= it <= span.high]
    return [*cuts, *between, *beyond]


def _texts(column: AnyColumn, constants: set[str]) -> list[Value]:
    if isinstance(column, Category) and column.when_beyond in _KEPT:
        return [*column.values]
    cuts = sorted(constants)
    return ["\x00", *cuts, *(cut + "\x00" for cut in cuts)]
