"""`Pricing`: the amounts of ``[money]`` that differ between records, worked out for a record and for a table.

To the same bits in both, which is tested: a record is decided on as its row was judged. Amounts see the features as
they are served, gaps filled in where the contract fills them. Where an amount can't be worked out of a record, because
something it speaks of is missing, or because it comes to what can't be meant (no finite number, less than nothing), the
mean of that amount over the training rows stands in, and whoever is answered is told.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from mainstay.contract.conflicts import reach_of_column
from mainstay.contract.moments import seconds_of
from mainstay.contract.rules import names_of_rules
from mainstay.errors import DataError, ProjectError
from mainstay.measures.amounts import CELLS, NEVER_NEGATIVE, Amounts, can_be_meant, usable
from mainstay.measures.expression import Expression, ExpressionError, Kind, kind_of, parse, reach
from mainstay.measures.money import Money, amounts_of, named_amounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.project import Located

    Floats = NDArray[np.float64]

NO_RECORD: Final[Mapping[str, Any]] = {}
_MOST_UNUSABLE = 0.5  # of the training rows: beyond it the mean would speak for most of them


class Pricing(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The amounts of a project, some of which are worked out record by record.

    Parameters
    ----------
    money : Money
        The section.
    means : dict of str to float
        Mean over the training rows of each amount that is an expression: what stands in for it.
    kinds : dict of str to {"number", "text", "truth"}
        What each name that they speak of holds.
    times : tuple of str
        The names that hold times; a time counts as seconds since 1970.

    """

    money: Money
    means: dict[str, float]
    kinds: dict[str, Kind]
    times: tuple[str, ...] = ()

    @cached_property
    def expressions(self) -> tuple[tuple[str, Expression], ...]:
        """The amounts that are expressions."""
        return tuple(expressions_of(self.money))

    @cached_property
    def _constants(self) -> dict[str, float]:
        """The amounts that are numbers."""
        return {name: float(amount) for name, amount in named_amounts(self.money) if not isinstance(amount, str)}

    @cached_property
    def at_the_mean(self) -> Amounts:
        """The amounts of a record nothing is known about."""
        return amounts_of(self.money, self.means)

    def of_record(self, record: Mapping[str, Any]) -> tuple[Amounts, tuple[str, ...]]:
        """Work out the amounts of one record; says of which the mean stands in."""
        values = {name: _plain(record.get(name)) for name in self.kinds}
        worked_out: dict[str, float] = {}
        stood_in = []
        for name, expression in self.expressions:
            found = expression.evaluate(values)
            if isinstance(found, float) and can_be_meant(name, found):
                worked_out[name] = found
            else:
                worked_out[name] = self.means[name]
                stood_in.append(name)
        return Amounts(**self._constants, **worked_out), tuple(stood_in)

    def of_table(self, served: pl.DataFrame) -> Priced:
        """Work out the amounts of each row; `served` holds the features as served (`contract.table.as_served`)."""
        worked_out, stood_in = {}, {}
        for name, found in _columns(self.expressions, served, self.kinds, self.times):
            good = usable(name, found)
            worked_out[name] = np.where(good, found, self.means[name])
            stood_in[name] = ~good
        return Priced(amounts_of(self.money, worked_out), stood_in)


@dataclass(frozen=True)
class Priced:
    """The amounts of some rows, and for which of them the mean stands in."""

    amounts: Amounts
    stood_in: Mapping[str, NDArray[np.bool_]]


def expressions_of(money: Money) -> Iterator[tuple[str, Expression]]:
    """Give the amounts that are expressions, by their name."""
    yield from ((name, parse(amount)) for name, amount in named_amounts(money) if isinstance(amount, str))


def told(stood_in: tuple[str, ...], pricing: Pricing) -> tuple[str, ...]:
    """Tell whoever is answered for which amounts the mean stands in."""
    currency = pricing.money.currency
    return tuple(
        f"[money] {name}: can't be worked out of this record, so the mean of the training rows stands in "
        f"({pricing.means[name]:.6g}{'' if name == 'success_rate' else ' ' + currency})"
        for name in stood_in
    )


def learn_pricing(
    money: Money, contract: Contract, served: pl.DataFrame, weights: Floats | None = None
) -> Pricing | None:
    """Learn what stands in where an amount can't be worked out; None where every amount is a number.

    Parameters
    ----------
    money : Money
        The section.
    contract : Contract
        What a record must look like.
    served : DataFrame
        The training rows, features as served.
    weights : array, shape (n,), optional
        How many records of the world each row stands for.

    Raises
    ------
    DataError
        Where an amount can't be worked out for most of the training rows.

    """
    expressions = tuple(expressions_of(money))
    if not expressions:
        return None
    known = names_of_rules(contract.columns)
    names = [name for _, expression in expressions for name in expression.names]
    kinds = {name: known[name] for name in dict.fromkeys(names)}
    times = tuple(column.name for column in contract.columns if column.name in kinds and column.made_of == "time")
    means = {}
    for name, found in _columns(expressions, served, kinds, times):
        good = usable(name, found)
        _refuse_mostly_unusable(name, money, good, found)
        means[name] = float(np.average(found[good], weights=None if weights is None else weights[good]))
    return Pricing(money=money, means=means, kinds=kinds, times=times)


def refuse_unsound_amounts(money: Money, contract: Contract, file: Located) -> None:
    """Refuse amounts that can't be worked out of this contract's records.

    Raises
    ------
    ProjectError
        Naming file, line, amount, what is wrong with it and the nearest name.

    """
    for name, expression in expressions_of(money):
        try:
            _require_amount(name, expression, contract)
        except ExpressionError as error:
            raise _pointed(
                file, name, f"can't be worked out of '{expression.text}'. {error.message}", error.cure
            ) from None


def _pointed(file: Located, name: str, message: str, cure: str) -> ProjectError:
    if name in CELLS:
        return file.error("money", "cost", f"{name} {message}", cure)
    return file.error("money", name, message, cure)


def _require_amount(name: str, expression: Expression, contract: Contract) -> None:
    for column in contract.columns:
        if column.name in expression.names and (column.role != "feature" or column.width > 1):
            why = (
                f"has the role '{column.role}'"
                if column.role != "feature"
                else f"is a tensor of {column.width} numbers"
            )
            raise ExpressionError(f"'{column.name}' {why}, and amounts see single features alone.", "Name a feature.")
    if kind_of(expression.root, names_of_rules(contract.columns)) != "number":
        raise ExpressionError("it comes to no number.", "Calculate with numbers.")
    found = reach(expression.root, {column.name: reach_of_column(column) for column in contract.columns})
    if name in NEVER_NEGATIVE | {"success_rate"} and found.high < 0:
        raise ExpressionError(
            f"it is never above {found.high:g}, and {name} can't be negative.", "Turn its sign round."
        )


def _plain(value: Any) -> Any:
    return seconds_of(value) if isinstance(value, dt.datetime) else value


def _columns(
    expressions: tuple[tuple[str, Expression], ...],
    served: pl.DataFrame,
    kinds: Mapping[str, Kind],
    times: tuple[str, ...],
) -> Iterator[tuple[str, Floats]]:
    """Work out each expression for each row; NaN where it is missing."""
    import polars as pl  # noqa: PLC0415 - a worker must not load polars

    from mainstay.contract.moment_cells import seconds_of_cells  # noqa: PLC0415 - as above
    from mainstay.contract.rule_cells import as_cells  # noqa: PLC0415 - as above

    # By number: Polars reads a name such as ``*`` as a pattern.
    places = {name: str(place) for place, name in enumerate(kinds)}
    numbered = pl.DataFrame([served.get_column(name).alias(place) for name, place in places.items()])
    cells = {name: pl.col(place) for name, place in places.items()}
    cells.update((name, seconds_of_cells(cells[name])) for name in times)
    for name, expression in expressions:
        found = numbered.select(as_cells(expression.root, cells, kinds).cast(pl.Float64).alias("it"))
        yield name, found.get_column("it").fill_null(float("nan")).to_numpy()


def _refuse_mostly_unusable(name: str, money: Money, good: NDArray[np.bool_], found: Floats) -> None:
    unusable = int(good.size - np.sum(good))
    if unusable <= _MOST_UNUSABLE * good.size and unusable < good.size:
        return
    text = dict(named_amounts(money))[name]
    gone = int(np.sum(np.isnan(found)))
    why = f"{gone} times something is missing" if gone == unusable else "it is missing, negative or no finite number"
    raise DataError(
        f"[money] {name} = '{text}' can't be worked out for {unusable} of {good.size} training rows: {why}.",
        'Mend the amount, or let the contract fill these columns (missing = "impute").',
    )
