"""What an expression comes to, known from what its names hold."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal

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
    Number,
    Text,
    Truth,
    children,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["number", "text", "truth"]
_WORDS: Mapping[Kind, str] = {"number": "a number", "text": "a text", "truth": "yes or no"}


def kind_of(node: Node, names: Mapping[str, Kind]) -> Kind:  # noqa: PLR0911 - one return per kind of node
    """Say what a node comes to.

    Parameters
    ----------
    node : Node
        The root of an expression.
    names : mapping of str to {"number", "text", "truth"}
        What each name holds.

    Raises
    ------
    ExpressionError
        Where a name is unknown, or two things don't go together.

    Examples
    --------
    >>> from mainstay.measures.expression import parse
    >>> kind_of(parse("tenure / 12").root, {"tenure": "number"})
    'number'
    >>> kind_of(parse("plan < 12").root, {"plan": "text"})
    Traceback (most recent call last):
    mainstay.measures.expression.tree.ExpressionError: Character 6: a text < a number can't be compared. ...

    """
    match node:
        case Number():
            return "number"
        case Text():
            return "text"
        case Name(name):
            return _known(name, names, node.at)
        case Negative() | Arithmetic():
            return _all(node, "number", names)
        case Call(function):
            return _called(node, function, names)
        case Comparison():
            return _compared(node, names)
        case Among(operand, members):
            return _listed(node, kind_of(operand, names), members)
        case Not() | Junction():
            return _all(node, "truth", names)
        case Truth():
            return "truth"


def _known(name: str, names: Mapping[str, Kind], at: int) -> Kind:
    if name in names:
        return names[name]
    near = difflib.get_close_matches(name[:80], list(names), n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Names that can stand here: {', '.join(list(names)[:20])}."
    raise ExpressionError(f"there is no '{name}'.", hint, at)


def _all(node: Node, wanted: Kind, names: Mapping[str, Kind]) -> Kind:
    for child in children(node):
        found = kind_of(child, names)
        if found != wanted:
            cure = _cure(wanted, found)
            raise ExpressionError(f"this is {_WORDS[found]} where {_WORDS[wanted]} belongs.", cure, child.at)
    return wanted


def _cure(wanted: Kind, found: Kind) -> str:
    if wanted == "truth":
        return "Compare it with something."
    return "Use it by itself, or with and, or, not." if found == "truth" else "Only numbers can be calculated with."


def _called(node: Node, function: str, names: Mapping[str, Kind]) -> Kind:
    if function != "is_missing":
        return _all(node, "number", names)
    for child in children(node):
        kind_of(child, names)
    return "truth"


def _compared(node: Comparison, names: Mapping[str, Kind]) -> Kind:
    kinds = [kind_of(operand, names) for operand in node.operands]
    for left, right, relation in zip(kinds, kinds[1:], node.relations, strict=False):
        if left != right:
            said = f"{_WORDS[left]} {relation} {_WORDS[right]} can't be compared."
            cure = "A number is written without quotes, a text with them."
            raise ExpressionError(said, cure, node.at)
        if left == "truth" and relation not in ("==", "!="):
            raise ExpressionError(f"yes and no have no order, so {relation} says nothing.", "Use == or !=.", node.at)
    return "truth"


def _listed(node: Node, kind: Kind, members: tuple[object, ...]) -> Kind:
    for member in members:
        found: Kind = "text" if isinstance(member, str) else "number"
        if found != kind:
            said = f"the list holds {member!r}, {_WORDS[found]}, to be found equal to {_WORDS[kind]}."
            raise ExpressionError(said, "A number is written without quotes, a text with them.", node.at)
    return "truth"
