"""The overview as values: which models answer, since when, what they earn, what changed, and what to press.

`mainstay.monitoring.overview` builds these from the books; `mainstay.render.page` and
`mainstay.render.overview_terminal` draw them. All times are UTC-aware.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from mainstay.measures.finding import Finding, Interval

State = Literal["losing", "unsure", "idle", "trial", "earning"]
Role = Literal["champion", "canary", "challenger", "shadow"]
DAY = 86_400.0


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """A number with its interval, unit and window.

    Parameters
    ----------
    value : float
        In `unit`.
    interval : Interval, optional
        Of this very number: a difference carries the interval of the difference, not that of one of its ends.
    unit : str
        ISO 4217 code for money (``"EUR"``), else the unit or empty.
    per : str
        The window: ``"day"``, ``"1 000 predictions"``; empty for a total.
    n : int
        Sample size.
    measure : str
        Empty for money. Otherwise the measure that stands in for it (``"log_loss"``), drawn as "not money".
    better : {"higher", "lower"}
        Which way is good; money is always ``"higher"``.

    """

    value: float
    interval: Interval | None = None
    unit: str = ""
    per: str = ""
    n: int = 0
    measure: str = ""
    better: Literal["higher", "lower"] = "higher"

    @property
    def in_money(self) -> bool:
        """Whether this is money."""
        return not self.measure


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became different, against what, since when.

    Parameters
    ----------
    difference : Amount
        After minus before, with the interval of the difference.
    since : datetime
        When it began.
    against : str
        What it is compared with, in words: ``"the 14 days before"``, ``"v6"``.
    total : Amount, optional
        Summed since then, against no change (negative: lost).
    estimated : bool
        Whether outcomes are still missing behind it.

    """

    difference: Amount
    since: dt.datetime
    against: str = ""
    total: Amount | None = None
    estimated: bool = False


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One window of the chart.

    Parameters
    ----------
    at : datetime
        Start of the window; its length is `Timeline.window`.
    value : float or None
        None: unknown, drawn hatched, never as zero.
    low, high : float or None
        Ends of the 95 % interval.
    estimated : bool
        From scores, because outcomes are not in yet (dashed).
    n : int
        Predictions behind it.

    """

    at: dt.datetime
    value: float | None = None
    low: float | None = None
    high: float | None = None
    estimated: bool = False
    n: int = 0


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in which a version answered.

    Parameters
    ----------
    version : int
        Which.
    start : datetime
        From when.
    end : datetime or None
        Until when; None: it still does.
    label : str
        Who released it, and why, in few words.
    share : float
        Of the requests, 0 to 1.
    role : {"champion", "canary", "challenger", "shadow"}
        As what.

    """

    version: int
    start: dt.datetime
    end: dt.datetime | None = None
    label: str = ""
    share: float = 1.0
    role: Role = "champion"


class HeatCell(msgspec.Struct, frozen=True, kw_only=True):
    """How unusual a feature was in one window.

    Parameters
    ----------
    at : datetime
        Start of the window.
    level : int or None
        0 usual to 5 most unusual; None: unknown, drawn hatched.
    alarm : bool
        Whether it passed effect size, significance and persistence.
    value : float or None
        The distance itself, for the table behind the picture.

    """

    at: dt.datetime
    level: int | None = 0
    alarm: bool = False
    value: float | None = None


class HeatRow(msgspec.Struct, frozen=True, kw_only=True):
    """One feature over time."""

    feature: str
    cells: tuple[HeatCell, ...] = ()


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that went wrong, from when to when (None: still open)."""

    id: str
    label: str
    start: dt.datetime
    end: dt.datetime | None = None
    severe: bool = True


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Value, who answered, incidents and drift on one time axis.

    Parameters
    ----------
    start, end : datetime
        The axis.
    window : float
        Length of one window, seconds.
    heading : str
        Heading of the value axis with unit and window: ``"Value, EUR a day"``, ``"log loss, not money"``.
    points : tuple of Point
        In order of time; a missing window is drawn as unknown.
    releases : tuple of Span
        In order of time.
    heat : tuple of HeatRow
        Alarmed first.
    incidents : tuple of Incident
        In order of time.
    target : float or None
        The owner's success line, in the unit of the points.
    unit : str
        As in `Amount`.

    """

    start: dt.datetime
    end: dt.datetime
    window: float = DAY
    heading: str = ""
    points: tuple[Point, ...] = ()
    releases: tuple[Span, ...] = ()
    heat: tuple[HeatRow, ...] = ()
    incidents: tuple[Incident, ...] = ()
    target: float | None = None
    unit: str = ""


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the table of versions.

    Parameters
    ----------
    version : int
        Number.
    state : str
        ``"champion"``, ``"canary 10 %"``, ``"A/B arm 50 %"``, ``"shadow"``, ``"retired"``, ``"never released"``,
        ``"rolled back"``.
    created : datetime
        When it was trained.
    released : datetime or None
        When it was last released.
    by, why : str
        Who released it and the reason given.
    gates : tuple of Finding
        Its latest verdict.
    ok : bool or None
        Whether that verdict passed; None: not judged.
    primary : Finding or None
        The primary measure of its report.

    """

    version: int
    state: str = ""
    created: dt.datetime
    released: dt.datetime | None = None
    by: str = ""
    why: str = ""
    gates: tuple[Finding, ...] = ()
    ok: bool | None = None
    primary: Finding | None = None


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model on the overview; its page shows the same in full.

    Parameters
    ----------
    name : str
        Name of the model; also its address.
    state : {"losing", "unsure", "idle", "trial", "earning"}
        Losing: it needs a person. Unsure: not enough known to say. Idle: nothing released, or nothing answered.
        Trial: released without its gates, on loopback. Earning: its value is above doing nothing.
    version : int or None
        Which answers now; None: none.
    since : datetime or None
        Since when.
    by : str
        Who released it.
    trial : bool
        Whether that release is a trial.
    value : Amount or None
        What it is worth now; None: unknown.
    estimated : bool
        Whether `value` is estimated, because outcomes are not in yet.
    change : Change or None
        What became different, where something did.
    quality : Finding or None
        The statistic one step below money.
    quality_estimated : bool
        Whether that is estimated.
    p99_ms : float or None
        99th percentile of the latency, milliseconds.
    predictions : int
        How many in the range of the timeline.
    command : str
        The one command that helps: what fills an empty row, or mends a losing one.
    rollback_to : int or None
        Where a rollback would go; None: nowhere to go.
    note : str
        A sentence for the reader: why it is unsure, why it is idle.
    causes : tuple of str
        What may have caused the change, as sentences, most likely first.
    timeline : Timeline or None
        None: nothing to draw yet.
    findings : tuple of Finding
        The latest look.
    versions : tuple of VersionRow
        Newest first.
    owner, decision : str
        From ``[problem]``.
    data_to : datetime or None
        Time of the last prediction.
    who : str
        Who answers how much, where that isn't the champion alone: a canary or the arms of a test, in words.
    workers : int
        How many processes of how many servers answer now.
    behind : tuple of str
        Those of them that don't answer by the newest release, or have another trouble: a sentence each.
    unread : bool
        Whether its books can't be read now: then nothing is known, which is not the same as nothing being there.

    """

    name: str
    state: State
    version: int | None = None
    since: dt.datetime | None = None
    by: str = ""
    trial: bool = False
    value: Amount | None = None
    estimated: bool = False
    change: Change | None = None
    quality: Finding | None = None
    quality_estimated: bool = False
    p99_ms: float | None = None
    predictions: int = 0
    command: str = ""
    rollback_to: int | None = None
    note: str = ""
    causes: tuple[str, ...] = ()
    timeline: Timeline | None = None
    findings: tuple[Finding, ...] = ()
    versions: tuple[VersionRow, ...] = ()
    owner: str = ""
    decision: str = ""
    data_to: dt.datetime | None = None
    who: str = ""
    workers: int = 0
    behind: tuple[str, ...] = ()
    unread: bool = False


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `mainstay status` and the first page show.

    Parameters
    ----------
    at : datetime
        When this was put together.
    environment : str
        ``"local"``, ``"production"``: shown in every header.
    models : tuple of ModelRow
        In any order; drawn worst first.
    needs : int
        How many need a person; counted from the rows where it is left at -1.
    sentence, lead : str
        The first two lines; written from the rows where left empty.
    data_to : datetime or None
        Time of the newest event read.
    watched_at : datetime or None
        When the controller last looked; None: nobody is watching, and the page says so.
    every : float
        Seconds between two looks; after three missed ones the header says stale.

    """

    at: dt.datetime
    environment: str = "local"
    models: tuple[ModelRow, ...] = ()
    needs: int = -1
    sentence: str = ""
    lead: str = ""
    data_to: dt.datetime | None = None
    watched_at: dt.datetime | None = None
    every: float = 60.0

    @property
    def needing(self) -> int:
        """How many models need a person."""
        return self.needs if self.needs >= 0 else sum(model.state == "losing" for model in self.models)

    @property
    def stale(self) -> bool:
        """Whether three looks were missed."""
        return self.watched_at is not None and (self.at - self.watched_at).total_seconds() > 3 * self.every

    def model(self, name: str) -> ModelRow | None:
        """Find a model by name."""
        return next((model for model in self.models if model.name == name), None)
