"""A small world with a known truth: four features, a logit, stakes; and windows drawn from it, drifted or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Integer, Number, profile_rows
from mainstay.contract.table import encode_table
from mainstay.events.scan import TIME
from mainstay.events.truth import Tally
from mainstay.events.window import Window
from mainstay.measures.catalogue import MEASURES
from mainstay.measures.finding import Finding
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.money import Money, Stakes, gains
from mainstay.models.policy import Policy
from mainstay.models.report import Contender, Influence, Report
from mainstay.models.task import Task
from mainstay.project import Problem
from mainstay.registry import Bundle, Lineage, Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Tomorrow, since segments of the event log carry the time at which they were really written, and none is looked for
# in a span that ended before.
START = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")
MONEY = Money(value=300, success_rate=0.3, action_cost=15)
STAKES = Stakes(75.0, -15.0)
CONTRACT = Contract(
    (
        Integer(name="tenure", min=0, max=100),
        Number(name="price", min=0),
        Category(name="plan", values=("basic", "plus", "max")),
        Boolean(name="support", missing="allow"),
    )
)


class TrueModel:
    """Scores with the truth itself."""

    framework = "true"

    def scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        tenure, price, plan = X[:, 0], X[:, 1], X[:, 2]
        logit = -1.2 - 0.03 * (tenure - 30) + 0.06 * (price - 60) + 0.5 * (plan == 0)
        return np.asarray(1 / (1 + np.exp(-logit)))

    def score_one(self, row: NDArray[np.float64]) -> float:
        return float(self.scores(row[None])[0])

    def save(self, folder: Path) -> None:
        (folder / "true.txt").write_text("true")


@dataclass(frozen=True)
class World:
    """Draws windows and holds the bundle whose report was measured on rows without drift."""

    bundle: Bundle
    start: dt.datetime = START

    def features(
        self, rows: int, rng: np.random.Generator, *, price_up: float = 0.0, basic: float = 0.5
    ) -> pl.DataFrame:
        return features(rows, rng, price_up=price_up, basic=basic)

    def window(  # noqa: PLR0913 - the knobs of the world
        self,
        rows: int,
        rng: np.random.Generator,
        *,
        day: int = 0,
        price_up: float = 0.0,
        basic: float = 0.5,
        worse: float = 0.0,
        labelled: float = 1.0,
        refused: int = 0,
        version: int = 1,
    ) -> Window:
        """Draw a window; `worse` adds to the true logit what the model can't see."""
        table = features(rows, rng, price_up=price_up, basic=basic)
        scores = TrueModel().scores(encode_table(CONTRACT, table)) if rows else np.empty(0)
        truth = 1 / (1 + np.exp(-(np.log(scores / (1 - scores)) + worse)))
        labels = (rng.random(rows) < truth).astype(float)
        known = rng.random(rows) < labelled
        since = START + dt.timedelta(days=day)
        times = [since + dt.timedelta(days=1) * (i / max(rows, 1)) for i in range(rows)]
        frame = pl.DataFrame(
            {
                "id": [f"{version}-{day}-{i}" for i in range(rows)],
                "entity": pl.Series([None] * rows, dtype=pl.String),
                "time": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
                "version": pl.Series([version] * rows, dtype=pl.Int64),
                "role": pl.Series(["champion"] * rows, dtype=pl.String),
                "share": pl.Series([0.5] * rows, dtype=pl.Float64),
                "score": pl.Series(scores, dtype=pl.Float64),
                "decision": pl.Series(["offer" if s >= 1 / 6 else "none" for s in scores], dtype=pl.String),
                "degraded": pl.Series([False] * rows, dtype=pl.Boolean),
                "fallback": pl.Series([False] * rows, dtype=pl.Boolean),
                "latency_us": pl.Series(rng.gamma(4.0, 50.0, rows), dtype=pl.Float64),
                "request": pl.Series([None] * rows, dtype=pl.String),
                "followed": pl.Series([None] * rows, dtype=pl.Boolean),
                "received": pl.Series([at if k else None for at, k in zip(times, known, strict=True)], dtype=TIME),
                "label": pl.Series([x if k else None for x, k in zip(labels, known, strict=True)], dtype=pl.Float64),
            }
        ).with_columns(table[name].alias(f"f:{name}") for name in CONTRACT.feature_names)
        refusals = pl.DataFrame(
            {"fields": pl.Series([["price"]] * refused, dtype=pl.List(pl.String)), "status": [422] * refused}
        )
        return Window("churn", since, since + dt.timedelta(days=1), frame, refusals, Tally())


def features(rows: int, rng: np.random.Generator, *, price_up: float = 0.0, basic: float = 0.5) -> pl.DataFrame:
    shares = [basic, (1 - basic) * 0.6, (1 - basic) * 0.4]
    return pl.DataFrame(
        {
            "tenure": pl.Series(np.minimum(rng.exponential(30, rows), 100).astype(int), dtype=pl.Int64),
            "price": pl.Series(np.abs(rng.normal(60 + price_up, 20, rows)), dtype=pl.Float64),
            "plan": pl.Series(rng.choice(["basic", "plus", "max"], rows, p=shares), dtype=pl.String),
            "support": pl.Series([None if d < 0.02 else bool(d < 0.3) for d in rng.random(rows)], dtype=pl.Boolean),
        }
    )


def make_bundle(rng: np.random.Generator, rows: int = 4000) -> Bundle:
    encoded = encode_table(CONTRACT, features(rows, rng))
    held_out = TrueModel().scores(encode_table(CONTRACT, features(rows // 3, rng)))
    truth = (rng.random(held_out.size) < held_out).astype(float)
    policy = Policy(task=TASK, action="offer", threshold=1 / 6)
    report = Report(
        candidate="true",
        primary="money_per_1000",
        in_money=True,
        currency="EUR",
        policy=policy,
        contenders=(Contender(name="true", chosen=True, primary=money_promise(truth, held_out)),),
        measures=(
            money_promise(truth, held_out),
            promise("log_loss", truth, held_out),
            promise("roc_auc", truth, held_out),
        ),
        influences=(
            Influence("price", 0.06, 0.004),
            Influence("tenure", 0.04, 0.004),
            Influence("plan", 0.02, 0.002),
            Influence("support", 0.0001, 0.002),
        ),
        train_rows=rows,
        test_rows=held_out.size,
        base_rate=float(truth.mean()),
        score_quantiles=tuple(float(q) for q in np.quantile(held_out, np.linspace(0, 1, 101))),
    )
    version = Version(
        model="churn",
        number=1,
        created=START,
        by="ana",
        parent=None,
        digest="",
        data_fingerprint="",
        git_commit="",
        dirty=False,
        candidate="true",
        primary=report.measures[0],
        ok=True,
    )
    return Bundle(
        version=version,
        contract=CONTRACT,
        profile=profile_rows(CONTRACT, encoded),
        policy=policy,
        report=report,
        model=TrueModel(),
        golden=(),
        money=MONEY,
        problem=Problem(name="churn"),
        lineage=Lineage(data_fingerprint="", source="", rows=rows),
        folder=Path("/nowhere"),
    )


def promise(name: str, truth: NDArray[np.float64], scores: NDArray[np.float64]) -> Finding:
    found = MEASURES[name].estimate(truth, scores)
    return Finding(measure=name, where="all", value=found.value, interval=found.interval, n=found.n)


def money_promise(truth: NDArray[np.float64], scores: NDArray[np.float64]) -> Finding:
    found = mean_estimate(1000 * gains(truth > 0.5, scores >= 1 / 6, STAKES))
    return Finding(
        measure="money_per_1000", where="all", value=found.value, interval=found.interval, n=found.n, unit="EUR"
    )


@pytest.fixture(scope="session")
def world() -> World:
    return World(make_bundle(np.random.default_rng(1)))


@pytest.fixture(scope="session")
def make_world() -> Callable[[np.random.Generator, int], World]:
    """Make worlds whose training rows differ."""
    return lambda rng, rows: World(make_bundle(rng, rows))
