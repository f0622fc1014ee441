"""`Finding`: a number against a limit; before a release a gate, after it an alert."""

from __future__ import annotations

from typing import Literal

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """An interval around an estimate.

    Parameters
    ----------
    low, high : float
        Its ends, in the unit of the estimate.
    level : float
        Nominal coverage, 0.95 unless said.

    """

    low: float
    high: float
    level: float = 0.95


class Limit(msgspec.Struct, frozen=True):
    """What a value must keep to.

    Parameters
    ----------
    sense : {"at_least", "at_most"}
        Which side is good.
    value : float
        The limit itself, in the unit of the value.

    Examples
    --------
    >>> Limit("at_least", 0.5).holds(0.7)
    True

    """

    sense: Literal["at_least", "at_most"]
    value: float

    def holds(self, value: float) -> bool:
        """Say whether `value` keeps to the limit; NaN never does."""
        return value >= self.value if self.sense == "at_least" else value <= self.value


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A number against a limit: the one type that gates, alerts, cards, tables and pages print.

    Parameters
    ----------
    measure : str
        What was measured: ``"log_loss"``, ``"money_per_1000"``, ``"drift"``, ...
    where : str
        On what: ``"all"``, a column, ``"Contract=Two year"``, ``"version 3"``.
    value : float or None
        The number; None where it could not be measured (then `note` says why).
    interval : Interval, optional
        Its interval.
    limit : Limit, optional
        What it must keep to; None for a number that is only reported.
    ok : bool or None
        Whether it passed; None where it is only reported or could not be judged.
    n : int
        Sample size behind the number.
    unit : str
        Unit of the value: ``"EUR"``, ``"ms"``, ``""``.
    group : str
        What it belongs to: quality, drift, performance, money, segment, system, problem, data, ...
    note : str
        A sentence for the reader.

    Examples
    --------
    >>> Finding(measure="auc", where="all", value=0.8, limit=Limit("at_least", 0.7), ok=True, n=500).failed
    False

    """

    measure: str
    where: str
    value: float | None
    interval: Interval | None = None
    limit: Limit | None = None
    ok: bool | None = None
    n: int = 0
    unit: str = ""
    group: str = ""
    note: str = ""

    @property
    def failed(self) -> bool:
        """Whether this number was judged and did not pass."""
        return self.ok is False

    @property
    def key(self) -> str:
        """What identifies the same finding over time: group, measure and place."""
        return f"{self.group}/{self.measure}/{self.where}"


def judge(finding: Finding) -> Finding:
    """Fill in `ok` from the limit.

    A value without limit stays unjudged; a value that is missing stays unjudged as well, because missing data
    must never decide anything but an alert about itself.

    Examples
    --------
    >>> judge(Finding(measure="auc", where="all", value=0.6, limit=Limit("at_least", 0.7))).ok
    False

    """
    if finding.limit is None or finding.value is None:
        return finding
    return msgspec.structs.replace(finding, ok=finding.limit.holds(finding.value))
