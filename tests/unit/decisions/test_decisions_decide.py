"""One alert per incident, its end, and a rollback only where the project says so."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.decisions import DecisionsSettings, decide, open_alerts
from mainstay.events.ids import id_time
from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.release import Release, Route

if TYPE_CHECKING:
    from mainstay.events.records import Action

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HISTORY = tuple(
    Release(id=n, model="churn", kind="release", routes=(Route(n, "champion", 1.0),), at=NOW, by="ana", reason="better")
    for n in (1, 2)
)
AUTO = DecisionsSettings(rollback_on=("money/*",))


def money(*, ok: bool | None) -> Finding:
    return Finding(
        measure="money_per_1000",
        where="all",
        value=2900.0,
        interval=Interval(2500.0, 3300.0),
        limit=Limit("at_least", 6000.0),
        ok=ok,
        n=500,
        unit="EUR",
        group="money",
        note="Evaluation promised € 6 500 ± 400.",
    )


def drift(where: str, *, ok: bool | None) -> Finding:
    return Finding(
        measure="psi",
        where=where,
        value=0.3,
        limit=Limit("at_most", 0.1),
        ok=ok,
        n=400,
        group="drift",
        note="Median 1 -> 2.",
    )


SILENCE = Finding(
    measure="predictions", where="all", value=None, ok=False, group="quality", note="No predictions in 1 h."
)
TRAFFIC = Finding(measure="predictions", where="all", value=300.0, ok=True, n=300, group="quality")


class Controller:
    """Looks again and again, with a book of actions."""

    def __init__(self, settings: DecisionsSettings | None = None, history: tuple[Release, ...] = HISTORY) -> None:
        self.settings = settings or DecisionsSettings()
        self.history = history
        self.actions: list[Action] = []
        self.previous: tuple[Finding, ...] = ()
        self.now = NOW

    def look(self, *findings: Finding, held: bool = False) -> list[str]:
        self.now += dt.timedelta(minutes=5)
        made = decide(
            findings,
            self.previous,
            open_alerts(self.actions),
            self.settings,
            self.history,
            model="churn",
            now=self.now,
            held=held,
        )
        self.actions += made
        self.previous = findings
        return [f"{action.kind} {action.subject}" for action in made]


def test_nothing_failed_nothing_done() -> None:
    assert Controller().look(money(ok=True), drift("price", ok=None)) == []


def test_an_incident_alerts_once_however_long_it_lasts() -> None:
    controller = Controller()
    assert controller.look(money(ok=False)) == ["alert money/money_per_1000/all"]
    assert [controller.look(money(ok=False)) for _ in range(50)] == [[]] * 50


def test_it_ends_after_two_looks_that_pass() -> None:
    controller = Controller()
    controller.look(money(ok=False))
    assert controller.look(money(ok=True)) == []
    assert controller.look(money(ok=True)) == ["resolve money/money_per_1000/all"]
    assert controller.look(money(ok=False)) == ["alert money/money_per_1000/all"]
    assert [alert.at for alert in open_alerts(controller.actions)] == [controller.now]


def test_a_flapping_number_is_one_incident() -> None:
    controller = Controller()
    said = [action for i in range(40) for action in controller.look(money(ok=i % 2 == 1))]
    assert said == ["alert money/money_per_1000/all"]


def test_what_could_not_be_judged_ends_nothing() -> None:
    controller = Controller()
    controller.look(money(ok=False), drift("price", ok=False))
    few = Finding(measure="psi", where="all", value=None, group="drift", note="12 predictions say nothing.")
    for _ in range(3):
        assert controller.look(money(ok=None), few) == []
    assert len(open_alerts(controller.actions)) == 2


def test_silence_alerts_about_itself_alone_and_ends_with_the_first_traffic() -> None:
    controller = Controller(DecisionsSettings(rollback_on=("*",)))
    controller.look(drift("price", ok=False))
    controller.actions = [action for action in controller.actions if action.kind == "alert"]
    assert controller.look(SILENCE) == ["alert quality/predictions/all"]
    assert controller.look(SILENCE) == []
    assert controller.look(TRAFFIC) == ["resolve quality/predictions/all"]


def test_a_feature_the_model_lost_is_no_longer_measured() -> None:
    controller = Controller()
    controller.look(drift("price", ok=False), drift("plan", ok=True))
    assert controller.look(drift("plan", ok=True)) == ["resolve drift/psi/price"]


def test_by_default_nothing_but_alerts() -> None:
    controller = Controller()
    assert controller.look(money(ok=False), drift("price", ok=False)) == [
        "alert money/money_per_1000/all",
        "alert drift/psi/price",
    ]


def test_a_rollback_where_the_project_says_so_and_only_one() -> None:
    controller = Controller(AUTO)
    assert controller.look(drift("price", ok=False)) == ["alert drift/psi/price"]
    assert controller.look(money(ok=False)) == ["alert money/money_per_1000/all", "rollback money/money_per_1000/all"]
    back = Release(
        id=3, model="churn", kind="rollback", routes=(Route(1, "champion", 1.0),), at=NOW, by="controller", reason="x"
    )
    controller.history = (*HISTORY, back)
    assert controller.look(money(ok=False)) == []


def test_no_rollback_while_a_hold_is_on_but_the_alert_goes_out() -> None:
    controller = Controller(AUTO)
    assert controller.look(money(ok=False), held=True) == ["alert money/money_per_1000/all"]
    assert controller.look(money(ok=False)) == ["rollback money/money_per_1000/all"]


@pytest.mark.parametrize("history", [(), HISTORY[:1]])
def test_no_rollback_where_there_is_nowhere_to_go(history: tuple[Release, ...]) -> None:
    assert Controller(AUTO, history).look(money(ok=False)) == ["alert money/money_per_1000/all"]


def test_missing_data_never_rolls_back() -> None:
    controller = Controller(DecisionsSettings(rollback_on=("*", "quality/*")))
    assert controller.look(SILENCE) == ["alert quality/predictions/all"]


def test_an_alert_says_what_how_much_the_limit_and_the_verb() -> None:
    controller = Controller()
    controller.look(money(ok=False))
    message = controller.actions[0].message.replace("\u202f", " ")
    assert message.startswith("churn: money per 1 000 is € 2 900 ± 400 (limit ≥ € 6 000).")
    assert message.endswith('Go back to version 1: mainstay rollback --reason "…"')


def test_the_same_look_makes_the_same_actions_and_their_ids_tell_the_time() -> None:
    once, again = Controller(), Controller()
    once.look(money(ok=False), drift("price", ok=False))
    again.look(money(ok=False), drift("price", ok=False))
    assert once.actions == again.actions
    assert len({action.id for action in once.actions}) == 2
    assert id_time(once.actions[0].id) == once.now
