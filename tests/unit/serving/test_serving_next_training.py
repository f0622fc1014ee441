"""What a server wrote down is what the next model learns from: to the bit, and without those it acted on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contract import dumps
from mainstay.data import from_events, take_snapshot
from mainstay.data.logged import ID, WEIGHT
from mainstay.events import Prediction, decode_event, open_log
from mainstay.serving import App, Served
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, Got, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

MORE = """
[data]
source = "events"
target = "Churn"
positive = "Yes"
entity = "customer"
[events]
encoded = true
[release]
control = 0.4
"""


def served(project: Project) -> App:
    (project.root / "contract.toml").write_text(dumps(TINY_CONTRACT), encoding="utf-8")
    release_now(project, register_model(project, TINY_MODEL))
    one = Served(project, loopback=True)
    one.look()
    return App([one], loopback=True)


def asked(n: int) -> list[dict[str, Any]]:
    """Make records of which some need a policy: charges that are clipped, plans nobody knows."""
    rng = np.random.default_rng(3)
    return [
        {
            "customer": f"customer {k}",
            "tenure": int(rng.integers(0, 101)),
            "charge": float(rng.choice([rng.random() * 200, 900.5, 0.1 + 0.2])),
            "plan": str(rng.choice(["basic", "full", "strange"])),
        }
        for k in range(n)
    ]


def test_what_was_served_is_what_is_learned(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path, more=MORE)
    app = served(project)
    answers = ask(app, "/predict", asked(400)).json
    rng = np.random.default_rng(4)
    told = [{"id": one["id"], "label": "Yes" if rng.random() < 0.4 else "No"} for one in answers]
    late = {"id": answers[0]["id"], "followed": False}
    assert ask(app, "/feedback", [*told, late]).status == 200
    until = dt.datetime.now(dt.UTC)

    found = from_events(project, None, until)
    offered = {one["id"] for one in answers if one["decision"] == "offer"}
    assert len(offered) > 20
    left = {one["id"] for one in answers} - offered - {answers[0]["id"]}
    assert set(found.frame[ID].to_list()) == left
    assert found.frame[WEIGHT].max() > 1  # type: ignore[operator]
    snapshot = take_snapshot(project, TINY_CONTRACT, source=found)
    lines = [line for path in open_log(project).segments("predictions") for line in path.read_bytes().splitlines()]
    events = {one.id: one for one in map(decode_event, lines) if isinstance(one, Prediction)}
    assert any(events[name].degraded for name in left)
    for side in (snapshot.train, snapshot.test):
        for place, name in enumerate(side.frame[ID].to_list()):
            saw = events[name].encoded
            assert saw is not None
            np.testing.assert_array_equal(side.X[place], np.array([np.nan if x is None else x for x in saw]))
    label = {one["id"]: one["label"] for one in told}
    assert all(label[row[ID]] == row["Churn"] for row in found.frame.iter_rows(named=True))
