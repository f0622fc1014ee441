"""Rules across columns: one expression, compiled for a record and for a table.

Rules are looked at once every column has accepted its value, and see values as they are served, after the policies; a
value that was filled in counts as missing, or a rule would mean one thing before fills are learned and another after. A
rule that comes out missing, because something it speaks of is missing, isn't broken.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contract.moments import seconds_of
from mainstay.measures.expression import Expression, Kind, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.columns.base import Value


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must hold between the features of a record.

    Parameters
    ----------
    name : str
        What it is called where it is broken.
    holds : str
        What must hold, in the language of `mainstay.measures.expression`, over features that are one number, label or
        truth each. A time counts as seconds since 1970.
    otherwise : {"reject", "flag", "fallback"}
        What happens to a record that breaks it: refused; accepted with a warning; or answered by the fallback.
    description : str
        Why it must hold, for the reader.

    """

    name: str
    holds: str
    otherwise: Literal["reject", "flag", "fallback"] = "reject"
    description: str = ""


@dataclass(frozen=True)
class RuleCheck:
    """A rule, ready to be held against records.

    Parameters
    ----------
    rule : Rule
        The rule.
    kinds : mapping of str to {"number", "text", "truth"}
        What each name that a rule can speak of holds.
    times : frozenset of str
        The names that hold times.

    """

    rule: Rule
    kinds: Mapping[str, Kind]
    times: frozenset[str] = frozenset()

    @cached_property
    def expression(self) -> Expression:
        """The rule, read."""
        return parse(self.rule.holds)

    def broken(self, values: Mapping[str, Value | None]) -> bool:
        """Say whether one record breaks it; give its values as served."""
        if not self.times.isdisjoint(self.expression.names):
            values = {name: _plain(values.get(name)) for name in self.expression.names}
        return self.expression.evaluate(values) is False

    def broken_cells(self, columns: Mapping[str, pl.Expr]) -> pl.Expr:
        """Say of each row of a table whether it breaks it; give the served values of each name."""
        from mainstay.contract.moment_cells import seconds_of_cells  # noqa: PLC0415 - a worker must not load polars
        from mainstay.contract.rule_cells import as_cells  # noqa: PLC0415 - as above

        cells = {name: columns[name] for name in self.expression.names}
        numbers = {name: seconds_of_cells(cell) for name, cell in cells.items() if name in self.times}
        return as_cells(self.expression.root, {**cells, **numbers}, self.kinds).not_().fill_null(value=False)


def kind_of_column(column: AnyColumn) -> Kind:
    """Say what a column is to an expression."""
    if column.made_of == "text":
        return "text"
    return "truth" if column.made_of == "boolean" else "number"


def compile_rules(columns: tuple[AnyColumn, ...], rules: tuple[Rule, ...]) -> tuple[RuleCheck, ...]:
    """Make sound rules over these columns ready to be held against records.

    Examples
    --------
    >>> from mainstay.contract import Integer
    >>> columns = (Integer(name="adults"), Integer(name="guests"))
    >>> (check,) = compile_rules(columns, (Rule(name="an adult", holds="adults >= 1 or guests == 0"),))
    >>> check.broken({"adults": 0, "guests": 2}), check.broken({"adults": None, "guests": 2})
    (True, False)

    """
    kinds = names_of_rules(columns)
    times = frozenset(column.name for column in columns if column.made_of == "time")
    return tuple(RuleCheck(rule, kinds, times) for rule in rules)


def names_of_rules(columns: tuple[AnyColumn, ...]) -> dict[str, Kind]:
    """Give what a rule can speak of, and what each is: the features that are one value each."""
    return {column.name: kind_of_column(column) for column in columns if column.role == "feature" and column.width == 1}


def _plain(value: Value | None) -> Value | None:
    return seconds_of(value) if isinstance(value, dt.datetime) else value
