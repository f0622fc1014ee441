"""The sections that belong to no single room: the business problem.

The money section is `mainstay.measures.money.Money`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec


class Success(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the owner calls the model a success: a gate, and a line on the chart.

    Parameters
    ----------
    measure : str
        What is measured: ``"money_per_1000"``; where rows are split by a column of times ``"money_per_week"`` (day,
        month, quarter, year); or any measure of the report.
    at_least, at_most : float, optional
        The target; with both, the range.
    by : date, optional
        By when. Before that day the gate says "not reached yet", and stands in nobody's way.

    """

    measure: str
    at_least: float | None = None
    at_most: float | None = None
    by: dt.date | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[problem]`` section: what is decided, by whom, and what the model is not for.

    Parameters
    ----------
    name : str
        Name of the model; also its address in every URL.
    decision : str
        What the answer changes.
    action : str
        What the caller does on a positive decision.
    owner : str
        Who is told, and who answers for it.
    limitations : str
        What it must not be used for.
    success : Success, optional
        The owner's target.
    users : str
        Who works with the answers.
    intended, unintended : str
        What else it may be used for; what somebody might think it is good for, and it isn't.
    assumptions : str
        What must stay true for it to be right: how rows come about, what outcomes mean.
    rationale : str
        Why it is built as it is: why these features, candidates and settings.
    records_per_day : float, optional
        How many records come in, for amounts per week; otherwise the rows' own times, or the log, say it.

    """

    name: str = ""
    decision: str = ""
    action: str = ""
    owner: str = ""
    limitations: str = ""
    success: Success | None = None
    users: str = ""
    intended: str = ""
    unintended: str = ""
    assumptions: str = ""
    rationale: str = ""
    records_per_day: Annotated[float, msgspec.Meta(gt=0)] | None = None

    @property
    def empty(self) -> tuple[str, ...]:
        """Names of the fields a real release needs and that still say nothing."""
        fields = ("decision", "action", "owner", "limitations")
        return tuple(field for field in fields if not getattr(self, field).strip())
