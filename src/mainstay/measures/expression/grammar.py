"""From text to tree: the parser, after Pratt ("Top down operator precedence", 1973).

Each infix word has a power; an operand is taken by the stronger of its neighbours. Depth, length and the work a tree
can cause are capped, so that no text that a stranger wrote can exhaust anything.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast, get_args

from mainstay.measures.expression.expression import Expression
from mainstay.measures.expression.tokens import Token, read_tokens
from mainstay.measures.expression.tree import (
    Among,
    Arithmetic,
    Call,
    Comparison,
    ExpressionError,
    Function,
    Junction,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Operator,
    Relation,
    Text,
    Truth,
    Value,
    children,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 2000
"""Characters an expression may have."""
DEEPEST = 64
"""Parentheses, signs and operators that may stand within one another; a sum of 64 terms is that deep, too."""
MOST_WORK = 5000
"""Steps an expression may come to."""

OR, AND, NOT, COMPARING, ADDING, MULTIPLYING, SIGN = range(1, 8)
_POWERS: Final = {
    "or": OR,
    "and": AND,
    "not": COMPARING,
    "in": COMPARING,
    **dict.fromkeys(get_args(Relation), COMPARING),
    "+": ADDING,
    "-": ADDING,
    "*": MULTIPLYING,
    "/": MULTIPLYING,
    "%": MULTIPLYING,
}
_INSTEAD = {
    "<>": "Write != for 'is not'.",
    "**": "There are no powers: multiply.",
    "//": "There is no division without a rest.",
    "=>": "Write >=.",
}
_RESERVED = frozenset({"and", "or", "not", "in", "true", "false"})
_FUNCTIONS: frozenset[str] = frozenset(get_args(Function))
_RELATIONS: frozenset[str] = frozenset(get_args(Relation))


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ExpressionError
        Where it can't be read: says at which character, and what to write instead.

    Examples
    --------
    >>> parse("age >= 18 or not smoker").names
    ('age', 'smoker')
    >>> parse("age = 18")
    Traceback (most recent call last):
    mainstay.measures.expression.tree.ExpressionError: Character 5: = is no word here. Write == to compare.

    """
    if len(text) > LONGEST:
        raise ExpressionError(f"it goes on for {len(text)} characters.", f"At most {LONGEST} are read: use two rules.")
    root = _Parser(list(read_tokens(text))).whole()
    if _depth(root) > DEEPEST:
        raise ExpressionError("it is nested too deeply.", f"At most {DEEPEST} levels are read: use two rules.")
    if _work(root) > MOST_WORK:
        raise ExpressionError("it is too complicated.", "Cut it in two, or use fewer comparisons in a row.")
    return Expression(text, root)


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    def whole(self) -> Node:
        node = self.expression(0, DEEPEST)
        if self.token.kind != "end":
            raise self.unexpected()
        return node

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.token
        self.place += 1
        return token

    def says(self, *words: str) -> bool:
        return self.token.kind in ("name", "sign") and self.token.word in words

    def expect(self, word: str) -> None:
        if not self.says(word):
            raise self.unexpected(f"Expected here: {word}")
        self.place += 1

    def unexpected(self, cure: str = "") -> ExpressionError:
        token = self.token
        if token.kind == "end":
            return ExpressionError("it ends too early.", cure or "Write what is still to come.", token.at)
        if token.kind == "name" and token.word in ("AND", "OR", "NOT", "IN"):
            cure = f"Write {token.word.lower()}."
        before = self.tokens[self.place - 1] if self.place else token
        if before.word + token.word in _INSTEAD and before.at + 1 == token.at:
            cure = _INSTEAD[before.word + token.word]
        if token.kind == "name" and token.word in ("is", "IS"):
            cure = "Write is_missing(name), or == to compare."
        return ExpressionError(
            f"'{token.word}' can't stand here.", cure or "Is an operator missing before it?", token.at
        )

    def expression(self, power: int, depth: int) -> Node:
        """Read operands for as long as the words between them are stronger than `power`."""
        if depth == 0:
            raise ExpressionError("it is nested too deeply.", f"At most {DEEPEST} levels are read.", self.token.at)
        node = self.operand(depth)
        while (infix := self.infix_power()) > power:
            node = self.infix(node, infix, depth)
        return node

    def infix_power(self) -> int:
        return _POWERS.get(self.token.word, 0) if self.token.kind in ("name", "sign") else 0

    def infix(self, left: Node, power: int, depth: int) -> Node:
        if power in (OR, AND):
            return self.junction(left, power, depth)
        if power == COMPARING:
            return self.comparison(left, depth)
        token = self.take()
        return Arithmetic(cast("Operator", token.word), left, self.expression(power, depth - 1), token.at)

    def junction(self, left: Node, power: int, depth: int) -> Node:
        word, at, parts = self.token.word, self.token.at, [left]
        while self.says(word):
            self.place += 1
            parts.append(self.expression(power, depth - 1))
        return Junction("and" if word == "and" else "or", tuple(parts), at)

    def comparison(self, left: Node, depth: int) -> Node:
        at = self.token.at
        if self.says("not", "in"):
            return self.among(left)
        operands, relations = [left], []
        while self.token.kind == "sign" and self.token.word in _RELATIONS:
            relations.append(cast("Relation", self.take().word))
            operands.append(self.expression(COMPARING, depth - 1))
        if self.says("in", "not"):
            raise self.unexpected("Put the comparison before it in parentheses.")
        return Comparison(tuple(operands), tuple(relations), at)

    def among(self, left: Node) -> Node:
        at = self.token.at
        negated = self.says("not")
        if negated:
            self.place += 1
        self.expect("in")
        self.expect("[")
        members = [self.member()]
        while self.says(","):
            self.place += 1
            members.append(self.member())
        self.expect("]")
        if self.infix_power() == COMPARING:
            raise self.unexpected("Put what stands before it in parentheses.")
        among = Among(left, tuple(members), at)
        return Not(among, at) if negated else among

    def member(self) -> Value:
        negative = self.says("-")
        if negative:
            self.place += 1
        token = self.token
        if token.kind == "number":
            self.place += 1
            return -_number(token) if negative else _number(token)
        if token.kind == "text" and not negative:
            return self.take().word
        raise self.unexpected("A list holds numbers or 'texts', separated by commas.")

    def operand(self, depth: int) -> Node:
        token = self.token
        if self.says("-"):
            self.place += 1
            operand = self.expression(SIGN, depth - 1)
            if isinstance(operand, Number):
                return Number(-operand.value, token.at)
            return Negative(operand, token.at)
        if self.says("not"):
            self.place += 1
            return Not(self.expression(NOT, depth - 1), token.at)
        if self.says("("):
            self.place += 1
            inner = self.expression(0, depth - 1)
            self.expect(")")
            return inner
        return self.atom(depth)

    def atom(self, depth: int) -> Node:
        token = self.token
        if token.kind in ("end", "sign") or (token.kind == "name" and token.word in _RESERVED - {"true", "false"}):
            raise self.unexpected("A number, a 'text' or a name belongs here.")
        self.place += 1
        if token.kind == "number":
            return Number(_number(token), token.at)
        if token.kind == "text":
            return Text(token.word, token.at)
        if token.kind == "name" and token.word in ("true", "false"):
            return Truth(token.word == "true", token.at)
        return self.call(token, depth) if self.says("(") else Name(token.word, token.at)

    def call(self, token: Token, depth: int) -> Node:
        if token.kind == "quoted" or token.word not in _FUNCTIONS:
            known = "abs(x), min(a, b), max(a, b), is_missing(x)"
            raise ExpressionError(f"there is no function '{token.word}'.", f"There are {known}.", token.at)
        self.expect("(")
        arguments = [self.expression(0, depth - 1)]
        while self.says(","):
            self.place += 1
            arguments.append(self.expression(0, depth - 1))
        self.expect(")")
        wanted = "one value" if token.word in ("abs", "is_missing") else "two values or more"
        if (len(arguments) == 1) != (wanted == "one value"):
            raise ExpressionError(f"{token.word} takes {wanted}, not {len(arguments)}.", "Mend the brackets.", token.at)
        return Call(cast("Function", token.word), tuple(arguments), token.at)


def _number(token: Token) -> float:
    number = float(token.word)
    if not math.isfinite(number):
        raise ExpressionError(f"{token.word[:20]} is more than a number can hold.", "Use at most 1.7e308.", token.at)
    return number


def _depth(root: Node) -> int:
    """Count levels, without recursion: what is too deep for it is what is looked for."""
    level, depth = [root], 0
    while level:
        level, depth = [child for node in level for child in children(node)], depth + 1
    return depth


def _work(node: Node) -> int:
    """Count steps; in a table what stands in the middle of a row of comparisons is worked out twice."""
    below = sum(map(_work, children(node)))
    return 1 + 2 * below if isinstance(node, Comparison) and len(node.operands) > 2 else 1 + below
