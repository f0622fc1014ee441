"""Which span to look at next. Looks never overlap, so that evidence over windows counts nothing twice."""

from __future__ import annotations

import datetime as dt

import msgspec

from mainstay.monitoring.settings import MonitoringSettings, length

_TICK = dt.timedelta(microseconds=1)


class Span(msgspec.Struct, frozen=True):
    """A span of time, UTC; `until` excluded."""

    since: dt.datetime
    until: dt.datetime

    def earlier(self, by: dt.timedelta) -> Span:
        """Give the span of the same length that long before."""
        return Span(self.since - by, self.until - by)


def next_span(
    settings: MonitoringSettings, begun: dt.datetime, now: dt.datetime, filled: dt.datetime | None = None
) -> Span | None:
    """Give the next window to look at; None while it isn't over yet.

    Parameters
    ----------
    settings : MonitoringSettings
        Says how long a window is.
    begun : datetime
        End of the window looked at last, or when the model was released.
    now : datetime
        When this is.
    filled : datetime, optional
        When the last of the window's predictions came, where it is a number of predictions and there are as many.

    Returns
    -------
    Span or None
        The oldest window that is over. A window of time is looked at even if nobody asked in it; after a pause of
        the controller its windows follow one by one.

    Examples
    --------
    >>> begun = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    >>> next_span(MonitoringSettings(window="1d"), begun, begun + dt.timedelta(hours=30)).until.day
    2
    >>> next_span(MonitoringSettings(window="1d"), begun, begun + dt.timedelta(hours=20)) is None
    True

    """
    if isinstance(settings.window, int):
        return None if filled is None else Span(begun, filled + _TICK)
    until = begun + length(settings.window)
    return Span(begun, until) if until <= now else None
