"""`Expression`: one that was read, and can be evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mainstay.measures.expression.evaluation import compile_node
from mainstay.measures.expression.tree import Name, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mainstay.measures.expression.tree import Node, Value


@dataclass(frozen=True)
class Expression:
    """An expression that was read.

    Parameters
    ----------
    text : str
        As it was written.
    root : Node
        What it is made of.

    Examples
    --------
    >>> from mainstay.measures.expression import parse
    >>> parse("price * amount <= 100").names
    ('price', 'amount')
    >>> parse("price * amount <= 100").evaluate({"price": 30, "amount": 4})
    False
    >>> parse("price * amount <= 100").evaluate({"price": 30, "amount": None}) is None
    True

    """

    text: str
    root: Node

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names it speaks of, in the order they first appear."""
        return tuple(dict.fromkeys(node.name for node in walk(self.root) if isinstance(node, Name)))

    @cached_property
    def evaluate(self) -> Callable[[Mapping[str, Value | None]], Value | None]:
        """Evaluate one record: from the value of each name to what the expression comes to; None where it is missing.

        Numbers are float64 as IEEE 754 has them: ``1 / 0`` is infinite, ``0 / 0`` is no number, and no number equals
        nothing and is neither less nor greater than anything. A name the record doesn't hold is missing.

        Raises
        ------
        ExpressionError
            When evaluated, where a name holds something the expression can't take: a text to be added, say.

        """
        return compile_node(self.root)
