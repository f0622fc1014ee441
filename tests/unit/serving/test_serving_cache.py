from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import Category, Contract, Integer
from mainstay.events import EventLog, Prediction, tail
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.frameworks.linear import LinearModel
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.task import Task
from mainstay.release import Route
from mainstay.serving import App, Served
from mainstay.serving.arms.asking import Trouble
from mainstay.serving.cache import Cache, Store, how_many
from mainstay.serving.cases import take_cases
from mainstay.serving.dataplane import score_cases, stand_in
from mainstay.serving.pace import QUICK, Pace
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_MODEL,
    TINY_TASK,
    Got,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.serving.lineup import Arm, Lineup

    Ask = Callable[..., Got]

OTHER_MODEL = LinearModel(0.5, TINY_MODEL.terms, logistic=True)
RECORDS = [GOOD_RECORD | {"customer": f"c{place}", "tenure": place % 7, "charge": 20.0 * place} for place in range(12)]
RECORDS += [GOOD_RECORD | {"charge": 900}, GOOD_RECORD | {"charge": 500}]  # clipped to what the next one says
SLOW = Pace(slow=True)


def _served(folder: Path, lines: str = "") -> Served:
    project = tiny_project(folder, more=f"[serving]\n{lines}")
    for model in (TINY_MODEL, OTHER_MODEL):
        register_model(project, model)
    return Served(project, loopback=True)


def _lineups(served: Served, project: Project) -> list[Lineup]:
    """Each version alone, one beside the other, one behind the other, the first once more, and each as a slow one."""
    found = []
    others = ((1,), (2,), (1, Route(2, "canary", 0.5)), (1, Route(2, "shadow", 1.0)), (1,))
    for version, *beside in others:
        release_now(project, version, *beside)
        served.look()
        assert served.lineup is not None
        found.append(served.lineup)
    return [*found, *map(_slow_lineup, found[:2])]


def _slow_lineup(lineup: Lineup) -> Lineup:
    arm = replace(lineup.champion, pace=SLOW)
    return replace(lineup, champion=arm, arms=(arm,), slow=True)


class _Pair:
    """The same two versions, served with a small cache and without one."""

    def __init__(self, folder: Path) -> None:
        self.apps, self.lineups = [], []
        for name, lines in (("with", "cache = 6"), ("without", "cache = 0")):
            served = _served(folder / name, lines)
            self.lineups.append(_lineups(served, served._project))
            self.apps.append(App([served], loopback=True))

    def swap(self, place: int) -> None:
        for app, lineups in zip(self.apps, self.lineups, strict=True):
            app.models[0].lineup = lineups[place]

    def hits(self, ask: Ask) -> float:
        page = ask(self.apps[0], "/metrics").body.decode()
        lines = [line for line in page.splitlines() if line.startswith("mainstay_cache_requests_total{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines if 'outcome="hit"' in line)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> _Pair:
    return _Pair(tmp_path_factory.mktemp("cache"))


@given(
    st.lists(
        st.one_of(st.integers(0, 6), st.lists(st.integers(0, len(RECORDS) - 1), min_size=1, max_size=4)),
        min_size=5,
        max_size=30,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_with_and_without_a_cache_every_answer_is_the_same(pair: _Pair, ask: Ask, steps: list[int | list[int]]) -> None:
    pair.swap(0)
    for step in steps:
        if isinstance(step, int):
            pair.swap(step)
            continue
        body: Any = [RECORDS[place] for place in step] if len(step) > 1 else RECORDS[step[0]]
        said = [_without_ids(ask(app, "/predict", body).json) for app in pair.apps]
        assert said[0] == said[1]


@pytest.mark.parametrize("place", [0, 5])
def test_what_recurs_is_recalled_and_everything_else_is_done_anew(pair: _Pair, ask: Ask, place: int) -> None:
    pair.swap(place)
    before = pair.hits(ask)
    answers = [ask(pair.apps[0], "/predict", RECORDS[0] | {"customer": name}).json for name in ("a", "b", "c")]
    assert pair.hits(ask) >= before + 2
    assert len({answer["id"] for answer in answers}) == 3
    log = EventLog(pair.apps[0].models[0]._project.books / "events")
    logged = {event.id: event for event in tail(log) if isinstance(event, Prediction)}
    assert [logged[answer["id"]].score for answer in answers] == [answer["score"] for answer in answers]
    assert len({logged[answer["id"]].entity for answer in answers}) == 3


@pytest.mark.parametrize("place", [2, 3])
def test_nothing_is_recalled_while_two_are_compared(pair: _Pair, ask: Ask, place: int) -> None:
    pair.swap(place)
    before = pair.hits(ask)
    for _ in range(3):
        ask(pair.apps[0], "/predict", RECORDS[0])
    assert pair.hits(ask) == before


def test_probabilities_of_several_classes_are_recalled(tmp_path: Path, ask: Ask) -> None:
    contract = Contract((Integer(name="tenure", min=0, max=9), Category(name="plan", values=("basic", "full"))))
    task = Task(kind="multiclass", target="Next", labels=("call", "mail", "none"))
    parts = tuple(
        LinearModel(base, (TINY_MODEL.terms[0], TINY_MODEL.terms[2]), logistic=False) for base in (0.0, 0.1, 0.2)
    )
    project = tiny_project(tmp_path, more="[serving]\ncache = 10\n")
    release_now(project, register_model(project, SoftmaxModel(parts), contract=contract, task=task))
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    body = [{"tenure": 3, "plan": "basic"}, {"tenure": 5, "plan": "full"}]
    first, second = (_without_ids(ask(app, "/predict", body).json) for _ in range(2))
    assert first == second
    assert 'outcome="hit"' in ask(app, "/metrics").body.decode()


def test_what_a_fallback_said_is_not_kept_as_the_version_s_own(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, more="[serving]\ncache = 10\n")
    release_now(project, register_model(project, TINY_MODEL, fallback=0.2))
    served = Served(project, loopback=True)
    served.look()
    app, lineup = App([served], loopback=True), served.lineup
    assert lineup is not None
    known = Cache("churn", 10, app.metrics).of(lineup)
    assert known is not None
    body = json.dumps(GOOD_RECORD).encode()
    failed, good, again = (take_cases(lineup, body, served.new_id) for _ in range(3))
    stand_in(lineup, failed, failed.cases, Trouble("error", "it failed"))
    assert failed.cases[0].score == 0.2
    known.learn(failed.cases)
    assert not known.answer(good.cases)
    score_cases(lineup, good)
    known.learn(good.cases)
    assert known.answer(again.cases)
    assert again.cases[0].score == good.cases[0].score != 0.2


def test_what_is_asked_often_stays_and_room_is_bounded() -> None:
    store = Store(most=10)
    for place in range(1000):
        store.keep(b"%d" % place, float(place))
        store.find(b"0")
        assert len(store) <= 10
    assert store.find(b"0") == 0.0
    assert store.find(b"500") is None


def test_auto_keeps_scores_of_slow_versions_that_run_no_code_of_the_project(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    served = Served(project, loopback=True)
    served.look()
    assert served.lineup is not None
    arm = served.lineup.champion
    assert arm.pace is QUICK
    assert how_many("auto", arm) == 0
    assert how_many(7, arm) == 7
    assert 1000 < how_many("auto", _slow(arm)) <= 10_000
    function = adopt(_function, Columns.of(TINY_CONTRACT), TINY_TASK)
    own = _slow(arm, model=function)
    assert how_many("auto", own) == 0
    assert how_many(7, own) == 7


def _slow(arm: Arm, **changes: Any) -> Arm:
    return replace(arm, pace=SLOW, bundle=replace(arm.bundle, **changes))


def _function(columns: dict[str, Any]) -> Any:
    return columns["tenure"] * 0 + 0.5


def _without_ids(said: Any) -> list[dict[str, Any]]:
    return [answer | {"id": ""} for answer in (said if isinstance(said, list) else [said])]
