"""The ``[monitoring]`` section: how long a window is, how long outcomes take, and where numbers begin to matter."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from mainstay.measures.finding import Limit
from mainstay.project.lengths import Length, seconds_of

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class KpiLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the mean of a KPI must keep to: ``at_least`` or ``at_most``, one of them."""

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        """Refuse what says nothing, or two things; whoever decodes the project file adds the line."""
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a limit is at_least or at_most, one of them: { at_least = 40 }")

    @property
    def limit(self) -> Limit:
        """As findings have it."""
        if self.at_least is not None:
            return Limit("at_least", self.at_least)
        return Limit("at_most", self.at_most or 0.0)


class MonitoringSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[monitoring]`` section.

    Parameters
    ----------
    window : str or int
        What one look covers: a length of time (``"1d"``) or a number of predictions (``500``).
    min_rows : int
        Fewer predictions than this say nothing about drift or performance.
    drift_limit : float
        Population stability index, sampling noise taken off, that matters for the feature the model leans on most.
    label_delay : str
        How long outcomes take; realised performance is that of a window this much older.
    label_coverage : float
        Share of outcomes that must be known before realised performance is judged: a small share may be a
        biased one (only those who left report it).
    worse_by : float
        How much worse than promised performance or money must be before it matters, as a share of the promise.
    refused_limit, degraded_limit : float
        Share of records refused, and answered with a policy's help, that is still usual.
    missing_limit : float
        How far a field's share of missing values may rise above that of the training rows.
    latency_ms : float, optional
        Limit of the 99th percentile of the latency; without it the latency is only reported.
    kpis : dict of str to KpiLimit
        Limits of business numbers that come with outcomes: ``revenue = { at_least = 40 }`` holds the mean against it.
    followed_limit : float, optional
        Share of decisions that must be followed, among those of which it was told.

    """

    window: Length | Annotated[int, msgspec.Meta(ge=50)] = "1d"
    min_rows: Annotated[int, msgspec.Meta(ge=30)] = 100
    drift_limit: Annotated[float, msgspec.Meta(gt=0)] = 0.1
    label_delay: Length = "0s"
    label_coverage: Share = 0.5
    worse_by: Annotated[float, msgspec.Meta(ge=0)] = 0.05
    refused_limit: Share = 0.05
    degraded_limit: Share = 0.05
    missing_limit: Share = 0.05
    latency_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    kpis: dict[str, KpiLimit] = {}
    followed_limit: Share | None = None


def length(text: str) -> dt.timedelta:
    """Read a length of time.

    Examples
    --------
    >>> length("90s"), length("1.5h")
    (datetime.timedelta(seconds=90), datetime.timedelta(seconds=5400))

    """
    return dt.timedelta(seconds=seconds_of(text))
