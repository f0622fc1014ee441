"""An A/B test of three arms on a real server: shares, stickiness, what the log says, how it grows and ends."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from mainstay.events import EventLog, Prediction, tail
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import open_books, propose_release
from mainstay.serving.testing import GOOD_RECORD, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.release import Release

WHO = 2000


def let(project: Project, version: int, share: float | None) -> Release:
    with open_books(project) as books:
        history = books.releases.history(project.name)
        at = history[-1].at
        return books.releases.append(
            propose_release(history, project.name, version, at=at, by="a test", reason="compare", ab=share)
        )


def asked(server: TestServer, release: Release) -> dict[str, int]:
    """Ask about everybody, once the release is served; gives who was answered by which version."""
    while server.get(f"/models/{release.model}").json["release"]["id"] != release.id:
        time.sleep(0.02)
    found: dict[str, int] = {}
    for start in range(0, WHO, 500):
        names = [f"c{number}" for number in range(start, start + 500)]
        got = server.post("/predict", [GOOD_RECORD | {"customer": name} for name in names])
        found |= {name: answer["version"] for name, answer in zip(names, got.json, strict=True)}
    return found


def near(count: int, share: float) -> bool:
    return abs(count - share * WHO) < 4 * math.sqrt(share * (1 - share) * WHO)


def test_three_arms_answer_their_shares_keep_their_customers_and_say_so_in_the_log(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    first, second, third = (register_model(project, ConstantModel(score)) for score in (0.1, 0.5, 0.9))
    release_now(project, first)
    with TestServer.start(project) as server:
        alone = asked(server, let(project, second, 0.25))
        both = asked(server, let(project, third, 0.25))
        again = asked(server, let(project, third, 0.2501))
        grown = asked(server, let(project, third, 0.5))
        counts = {version: list(both.values()).count(version) for version in (first, second, third)}
        assert all(near(counts[version], share) for version, share in ((first, 0.5), (second, 0.25), (third, 0.25)))
        assert sum(both[name] != again[name] for name in both) <= 5
        for before, after in ((alone, both), (both, grown)):
            # Whoever moves comes from the champion and goes to the arm that grew.
            moved = {(before[name], after[name]) for name in before if before[name] != after[name]}
            assert moved == {(first, third)}
        ended = asked(server, let(project, first, None))
        assert set(ended.values()) == {first}
        logged = [event for event in tail(EventLog(project.books / "events"), 5 * WHO) if isinstance(event, Prediction)]
        assert {(event.version, event.role, event.share) for event in logged[3 * WHO : 4 * WHO]} == {
            (first, "champion", 0.25),
            (second, "challenger", 0.25),
            (third, "challenger", 0.5),
        }
        weights = server.get("/metrics").body.decode()
        assert f'mainstay_predictions_total{{model="churn",role="challenger",version="{third}"}}' in weights
