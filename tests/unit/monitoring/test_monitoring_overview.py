"""The overview from real books: a registry, a history of releases, an event log."""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.events import Action, Feedback, Found, IdMaker, Prediction, open_log
from mainstay.measures.finding import Finding, Limit
from mainstay.models.candidate import Candidate
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.monitoring.books import load_once
from mainstay.monitoring.grid import make_grid
from mainstay.monitoring.heat import effects_of, heat_rows
from mainstay.monitoring.overview import build
from mainstay.monitoring.recent import read_recent
from mainstay.monitoring.served import read_served
from mainstay.monitoring.standing import change_of, tenure_of
from mainstay.monitoring.timeline import make_timeline, points
from mainstay.monitoring.value import Gauge, worths_of
from mainstay.project import Problem, open_project
from mainstay.registry import Entry, Lineage, Registry
from mainstay.registry.store import FileStore
from mainstay.release import Releases, open_books, propose_release, propose_rollback
from mainstay.state import open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.unit.monitoring.conftest import World

    from mainstay.monitoring.recent import Recent
    from mainstay.project import Project
    from mainstay.release import Books, Release
    from mainstay.render.overview import ModelRow

TOML = """
[problem]
name = "churn"
decision = "Offer a discount"
action = "offer"
owner = "ana@example.com"
limitations = "none"

[money]
value = 300
success_rate = 0.3
action_cost = 15
"""


@dataclass
class Shop:
    """A project whose books a test fills day by day."""

    project: Project
    world: World
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))
    make: IdMaker = field(default_factory=IdMaker)

    @property
    def start(self) -> dt.datetime:
        return self.world.start

    def version(self) -> int:
        state = open_state(self.project.books)
        bundle = self.world.bundle
        blank = np.empty(0)
        entry = Entry(
            name="churn",
            candidate=Candidate(
                name="true", model=ConstantModel(0.3), policy=bundle.policy, fold_scores=blank, losses=blank
            ),
            report=bundle.report,
            contract=bundle.contract,
            profile=bundle.profile,
            money=bundle.money,
            problem=Problem(name="churn", action="offer"),
            lineage=Lineage(data_fingerprint="f", source="s", rows=1),
        )
        number = Registry(state, FileStore(self.project.books / "store")).register(entry, self.start).number
        state.close()
        return number

    def release(self, number: int, day: float, *, canary: float | None = None, trial: bool = False) -> None:
        self._append(
            lambda history, at: propose_release(
                history, "churn", number, at=at, by="ana", reason="better", canary=canary, trial=trial
            ),
            day,
        )

    def roll_back(self, day: float) -> None:
        self._append(lambda history, at: propose_rollback(history, "churn", at=at, by="leo", reason="it lost"), day)

    def _append(self, propose: Callable[[Sequence[Release], dt.datetime], Release], day: float) -> None:
        state = open_state(self.project.books)
        releases = Releases(state)
        releases.append(propose(releases.history("churn"), self.start + dt.timedelta(days=day)))
        state.close()

    def serve(self, day: int, rows: int = 300, *, version: int = 1, **drift: float) -> None:
        window = self.world.window(rows, self.rng, day=day, version=version, **drift)  # type: ignore[arg-type]
        log = open_log(self.project)
        names = self.world.bundle.contract.feature_names
        predictions, feedback = [], []
        for row in window.frame.iter_rows(named=True):
            name = self.make()
            predictions.append(
                Prediction(
                    id=name,
                    at=row["time"],
                    model="churn",
                    version=version,
                    role="champion",
                    score=row["score"],
                    prediction="Yes" if row["score"] >= 0.5 else "No",
                    decision=row["decision"],
                    features={feature: row[f"f:{feature}"] for feature in names},
                    duration=int(row["latency_us"] * 1000),
                )
            )
            if row["label"] is not None:
                label = "Yes" if row["label"] else "No"
                feedback.append(
                    Feedback(
                        id=name, event=self.make(), model="churn", received=row["time"], at=row["time"], label=label
                    )
                )
        log.append("predictions", predictions)
        log.append("feedback", feedback)
        log.close()

    def found(self, day: int, *findings: Finding) -> None:
        since = self.start + dt.timedelta(days=day)
        until = since + dt.timedelta(days=1)
        log = open_log(self.project)
        log.append(
            "findings",
            [Found(event=self.make(), at=until, model="churn", finding=f, since=since, until=until) for f in findings],
        )
        log.close()

    def act(self, kind: str, subject: str, day: float) -> None:
        log = open_log(self.project)
        at = self.start + dt.timedelta(days=day)
        action = Action(id=self.make(), model="churn", kind=kind, subject=subject, at=at, by="controller", message="!")  # type: ignore[arg-type]
        log.append("actions", [action])
        log.close()

    def row(self, day: float) -> ModelRow:
        overview = build((self.project,), self.start + dt.timedelta(days=day))
        (row,) = overview.models
        return row


@pytest.fixture
def shop(tmp_path: Path, world: World) -> Shop:
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn" / "mainstay.toml").write_text(TOML)
    return Shop(open_project(tmp_path / "churn"), world)


def test_an_empty_project_names_the_command_that_fills_it(shop: Shop) -> None:
    row = shop.row(1)
    assert (row.state, row.version) == ("idle", None)
    assert row.command.startswith("mainstay train --project ")
    shop.version()
    assert shop.row(1).command.startswith("mainstay release 1")


def test_released_but_never_asked_is_idle_and_has_no_value(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    row = shop.row(1)
    assert (row.state, row.version, row.value) == ("idle", 1, None)
    assert row.timeline is not None
    assert all(point.value is None for point in row.timeline.points)


def test_a_model_that_earns(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    for day in range(10):
        shop.serve(day)
    row = shop.row(10)
    assert row.state == "earning"
    assert row.value is not None
    assert row.value.in_money
    assert row.value.interval is not None
    assert row.value.interval.low > 0
    assert not row.estimated
    assert row.quality is not None
    assert row.quality.measure == "roc_auc"
    assert (row.predictions, row.by, row.since) == (3000, "ana", shop.start)
    assert row.p99_ms is not None
    assert row.timeline is not None
    assert 5 < len(row.timeline.points) <= 60
    assert all(not point.estimated for point in row.timeline.points if point.value is not None)


def test_without_outcomes_value_is_estimated_and_nothing_is_green(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    for day in range(5):
        shop.serve(day, labelled=0.0)
    row = shop.row(5)
    assert row.state == "unsure"
    assert row.estimated
    assert row.command.startswith("mainstay feedback")
    assert "Outcomes of 0 of 1500" in row.note
    assert row.timeline is not None
    assert all(point.estimated for point in row.timeline.points if point.value is not None)


def test_a_gap_is_unknown_and_never_zero(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    for day in (0, 1, 2, 6, 7, 8):
        shop.serve(day)
    row = shop.row(9)
    assert row.timeline is not None
    gap = [
        p for p in row.timeline.points if shop.start + dt.timedelta(days=4) <= p.at < shop.start + dt.timedelta(days=5)
    ]
    assert gap
    assert all(point.value is None and point.n == 0 for point in gap)
    levels = [c.level for r in row.timeline.heat for c in r.cells if c.at in {p.at for p in gap}]
    assert set(levels) == {None}


def test_a_release_that_loses_says_since_when_how_much_and_where_to_go(shop: Shop) -> None:
    shop.version()
    shop.version()
    shop.release(1, 0)
    for day in range(6):
        shop.serve(day)
    shop.release(2, 6)
    for day in range(6, 12):
        shop.serve(day, version=2, worse=-2.0)
    row = shop.row(12)
    assert row.state == "losing"
    assert row.change is not None
    assert row.change.against == "v1"
    assert row.change.since == shop.start + dt.timedelta(days=6)
    assert row.change.difference.value < 0
    interval = row.change.difference.interval
    assert interval is not None
    assert interval.high < 0
    assert row.change.total is not None
    assert row.change.total.value == pytest.approx(row.change.difference.value * 1.8)
    assert row.rollback_to == 1
    assert row.command.startswith("mainstay rollback")
    assert row.timeline is not None
    assert [(s.version, s.end is None) for s in row.timeline.releases] == [(1, False), (2, True)]
    shop.roll_back(12)
    after = shop.row(12.01)
    assert (after.version, after.by, after.since) == (1, "leo", shop.start + dt.timedelta(days=12))
    assert [version.state for version in after.versions] == ["rolled back", "champion"]


def test_drift_without_loss_is_a_note(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    for day in range(6):
        shop.serve(day, price_up=0 if day < 4 else 12)
    drift = Finding(
        measure="psi",
        where="price",
        value=0.4,
        limit=Limit("at_most", 0.1),
        ok=False,
        n=300,
        group="drift",
        note="Median.",
    )
    for day in (4, 5):
        shop.found(day, drift)
    shop.act("alert", "drift/psi/price", 6)
    row = shop.row(6.1)
    assert row.state == "earning"
    assert "Drift of price" in row.note
    assert row.timeline is not None
    assert row.timeline.heat[0].feature == "price"
    alarmed = [cell for cell in row.timeline.heat[0].cells if cell.alarm]
    assert alarmed
    assert all(cell.at >= shop.start + dt.timedelta(days=4) for cell in alarmed)
    assert sum((cell.level or 0) >= 2 for cell in alarmed) > len(alarmed) / 2
    (incident,) = row.timeline.incidents
    assert (incident.label, incident.end, incident.severe) == ("drift of price", None, False)


def test_heat_is_pale_where_nothing_moved(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    for day in range(20):
        shop.serve(day)
    row = shop.row(20)
    assert row.timeline is not None
    levels = [cell.level or 0 for heat in row.timeline.heat for cell in heat.cells]
    assert np.mean(np.array(levels) > 0) < 0.03
    assert not any(cell.alarm for heat in row.timeline.heat for cell in heat.cells)


def test_a_trial_is_called_one(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0, trial=True)
    shop.serve(0)
    row = shop.row(1)
    assert (row.state, row.trial) == ("trial", True)


def test_a_canary_shares_the_lane(shop: Shop) -> None:
    shop.version()
    shop.version()
    shop.release(1, 0)
    shop.release(2, 1, canary=0.1)
    shop.serve(0)
    shop.serve(1)
    row = shop.row(2)
    assert (row.version, row.since) == (1, shop.start)
    assert row.timeline is not None
    lane = [(s.version, s.role, s.share) for s in row.timeline.releases if s.end is None]
    assert sorted(lane) == [(1, "champion", 0.9), (2, "canary", 0.1)]
    assert [v.state for v in row.versions] == ["canary 10 %", "champion"]
    assert [v.released for v in row.versions] == [shop.start + dt.timedelta(days=1), shop.start]  # each in its part


def test_a_project_that_cannot_be_read_is_a_row_that_says_so(shop: Shop, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / ".mainstay").mkdir(parents=True)
    (broken / "mainstay.toml").write_text("[monitoring]\nwindow = 'soon'\n")
    shop.version()
    overview = build((open_project(broken), shop.project), shop.start)
    assert [row.name for row in overview.models] == ["broken", "churn"]
    assert "window" in overview.models[0].note
    assert [row.unread for row in overview.models] == [True, False]
    assert overview.watched_at is None


def test_freshness_is_the_last_look_and_the_last_answer(shop: Shop) -> None:
    shop.version()
    shop.release(1, 0)
    shop.serve(0)
    shop.found(0, Finding(measure="predictions", where="all", value=300.0, ok=True, n=300, group="quality"))
    overview = build((shop.project,), shop.start + dt.timedelta(days=1.5))
    assert overview.watched_at == shop.start + dt.timedelta(days=1)
    assert overview.data_to is not None
    assert shop.start + dt.timedelta(hours=23) < overview.data_to < shop.start + dt.timedelta(days=1)
    assert not overview.stale
    assert build((shop.project,), shop.start + dt.timedelta(days=6)).stale


def test_a_hundred_thousand_predictions_are_drawn_within_a_second_of_processor_time(shop: Shop) -> None:
    bundle = shop.world.bundle
    windows = [shop.world.window(5000, shop.rng, day=day) for day in range(20)]
    frame = pl.concat([window.frame for window in windows])
    now = shop.start + dt.timedelta(days=20)
    begun = time.process_time()
    served = read_served(frame, bundle)
    gauge = Gauge(bundle.report, bundle.money)
    timeline = make_timeline(
        worths_of(served, gauge),
        effects_of(served, {1: bundle}, bundle),
        make_grid(shop.start, now, served.rows),
        gauge=gauge,
        current=bundle,
        history=(),
        actions=(),
        found=(),
        drift_limit=0.1,
        now=now,
    )
    assert time.process_time() - begun < 1.0
    assert len(timeline.points) <= 60


DAYS = 6


@pytest.fixture
def both(shop: Shop) -> Iterator[tuple[Books, Recent, Recent, Gauge]]:
    """Read six days, of which the last three are drifted, worse and without most outcomes, as rows and as sums."""
    shop.version()
    shop.version()
    shop.release(1, 0)
    for day in range(3):
        shop.serve(day, 400)
    shop.release(2, 3)
    for day in range(3, DAYS):
        shop.serve(day, 400, version=2, price_up=10.0 * (day - 2), worse=1.0, labelled=1.0 if day < 5 else 0.1)
    now = shop.start + dt.timedelta(days=DAYS)
    with open_books(shop.project) as books:
        for path in (*books.log.segments("predictions"), *books.log.segments("feedback")):
            os.utime(
                path, (now.timestamp(), now.timestamp())
            )  # files that were last written before a span are left out
        versions = books.registry.versions("churn")
        bundle = load_once(books, versions[-1])
        gauge = Gauge(bundle.report, bundle.money)
        rows = read_recent(books, bundle, versions, gauge, now, affordable=10**6)
        while True:  # as reloading a page does, until everything is summed up
            sums = read_recent(books, bundle, versions, gauge, now, affordable=300)
            if sums.rows == rows.rows:
                break
        yield books, rows, sums, gauge


def test_sums_say_what_rows_say(both: tuple[Books, Recent, Recent, Gauge], shop: Shop) -> None:
    books, rows, sums, _ = both
    now = shop.start + dt.timedelta(days=DAYS)
    assert sums.served.rows == 300 < rows.served.rows == 2400
    assert (sums.begun, sums.answered) == (rows.begun, rows.answered)
    grid = make_grid(shop.start, now, rows.rows)
    for one, other in zip(points(rows.worths, grid), points(sums.worths, grid), strict=True):
        assert (one.at, one.n, one.estimated) == (other.at, other.n, other.estimated)
        assert other.value == pytest.approx(one.value)
        assert other.low == pytest.approx(one.low)
        assert other.high == pytest.approx(one.high)
    bundle = load_once(books, books.registry.version("churn", 2))
    loaded = {number: load_once(books, books.registry.version("churn", number)) for number in (1, 2)}
    drawn = [heat_rows(each.effects(loaded), grid, current=bundle, found=(), base=0.1) for each in (rows, sums)]
    assert [row.feature for row in drawn[0]] == [row.feature for row in drawn[1]]
    levels = [[[cell.level for cell in row.cells] for row in each] for each in drawn]
    assert levels[0] == levels[1]
    assert any(level for row in levels[0] for level in row)
    values = [np.array([[cell.value for cell in row.cells] for row in each], dtype=float) for each in drawn]
    np.testing.assert_allclose(values[0], values[1])


def test_a_change_is_found_by_sums_too(both: tuple[Books, Recent, Recent, Gauge]) -> None:
    books, rows, sums, gauge = both
    history = books.releases.history("churn")
    tenure = tenure_of(history)
    assert tenure is not None
    found = [change_of(each.worths, gauge, tenure, history, ()) for each in (rows, sums)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].difference.value == pytest.approx(found[0].difference.value)
    assert found[1].since == found[0].since
    value = [each.mine(2)(tenure.since, None).best for each in (rows, sums)]
    assert value[0] is not None
    assert value[1] is not None
    assert value[1].value == pytest.approx(value[0].value)
    assert value[1].error == pytest.approx(value[0].error)
