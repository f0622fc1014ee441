"""What the amounts of ``[money]`` come to: one number for every record, or one per record."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mainstay.measures.expression import Expression, ExpressionError, parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Quantity = float | Floats

CELLS: Final = ("tp", "fp", "fn", "tn", "under", "over")
LARGEST: Final = 1e15
"""An amount beyond it can't be meant, and sums of such amounts would lose the cents."""
NEVER_NEGATIVE: Final = frozenset({"value", "action_cost", "under", "over"})


@dataclass(frozen=True)
class Amounts:
    """The amounts of some rows, worked out: each a number, or an array of shape (n,); None where it isn't said.

    Parameters
    ----------
    value, success_rate, action_cost : float or array
        Of an action that works; how often it does; of every action.
    tp, fp, fn, tn : float or array
        Cost of each cell of a yes/no decision.
    under, over : float or array
        Cost of a unit too little and too much.

    Examples
    --------
    >>> of = Amounts(value=np.array([100.0, 300.0]), success_rate=0.5, action_cost=10.0)
    >>> of.take(np.array([1])).value, of.scaled("action_cost", 2.0).action_cost
    (array([300.]), 20.0)

    """

    value: Quantity | None = None
    success_rate: Quantity = 1.0
    action_cost: Quantity = 0.0
    tp: Quantity | None = None
    fp: Quantity | None = None
    fn: Quantity | None = None
    tn: Quantity | None = None
    under: Quantity | None = None
    over: Quantity | None = None

    @property
    def per_unit(self) -> tuple[Quantity, Quantity]:
        """Cost of a unit planned too little, and too much."""
        under, over = self.under, self.over
        return 0.0 if under is None else under, 0.0 if over is None else over

    def take(self, places: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Amounts:
        """Give those of the rows at `places`."""
        arrays = {one.name: getattr(self, one.name) for one in fields(self)}
        return replace(self, **{name: of[places] for name, of in arrays.items() if isinstance(of, np.ndarray)})

    def spread(self, places: NDArray[np.integer], n: int) -> Amounts:
        """Put them at `places` of `n` rows; what the other rows are worth is not known (NaN)."""
        arrays = {one.name: getattr(self, one.name) for one in fields(self)}
        wide = {name: np.full(n, np.nan) for name, of in arrays.items() if isinstance(of, np.ndarray)}
        for name, to in wide.items():
            to[places] = arrays[name]
        return replace(self, **wide)

    def scaled(self, name: str, factor: float) -> Amounts:
        """Give the same with one of them multiplied."""
        return replace(self, **{name: getattr(self, name) * factor})


UNSAID: Final = Amounts()


def require_amount(name: str, amount: float | str | None) -> None:
    """Refuse an amount that can't be meant.

    Raises
    ------
    ValueError
        Saying what was found and what is expected; whoever decodes the project file adds the line.

    """
    if isinstance(amount, str):
        _require_expression(name, amount)
        return
    if amount is None or can_be_meant(name, amount):
        return
    if name == "success_rate":
        raise ValueError(f"{name} is {amount}, expected a share between 0 and 1")
    wanted = "a finite amount of 0 or more" if name in NEVER_NEGATIVE else "a finite amount"
    raise ValueError(f"{name} is {amount}, expected {wanted}")


def _require_expression(name: str, text: str) -> Expression:
    try:
        expression = parse(text)
    except ExpressionError as error:
        raise ValueError(f"{name} can't be worked out of '{text}'. {error.message} {error.cure}".rstrip(". ")) from None
    if not expression.names:
        raise ValueError(f"{name} is the text '{text}', which names no column; write a number without quotes")
    return expression


def can_be_meant(name: str, amount: float) -> bool:
    """Say whether one amount can be meant: up to `LARGEST`, not negative where none can be, a share between 0 and 1.

    Examples
    --------
    >>> can_be_meant("fn", -3.0), can_be_meant("value", -3.0), can_be_meant("success_rate", 1.5)
    (True, False, False)

    """
    low, high = _range(name)
    return low <= amount <= high


def usable(name: str, amounts: Floats) -> NDArray[np.bool_]:
    """Say the same of each of many.

    Examples
    --------
    >>> usable("value", np.array([12.0, -3.0, np.nan, np.inf])).tolist()
    [True, False, False, False]

    """
    low, high = _range(name)
    return np.asarray((amounts >= low) & (amounts <= high))


def _range(name: str) -> tuple[float, float]:
    if name == "success_rate":
        return 0.0, 1.0
    return (0.0 if name in NEVER_NEGATIVE else -LARGEST), LARGEST
