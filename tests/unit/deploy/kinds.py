"""An event of each kind, as full as it can be and as bare."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.events import Access, Action, Feedback, Found, Kpi, Prediction, Refusal
from mainstay.measures.finding import Finding, Interval, Limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.events import Event

AT = dt.datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(days=9)  # another month
ID = "019a0000-0000-7000-8000-{:012d}"
_DRIFT = Finding(
    measure="drift",
    where="tenure",
    value=0.31,
    interval=Interval(0.2, 0.4),
    limit=Limit("at_most", 0.2),
    ok=False,
    n=5000,
    unit="psi",
    group="drift",
    note="It moved.",
)


def full() -> Sequence[Event]:
    """Give events in which every field is set."""
    prediction = Prediction(
        id=ID.format(1),
        at=AT,
        model="churn",
        version=3,
        role="champion",
        score=0.71,
        prediction="Yes",
        decision="none",
        features={"tenure": 3, "a.dotted name": "x", "picture": [[0.5, 1], [2, None]], "gone": None, "flag": True},
        inputs={"ratio": 0.5},
        scores={"Yes": 0.71, "No": 0.29},
        duration=21_000,
        share=0.9,
        entity="b3a1",
        degraded=True,
        fallback=True,
        warnings=("tenure: missing, 3 is used",),
        request="order-17",
        trace="0af7651916cd43dd8448eb211c80319c",
        answer=ID.format(7),
        consumer="shop",
        raw={"tenure": "three"},
        encoded=(1.0, None, 0.25),
        sealed="bm90aGluZw==",
        control=True,
        intended="offer",
        sampled=0.1,
    )
    feedback = Feedback(
        id=ID.format(1),
        event=ID.format(2),
        model="churn",
        received=LATER,
        at=AT,
        label="Yes",
        kpis=(Kpi("revenue", 59.0), Kpi("satisfaction", 4)),
        followed=False,
    )
    refusal = Refusal(
        id=ID.format(3),
        at=AT,
        model="churn",
        status=422,
        cause="fields",
        version=3,
        role="canary",
        fields=("tenure", "charge"),
        problems=2,
        message="tenure is missing.",
        trace="0af7651916cd43dd8448eb211c80319c",
        consumer="shop",
    )
    found = Found(event=ID.format(4), at=AT, model="churn", finding=_DRIFT, since=AT, until=LATER)
    action = Action(
        id=ID.format(5),
        model="churn",
        kind="alert",
        subject=_DRIFT.key,
        at=AT,
        by="mainstay",
        message="tenure moved.",
        finding=_DRIFT,
    )
    access = Access(
        id=ID.format(6), at=AT, model="churn", kind="export", by="somebody", subject="b3a1", events=12, reason="asked"
    )
    return (prediction, feedback, refusal, found, action, access)


def bare() -> Sequence[Event]:
    """Give events in which only what must be set is; an amount instead of a label."""
    plain = Finding(measure="rows", where="all", value=None)
    return (
        Prediction(
            id=ID.format(11),
            at=AT.replace(microsecond=0),
            model="demand",
            version=1,
            role="shadow",
            score=17,
            prediction=17.5,
            decision=18,
            features={},
        ),
        Feedback(id=ID.format(11), event=ID.format(12), model="demand", received=AT, at=AT, label=16.0),
        Refusal(id=ID.format(13), at=AT, model="demand", status=413, cause="size"),
        Found(event=ID.format(14), at=AT, model="demand", finding=plain),
        Action(id=ID.format(15), model="demand", kind="retrain", subject="", at=AT, by="me", message=""),
        Access(id=ID.format(16), at=AT, model="demand", kind="show", by="me"),
    )
