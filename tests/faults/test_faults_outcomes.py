"""Outcomes that come late, twice, contradictory and in any order make the numbers of an ordered run, bit for bit."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.faults.test_faults_drain import both_answer, until

from mainstay.client.keys import new_key
from mainstay.events import EventLog, open_log
from mainstay.events.segments import segment_name
from mainstay.events.window import take_window
from mainstay.monitoring import MonitoringSettings, look
from mainstay.release import open_books
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events.window import Window
    from mainstay.measures.finding import Finding
    from mainstay.project import Project

ROWS = 240
BEGUN, HOURS = dt.datetime.now(dt.UTC), dt.timedelta(hours=6)
DICE = random.Random(31)  # noqa: S311 - an order of lines is no secret
LATE = frozenset({"label_delay"})
"""Measured on when outcomes arrived: another run has other times."""


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose server gave answers that nothing is known of yet."""
    project = tiny_project(tmp_path_factory.mktemp("ordered"))
    release_now(project, register_model(project, TINY_MODEL))
    with _serving(project) as server:
        records = [GOOD_RECORD | {"tenure": place % 60, "customer": f"c{place}"} for place in range(ROWS)]
        assert server.post("/predict", records).status == 200
    return project


@contextmanager
def _serving(project: Project) -> Iterator[TestServer]:
    with TestServer.start(project, words=("--workers", "2")) as server:
        until(lambda: both_answer(project))  # else it may be the other one that is asked next
        yield server


def outcomes(ids: list[str]) -> list[list[dict[str, Any]]]:
    """What happened, as it should be told: rounds of which a later one corrects or contradicts an earlier one."""
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(hours=3)

    def at(minutes: int) -> str:
        return (begun + dt.timedelta(minutes=minutes)).isoformat()

    first = [
        {"id": name, "label": "Yes" if place % 3 else "No", "at": at(place % 5), "kpis": {"revenue": place / 7}}
        for place, name in enumerate(ids[: ROWS - 20])
    ]
    followed = [{"id": name, "followed": place % 4 > 0, "at": at(1)} for place, name in enumerate(ids[:150])]
    corrected = [{"id": name, "label": "No", "at": at(60), "kpis": {"revenue": 0.1}} for name in ids[:30]]
    conflicting = [{"id": name, "label": "Yes" if place % 3 == 0 else "No", "at": at(place % 5)}
                   for place, name in enumerate(ids[:60]) if place >= 40]  # fmt: skip
    strange = [{"id": f"nobody's {place}", "label": "Yes"} for place in range(7)]
    return [[*first, *followed, *strange], [*corrected, *conflicting]]


def window_of(project: Project, log: EventLog | None = None) -> tuple[Window, tuple[Finding, ...]]:
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
        task = bundle.policy.task
        window = take_window(log or books.log, bundle.contract, task, BEGUN - HOURS, BEGUN + HOURS, model=project.name)
        return window, look(window, bundle, MonitoringSettings(), now=BEGUN + HOURS)


def metrics(findings: tuple[Finding, ...]) -> list[Finding]:
    groups = {"performance", "money", "business"}
    return [each for each in findings if each.group in groups and each.measure not in LATE]


def ids_of(project: Project) -> list[str]:
    return window_of(project)[0].frame.sort("id")["id"].to_list()


@pytest.fixture(scope="module")
def ordered(answered: Project) -> tuple[Project, list[list[dict[str, Any]]]]:
    """The ordered run, over HTTP."""
    rounds = outcomes(ids_of(answered))
    with _serving(answered) as server:
        for told in rounds:
            for start in range(0, len(told), 100):
                assert server.post("/feedback", told[start : start + 100]).status == 200
    return answered, rounds


def test_outcomes_shuffled_and_told_twice_over_http_give_the_metrics_of_the_ordered_run(
    ordered: tuple[Project, list[list[dict[str, Any]]]], tmp_path: Path
) -> None:
    project, rounds = ordered
    other = tiny_project(tmp_path)
    shutil.copytree(project.books, other.books, dirs_exist_ok=True)
    shutil.rmtree(other.books / "events" / "feedback")
    # Which of two labels of one moment counts is when it arrived; so the rounds keep their order, and nothing else.
    with _serving(other) as server:
        for told in rounds:
            again = [*told, *told]
            DICE.shuffle(again)
            keys = [new_key() for _ in range(0, len(again), 50)]
            for key, start in zip(keys, range(0, len(again), 50), strict=True):
                for _ in range(2):  # a retry, which either worker may get
                    got = server.post("/feedback", again[start : start + 50], **{"Idempotency-Key": key})
                    assert got.status == 200
    (first, found), (second, again_found) = window_of(project), window_of(other)
    columns = ("id", "label", "label_at", "followed")
    assert_frame_equal(second.frame.select(columns), first.frame.select(columns))
    assert_frame_equal(second.kpis, first.kpis)
    assert metrics(again_found) == metrics(found)
    assert first.feedback.conflicting == second.feedback.conflicting == 20
    assert first.feedback.corrected == second.feedback.corrected > 20
    assert first.feedback.unknown == second.feedback.unknown == 7
    assert (first.feedback.labelled, second.feedback.labelled) == (ROWS - 20, ROWS - 20)
    assert second.feedback.repeated > first.feedback.repeated


@pytest.mark.parametrize("seed", range(3))
def test_the_same_lines_in_any_order_and_file_give_the_same_window(
    ordered: tuple[Project, list[list[dict[str, Any]]]], tmp_path: Path, seed: int
) -> None:
    project, _ = ordered
    log = open_log(project)
    root = tmp_path / "events"
    shutil.copytree(log.root / "predictions", root / "predictions")
    lines = [line for path in log.segments("feedback") for line in path.read_bytes().splitlines(keepends=True)]
    lines = lines * 2
    random.Random(seed).shuffle(lines)  # noqa: S311 - as above
    (root / "feedback").mkdir()
    for place in range(5):
        name = segment_name(dt.datetime.now(dt.UTC), f"{place}")
        (root / "feedback" / name).write_bytes(b"".join(lines[place::5]))
    (first, found), (second, again) = window_of(project), window_of(project, EventLog(root))
    assert_frame_equal(second.frame, first.frame)
    assert_frame_equal(second.kpis, first.kpis)
    assert again == found
    assert second.feedback.conflicting == first.feedback.conflicting == 20
    told = first.frame.filter(pl.col("label").is_not_null())
    assert told.height == ROWS - 20
