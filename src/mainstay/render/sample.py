"""An invented overview: three models, one of them losing money since its last release. For tests and pictures."""

from __future__ import annotations

import datetime as dt
import random

from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.render.overview import (
    Amount,
    Change,
    HeatCell,
    HeatRow,
    Incident,
    ModelRow,
    Overview,
    Point,
    Span,
    Timeline,
    VersionRow,
)

NOW = dt.datetime(2026, 11, 22, 16, 20, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)
_FEATURES = (
    "monthly_charges",
    "contract",
    "tenure",
    "payment_method",
    "support_calls",
    "region",
    "internet",
    "paperless",
    "age",
    "senior",
)


def sample_overview(now: dt.datetime = NOW, *, seed: int = 7) -> Overview:
    """Invent an overview as it would look at `now`.

    Examples
    --------
    >>> sample_overview().needing
    1

    """
    churn, credit, demand = _churn(now, seed), _credit(now, seed), _demand(now, seed)
    seen = now - dt.timedelta(seconds=4)
    return Overview(
        at=now, environment="sample", models=(credit, churn, demand), data_to=seen, watched_at=seen, every=60.0
    )


def _churn(now: dt.datetime, seed: int) -> ModelRow:
    start = (now - 60 * _DAY).replace(hour=0, minute=0)
    draw = random.Random(seed)  # noqa: S311 - invented numbers, no secrets
    points = []
    for i in range(60):
        if i in {24, 25}:
            continue
        fall = min(max(i - 46, 0), 5) / 5 * 1900
        value, half = 9450 - fall + draw.gauss(0, 110), 200.0 if i < 50 else 620.0
        points.append(_point(start + i * _DAY, value, half, estimated=i >= 50))
    heat = tuple(_heat(feature, k, start, draw) for k, feature in enumerate(_FEATURES))
    spans = (
        Span(version=5, start=start - 20 * _DAY, end=start + 17 * _DAY, label="ana: first model"),
        Span(version=6, start=start + 17 * _DAY, end=start + 44 * _DAY, label="leo: more history"),
        Span(version=7, start=start + 40 * _DAY, end=start + 44 * _DAY, share=0.1, role="canary", label="ana"),
        Span(version=7, start=start + 44 * _DAY, label="ana: new price features"),
    )
    lost = Amount(value=-23_000, interval=Interval(-31_000, -15_000), unit="EUR")
    return ModelRow(
        name="churn",
        state="losing",
        version=7,
        since=start + 44 * _DAY,
        by="ana",
        value=Amount(value=7540, interval=Interval(6920, 8160), unit="EUR", per="day", n=48_211),
        estimated=True,
        change=Change(
            difference=Amount(value=-1910, interval=Interval(-2560, -1260), unit="EUR", per="day"),
            since=start + 45 * _DAY,
            against="the 14 days before",
            total=lost,
            estimated=True,
        ),
        quality=Finding(measure="roc_auc", where="all", value=0.79, interval=Interval(0.775, 0.805), n=48_211),
        quality_estimated=True,
        p99_ms=6.04,
        predictions=2_861_004,
        command='mainstay rollback --project churn --reason "…"',
        rollback_to=6,
        timeline=Timeline(
            start=start,
            end=now,
            heading="Value, € a day",
            unit="EUR",
            points=tuple(points),
            releases=spans,
            heat=heat,
            incidents=(Incident(id="12", label="Incident 12", start=start + 46 * _DAY),),
        ),
        findings=_findings(),
        versions=(
            _version(7, "champion", start + 43 * _DAY, "new price features"),
            _version(6, "retired", start + 15 * _DAY, "more history"),
            _version(5, "retired", start - 21 * _DAY, "first model"),
        ),
        owner="retention@example.com",
        decision="Offer a retention discount",
        data_to=now - dt.timedelta(seconds=4),
    )


def _credit(now: dt.datetime, seed: int) -> ModelRow:
    start = (now - 60 * _DAY).replace(hour=0, minute=0)
    draw = random.Random(seed + 1)  # noqa: S311 - invented numbers
    points = tuple(_point(start + i * _DAY, 31_200 + draw.gauss(0, 500), 900, estimated=i > 55) for i in range(60))
    return ModelRow(
        name="credit-risk",
        state="earning",
        version=12,
        since=now - 51 * _DAY,
        by="auto",
        value=Amount(value=31_200, interval=Interval(30_300, 32_100), unit="EUR", per="day", n=90_400),
        quality=Finding(measure="roc_auc", where="all", value=0.88, interval=Interval(0.87, 0.89), n=90_400),
        p99_ms=9.0,
        predictions=5_400_000,
        rollback_to=11,
        timeline=Timeline(
            start=start,
            end=now,
            heading="Value, € a day",
            unit="EUR",
            points=points,
            releases=(
                Span(version=11, start=start, end=now - 51 * _DAY),
                Span(version=12, start=now - 51 * _DAY, label="auto"),
            ),
        ),
        data_to=now - dt.timedelta(seconds=9),
    )


def _demand(now: dt.datetime, seed: int) -> ModelRow:
    start = now - 2 * _DAY
    hour = dt.timedelta(hours=1)
    draw = random.Random(seed + 2)  # noqa: S311 - invented numbers
    points = tuple(_point(start + i * hour, 45 + draw.gauss(0, 4), 9, estimated=True) for i in range(3, 48))
    return ModelRow(
        name="demand",
        state="unsure",
        version=4,
        since=start,
        by="leo",
        trial=True,
        value=Amount(value=44.8, interval=Interval(38.1, 53.9), unit="", measure="rmse", better="lower", n=48),
        estimated=True,
        quality=Finding(measure="mape", where="all", value=9.4, unit="%", n=48),
        quality_estimated=True,
        p99_ms=14.2,
        predictions=1_180,
        note="Outcomes arrive a day late; two days are too few to tell.",
        command="mainstay feedback outcomes.csv --project demand",
        timeline=Timeline(
            start=start,
            end=now,
            window=3600,
            heading="RMSE, not money",
            points=points,
            releases=(Span(version=4, start=start + hour, label="leo"),),
        ),
        data_to=now - dt.timedelta(seconds=70),
    )


def _point(at: dt.datetime, value: float, half: float, *, estimated: bool) -> Point:
    return Point(at=at, value=value, low=value - half, high=value + half, estimated=estimated, n=800)


def _heat(feature: str, k: int, start: dt.datetime, draw: random.Random) -> HeatRow:
    cells = []
    for i in range(60):
        level: int | None = 1 if draw.random() < 0.06 else 0
        alarm = False
        if k < 2 and i >= 46 + 2 * k:
            level = min(5, 2 + (i - 46 - 2 * k) // 2 - k)
            alarm = i >= 49 + 2 * k
        if i in {24, 25}:
            level = None
        value = None if level is None else round(0.03 + 0.07 * level, 3)
        cells.append(HeatCell(at=start + i * _DAY, level=level, alarm=alarm, value=value))
    return HeatRow(feature=feature, cells=tuple(cells))


def _findings() -> tuple[Finding, ...]:
    return (
        Finding(
            measure="value",
            where="all",
            value=-1910,
            interval=Interval(-2560, -1260),
            limit=Limit("at_least", 0),
            ok=False,
            n=48_211,
            unit="EUR",
            group="money",
            note="A day, against the 14 days before; estimated.",
        ),
        Finding(
            measure="drift",
            where="monthly_charges",
            value=0.38,
            limit=Limit("at_most", 0.1),
            ok=False,
            n=48_211,
            group="drift",
            note="11 windows in a row; carries 31 % of the influence.",
        ),
        Finding(
            measure="drift",
            where="tenure",
            value=0.012,
            limit=Limit("at_most", 0.1),
            ok=True,
            n=48_211,
            group="drift",
        ),
        Finding(
            measure="log_loss",
            where="all",
            value=None,
            limit=Limit("at_most", 0.45),
            group="performance",
            note="Outcomes take 30 days; 2 % are in.",
        ),
        Finding(
            measure="p99_latency",
            where="all",
            value=6.04,
            limit=Limit("at_most", 50),
            ok=True,
            n=48_211,
            unit="ms",
            group="system",
        ),
        Finding(measure="refused", where="all", value=0.2, n=48_300, unit="%", group="quality"),
    )


def _version(number: int, state: str, created: dt.datetime, why: str) -> VersionRow:
    gate = Finding(measure="money_per_1000", where="all", value=1200, limit=Limit("at_least", 900), ok=True, n=1760)
    return VersionRow(
        version=number,
        state=state,
        created=created,
        released=created + _DAY,
        by="ana",
        why=why,
        gates=(gate,) * 9,
        ok=True,
        primary=Finding(
            measure="money_per_1000",
            where="all",
            value=1150.0 + 20 * number,
            interval=Interval(1000.0 + 20 * number, 1300.0 + 20 * number),
            n=1760,
            unit="EUR",
        ),
    )
