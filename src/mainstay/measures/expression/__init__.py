"""A small, safe language for rules and amounts over the columns of a record.

``total == price * amount``, ``not (smoker and age < 12)``, ``12 * MonthlyCharges``. There are numbers, texts, truths
and names, arithmetic, comparisons and four functions; there is no attribute, no index and no other call, so nothing
that is written in a file can reach the machine.

It knows nothing about contracts: `parse` gives a frozen `Expression`, `kind_of` says what it comes to when it is known
what its names hold, `reach` what it can come to, and `Expression.evaluate` what it comes to for one record. A missing
value makes what it enters missing, with the logic of SQL: ``false and missing`` is false, ``true and missing`` missing.
"""

from mainstay.measures.expression.expression import Expression
from mainstay.measures.expression.grammar import parse
from mainstay.measures.expression.kinds import Kind, kind_of
from mainstay.measures.expression.reach import Reach, reach
from mainstay.measures.expression.tree import ExpressionError, Node, Value

__all__ = ["Expression", "ExpressionError", "Kind", "Node", "Reach", "Value", "kind_of", "parse", "reach"]
